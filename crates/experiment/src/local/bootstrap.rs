//! Flags to begin with.

use std::collections::BTreeMap;

use evaluation_core::{Value, skip_byte_order_mark};
use serde_json::json;
use serde_json::value::RawValue;

use super::FlagOrigin;
use super::snapshot::Snapshot;

/// Reads flags as the service delivers them, a list, or as the Node SDK takes them, an object by key. One odd flag takes
/// down no other: the diagnostics list it.
pub(super) fn read(json: &[u8], origin: FlagOrigin) -> Result<Snapshot, Box<dyn std::error::Error + Send + Sync>> {
    let text = skip_byte_order_mark(json);
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Ok(Snapshot::read(json, origin)?);
    }
    let by_key: BTreeMap<Key, &RawValue> = serde_json::from_slice(text)?;
    let is_flag = |flag: &RawValue| flag.get().starts_with('{');
    if let Some((Key(key), _)) = by_key.first_key_value()
        && !by_key.values().any(|flag| is_flag(flag))
    {
        return Err(format!("`{key}` is no flag: expected flags by their keys").into());
    }
    // What is no object is told by its key, and not by its place in a list that nobody has.
    let flag = |(Key(key), flag): (&Key, &&RawValue)| match is_flag(flag) {
        true => flag.get().to_owned(),
        false => json!({ "key": key }).to_string(),
    };
    let list: Vec<String> = by_key.iter().map(flag).collect();
    Ok(Snapshot::read(format!("[{}]", list.join(",")).as_bytes(), origin)?)
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
            ("\u{feff}\u{feff}[]", "expected value"),
            ("\u{feff}\u{feff}{}", "expected value"),
            (" \u{feff}{}", "expected value"),
            ("{\"a\": ", "EOF while parsing"),
            ("{\"error\": \"unauthorized\"}", "`error` is no flag"),
            ("7", "expected"),
        ] {
            let error = read(json.as_bytes(), FlagOrigin::Bootstrap).err().unwrap().to_string();
            assert!(error.contains(said), "{json}: {error}");
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
