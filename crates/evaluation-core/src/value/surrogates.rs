//! Where JSON text has lone surrogates: halves of a character, which no string here can hold.
//!
//! Lenient readers put U+FFFD in their place; this finds the places, for reports.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::replace_lone_surrogates;
use super::parse_document;
use super::parts::{DEEPEST, Members, name};

/// What is said of a place with a lone surrogate that is read all the same.
pub(crate) const SURROGATE: &str = "U+FFFD stands for a lone surrogate";

/// The JSON text with the escape of U+FFFD for each lone surrogate.
pub(crate) fn without_surrogates(json: &str) -> Cow<'_, str> {
    match replace_lone_surrogates(json.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(json),
        Cow::Owned(replaced) => String::from_utf8(replaced).map_or(Cow::Borrowed(json), Cow::Owned),
    }
}

/// True if the JSON text has a lone surrogate.
pub(crate) fn has_surrogates(json: &[u8]) -> bool {
    matches!(replace_lone_surrogates(json), Cow::Owned(_))
}

/// Reports the path, below `path`, of each string and of each member's name with a lone surrogate. Of what is nested
/// deeper than salvaging looks, it reports the path so far.
pub(crate) fn find_surrogates(json: &str, path: &str, report: &mut dyn FnMut(&str)) {
    find(json, path, 0, report);
}

fn find(json: &str, path: &str, depth: usize, report: &mut dyn FnMut(&str)) {
    if !has_surrogates(json.as_bytes()) {
        return;
    }
    if depth < DEEPEST
        && let Some(Members(members)) = Members::of(json)
    {
        for (raw, value) in members {
            let (name, is_odd) = name(raw);
            let path = if path.is_empty() { name.into_owned() } else { format!("{path}.{name}") };
            if is_odd {
                report(&path);
            }
            find(value.get(), &path, depth + 1, report);
        }
        return;
    }
    if depth < DEEPEST
        && json.starts_with('[')
        && let Ok(elements) = parse_document::<Vec<&RawValue>>(json.as_bytes())
    {
        for (index, element) in elements.into_iter().enumerate() {
            find(element.get(), &format!("{path}[{index}]"), depth + 1, report);
        }
        return;
    }
    report(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, path: &str) -> Vec<String> {
        let mut paths = Vec::new();
        find_surrogates(json, path, &mut |path| paths.push(path.to_owned()));
        paths
    }

    #[test]
    fn each_place_is_found() {
        let json = r#"{"a": "\ud800", "b": ["x", {"\udfff": "\ud83d\ude00"}, "\ud800\ud800"], "c": "\\ud800", "d": 1}"#;
        assert_eq!(found(json, ""), ["a", "b[1].\u{fffd}", "b[2]"]);
        assert_eq!(found(json, "variants.on"), ["variants.on.a", "variants.on.b[1].\u{fffd}", "variants.on.b[2]"]);
        assert_eq!(found(r#""\udc00x""#, "payload"), ["payload"]);
        assert_eq!(found(r#"{"a": "b", "c": ["\u00e9"]}"#, ""), [""; 0]);
    }

    #[test]
    fn what_is_nested_deep_is_found_at_the_place_where_looking_ends() {
        let deep = format!("{}\"\\ud800\"{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(found(&deep, "a"), [format!("a{}", "[0]".repeat(DEEPEST))]);
    }

    #[test]
    fn replaced_text_is_the_rest_as_it_was() {
        assert_eq!(without_surrogates(r#"["\ud800é", 1.0]"#), r#"["\ufffdé", 1.0]"#);
        assert!(matches!(without_surrogates(r#"["\ud83d\ude00"]"#), Cow::Borrowed(_)));
    }
}
