//! Variants that belong to no flag set.

use serde::{Serialize, Serializer};

use super::VariantRef;
use crate::value::{Object, Value};

/// A variant on its own: from remote evaluation, for tests, or kept apart from its flags.
///
/// ```
/// use evaluation_core::Variant;
///
/// let variant = Variant::new("treatment").with_value("blue").with_metadata("experimentKey", "exp-1");
/// assert_eq!(variant.as_ref().value(), Some("blue"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Variant {
    pub(super) key: Option<String>,
    pub(super) value: Option<OwnedValue>,
    /// JSON text.
    pub(super) payload: Option<String>,
    pub(super) metadata: Object,
}

/// A value in both forms that it is asked for.
#[derive(Debug, Clone)]
pub(super) struct OwnedValue {
    pub(super) text: String,
    /// The text is JSON, and the value what it says; else the text is the value.
    pub(super) json: bool,
}

impl Variant {
    /// A variant of a key, with nothing else.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..Self::default() }
    }

    /// Sets the value. Null takes it away.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<Value>) -> Self {
        self.value = OwnedValue::new(value.into());
        self
    }

    /// Sets the payload. Null takes it away.
    #[must_use]
    pub fn with_payload(mut self, payload: impl Into<Value>) -> Self {
        let payload = payload.into();
        self.payload = (!payload.is_null()).then(|| payload.to_string());
        self
    }

    /// Sets one member of the metadata.
    #[must_use]
    pub fn with_metadata(mut self, key: impl AsRef<str>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key, value);
        self
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.as_ref().key()
    }

    /// Its value, as a text.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.as_ref().value()
    }

    /// The variant as results give it.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "`AsRef` gives a reference, and this is a view")]
    pub fn as_ref(&self) -> VariantRef<'_> {
        VariantRef::owned(self)
    }
}

impl OwnedValue {
    pub(super) fn new(value: Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) => Some(Self { text, json: false }),
            other => Some(Self { text: other.to_string(), json: true }),
        }
    }
}

impl From<VariantRef<'_>> for Variant {
    fn from(variant: VariantRef<'_>) -> Self {
        Self {
            key: variant.key().map(str::to_owned),
            value: variant.stored().map(|(text, json)| OwnedValue { text: text.to_owned(), json }),
            payload: variant.payload_json().map(str::to_owned),
            metadata: variant.metadata().to_object(),
        }
    }
}

/// Payloads are compared by what they say, however they are written.
impl PartialEq for Variant {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Serialize for Variant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}
