//! JSON values as the engine needs them: integers and floats told apart, object order kept.

mod byte_order_mark;
mod error;
mod from;
mod json;
pub(crate) mod number;
mod object;
mod parts;
mod readable;
mod received;
mod surrogates;
mod text;

pub use byte_order_mark::skip_byte_order_mark;
pub use error::JsonError;
pub(crate) use json::{CoercedFormatter, parse_document, parse_with, read_lenient};
pub(crate) use object::HashedKey;
pub use object::{Object, ObjectIntoIter, ObjectIter};
pub(crate) use parts::{Document, Members, kind_of, name as member_name, salvage, strict};
pub(crate) use readable::Readable;
pub use received::Received;
pub(crate) use received::{foreign_format, foreign_key};
pub(crate) use surrogates::{SURROGATE, find_surrogates, has_surrogates, without_surrogates};
pub(crate) use text::{InlineText, ScalarText};

/// Any JSON value.
///
/// Unlike a plain JSON tree it keeps what coercion to text depends on: `1` and `1.0` are different values with
/// different texts, and the members of an object keep the order in which they were given.
///
/// ```
/// use evaluation_core::Value;
///
/// let value: Value = r#"{"b":1,"a":[1.0,null]}"#.parse()?;
/// assert_eq!(value.to_string(), r#"{"b":1,"a":[1.0,null]}"#);
/// # Ok::<(), evaluation_core::JsonError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `null`: the same as an absent value everywhere in the engine.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that fits 64 bits with a sign.
    Int(i64),
    /// An integer above [`i64::MAX`]; smaller ones are [`Value::Int`].
    UInt(u64),
    /// Any other number: written with a point or an exponent, or too large for 64 bits.
    Float(f64),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

impl Value {
    /// Reads a JSON document.
    ///
    /// Skips one byte order mark at the beginning. Escapes of lone surrogates, which no Rust string can hold, become
    /// U+FFFD.
    ///
    /// # Errors
    /// When the text is not one JSON document, has a number past all floats such as `1e400`, or nests deeper than 128
    /// levels.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, JsonError> {
        read_lenient(skip_byte_order_mark(json.as_ref()))
    }

    /// True for [`Value::Null`].
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if this is one. Numbers and booleans are not turned into text here.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if this is one that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number as a float, if this is a number. Integers beyond 2^53 are rounded.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "documented: the caller asked for a float")]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::UInt(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value under `key`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// Walks a path of object keys. Null when anything on the way is not an object or lacks the key.
    pub(crate) fn walk<K: AsRef<str>>(&self, path: impl IntoIterator<Item = K>) -> Option<&Value> {
        path.into_iter().try_fold(self, |value, key| value.get(key.as_ref()))
    }
}
