//! Names a text that a reader of JSON could not use, so that errors say what came and not only what was expected.
//!
//! Readers of this crate and of those above use it. It decides nothing about flags.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::parts::{kind_of, name};

/// What a text is, by its beginning and its form. Holds nothing of the text.
///
/// ```
/// use evaluation_core::Received;
///
/// assert_eq!(Received::of(b"<!DOCTYPE html><title>Sign in</title>"), Received::Html);
/// assert_eq!(Received::of(br#"{"error": "unauthorized"}"#).to_string(), "a JSON object with an `error` member");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// No bytes, or white space only.
    Empty,
    /// An HTML page, such as a sign-in page.
    Html,
    /// An XML document that is no HTML.
    Xml,
    /// Bytes that begin as gzip does.
    Gzip,
    /// Bytes that begin as Zstandard does.
    Zstandard,
    /// Other bytes that are no text.
    Binary,
    /// A stream of server-sent events.
    Events,
    /// Text of any other kind.
    Text,
    /// The JSON value `null`.
    Null,
    /// A JSON boolean.
    Boolean,
    /// A JSON number.
    Number,
    /// A JSON string.
    String,
    /// A JSON list without elements.
    EmptyList,
    /// A JSON list of flags, in the format that can be evaluated.
    Flags,
    /// Any other JSON list.
    List,
    /// Flags, in a list or alone, in the format that the service delivered before 2023: `flagKey` instead of `key`,
    /// and targeting instead of segments.
    FlagsBefore2023,
    /// Flags, in a list or alone, as the Management API describes them.
    ManagementFlags,
    /// An object with a list of flags in one of its members.
    WrappedFlags,
    /// An object of flags by their keys.
    FlagsByKey,
    /// One flag that stands in no list.
    OneFlag,
    /// An object of variants by the keys of their flags.
    VariantsByKey,
    /// A cohort.
    Cohort,
    /// An object with a member `error` or `errors`.
    Error,
    /// An object with a member `message`, and nothing better to name it by.
    Message,
    /// A JSON object without members.
    EmptyObject,
    /// Any other JSON object.
    Object,
}

impl Received {
    /// Names a text, or the beginning of a text. Skips no byte order mark.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let trimmed = text.trim_ascii();
        match trimmed.first() {
            None => Self::Empty,
            Some(b'<') => markup(trimmed),
            Some(b'{') => object(&String::from_utf8_lossy(trimmed)),
            Some(b'[') => list(&String::from_utf8_lossy(trimmed)),
            Some(_) => other(trimmed),
        }
    }

    /// True for all JSON values.
    #[must_use]
    pub fn is_json(self) -> bool {
        !matches!(
            self,
            Self::Empty
                | Self::Html
                | Self::Xml
                | Self::Gzip
                | Self::Zstandard
                | Self::Binary
                | Self::Events
                | Self::Text
        )
    }

    /// How to get what was expected, where the form of the text says that.
    fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::FlagsBefore2023 | Self::ManagementFlags => "take the flags from `/sdk/v2/flags`",
            Self::WrappedFlags => "take the list out of it",
            Self::FlagsByKey => "put the flags into a list",
            Self::OneFlag => "put it into a list",
            _ => return None,
        })
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty text",
            Self::Html => "an HTML page",
            Self::Xml => "an XML document",
            Self::Gzip => "data compressed with gzip",
            Self::Zstandard => "data compressed with zstd",
            Self::Binary => "bytes that are no text",
            Self::Events => "a stream of server-sent events",
            Self::Text => "a text that is no JSON",
            Self::Null => "the JSON value null",
            Self::Boolean => "a JSON boolean",
            Self::Number => "a JSON number",
            Self::String => "a JSON string",
            Self::EmptyList => "an empty JSON list",
            Self::Flags => "a JSON list of flags",
            Self::List => "a JSON list",
            Self::FlagsBefore2023 => "flags in the format used before 2023",
            Self::ManagementFlags => "flags in the format of the Management API",
            Self::WrappedFlags => "a JSON object that wraps the list of flags",
            Self::FlagsByKey => "a JSON object of flags by key",
            Self::OneFlag => "one flag that is in no list",
            Self::VariantsByKey => "a JSON object of variants by flag key",
            Self::Cohort => "a cohort",
            Self::Error => "a JSON object with an `error` member",
            Self::Message => "a JSON object with a `message` member",
            Self::EmptyObject => "an empty JSON object",
            Self::Object => "a JSON object of another form",
        })
    }
}

