//! Reading JSON part by part, so that a part which no value can hold takes down no other part.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::json::{JSON, replace_lone_surrogates};
use super::{JsonError, Object, Received, Value, parse_document, skip_byte_order_mark};

/// A JSON document as text. U+FFFD stands for what is not UTF-8, and the document knows where it does.
pub(crate) struct Document<'a> {
    bytes: &'a [u8],
    text: Cow<'a, str>,
    /// Where in the text U+FFFD stands for other bytes, in ascending order.
    replaced: Vec<usize>,
}

impl<'a> Document<'a> {
    /// Takes a document in, without the byte order mark that it may begin with.
    pub(crate) fn new(json: &'a [u8]) -> Self {
        let json = skip_byte_order_mark(json);
        if let Ok(text) = std::str::from_utf8(json) {
            return Self { bytes: json, text: Cow::Borrowed(text), replaced: Vec::new() };
        }
        let mut text = String::with_capacity(json.len());
        let mut replaced = Vec::new();
        for chunk in json.utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                replaced.push(text.len());
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Self { bytes: json, text: Cow::Owned(text), replaced }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The error for this document, at which a reader failed.
    pub(crate) fn unexpected(&self, expected: &'static str, error: &serde_json::Error) -> JsonError {
        // Bytes that are no text are named as they came; in JSON, those that are not UTF-8 may do no harm.
        let received = Received::of(self.bytes);
        if received.is_json() {
            JsonError::new(expected, self.text.as_bytes(), error)
        } else {
            JsonError::of(expected, received)
        }
    }

    /// A part of this document as `read` reads it, or why it cannot be read. That never quotes the document.
    pub(crate) fn value(&self, part: &str, read: fn(&str) -> Result<Value, JsonError>) -> Result<Value, String> {
        if self.is_replaced(part) {
            return Err("the bytes are not UTF-8".to_owned());
        }
        // Without the place in a text that nobody has.
        read(part).map_err(|error| error.message())
    }

    /// True when a part of this document has bytes that are not UTF-8.
    pub(crate) fn is_replaced(&self, part: &str) -> bool {
        let start = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let next = self.replaced.partition_point(|place| *place < start);
        self.replaced.get(next).is_some_and(|place| *place < start.saturating_add(part.len()))
    }
}

/// How far salvaging looks into a value.
pub(super) const DEEPEST: usize = 8;

/// Reads a document without the parts that no value can hold, and reports each of these by its path and what is wrong.
///
/// None if the text is not JSON, or nests too deep.
pub(crate) fn salvage(json: &[u8], report: &mut dyn FnMut(&str, &str)) -> Option<Value> {
    let document = Document::new(json);
    let whole: &RawValue = parse_document(document.text().as_bytes()).ok()?;
    document.salvage(whole.get(), String::new(), 0, report).map(|value| value.unwrap_or_default())
}

impl Document<'_> {
    /// The outer option is none when the whole is to fail; the inner, when this part is left out.
    fn salvage(
        &self,
        part: &str,
        path: String,
        depth: usize,
        report: &mut dyn FnMut(&str, &str),
    ) -> Option<Option<Value>> {
        let problem = match self.value(part, |part| part.parse()) {
            Ok(value) => return Some(Some(value)),
            Err(problem) => problem,
        };
        if problem.starts_with("recursion limit") {
            return None;
        }
        if depth < DEEPEST && part.starts_with('{') {
            let mut object = Object::new();
            for (raw, value) in Members::of(part)?.0 {
                let (name, _) = name(raw);
                let path = if path.is_empty() { name.clone().into_owned() } else { format!("{path}.{name}") };
                if let Some(value) = self.salvage(value.get(), path, depth + 1, report)? {
                    object.insert(name, value);
                }
            }
            return Some(Some(Value::Object(object)));
        }
        if depth < DEEPEST && part.starts_with('[') {
            let mut list = Vec::new();
            for (index, raw) in parse_document::<Vec<&RawValue>>(part.as_bytes()).ok()?.into_iter().enumerate() {
                // Null keeps the places of the elements behind it.
                list.push(self.salvage(raw.get(), format!("{path}[{index}]"), depth + 1, report)?.unwrap_or_default());
            }
            return Some(Some(Value::Array(list)));
        }
        report(&path, &problem);
        Some(None)
    }
}

/// Reads a value without any leniency: a lone surrogate is an error.
pub(crate) fn strict(json: &str) -> Result<Value, JsonError> {
    parse_document(json.as_bytes()).map_err(|error| JsonError::new(JSON, json.as_bytes(), &error))
}

/// The members of a JSON object as they stand in the text, repeated ones included.
pub(crate) struct Members<'a>(pub(crate) Vec<(&'a RawValue, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members, if the text is an object.
    pub(crate) fn of(part: &'a str) -> Option<Self> {
        if part.starts_with('{') { parse_document(part.as_bytes()).ok() } else { None }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(All)
    }
}

/// The name of a member, with U+FFFD for each lone surrogate, and whether the name has any.
pub(crate) fn name(raw: &RawValue) -> (Cow<'_, str>, bool) {
    let json = raw.get().as_bytes();
    if let Ok(Text(name)) = parse_document(json) {
        return (name, false);
    }
    let name = parse_document::<String>(&replace_lone_surrogates(json)).unwrap_or_default();
    (Cow::Owned(name), true)
}

/// A string, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// What kind of value a JSON text is, with its article.
pub(crate) fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

impl Value {
    /// What kind of value this is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Object(_) => "an object",
            Self::Array(_) => "a list",
            Self::String(_) => "a string",
            Self::Bool(_) => "a boolean",
            Self::Null => "null",
            Self::Int(_) | Self::UInt(_) | Self::Float(_) => "a number",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_split_whatever_they_hold() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let json = format!(r#"{{"a": 1e999, "\ud800": "\udc00", "a": {deep}, "é\n": null}}"#);
        let Members(members) = Members::of(&json).unwrap();
        let names: Vec<_> = members.iter().map(|(raw, _)| name(raw)).collect();
        let expected = [("a", false), ("\u{fffd}", true), ("a", false), ("é\n", false)];
        assert_eq!(names.iter().map(|(name, odd)| (&**name, *odd)).collect::<Vec<_>>(), expected);
        let values: Vec<_> = members.iter().map(|(_, raw)| kind_of(raw.get())).collect();
        assert_eq!(values, ["a number", "a string", "a list", "null"]);
        assert!(Members::of("[]").is_none());
    }

    #[test]
    fn what_is_not_utf_8_is_found_where_it_stands() {
        let document = Document::new(b"\xef\xbb\xbf{\"a\": \"x\xff\xfe\", \"\xe2\x82\": 1, \"b\": \"\xe2\x82\xac\"}");
        let Members(members) = Members::of(document.text()).unwrap();
        let replaced = members.iter().map(|(name, value)| {
            (
                document.is_replaced(name.get()),
                document.is_replaced(value.get()),
                document.value(value.get(), strict).is_ok(),
            )
        });
        let expected = [(false, true, false), (true, false, true), (false, false, true)];
        assert_eq!(replaced.collect::<Vec<_>>(), expected);
    }
}
