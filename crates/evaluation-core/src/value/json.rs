//! Reading and writing values as JSON.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{InlineText, JsonError, Object, Value, number};

/// What a reader of any value expects.
pub(super) const JSON: &str = "a JSON document";

/// Writes numbers as coercion does (`1e-05`, `1e+21`), everything else as compact JSON.
pub(crate) struct CoercedFormatter;

impl serde_json::ser::Formatter for CoercedFormatter {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(InlineText::float(value).as_str().as_bytes())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::UInt(value) => serializer.serialize_u64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Int(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(Value::from(value))
            }

            fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
                number::visit_i128(self, value)
            }

            fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
                number::visit_u128(self, value)
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Value::Float(value))
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::String(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Value, E> {
                Ok(Value::String(text))
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
                Value::deserialize(deserializer)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    elements.push(element);
                }
                Ok(Value::Array(elements))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
                Object::deserialize(serde::de::value::MapAccessDeserializer::new(map)).and_then(number::of_object)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl FromStr for Value {
    type Err = JsonError;

    fn from_str(json: &str) -> Result<Self, JsonError> {
        Self::from_json(json)
    }
}

/// Reads a document that may borrow from the text.
pub(crate) fn parse_document<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, serde_json::Error> {
    parse_with(json, PhantomData)
}

/// Reads a document by a seed.
pub(crate) fn parse_with<'a, S: DeserializeSeed<'a>>(json: &'a [u8], seed: S) -> Result<S::Value, serde_json::Error> {
    match std::str::from_utf8(json) {
        // Checking the whole at once is faster than text by text.
        Ok(text) => whole(&mut serde_json::Deserializer::from_str(text), seed),
        Err(_) => whole(&mut serde_json::Deserializer::from_slice(json), seed),
    }
}

fn whole<'a, R: serde_json::de::Read<'a>, S: DeserializeSeed<'a>>(
    reader: &mut serde_json::Deserializer<R>,
    seed: S,
) -> Result<S::Value, serde_json::Error> {
    let value = seed.deserialize(&mut *reader)?;
    reader.end()?;
    Ok(value)
}

/// Reads a document; if that fails, once more with the escapes of lone surrogates replaced.
pub(crate) fn read_lenient<T: for<'a> Deserialize<'a>>(json: &[u8]) -> Result<T, JsonError> {
    parse_document(json).or_else(|error| match replace_lone_surrogates(json) {
        Cow::Owned(repaired) => parse_document(&repaired).map_err(|error| JsonError::new(JSON, &repaired, &error)),
        Cow::Borrowed(_) => Err(JsonError::new(JSON, json, &error)),
    })
}

/// Replaces escapes such as `\ud800` that have no other half by `\ufffd`.
pub(crate) fn replace_lone_surrogates(json: &[u8]) -> Cow<'_, [u8]> {
    let mut repaired: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', json.get(at..).unwrap_or_default()) {
        let escape = at + found;
        match unit_at(json, escape) {
            Some(0xD800..=0xDBFF) if matches!(unit_at(json, escape + 6), Some(0xDC00..=0xDFFF)) => at = escape + 12,
            Some(0xD800..=0xDFFF) => {
                let text = repaired.get_or_insert_with(|| json.to_vec());
                if let Some(digits) = text.get_mut(escape + 2..escape + 6) {
                    digits.copy_from_slice(b"fffd");
                }
                at = escape + 6;
            }
            Some(_) => at = escape + 6,
            // The escaped character, a second backslash included, is passed over.
            None => at = escape + 2,
        }
    }
    repaired.map_or(Cow::Borrowed(json), Cow::Owned)
}

/// The UTF-16 unit that an escape at `start` names, if there is one.
fn unit_at(json: &[u8], start: usize) -> Option<u16> {
    let escape = json.get(start..start + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        let value: Value = r#"["\ud800","x\udc00y","\ud83d\ude00","\\ud800"]"#.parse().unwrap();
        assert_eq!(value.to_string(), r#"["�","x�y","😀","\\ud800"]"#);
    }

    #[test]
    fn repeated_members_keep_the_last_value_in_the_first_place() {
        let value: Value = r#"{"a":1,"b":2,"a":3}"#.parse().unwrap();
        assert_eq!(value.to_string(), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn errors_say_where() {
        let error = Value::from_json(b"{\n  \"a\": }").unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 8));
        // The text has it all, so that a chain of errors does not say it twice.
        assert!(error.to_string().ends_with("at line 2 column 8"), "{error}");
        assert!(std::error::Error::source(&error).is_none());
    }

    #[test]
    fn texts_and_bytes_are_read() {
        let (text, bytes) = ("7".to_owned(), b"7".to_vec());
        let read = [Value::from_json(text.as_str()), Value::from_json(bytes.as_slice()), Value::from_json(b"7")];
        let owned = [Value::from_json(text), Value::from_json(bytes)];
        assert!(read.into_iter().chain(owned).all(|value| value.unwrap() == Value::Int(7)));
    }
}
