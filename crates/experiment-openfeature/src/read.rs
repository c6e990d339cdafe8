//! Variants as the types that flags are asked for.

use experiment::{Object, Value, VariantRef};
use open_feature::{StructValue, Value as Resolved};

/// A type that flags are asked for.
pub(crate) trait Read: Sized {
    /// What it is called in errors.
    const NAME: &'static str;

    /// What a variant holds of this type: by its value, and if that is none, by its payload.
    fn read(variant: &VariantRef<'_>) -> Result<Self, Unread>;
}

/// Why nothing was read.
#[derive(Debug, PartialEq)]
pub(crate) enum Unread {
    /// There is nothing of this type.
    Mismatch,
    /// It cannot be read, or has no counterpart in OpenFeature.
    Malformed(String),
}

/// A variant without a value counts by its key: the default of plain flags is only called `off`.
impl Read for bool {
    const NAME: &'static str = "bool";

    fn read(variant: &VariantRef<'_>) -> Result<Self, Unread> {
        match variant.value().or(variant.key()) {
            Some("on" | "true") => Ok(true),
            Some("off" | "false") => Ok(false),
            _ => payload(variant)?.and_then(|payload| payload.as_bool()).ok_or(Unread::Mismatch),
        }
    }
}

/// Floats without a fraction are integers, as far as floats tell integers apart.
impl Read for i64 {
    const NAME: &'static str = "integer";

    fn read(variant: &VariantRef<'_>) -> Result<Self, Unread> {
        if let Some(value) = variant.value()
            && let Some(value) = value.parse().ok().or_else(|| whole(value.parse().ok()?))
        {
            return Ok(value);
        }
        let payload = payload(variant)?;
        payload.and_then(|payload| payload.as_i64().or_else(|| whole(payload.as_f64()?))).ok_or(Unread::Mismatch)
    }
}

impl Read for f64 {
    const NAME: &'static str = "number";

    fn read(variant: &VariantRef<'_>) -> Result<Self, Unread> {
        // The names of infinity and of what is no number are read too, and are no JSON.
        if let Some(value) = variant.value().and_then(|value| value.parse().ok())
            && f64::is_finite(value)
        {
            return Ok(value);
        }
        payload(variant)?.and_then(|payload| payload.as_f64()).ok_or(Unread::Mismatch)
    }
}

/// A variant without a value counts by its key, but for defaults: there the caller's own is meant.
impl Read for String {
    const NAME: &'static str = "string";

    fn read(variant: &VariantRef<'_>) -> Result<Self, Unread> {
        let key = variant.key().filter(|_| !variant.is_default());
        variant.value().or(key).map(str::to_owned).ok_or(Unread::Mismatch)
    }
}

/// The payload comes first: that is what objects are kept in.
impl Read for StructValue {
    const NAME: &'static str = "structure";

    fn read(variant: &VariantRef<'_>) -> Result<Self, Unread> {
        if let Some(Value::Object(payload)) = payload(variant)? {
            return structure(&payload);
        }
        match variant.value().map(|value| Value::from_json(value.as_bytes())) {
            Some(Ok(Value::Object(value))) => structure(&value),
            _ => Err(Unread::Mismatch),
        }
    }
}

fn payload(variant: &VariantRef<'_>) -> Result<Option<Value>, Unread> {
    let payload = variant.payload_json().map(|json| Value::from_json(json.as_bytes())).transpose();
    payload.map_err(|error| Unread::Malformed(format!("the variant's payload cannot be read: {error}")))
}

/// OpenFeature knows no null: members that are null are left out.
fn structure(object: &Object) -> Result<StructValue, Unread> {
    let members = object.iter().filter(|(_, value)| !value.is_null());
    let fields = members.map(|(key, value)| Ok((key.to_owned(), resolved(value)?)));
    Ok(StructValue { fields: fields.collect::<Result<_, Unread>>()? })
}

fn resolved(value: &Value) -> Result<Resolved, Unread> {
    Ok(match value {
        Value::Bool(value) => Resolved::Bool(*value),
        Value::Int(value) => Resolved::Int(*value),
        Value::Float(value) => Resolved::Float(*value),
        Value::String(text) => Resolved::String(text.clone()),
        Value::Array(elements) => Resolved::Array(elements.iter().map(resolved).collect::<Result<_, _>>()?),
        Value::Object(members) => Resolved::Struct(structure(members)?),
        // To leave it out of a list would move what is behind it.
        Value::Null => return Err(Unread::Malformed("OpenFeature has no counterpart of null in a list".to_owned())),
        Value::UInt(value) => Resolved::Float(*value as f64),
    })
}

/// A float without a fraction, up to where all integers are floats.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}
