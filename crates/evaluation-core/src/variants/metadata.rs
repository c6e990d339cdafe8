//! Merged metadata.

use std::fmt;

use serde::ser::{Serialize, Serializer};

use crate::value::{Object, Value};

/// The metadata of a result: that of the flag, overlaid by the segment's, overlaid by the variant's.
///
/// A view: nothing is merged until it is read. A member of value null is kept and overrides.
#[derive(Clone, Copy, Default)]
pub struct Metadata<'a> {
    /// From the lowest to the highest.
    layers: [Option<&'a Object>; 3],
}

impl<'a> Metadata<'a> {
    pub(crate) fn new(layers: [Option<&'a Object>; 3]) -> Self {
        Self { layers }
    }

    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.layers.iter().rev().flatten().find_map(|layer| layer.get(key))
    }

    /// True when `key` is the boolean `true`.
    #[must_use]
    pub fn is_true(&self, key: &str) -> bool {
        self.get(key) == Some(&Value::Bool(true))
    }

    /// The members, each once, lower layers first.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let view = *self;
        self.layers.into_iter().enumerate().filter_map(|(height, layer)| Some((height, layer?))).flat_map(
            move |(height, layer)| {
                layer.iter().filter_map(move |(key, value)| {
                    let mut lower = view.layers.iter().take(height).flatten();
                    let seen = lower.any(|layer| layer.get(key).is_some());
                    (!seen).then(|| (key, view.get(key).unwrap_or(value)))
                })
            },
        )
    }

    /// True when there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.iter().flatten().all(|layer| layer.is_empty())
    }

    /// The members merged into an object of their own.
    #[must_use]
    pub fn to_object(&self) -> Object {
        self.iter().map(|(key, value)| (key, value.clone())).collect()
    }
}

impl fmt::Debug for Metadata<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for Metadata<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().count() == other.iter().count() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
