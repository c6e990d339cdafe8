//! Flag configs as they are delivered: plain data, tolerant of what it does not know.
//!
//! Reading is as lenient as it can be without changing a good flag: unknown fields are ignored, `null` is absent,
//! scalars stand for their text, and list fields that are missing are empty. What is left is malformed.

mod json;
mod lenient;
mod range;

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

pub use json::Json;
pub use range::Range;

/// A flag or experiment config.
///
/// Borrows from the JSON that it is read from: values, payloads and metadata always, other texts where they have no
/// escapes. So it is read by `serde_json::from_str` and `from_slice`, and not from readers or trees, which keep no text
/// to borrow from.
///
/// ```
/// use evaluation_core::wire::Flag;
///
/// let flag: Flag = serde_json::from_str(r#"{"key": "new-nav", "variants": {}, "segments": []}"#)?;
/// assert_eq!(flag.key, "new-nav");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Flag<'a> {
    /// Names the flag, and its result.
    #[serde(borrow, deserialize_with = "lenient::text")]
    pub key: Cow<'a, str>,
    /// The variants by the key that segments and distributions name them by, in the order given.
    #[serde(borrow, deserialize_with = "lenient::variants", serialize_with = "lenient::write_variants")]
    pub variants: Vec<(Cow<'a, str>, Option<Variant<'a>>)>,
    /// Tried in order; the first that yields a variant decides.
    #[serde(borrow)]
    pub segments: Vec<Segment<'a>>,
    /// The flags to be evaluated first.
    #[serde(borrow, default, deserialize_with = "lenient::texts", skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Cow<'a, str>>,
    /// The lowest layer of a result's metadata: a JSON object.
    #[serde(borrow, default, deserialize_with = "json::object", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json<'a>>,
}

/// What a flag can give.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Variant<'a> {
    /// The key in the result; may differ from the key that the flag lists it under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Cow<'a, str>>,
    /// Any JSON, normally a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Json<'a>>,
    /// Any JSON, handed through unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Json<'a>>,
    /// The highest layer of a result's metadata: a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json<'a>>,
    /// What kind of value the key was, if it was no string.
    #[serde(skip)]
    pub(crate) odd_key: Option<&'static str>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Variant<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(borrow, default)]
            key: lenient::Key<'a>,
            #[serde(borrow, default, deserialize_with = "json::any")]
            value: Option<Json<'a>>,
            #[serde(borrow, default, deserialize_with = "json::any")]
            payload: Option<Json<'a>>,
            #[serde(borrow, default, deserialize_with = "json::object")]
            metadata: Option<Json<'a>>,
        }

        let Members { key, value, payload, metadata } = lenient::object(deserializer)?;
        Ok(Self { key: key.text, value, payload, metadata, odd_key: key.odd })
    }
}

/// Whom a flag treats alike.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Segment<'a> {
    /// Splits the segment; without it everyone gets `variant`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<Bucket<'a>>,
    /// Outer "or", inner "and". `None` matches everyone, an empty list no one.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Vec<Vec<Condition<'a>>>>,
    /// The variant of those whom the bucket gives none.
    #[serde(borrow, default, deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub variant: Option<Cow<'a, str>>,
    /// The middle layer of a result's metadata: a JSON object.
    #[serde(borrow, default, deserialize_with = "json::object", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json<'a>>,
}

/// How a segment is split by a hash of one selected value.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Bucket<'a> {
    /// Path of what is hashed.
    #[serde(borrow, default, deserialize_with = "lenient::texts")]
    pub selector: Vec<Cow<'a, str>>,
    /// Hashed in front of the value; may be empty.
    #[serde(borrow, deserialize_with = "lenient::text")]
    pub salt: Cow<'a, str>,
    /// Tried in order.
    #[serde(borrow, default, deserialize_with = "lenient::null_as_default")]
    pub allocations: Vec<Allocation<'a>>,
}

/// A share of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Allocation<'a> {
    /// Percent from 0 to 100.
    #[serde(default)]
    pub range: Range,
    /// Tried in order.
    #[serde(borrow, default, deserialize_with = "lenient::null_as_default")]
    pub distributions: Vec<Distribution<'a>>,
}

/// A variant's share of an allocation.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Distribution<'a> {
    /// The key that the flag lists the variant under.
    #[serde(borrow, deserialize_with = "lenient::text")]
    pub variant: Cow<'a, str>,
    /// Hundredth parts of the hash, from 0 to 42,949,673.
    #[serde(default)]
    pub range: Range,
}

/// A question about one selected value.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Condition<'a> {
    /// Path of the value asked about.
    #[serde(borrow, default, deserialize_with = "lenient::texts")]
    pub selector: Vec<Cow<'a, str>>,
    /// The operator's name: see [`Operator`](crate::Operator). An unknown one never matches.
    #[serde(borrow, deserialize_with = "lenient::text")]
    pub op: Cow<'a, str>,
    /// What the value is compared with. Order and repeats mean nothing.
    #[serde(borrow, default, deserialize_with = "lenient::texts")]
    pub values: Vec<Cow<'a, str>>,
}
