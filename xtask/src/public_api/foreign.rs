//! Types and traits of other crates in what a crate offers. Each binds it to the version of that crate.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::tools::CRATES;

/// Whose types and traits may be seen everywhere, besides those of this workspace.
const ALLOWED: [&str; 9] =
    ["std", "core", "alloc", "http", "bytes", "futures_core", "serde", "serde_core", "serde_json"];

/// Whose may be seen in one crate, and why.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("experiment-openfeature", "open_feature", "its trait of providers is what the crate is there to implement")];

/// What a crate shows of others that it should not, an item each: where, and what.
pub(super) fn in_crate(name: &str, document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let items = document.get("index").and_then(Value::as_object);
    for item in items.into_iter().flat_map(|items| items.values()).filter(|item| is_own(item)) {
        let mut paths = Vec::new();
        collect(document, item.get("inner").unwrap_or(&Value::Null), &mut paths);
        for (owner, path) in paths {
            if !is_allowed(name, owner) {
                found.insert(format!("{} shows {path} of the crate {owner}", place(item)));
            }
        }
    }
    found
}

/// Whether an item is the crate's own, and written by somebody: not what every type has by itself, or by an
/// implementation for all types.
fn is_own(item: &Value) -> bool {
    let made = item.pointer("/inner/impl").is_some_and(|block| {
        block.get("is_synthetic").and_then(Value::as_bool) == Some(true)
            || block.get("blanket_impl").is_some_and(|of| !of.is_null())
    });
    item.get("crate_id").and_then(Value::as_u64) == Some(0) && !made
}

fn is_allowed(name: &str, owner: &str) -> bool {
    ALLOWED.contains(&owner)
        || CRATES.iter().any(|own| own.replace('-', "_") == owner)
        || EXCEPTIONS.iter().any(|(of, other, _)| *of == name && *other == owner)
}

/// Every path to something of another crate, at any depth: types, traits and what is exported again all name an id.
fn collect<'a>(document: &'a Value, value: &'a Value, found: &mut Vec<(&'a str, String)>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(document, value, found)),
        Value::Object(members) => {
            found.extend(members.get("id").and_then(Value::as_u64).and_then(|id| foreign(document, id)));
            members.values().for_each(|value| collect(document, value, found));
        }
        _ => {}
    }
}

/// The crate and the path of an id, if it is another's.
fn foreign(document: &Value, id: u64) -> Option<(&str, String)> {
    let summary = document.get("paths")?.get(id.to_string())?;
    let owner = summary.get("crate_id").and_then(Value::as_u64).filter(|owner| *owner != 0)?;
    let name = document.get("external_crates")?.get(owner.to_string())?.get("name")?.as_str()?;
    let segments = summary.get("path")?.as_array()?.iter().filter_map(Value::as_str);
    Some((name, segments.collect::<Vec<_>>().join("::")))
}

/// Where an item stands, for people: its name if it has one, and its line.
fn place(item: &Value) -> String {
    let kind = item.get("inner").and_then(Value::as_object).and_then(|inner| inner.keys().next());
    let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
    let file = item.pointer("/span/filename").and_then(Value::as_str).unwrap_or("?");
    let line = item.pointer("/span/begin/0").and_then(Value::as_u64).unwrap_or(0);
    format!("{file}:{line}: {} {name}", kind.map_or("item", String::as_str)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A crate that shows one item, and knows three other crates.
    fn document(item: &Value) -> Value {
        json!({
            "index": {"1": item},
            "paths": {
                "10": {"crate_id": 1, "path": ["core", "option", "Option"]},
                "20": {"crate_id": 2, "path": ["tokio", "runtime", "handle", "Handle"]},
                "30": {"crate_id": 3, "path": ["open_feature", "provider", "FeatureProvider"]},
                "40": {"crate_id": 0, "path": ["transport", "Service"]},
            },
            "external_crates": {"1": {"name": "core"}, "2": {"name": "tokio"}, "3": {"name": "open_feature"}},
        })
    }

    fn item(inner: &Value) -> Value {
        json!({"crate_id": 0, "name": "runtime", "span": {"filename": "a.rs", "begin": [7, 1]}, "inner": inner})
    }

    fn path(id: u64, arguments: &Value) -> Value {
        json!({"resolved_path": {"path": "P", "id": id, "args": {"angle_bracketed": {"args": [{"type": arguments}]}}}})
    }

    #[test]
    fn a_type_is_found_inside_of_others() {
        let inner = json!({"function": {"sig": {"inputs": [["x", path(40, &path(10, &path(20, &Value::Null)))]]}}});
        let found = in_crate("transport", &document(&item(&inner)));
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["a.rs:7: function runtime shows tokio::runtime::handle::Handle of the crate tokio"]
        );
    }

    #[test]
    fn what_is_exported_again_is_seen_too() {
        let inner = json!({"use": {"source": "tokio::runtime::Handle", "name": "Handle", "id": 20, "is_glob": false}});
        assert_eq!(in_crate("transport", &document(&item(&inner))).len(), 1);
    }

    #[test]
    fn implementations_that_nobody_wrote_do_not_count() {
        let block = |synthetic: bool, blanket: &Value| {
            let of = json!({"path": "T", "id": 20, "args": null});
            item(&json!({"impl": {"trait": of, "is_synthetic": synthetic, "blanket_impl": blanket}}))
        };
        assert_eq!(in_crate("transport", &document(&block(false, &Value::Null))).len(), 1);
        assert!(in_crate("transport", &document(&block(true, &Value::Null))).is_empty());
        assert!(in_crate("transport", &document(&block(false, &json!({"generic": "T"})))).is_empty());
    }

    #[test]
    fn an_exception_holds_for_its_crate_only() {
        let document = document(&item(&json!({"impl": {"trait": {"path": "P", "id": 30, "args": null}}})));
        assert!(in_crate("experiment-openfeature", &document).is_empty());
        assert_eq!(in_crate("experiment", &document).len(), 1);
    }
}
