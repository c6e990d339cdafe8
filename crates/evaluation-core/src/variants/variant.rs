//! One variant of a result.

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned};
use serde::ser::{Error, Serialize, SerializeMap, Serializer};

use super::Metadata;
use super::owned::Variant;
use crate::compiled::{Compiled, OutcomeId, Stored};
use crate::value::Value;

/// What a flag gives a user: a key, and maybe a value, a payload and metadata.
#[derive(Clone, Copy)]
pub struct VariantRef<'a> {
    repr: Repr<'a>,
}

#[derive(Clone, Copy)]
enum Repr<'a> {
    /// The outcome is there.
    Compiled {
        set: &'a Compiled,
        flag: u32,
        outcome: OutcomeId,
    },
    Owned(&'a Variant),
}

/// A value or payload is not of the type asked for. Says in full what is wrong with it, so there is no `source`.
#[derive(Debug, thiserror::Error)]
#[error("the variant's {what} is not of the type asked for: {error}")]
pub struct ReadError {
    what: &'static str,
    error: serde_json::Error,
}

impl<'a> VariantRef<'a> {
    #[inline]
    pub(crate) fn compiled(set: &'a Compiled, flag: u32, outcome: OutcomeId) -> Option<Self> {
        outcome.is_some().then_some(Self { repr: Repr::Compiled { set, flag, outcome } })
    }

    pub(super) fn owned(variant: &'a Variant) -> Self {
        Self { repr: Repr::Owned(variant) }
    }

    /// The key: what the variant is called in the experiment.
    #[must_use]
    pub fn key(&self) -> Option<&'a str> {
        match self.repr {
            Repr::Compiled { set, outcome, .. } => set.variant(outcome)?.key.map(|key| set.text(key)),
            Repr::Owned(variant) => variant.key.as_deref(),
        }
    }

    /// The value: a text as it is, anything else as compact JSON.
    #[must_use]
    pub fn value(&self) -> Option<&'a str> {
        self.stored().map(|(text, _)| text)
    }

    /// The value as a type of your own, such as a number or an enum of its possible texts.
    ///
    /// # Errors
    /// When neither the value nor, for a text, the JSON that it holds is of that type.
    pub fn value_as<T: DeserializeOwned>(&self) -> Result<Option<T>, ReadError> {
        let Some((text, json)) = self.stored() else {
            return Ok(None);
        };
        if !json
            && let Ok(value) = T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text))
        {
            return Ok(Some(value));
        }
        serde_json::from_str(text).map(Some).map_err(|error| ReadError { what: "value", error })
    }

    /// The payload as a type of your own. Texts can be borrowed from it.
    ///
    /// # Errors
    /// When the payload is not of that type.
    pub fn payload<T: Deserialize<'a>>(&self) -> Result<Option<T>, ReadError> {
        let payload = self.payload_json().map(serde_json::from_str).transpose();
        payload.map_err(|error| ReadError { what: "payload", error })
    }

    /// The payload as JSON text.
    #[must_use]
    pub fn payload_json(&self) -> Option<&'a str> {
        match self.repr {
            Repr::Compiled { set, outcome, .. } => set.variant(outcome)?.payload.map(|payload| set.text(payload)),
            Repr::Owned(variant) => variant.payload.as_deref(),
        }
    }

    /// The merged metadata.
    #[must_use]
    pub fn metadata(&self) -> Metadata<'a> {
        Metadata::new(match self.repr {
            Repr::Compiled { set, flag, outcome } => set.layers_of(flag, outcome),
            Repr::Owned(variant) => [Some(&variant.metadata), None, None],
        })
    }

    /// True when the value is `on`: what plain feature flags give.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is("on")
    }

    /// True when the value is this text.
    #[must_use]
    pub fn is(&self, value: &str) -> bool {
        self.value() == Some(value)
    }

    /// True for the variant of those who get none of the flag's treatments: metadata `default`.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.metadata().is_true("default")
    }

    /// False for flags that are evaluated only because others depend on them: metadata `deployed`.
    #[must_use]
    pub fn is_deployed(&self) -> bool {
        self.metadata().get("deployed") != Some(&Value::Bool(false))
    }

    /// The experiment that the result belongs to: metadata `experimentKey`.
    #[must_use]
    pub fn experiment_key(&self) -> Option<&'a str> {
        self.metadata().get("experimentKey").and_then(Value::as_str)
    }

    /// The value's text, and whether that is JSON.
    pub(super) fn stored(&self) -> Option<(&'a str, bool)> {
        match self.repr {
            Repr::Compiled { set, outcome, .. } => set.variant(outcome)?.value.map(|value| match value {
                Stored::Text(text) => (set.text(text), false),
                Stored::Json(json) => (set.text(json), true),
            }),
            Repr::Owned(variant) => variant.value.as_ref().map(|value| (value.text.as_str(), value.json)),
        }
    }
}

impl fmt::Debug for VariantRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variant")
            .field("key", &self.key())
            .field("value", &self.value())
            .field("payload", &self.payload_json())
            .field("metadata", &self.metadata())
            .finish()
    }
}

/// Payloads are compared by what they say, however they are written.
impl PartialEq for VariantRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        let parts = |variant: &Self| (variant.key(), variant.stored(), variant.metadata());
        parts(self) == parts(other) && same_json(self.payload_json(), other.payload_json())
    }
}

/// Members that are absent or empty are left out; value and payload are written as they were configured.
impl Serialize for VariantRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(key) = self.key() {
            map.serialize_entry("key", key)?;
        }
        match self.stored() {
            Some((text, false)) => map.serialize_entry("value", text)?,
            Some((json, true)) => map.serialize_entry("value", &read::<S::Error>(json)?)?,
            None => {}
        }
        if let Some(json) = self.payload_json() {
            map.serialize_entry("payload", &read::<S::Error>(json)?)?;
        }
        if !self.metadata().is_empty() {
            map.serialize_entry("metadata", &self.metadata())?;
        }
        map.end()
    }
}

fn same_json(a: Option<&str>, b: Option<&str>) -> bool {
    let read = |json: &str| Value::from_json(json).ok();
    a == b || a.zip(b).and_then(|(a, b)| Some(read(a)? == read(b)?)).unwrap_or(false)
}

fn read<E: Error>(json: &str) -> Result<Value, E> {
    Value::from_json(json.as_bytes()).map_err(E::custom)
}
