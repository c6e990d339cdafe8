//! Selectors: every value that a path could lead to.

use super::super::json::Json;

/// Names that objects of some language have without being given them (rows 27 and 31).
const INHERITED: [&str; 12] = [
    "length",
    "constructor",
    "prototype",
    "__proto__",
    "toString",
    "toLocaleString",
    "valueOf",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "get",
    "",
];

/// Whether a name is looked up alike everywhere. The empty name (row 28) is not.
pub(super) fn is_plain_name(name: &str) -> bool {
    !INHERITED.contains(&name)
}

/// The values that a path may select; `None` when engines walk it differently.
pub(super) fn possible<'a>(path: &[&str], flags: &'a [Json], context: &'a Json) -> Option<Vec<Option<&'a Json>>> {
    if !path.iter().all(|name| is_plain_name(name)) {
        return None;
    }
    match path {
        ["context", rest @ ..] => Some(vec![walk(Some(context), rest)?]),
        // Row 29: the results as a whole.
        ["result"] => None,
        ["result", key, rest @ ..] => {
            let named: Vec<&Json> =
                flags.iter().filter(|flag| flag.get("key").and_then(Json::as_text) == Some(key)).collect();
            results(&named, rest)
        }
        _ => Some(vec![None]),
    }
}

fn results<'a>(flags: &[&'a Json], rest: &[&str]) -> Option<Vec<Option<&'a Json>>> {
    let mut values = vec![None];
    let variants = || {
        flags.iter().flat_map(|flag| flag.get("variants").map_or(&[][..], Json::members)).map(|(_, variant)| variant)
    };
    match rest {
        _ if flags.is_empty() => {}
        // A whole variant, or whole merged metadata, as text.
        [] | ["metadata"] => return None,
        ["metadata", rest @ ..] => {
            let segments = flags.iter().flat_map(|flag| flag.get("segments").map_or(&[][..], Json::items));
            for layer in flags.iter().copied().chain(segments).chain(variants()) {
                values.push(walk(layer.field("metadata"), rest)?);
            }
        }
        [name @ ("key" | "value" | "payload"), rest @ ..] => {
            for variant in variants() {
                values.push(walk(variant.get(name), rest)?);
            }
        }
        _ => {}
    }
    Some(values)
}

/// Follows a path. Rows 27: into an array or a text, an index means something to some engines.
fn walk<'a>(mut at: Option<&'a Json>, path: &[&str]) -> Option<Option<&'a Json>> {
    for name in path {
        let is_index = name.bytes().all(|byte| byte.is_ascii_digit());
        if is_index && matches!(at, Some(Json::List(_) | Json::Text(_))) {
            return None;
        }
        at = at.and_then(|value| value.get(name));
    }
    Some(at)
}
