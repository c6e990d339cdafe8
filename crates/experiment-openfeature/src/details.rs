//! What is told beside a value.

use experiment::{Value, VariantRef};
use open_feature::{EvaluationReason, FlagMetadata, FlagMetadataValue};

/// Why the variant was given, as far as its metadata and the state of the client tell.
pub(crate) fn reason(variant: &VariantRef<'_>, stale: bool) -> EvaluationReason {
    match (variant.is_default(), variant.is_deployed()) {
        // The SDK has no name for it.
        _ if stale => EvaluationReason::Other("STALE".to_owned()),
        (true, false) => EvaluationReason::Disabled,
        (true, true) => EvaluationReason::Default,
        (false, _) => EvaluationReason::TargetingMatch,
    }
}

/// What the variant is called.
pub(crate) fn name(variant: &VariantRef<'_>) -> Option<String> {
    variant.key().or(variant.value()).map(str::to_owned)
}

/// The metadata that OpenFeature has types for: booleans, numbers and texts.
pub(crate) fn metadata(variant: &VariantRef<'_>) -> FlagMetadata {
    let values = variant.metadata().iter().filter_map(|(key, value)| Some((key.to_owned(), plain(value)?))).collect();
    FlagMetadata { values }
}

fn plain(value: &Value) -> Option<FlagMetadataValue> {
    match value {
        Value::Bool(value) => Some(FlagMetadataValue::Bool(*value)),
        Value::Int(value) => Some(FlagMetadataValue::Int(*value)),
        Value::UInt(value) => Some(FlagMetadataValue::Float(*value as f64)),
        Value::Float(value) => Some(FlagMetadataValue::Float(*value)),
        Value::String(text) => Some(FlagMetadataValue::String(text.clone())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
