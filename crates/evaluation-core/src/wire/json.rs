//! JSON kept as text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::value::{JsonError, Value};

/// A JSON value kept as the text that it was delivered in.
#[derive(Clone, PartialEq, Eq)]
pub struct Json<'a>(Cow<'a, str>);

impl<'a> Json<'a> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the text.
    ///
    /// # Errors
    /// When the text holds what no value can: numbers past all floats, or more than 128 levels of nesting.
    pub fn to_value(&self) -> Result<Value, JsonError> {
        Value::from_json(self.0.as_bytes())
    }
}

impl From<&Value> for Json<'static> {
    fn from(value: &Value) -> Self {
        Self(Cow::Owned(value.to_string()))
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// Any JSON value; null is absent.
pub(super) fn any<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json<'a>>, D::Error> {
    let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
    let text = raw.get();
    Ok((text != "null").then_some(Json(Cow::Borrowed(text))))
}

/// A JSON object; null is absent.
pub(super) fn object<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json<'a>>, D::Error> {
    match any(deserializer)? {
        Some(json) if !json.as_str().starts_with('{') => Err(D::Error::custom("expected an object")),
        json => Ok(json),
    }
}
