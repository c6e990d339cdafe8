//! Flags as they stand in a file: kept as text, so that what goes out is what was written.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use evaluation_core::{JsonError, Value, skip_byte_order_mark};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Problem;

/// One flag's JSON on one line, with the place it comes from.
#[derive(Debug, Clone)]
pub(crate) struct RawFlag {
    /// None if it cannot be read; then the flag is a problem.
    pub(crate) key: Option<Box<str>>,
    pub(crate) origin: Arc<str>,
    /// Its place in that file.
    pub(crate) index: usize,
    pub(crate) json: Arc<str>,
}

impl RawFlag {
    /// The names that the flag lists its variants under, each once.
    pub(crate) fn variants(&self) -> Vec<String> {
        let Some(variants) = member(&self.json, "variants") else {
            return Vec::new();
        };
        let members = serde_json::from_str::<Members<'_>>(variants.get()).map(|members| members.0).unwrap_or_default();
        let mut known = HashSet::new();
        let mut names = Vec::with_capacity(members.len());
        // What is no object is no variant.
        for (name, _) in members.into_iter().filter(|(_, variant)| variant.get().starts_with('{')) {
            if let Ok(Value::String(name)) = Value::from_json(name.get())
                && known.insert(name.clone())
            {
                names.push(name);
            }
        }
        names
    }
}

/// Reads a JSON list of flags.
pub(crate) fn read(origin: &str, json: &[u8]) -> Result<Vec<RawFlag>, Problem> {
    let text = skip_byte_order_mark(json);
    let malformed = |_| Problem::of_file(origin, JsonError::unexpected("a JSON list of flags", text).to_string());
    let flags: Vec<&RawValue> = serde_json::from_slice(text).map_err(malformed)?;
    let origin: Arc<str> = origin.into();
    let flags = flags.into_iter().enumerate().map(|(index, raw)| {
        let json: Arc<str> = one_line(raw.get()).into();
        RawFlag { key: key(&json), origin: Arc::clone(&origin), index, json }
    });
    Ok(flags.collect())
}

/// Scalars stand for their text, as the engine has it.
fn key(json: &str) -> Option<Box<str>> {
    match Value::from_json(member(json, "key")?.get()).ok()? {
        Value::String(key) => Some(key.into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        scalar => Some(scalar.to_string().into()),
    }
}

/// An object's member of that name: the last one counts.
fn member<'j>(json: &'j str, wanted: &str) -> Option<&'j RawValue> {
    let members = serde_json::from_str::<Members<'_>>(json).ok()?.0;
    members.into_iter().rfind(|(name, _)| is(name, wanted)).map(|(_, value)| value)
}

/// True when a member's name, as it stands in the JSON, is this one.
pub(super) fn is(name: &RawValue, wanted: &str) -> bool {
    Value::from_json(name.get()).is_ok_and(|name| name.as_str() == Some(wanted))
}

/// An object's members in their order, repeated ones included.
pub(super) struct Members<'a>(pub(super) Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// JSON without the white space between its tokens: a message of a stream is one line. Numbers, escapes and the order of
/// members stay as they were.
fn one_line(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for character in json.chars() {
        if quoted {
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
        } else if matches!(character, ' ' | '\n' | '\r' | '\t') {
            continue;
        } else {
            quoted = character == '"';
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_and_nothing_else() {
        let json = "{ \"a b\" :\t[ 1.50 , \"\\\" \\\\\" ],\r\n \"c\": \" \\u0020\\n\" }";
        assert_eq!(one_line(json), r#"{"a b":[1.50,"\" \\"],"c":" \u0020\n"}"#);
    }

    #[test]
    fn flags_keep_their_text_and_place() {
        let flags = read("a.json", b"\xef\xbb\xbf[{\"key\": \"a\", \"n\": 1.0}, 7]").unwrap();
        assert_eq!(&*flags[0].json, r#"{"key":"a","n":1.0}"#);
        assert_eq!(flags[0].key.as_deref(), Some("a"));
        assert_eq!((flags[1].key.as_deref(), flags[1].index), (None, 1));
    }

    #[test]
    fn the_last_key_counts() {
        let flags = read("a.json", br#"[{"key": "x", "key": "c"}, {"key": 7}, {"key": null}]"#).unwrap();
        let keys: Vec<Option<&str>> = flags.iter().map(|flag| flag.key.as_deref()).collect();
        assert_eq!(keys, [Some("c"), Some("7"), None]);
    }

    #[test]
    fn what_no_text_can_hold_is_read_as_the_engine_reads_it() {
        let json = br#"[{"\udc00": 1e999, "key": "a\ud800", "segments": [],
            "variants": {"on": {}, "on": {}, "\ud800": {}}}]"#;
        let flags = read("a.json", json).unwrap();
        assert_eq!(flags[0].key.as_deref(), Some("a\u{fffd}"));
        assert_eq!(flags[0].variants(), ["on", "\u{fffd}"]);
    }

    #[test]
    fn odd_variants_hide_no_others() {
        let json =
            br#"[{"key": "f", "variants": {"a": {}, "b": 5, "c": {"payload": 1e999}, "d": {"key": []}, "e": null}}]"#;
        assert_eq!(read("a.json", json).unwrap()[0].variants(), ["a", "c", "d"]);
    }

    #[test]
    fn what_is_no_list_is_a_problem_with_its_place() {
        let flag = r#"{"key": "a", "variants": {}, "segments": []}"#;
        for (json, expected) in [
            ("", ", but an empty text"),
            ("<html>", ", but an HTML page"),
            (r#"{"key": 1}"#, ", but a JSON object of another form"),
            (r#"{"error": "x"}"#, ", but a JSON object with an `error` member"),
            (flag, ", but one flag that is in no list: put it into a list"),
            (&format!("{{\"a\": {flag}}}"), ", but a JSON object of flags by key: put the flags into a list"),
            (
                &format!("{{\"flags\": [{flag}]}}"),
                ", but a JSON object that wraps the list of flags: take the list out of it",
            ),
            ("[\n{\"key\": \"a\",}]", ": key must be a string at line 2 column 13"),
            ("[\n", ": it ends too early, at line 2 column 1"),
        ] {
            let problem = read("a.json", json.as_bytes()).unwrap_err().to_string();
            assert_eq!(problem, format!("error: a.json: not a JSON list of flags{expected}"), "{json}");
        }
        assert!(read("a.json", b"[\"\xff\"]").unwrap_err().to_string().ends_with("not UTF-8 at line 1 column 3"));
    }
}
