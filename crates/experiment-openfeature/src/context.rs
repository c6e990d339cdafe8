//! Evaluation contexts as users.

use std::any::Any;
use std::fmt::Display;

use experiment::{Object, User, Value};
use open_feature::{
    EvaluationContext, EvaluationContextFieldValue as Field, EvaluationError, EvaluationErrorCode, EvaluationResult,
    StructValue, Value as Given,
};

use crate::provider::error;

/// The members of users, by their names in JSON; fields of any other name are properties.
const MEMBERS: [&str; 20] = [
    "carrier",
    "city",
    "cohort_ids",
    "country",
    "device_brand",
    "device_id",
    "device_manufacturer",
    "device_model",
    "dma",
    "group_cohort_ids",
    "group_properties",
    "groups",
    "ip_address",
    "language",
    "library",
    "os",
    "platform",
    "region",
    "user_id",
    "version",
];

/// The user that a context stands for.
pub(crate) fn user(context: &EvaluationContext) -> EvaluationResult<User> {
    let mut members = Object::new();
    let mut properties = match context.custom_fields.get("user_properties").map(value) {
        None => Object::new(),
        Some(Some(Value::Object(properties))) => properties,
        Some(_) => return Err(invalid("user_properties", "expected an object")),
    };
    // Maps have no order, and where properties are compared as text, theirs shows.
    let mut fields: Vec<_> = context.custom_fields.iter().filter(|(name, _)| *name != "user_properties").collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    for (name, field) in fields {
        let value = value(field).ok_or_else(|| invalid(name, "not a type or number that flags can ask about"))?;
        let object = if MEMBERS.contains(&name.as_str()) { &mut members } else { &mut properties };
        object.insert(name, value);
    }
    if let Some(key) = context.targeting_key.as_deref().filter(|key| !key.is_empty()) {
        members.insert("user_id", key);
    }
    members.insert("user_properties", properties);
    let (user, diagnostics) = User::from_value(Value::Object(members));
    match diagnostics.first() {
        Some(diagnostic) => Err(invalid(&diagnostic.path, &diagnostic.message)),
        None => Ok(user),
    }
}

/// True when there is anything that flags can bucket by.
pub(crate) fn identifies(user: &User) -> bool {
    let given = |id: Option<&str>| id.is_some_and(|id| !id.is_empty());
    given(user.user_id()) || given(user.device_id()) || user.groups().any(|(kind, _)| user.group_name(kind).is_some())
}

fn invalid(field: &str, what: impl Display) -> EvaluationError {
    error(EvaluationErrorCode::InvalidContext, format!("`{field}` of the evaluation context: {what}"))
}

fn value(field: &Field) -> Option<Value> {
    match field {
        Field::Bool(value) => Some(Value::Bool(*value)),
        Field::Int(value) => Some(Value::Int(*value)),
        Field::Float(value) => float(*value),
        Field::String(text) => Some(Value::String(text.clone())),
        Field::Struct(value) => structure(&**value),
        // In the one form that JavaScript gives to dates.
        Field::DateTime(time) => {
            let time = time.checked_to_utc()?;
            let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
            let (hour, minute, second) = time.as_hms();
            let millisecond = time.millisecond();
            Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z").into())
        }
    }
}

/// A structure may be anything in OpenFeature's contexts; these are the types that are known here.
fn structure(value: &(dyn Any + Send + Sync)) -> Option<Value> {
    if let Some(value) = value.downcast_ref::<Value>() {
        return Some(value.clone());
    }
    if let Some(value) = value.downcast_ref::<Object>() {
        return Some(Value::Object(value.clone()));
    }
    if let Some(value) = value.downcast_ref::<serde_json::Value>() {
        return Some(Value::from(value.clone()));
    }
    if let Some(value) = value.downcast_ref::<StructValue>() {
        return fields(value);
    }
    if let Some(value) = value.downcast_ref::<Vec<String>>() {
        return Some(Value::from(value.clone()));
    }
    given(value.downcast_ref::<Given>()?)
}

fn given(value: &Given) -> Option<Value> {
    match value {
        Given::Bool(value) => Some(Value::Bool(*value)),
        Given::Int(value) => Some(Value::Int(*value)),
        Given::Float(value) => float(*value),
        Given::String(text) => Some(Value::String(text.clone())),
        Given::Array(elements) => elements.iter().map(given).collect::<Option<Vec<_>>>().map(Value::Array),
        Given::Struct(value) => fields(value),
    }
}

fn fields(value: &StructValue) -> Option<Value> {
    let mut fields: Vec<_> = value.fields.iter().collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    let members: Option<Object> = fields.into_iter().map(|(name, value)| Some((name, given(value)?))).collect();
    members.map(Value::Object)
}

/// JSON has no infinity, and nothing that is no number.
fn float(value: f64) -> Option<Value> {
    value.is_finite().then_some(Value::Float(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_of_users_is_known() {
        let json = br#"{
            "user_id": "1", "device_id": "1", "country": "1", "region": "1", "city": "1", "dma": "1", "language": "1",
            "platform": "1", "version": "1", "os": "1", "device_manufacturer": "1", "device_brand": "1",
            "device_model": "1", "carrier": "1", "library": "1", "ip_address": "1", "cohort_ids": ["1"],
            "groups": {"org": ["1"]}, "group_properties": {"org": {"1": {"a": 1}}},
            "group_cohort_ids": {"org": {"1": ["1"]}}
        }"#;
        let (user, diagnostics) = User::from_json(json).unwrap();
        assert!(diagnostics.is_empty());
        let mut members: Vec<String> = match serde_json::to_value(&user).unwrap() {
            serde_json::Value::Object(members) => members.into_iter().map(|(name, _)| name).collect(),
            other => panic!("{other}"),
        };
        members.sort_unstable();
        assert_eq!(members, MEMBERS);
    }
}