fn markup(text: &[u8]) -> Received {
    // What stands before the root of a page: a document type, comments, and with XHTML also a declaration.
    let head = String::from_utf8_lossy(text.get(..text.len().min(1024)).unwrap_or_default()).to_ascii_lowercase();
    let is_page = ["<!doctype html", "<html", "<head", "<body", "<title"].iter().any(|mark| head.contains(mark));
    if is_page || !head.starts_with("<?xml") && !head.contains("xmlns") { Received::Html } else { Received::Xml }
}

fn other(text: &[u8]) -> Received {
    if text.starts_with(b"\x1f\x8b") {
        return Received::Gzip;
    }
    if text.starts_with(b"\x28\xb5\x2f\xfd") {
        return Received::Zstandard;
    }
    // A letter that the beginning of a text cuts in two is no error.
    let is_text = std::str::from_utf8(text).map_or_else(|error| error.error_len().is_none(), |_| true);
    if !is_text || text.contains(&0) {
        return Received::Binary;
    }
    if text.starts_with(b"\"") {
        return Received::String;
    }
    if [&b"data:"[..], b"event:", b"id:", b"retry:", b":"].iter().any(|field| text.starts_with(field)) {
        return Received::Events;
    }
    match (text, serde_json::from_slice::<IgnoredAny>(text)) {
        (b"null", _) => Received::Null,
        (b"true" | b"false", _) => Received::Boolean,
        (_, Ok(_)) => Received::Number,
        _ => Received::Text,
    }
}

fn list(text: &str) -> Received {
    let elements = elements(text);
    let Some(first) = elements.first() else {
        return if text.get(1..).is_some_and(|rest| rest.trim_start().starts_with(']')) {
            Received::EmptyList
        } else {
            Received::List
        };
    };
    format_of(first).unwrap_or(Received::List)
}

fn object(text: &str) -> Received {
    let members = members(text);
    if members.is_empty() {
        let is_empty = text.get(1..).is_some_and(|rest| rest.trim_start().starts_with('}'));
        return if is_empty { Received::EmptyObject } else { Received::Object };
    }
    if let Some(format) = format_of_members(&members) {
        return if format == Received::Flags { Received::OneFlag } else { format };
    }
    let has = |wanted: &str| members.iter().any(|(name, _)| name == wanted);
    if has("memberIds") || has("cohortId") {
        return Received::Cohort;
    }
    if let Some(format) = members.iter().find_map(|(_, value)| format_of(value)) {
        return if format == Received::Flags { Received::FlagsByKey } else { format };
    }
    let wrapped = |(name, value): &(Cow<'_, str>, &str)| match list(value) {
        Received::Flags => Some(Received::WrappedFlags),
        Received::EmptyList if name == "flags" => Some(Received::WrappedFlags),
        format @ (Received::FlagsBefore2023 | Received::ManagementFlags) => Some(format),
        _ => None,
    };
    if let Some(format) = members.iter().filter(|(_, value)| value.starts_with('[')).find_map(wrapped) {
        return format;
    }
    let nested = |(_, value): &(Cow<'_, str>, &str)| match object(value) {
        format @ (Received::FlagsByKey | Received::FlagsBefore2023 | Received::ManagementFlags) => Some(format),
        _ => None,
    };
    let flags = members.iter().filter(|(name, value)| name == "flags" && value.starts_with('{')).find_map(nested);
    if let Some(format) = flags {
        return if format == Received::FlagsByKey { Received::WrappedFlags } else { format };
    }
    if has("error") || has("errors") {
        return Received::Error;
    }
    let is_variant = |value: &str| {
        value.starts_with('{') && self::members(value).iter().any(|(name, _)| name == "key" || name == "value")
    };
    if members.iter().all(|(_, value)| is_variant(value)) {
        return Received::VariantsByKey;
    }
    if has("message") { Received::Message } else { Received::Object }
}

