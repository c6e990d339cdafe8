//! Values as text: which ones every engine writes alike.

use serde_json::Value;

use super::super::json::Json;
use super::number;

/// The text of a value that is no list and no object, where all engines give the same (rows 3, 10,
/// 11, 12 and 14).
pub(crate) fn text(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(written) => number::text(written),
        _ => None,
    }
}

/// The elements of what counts as a list: an array, or text that is strict JSON for one.
pub(super) fn list(value: &Json) -> Option<Vec<Json>> {
    match value {
        Json::List(items) => Some(items.clone()),
        Json::Text(text) if text.starts_with('[') => {
            let items: Vec<Value> = serde_json::from_str(text).ok()?;
            Some(items.iter().map(Json::from).collect())
        }
        _ => None,
    }
}

/// The elements' texts, nulls dropped, where all engines give the same list (rows 9 and 15
/// besides).
pub(super) fn list_texts(items: &[Json]) -> Option<Vec<String>> {
    let items = items.iter().filter(|item| **item != Json::Null);
    let texts: Option<Vec<String>> = items.map(|item| text(item).or_else(|| nested_text(item))).collect();
    texts.filter(|texts| !texts.is_empty())
}

/// Text that looks like a list but is read differently: one engine reads `NaN`, another fails on
/// lone surrogates (row 35).
pub(super) fn is_doubtful_list_text(text: &str) -> bool {
    text.starts_with('[') && ["NaN", "Infinity", "\\u"].iter().any(|part| text.contains(part))
}

/// Whether all engines hash a bucketing value alike. Null and the empty text are not hashed by any.
pub(super) fn hashes_alike(value: Option<&Json>) -> bool {
    match value {
        None | Some(Json::Null) => true,
        Some(Json::Text(_)) => true,
        Some(value) => text(value).or_else(|| nested_text(value)).is_some(),
    }
}

/// Row 13: blanks after commas and escapes are one engine's own, so only a list of one plain
/// element has one text.
fn nested_text(value: &Json) -> Option<String> {
    let [only] = value.items() else { return None };
    let plain = text(only).filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte)));
    plain.map(|_| format!("[{only}]"))
}
