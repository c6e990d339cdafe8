//! Flags to begin with.

use std::collections::BTreeMap;

use evaluation_core::{JsonError, Received, Value, skip_byte_order_mark};
use serde_json::json;
use serde_json::value::RawValue;

use super::FlagOrigin;
use super::snapshot::Snapshot;

/// What a reader of an object expects.
const EXPECTED: &str = "a JSON list of flags or an object of flags by key";

/// Reads flags as the service delivers them, a list, or as the Node SDK takes them, an object by key. One odd flag takes
/// down no other: the diagnostics list it.
pub(super) fn read(json: &[u8], origin: FlagOrigin) -> Result<Snapshot, JsonError> {
    let text = skip_byte_order_mark(json);
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Snapshot::read(json, origin);
    }
    let by_key: BTreeMap<Key, &RawValue> =
        serde_json::from_slice(text).map_err(|_| JsonError::unexpected(EXPECTED, text))?;
    let is_flag = |flag: &RawValue| flag.get().starts_with('{');
    match Received::of(text) {
        Received::FlagsByKey | Received::EmptyObject => {}
        // Flags by key that are all odd: the diagnostics tell of each.
        Received::Object if by_key.values().any(|flag| is_flag(flag)) => {}
        received => return Err(JsonError::of(EXPECTED, received)),
    }
    // What is no object is told by its key, and not by its place in a list that nobody has.
    let flag = |(Key(key), flag): (&Key, &&RawValue)| match is_flag(flag) {
        true => flag.get().to_owned(),
        false => json!({ "key": key }).to_string(),
    };
    let list: Vec<String> = by_key.iter().map(flag).collect();
    Snapshot::read(format!("[{}]", list.join(",")).as_bytes(), origin)
}

/// A flag's key, with U+FFFD for each lone surrogate.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key(String);

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let key = Value::from_json(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(Self(key.as_str().unwrap_or_default().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_objects_are_read() {
        let flag = r#"{"key": "a", "variants": {}, "segments": []}"#;
        let by_key = format!("{{\"a\": {flag}}}");
        for json in [
            format!(" [{flag}]"),
            format!(" {by_key}"),
            format!("\u{feff}[{flag}]"),
            format!("\u{feff}{by_key}"),
            format!("\u{feff} {by_key}"),
        ] {
            assert!(read(json.as_bytes(), FlagOrigin::Bootstrap).unwrap().flags.contains("a"), "{json}");
        }
        assert!(read(b"{}", FlagOrigin::Bootstrap).unwrap().flags.is_empty());
        for (json, said) in [
            ("\u{feff}\u{feff}[]", ", but a text that is no JSON"),
            ("\u{feff}\u{feff}{}", ", but a text that is no JSON"),
            (" \u{feff}{}", ", but a text that is no JSON"),
            ("", ", but an empty text"),
            ("<html>", ", but an HTML page"),
            ("{\"a\": ", ": it ends too early, at line 1 column 6"),
            ("{\n", ": it ends too early, at line 2 column 1"),
            ("{\"error\": \"unauthorized\"}", ", but a JSON object with an `error` member"),
            ("{\"error\": {\"code\": 401}}", ", but a JSON object with an `error` member"),
            ("{\"a\": {\"key\": \"on\"}}", ", but a JSON object of variants by flag key"),
            ("{\"flags\": []}", ", but a JSON object that wraps the list of flags: take the list out of it"),
            (flag, ", but one flag that is in no list: put it into a list"),
            (
                "{\"a\": {\"flagKey\": \"a\", \"variants\": []}}",
                ", but flags in the format used before 2023: take the flags from `/sdk/v2/flags`",
            ),
            ("7", ", but a JSON number"),
        ] {
            let error = read(json.as_bytes(), FlagOrigin::Bootstrap).err().unwrap().to_string();
            assert!(error.starts_with("not a JSON list of flags") && error.ends_with(said), "{json}: {error}");
        }
    }
    #[test]
    fn one_odd_flag_takes_down_no_other() {
        let flag = |key: &str, payload: &str| {
            format!(
                r#"{{"key": "{key}", "variants": {{"on": {{"key": "on", "payload": {payload}}}}},
                    "segments": [{{"variant": "on"}}]}}"#
            )
        };
        let (a, c) = (flag("a", "1"), flag("c", "1"));
        for odd in ["null", "7", "\"on\"", "1e999", r#""\ud800""#, "[]", "{}", &flag("b", "1e999")] {
            let json = format!(r#"{{"a": {a}, "b": {odd}, "c": {c}}}"#);
            let flags = read(json.as_bytes(), FlagOrigin::Bootstrap).unwrap().flags;
            assert_eq!(flags.keys().collect::<Vec<_>>(), ["a", "c"], "{odd}");
            let [said] = flags.diagnostics() else { panic!("{odd}: {:?}", flags.diagnostics()) };
            assert_eq!(said.flag.as_deref(), (odd != "{}").then_some("b"), "{odd}: {said}");
            let list = format!("[{a}, {odd}, {c}]");
            let flags = read(list.as_bytes(), FlagOrigin::Bootstrap).unwrap().flags;
            assert_eq!((flags.len(), flags.diagnostics().len()), (2, 1), "{odd}");
        }
        let flags =
            read(format!(r#"{{"\ud800": {a}, "\udc00": {c}}}"#).as_bytes(), FlagOrigin::Bootstrap).unwrap().flags;
        assert_eq!(flags.len(), 1, "both keys are read alike, and the last counts");
    }
}
