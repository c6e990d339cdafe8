//! Results as values, for selectors that read them.

use super::{Compiled, OutcomeId, Stored};
use crate::value::{Object, Value};

/// The value at a path below a flag's result.
pub(crate) fn result_value(set: &Compiled, flag: u32, outcome: OutcomeId, path: &[Box<str>]) -> Option<Value> {
    let (first, rest) = match path.split_first() {
        None => return variant_object(set, flag, outcome).map(Value::Object),
        Some((first, rest)) => (&**first, rest),
    };
    let member = member(set, flag, outcome, first)?;
    if rest.is_empty() { Some(member) } else { member.walk(rest).cloned() }
}

/// All of some results, as one object.
pub(crate) fn result_object(set: &Compiled, results: impl Iterator<Item = (u32, OutcomeId)>) -> Object {
    let named = results.filter_map(|(index, outcome)| {
        let flag = set.flags.get(index as usize)?;
        Some((flag.key.clone(), variant_object(set, index, outcome)?))
    });
    named.collect()
}

fn variant_object(set: &Compiled, flag: u32, outcome: OutcomeId) -> Option<Object> {
    set.variant(outcome)?;
    let members = ["key", "value", "payload", "metadata"];
    Some(members.into_iter().filter_map(|name| Some((name, member(set, flag, outcome, name)?))).collect())
}

fn member(set: &Compiled, flag: u32, outcome: OutcomeId, name: &str) -> Option<Value> {
    let variant = set.variant(outcome)?;
    match name {
        "key" => variant.key.map(|key| Value::from(set.text(key))),
        "value" => variant.value.and_then(|value| match value {
            Stored::Text(text) => Some(Value::from(set.text(text))),
            Stored::Json(json) => set.text(json).parse().ok(),
        }),
        "payload" => variant.payload.and_then(|json| set.text(json).parse().ok()),
        "metadata" => {
            let mut merged = Object::new();
            for layer in set.layers_of(flag, outcome).into_iter().flatten() {
                merged.extend(layer.iter().map(|(key, value)| (key, value.clone())));
            }
            (!merged.is_empty()).then_some(Value::Object(merged))
        }
        _ => None,
    }
}