/// In which format a JSON value is a flag. None if it is no flag.
fn format_of(value: &str) -> Option<Received> {
    if value.starts_with('{') { format_of_members(&members(value)) } else { None }
}

fn format_of_members(members: &[(Cow<'_, str>, &str)]) -> Option<Received> {
    let kind = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| kind_of(value));
    let any = |wanted: &[&str]| wanted.iter().any(|wanted| kind(wanted).is_some());
    if kind("key").is_some_and(|kind| kind != "an object")
        && (any(&["segments"]) || kind("variants") == Some("an object"))
    {
        return Some(Received::Flags);
    }
    if kind("flagKey") == Some("a string") || any(&["allUsersTargetingConfig", "customSegmentTargetingConfigs"]) {
        return Some(Received::FlagsBefore2023);
    }
    if any(&["targetSegments", "rolloutPercentage", "rolloutWeights", "bucketingUnit"]) {
        return Some(Received::ManagementFlags);
    }
    if kind("variants") == Some("a list") && any(&["enabled", "bucketingKey", "defaultValue", "evalMode"]) {
        return Some(Received::FlagsBefore2023);
    }
    (kind("variants") == Some("an object") && kind("segments") == Some("a list")).then_some(Received::Flags)
}

/// The members of an object, as far as its text can be read.
fn members(text: &str) -> Vec<(Cow<'_, str>, &str)> {
    struct All<'v, 'a>(&'v mut Vec<(Cow<'a, str>, &'a str)>);

    impl<'de> DeserializeSeed<'de> for All<'_, 'de> {
        type Value = ();

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_map(self)
        }
    }

    impl<'de> Visitor<'de> for All<'_, 'de> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(raw) = map.next_key::<&RawValue>()? {
                // The name alone says something where the text ends within the value.
                self.0.push((name(raw).0, ""));
                let value = map.next_value::<&RawValue>()?.get();
                if let Some(last) = self.0.last_mut() {
                    last.1 = value;
                }
            }
            Ok(())
        }
    }

    let mut members = Vec::new();
    // What stands before an error is there all the same.
    let _ = All(&mut members).deserialize(&mut serde_json::Deserializer::from_str(text));
    members
}

/// The elements of a list, as far as its text can be read.
fn elements(text: &str) -> Vec<&str> {
    struct All<'v, 'a>(&'v mut Vec<&'a str>);

    impl<'de> DeserializeSeed<'de> for All<'_, 'de> {
        type Value = ();

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_seq(self)
        }
    }

    impl<'de> Visitor<'de> for All<'_, 'de> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            while let Some(element) = seq.next_element::<&RawValue>()? {
                self.0.push(element.get());
            }
            Ok(())
        }
    }

    let mut elements = Vec::new();
    let _ = All(&mut elements).deserialize(&mut serde_json::Deserializer::from_str(text));
    elements
}

/// The format of a flag's text, if it is one in which no flag can be evaluated.
pub(crate) fn foreign_format(flag: &str) -> Option<Received> {
    format_of(flag).filter(|format| *format != Received::Flags)
}

/// The key of a flag in such a format.
pub(crate) fn foreign_key(flag: &str) -> Option<String> {
    let members = members(flag);
    let (_, key) = members.iter().find(|(name, _)| name == "flagKey" || name == "key")?;
    serde_json::from_str(key).ok()
}

