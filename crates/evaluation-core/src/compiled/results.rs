//! Results as values, for selectors that read them.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::{Compiled, OutcomeId, Stored};
use crate::context::Selected;
use crate::value::{Object, Value};

/// Reads the results that a flag gives by outcomes of one variant. What the variant holds as JSON is read once.
pub(crate) struct ResultReader<'a> {
    set: &'a Compiled,
    flag: u32,
    value: OnceCell<Option<Value>>,
    payload: OnceCell<Option<Value>>,
}

impl<'a> ResultReader<'a> {
    pub(crate) fn new(set: &'a Compiled, flag: u32) -> Self {
        Self { set, flag, value: OnceCell::new(), payload: OnceCell::new() }
    }

    /// Whether what is at a path below the result depends on more than the variant: on the segment's metadata.
    pub(crate) fn reads_metadata(path: &[Box<str>]) -> bool {
        path.first().is_none_or(|member| **member == *"metadata")
    }

    /// The value at a path below a result.
    pub(crate) fn at(&self, outcome: OutcomeId, path: &[Box<str>]) -> Selected<'_> {
        let Some((name, rest)) = path.split_first() else {
            return self.whole(outcome).map_or(Selected::Null, |result| Selected::from(Value::Object(result)));
        };
        if let ("metadata", [key, rest @ ..]) = (&**name, rest) {
            let layers = self.set.layers_of(self.flag, outcome);
            let member = layers.into_iter().rev().flatten().find_map(|layer| layer.get(key));
            return Selected::from(member.and_then(|member| member.walk(rest)));
        }
        match self.member(outcome, name) {
            Some(Cow::Borrowed(member)) => Selected::from(member.walk(rest)),
            Some(Cow::Owned(member)) if rest.is_empty() => Selected::from(member),
            // There is nothing below a text.
            Some(Cow::Owned(_)) | None => Selected::Null,
        }
    }

    fn whole(&self, outcome: OutcomeId) -> Option<Object> {
        self.set.variant(outcome)?;
        let members = ["key", "value", "payload", "metadata"].into_iter();
        Some(members.filter_map(|name| Some((name, self.member(outcome, name)?.into_owned()))).collect())
    }

    fn member(&self, outcome: OutcomeId, name: &str) -> Option<Cow<'_, Value>> {
        let variant = self.set.variant(outcome)?;
        let text = |id: u32| Some(Cow::Owned(Value::from(self.set.text(id))));
        let read = |id: u32| self.set.text(id).parse().ok();
        match (name, variant.value) {
            ("key", _) => variant.key.and_then(text),
            ("value", Some(Stored::Text(id))) => text(id),
            ("value", Some(Stored::Json(id))) => self.value.get_or_init(|| read(id)).as_ref().map(Cow::Borrowed),
            ("payload", _) => self.payload.get_or_init(|| read(variant.payload?)).as_ref().map(Cow::Borrowed),
            ("metadata", _) => {
                let mut merged = Object::new();
                for layer in self.set.layers_of(self.flag, outcome).into_iter().flatten() {
                    merged.extend(layer.iter().map(|(key, value)| (key, value.clone())));
                }
                (!merged.is_empty()).then_some(Cow::Owned(Value::Object(merged)))
            }
            _ => None,
        }
    }
}

/// The value at a path below a flag's result.
pub(crate) fn result_value(set: &Compiled, flag: u32, outcome: OutcomeId, path: &[Box<str>]) -> Option<Value> {
    let value = ResultReader::new(set, flag).at(outcome, path).to_value();
    (!value.is_null()).then_some(value)
}

/// All of some results, as one object.
pub(crate) fn result_object(set: &Compiled, results: impl Iterator<Item = (u32, OutcomeId)>) -> Object {
    let named = results.filter_map(|(index, outcome)| {
        let flag = set.flags.get(index as usize)?;
        Some((flag.key.clone(), ResultReader::new(set, index).whole(outcome)?))
    });
    named.collect()
}
