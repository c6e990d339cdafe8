//! Evaluation contexts as users.

use std::any::Any;
use std::fmt::Display;

use experiment::{Object, User, Value};
use open_feature::{
    EvaluationContext, EvaluationContextFieldValue as Field, EvaluationError, EvaluationErrorCode, EvaluationResult,
    StructValue, Value as Given,
};

use crate::provider::error;

/// A structure of this name holds members of the user by any name, above all those that have no place of their own in
/// users, such as the browser SDKs' `device_category`.
const USER: &str = "user";

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
    // Anything else of that name is a property.
    let user = match context.custom_fields.get(USER).and_then(value) {
        Some(Value::Object(members)) => Some(members),
        _ => None,
    };
    let has_user = user.is_some();
    let mut members: Object = user.into_iter().flatten().map(|(name, value)| typed(name, value)).collect();
    let mut properties = match members.get("user_properties") {
        None | Some(Value::Null) => Object::new(),
        Some(Value::Object(properties)) => properties.clone(),
        Some(_) => return Err(invalid("user.user_properties", "expected an object")),
    };
    match context.custom_fields.get("user_properties").map(value) {
        None => {}
        Some(Some(Value::Object(own))) => properties.extend(own),
        Some(_) => return Err(invalid("user_properties", "expected an object")),
    }
    // Maps have no order, and where properties are compared as text, theirs shows.
    let is_own = |name: &str| name != "user_properties" && !(name == USER && has_user);
    let mut fields: Vec<_> = context.custom_fields.iter().filter(|(name, _)| is_own(name)).collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    for (name, field) in fields {
        let value = value(field).ok_or_else(|| invalid(name, "not a type or number that flags can ask about"))?;
        if MEMBERS.contains(&name.as_str()) {
            members.insert(name, text_of_scalar(value));
        } else {
            properties.insert(name, value);
        }
    }
    if let Some(key) = context.targeting_key.as_deref().filter(|key| !key.is_empty()) {
        members.insert("user_id", key);
    }
    members.insert("user_properties", properties);
    let (user, diagnostics) = User::from_value(Value::Object(members));
    match diagnostics.first() {
        // What follows the field in the path are names of the context's own, such as those of groups.
        Some(diagnostic) => {
            let field = diagnostic.path.split(['.', '[']).next().unwrap_or_default();
            Err(invalid(field, &diagnostic.message))
        }
        None => Ok(user),
    }
}

/// A member of a user, as its name requires.
fn typed(name: Box<str>, value: Value) -> (Box<str>, Value) {
    let value = if MEMBERS.contains(&&*name) { text_of_scalar(value) } else { value };
    (name, value)
}

/// The members of users that are scalars are strings, whatever type an application gives to a version or an id.
fn text_of_scalar(value: Value) -> Value {
    match value {
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => Value::String(value.to_string()),
        other => other,
    }
}

/// True when there is anything that flags can bucket by.
pub(crate) fn identifies(user: &User) -> bool {
    has_id(user) || user.groups().any(|(kind, _)| user.group_name(kind).is_some())
}

/// True when there is an id that events can be told of.
pub(crate) fn has_id(user: &User) -> bool {
    let given = |id: Option<&str>| id.is_some_and(|id| !id.is_empty());
    given(user.user_id()) || given(user.device_id())
}

fn invalid(field: &str, what: impl Display) -> EvaluationError {
    error(EvaluationErrorCode::InvalidContext, format!("`{field}` of the evaluation context: {what}"))
}

fn value(field: &Field) -> Option<Value> {
    let value = match field {
        Field::Bool(value) => Value::Bool(*value),
        Field::Int(value) => Value::Int(*value),
        Field::Float(value) => Value::Float(*value),
        Field::String(text) => Value::String(text.clone()),
        Field::Struct(value) => structure(&**value)?,
        // In the one form that JavaScript gives to dates.
        Field::DateTime(time) => {
            let time = time.checked_to_utc()?;
            let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
            let (hour, minute, second) = time.as_hms();
            let millisecond = time.millisecond();
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z").into()
        }
    };
    is_json(&value).then_some(value)
}

/// JSON has no infinity, and nothing that is no number.
fn is_json(value: &Value) -> bool {
    match value {
        Value::Float(value) => value.is_finite(),
        Value::Array(elements) => elements.iter().all(is_json),
        Value::Object(members) => members.iter().all(|(_, member)| is_json(member)),
        _ => true,
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
        return Some(fields(value));
    }
    if let Some(value) = value.downcast_ref::<Vec<String>>() {
        return Some(Value::from(value.clone()));
    }
    value.downcast_ref::<Given>().map(given)
}

fn given(value: &Given) -> Value {
    match value {
        Given::Bool(value) => Value::Bool(*value),
        Given::Int(value) => Value::Int(*value),
        Given::Float(value) => Value::Float(*value),
        Given::String(text) => Value::String(text.clone()),
        Given::Array(elements) => Value::Array(elements.iter().map(given).collect()),
        Given::Struct(value) => fields(value),
    }
}

fn fields(value: &StructValue) -> Value {
    let mut fields: Vec<_> = value.fields.iter().collect();
    fields.sort_unstable_by_key(|(name, _)| *name);
    Value::Object(fields.into_iter().map(|(name, value)| (name, given(value))).collect())
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
