//! Ordered JSON objects.

use std::fmt;

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Value;

/// The members of a JSON object, in the order in which they were given.
///
/// Looking a key up takes constant time. Setting a key again keeps its place and replaces its value, as JSON readers
/// do with repeated members.
///
/// ```
/// use evaluation_core::{Object, Value};
///
/// let mut object = Object::new();
/// object.insert("plan", "pro");
/// object.insert("seats", 5);
/// assert_eq!(object.get("seats"), Some(&Value::Int(5)));
/// assert_eq!(object.keys().collect::<Vec<_>>(), ["plan", "seats"]);
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Object {
    members: IndexMap<Box<str>, Value, RandomState>,
}

impl Object {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.members.get(key)
    }

    /// Sets a member and gives back what was there before.
    pub fn insert(&mut self, key: impl Into<Box<str>>, value: impl Into<Value>) -> Option<Value> {
        self.members.insert(key.into(), value.into())
    }

    /// Takes a member out; the ones behind it move up.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.members.shift_remove(key)
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True when there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The members in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.members.iter().map(|(key, value)| (&**key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.members.keys().map(|key| &**key)
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.members.shrink_to_fit();
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<Box<str>>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        let mut object = Self::new();
        object.extend(members);
        object
    }
}

impl<K: Into<Box<str>>, V: Into<Value>> Extend<(K, V)> for Object {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, members: I) {
        self.members.extend(members.into_iter().map(|(key, value)| (key.into(), value.into())));
    }
}

impl IntoIterator for Object {
    type Item = (Box<str>, Value);
    type IntoIter = indexmap::map::IntoIter<Box<str>, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object::new();
                while let Some((key, value)) = map.next_entry::<Box<str>, Value>()? {
                    object.members.insert(key, value);
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Members)
    }
}