/// A text that is not what was expected, with what to do about it where that is known.
pub(super) struct Unexpected(pub(super) Received);

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        self.0.advice().map_or(Ok(()), |advice| write!(f, ": {advice}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_text_has_its_name() {
        let flag = r#"{"key": "a", "variants": {"on": {}}, "segments": []}"#;
        let old = r#"{"flagKey": "a", "enabled": true, "variants": [{"key": "on"}], "allUsersTargetingConfig": {}}"#;
        let managed = r#"{"id": "1", "key": "a", "variants": [{"key": "on"}], "rolloutPercentage": 50}"#;
        for (text, expected) in [
            ("", Received::Empty),
            (" \r\n\t", Received::Empty),
            ("<!DOCTYPE html><p>x", Received::Html),
            ("\n <HTML>", Received::Html),
            ("<!-- a page --><div>", Received::Html),
            ("<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\">", Received::Html),
            ("<?xml version=\"1.0\"?><Error/>", Received::Xml),
            ("blocked by policy", Received::Text),
            ("not found", Received::Text),
            ("404 page not found", Received::Text),
            ("\u{feff}[]", Received::Text),
            ("data: []\n\n", Received::Events),
            (": hello\n", Received::Events),
            ("null", Received::Null),
            ("true", Received::Boolean),
            ("-1.5e3", Received::Number),
            ("\"blocked\"", Received::String),
            ("[ ]", Received::EmptyList),
            ("[", Received::List),
            ("[1]", Received::List),
            ("{ }", Received::EmptyObject),
            ("{", Received::Object),
            (r#"{"a": 1}"#, Received::Object),
            (r#"{"error": "x"}"#, Received::Error),
            (r#"{"status": 404, "error": {"code": 1}}"#, Received::Error),
            (r#"{"error": "the text ends he"#, Received::Error),
            (r#"{"errors": []}"#, Received::Error),
            (r#"{"message": "no Route matched"}"#, Received::Message),
            (&format!("[{flag}]"), Received::Flags),
            (&format!("[{flag}, {{\"key"), Received::Flags),
            (flag, Received::OneFlag),
            (&format!("{{\"flags\": [{flag}]}}"), Received::WrappedFlags),
            (&format!("{{\"flags\": {{\"a\": {flag}}}}}"), Received::WrappedFlags),
            (r#"{"flags": []}"#, Received::WrappedFlags),
            (&format!("{{\"count\": 1, \"data\": [{flag}]}}"), Received::WrappedFlags),
            (&format!("{{\"a\": {flag}}}"), Received::FlagsByKey),
            (&format!("{{\"error\": {flag}}}"), Received::FlagsByKey),
            (r#"{"a": {"variants": {}, "segments": []}}"#, Received::FlagsByKey),
            (&format!("[{old}]"), Received::FlagsBefore2023),
            (&format!("{{\"a\": {old}}}"), Received::FlagsBefore2023),
            (&format!("{{\"flags\": [{old}]}}"), Received::FlagsBefore2023),
            (old, Received::FlagsBefore2023),
            (r#"[{"key": "a", "enabled": true, "variants": [{"key": "on"}]}]"#, Received::FlagsBefore2023),
            (&format!("[{managed}]"), Received::ManagementFlags),
            (&format!("{{\"flags\": [{managed}], \"nextCursor\": null}}"), Received::ManagementFlags),
            (r#"{"a": {"key": "on", "value": "on"}, "b": {"value": "x"}}"#, Received::VariantsByKey),
            (r#"{"cohortId": "c", "memberIds": []}"#, Received::Cohort),
        ] {
            assert_eq!(Received::of(text.as_bytes()), expected, "{text}");
        }
        for (bytes, expected) in [
            (&b"\x1f\x8b\x08\x00"[..], Received::Gzip),
            (b"\x28\xb5\x2f\xfd\x00", Received::Zstandard),
            (b"\x0b\x02\x80[]\x03", Received::Binary),
            (b"a\0b", Received::Binary),
            (b"caf\xc3", Received::Text),
        ] {
            assert_eq!(Received::of(bytes), expected, "{bytes:?}");
        }
    }
}
