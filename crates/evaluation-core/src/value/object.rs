//! Ordered JSON objects.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;
use indexmap::map::RawEntryApiV1;
use indexmap::{Equivalent, IndexMap};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Value;
use crate::text::same_text;

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
    members: IndexMap<Key, Value, KeyHash>,
}

impl Object {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value under `key`.
    #[must_use]
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.members.get(&Sought(key))
    }

    /// The value under a key whose hash is known.
    #[inline]
    pub(crate) fn get_hashed(&self, key: &HashedKey) -> Option<&Value> {
        self.members.raw_entry_v1().from_hash(key.hash, |known| same_text(&known.0, &key.text)).map(|(_, value)| value)
    }

    /// Sets a member and gives back what was there before.
    pub fn insert(&mut self, key: impl AsRef<str>, value: impl Into<Value>) -> Option<Value> {
        self.set(key.as_ref().into(), value.into())
    }

    fn set(&mut self, key: Box<str>, value: Value) -> Option<Value> {
        self.members.insert(Key(key), value)
    }

    /// Takes a member out; the ones behind it move up.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.members.shift_remove(&Sought(key))
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
    #[must_use]
    pub fn iter(&self) -> ObjectIter<'_> {
        ObjectIter { members: self.members.iter() }
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.members.keys().map(|key| &*key.0)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: AsRef<str>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        let mut object = Self::new();
        object.extend(members);
        object
    }
}

impl<K: AsRef<str>, V: Into<Value>> Extend<(K, V)> for Object {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, members: I) {
        for (key, value) in members {
            self.insert(key, value);
        }
    }
}

impl IntoIterator for Object {
    type Item = (Box<str>, Value);
    type IntoIter = ObjectIntoIter;

    fn into_iter(self) -> ObjectIntoIter {
        ObjectIntoIter { members: self.members.into_iter() }
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a str, &'a Value);
    type IntoIter = ObjectIter<'a>;

    fn into_iter(self) -> ObjectIter<'a> {
        self.iter()
    }
}

/// The members of an object by reference, in order.
#[derive(Debug, Clone)]
pub struct ObjectIter<'a> {
    members: indexmap::map::Iter<'a, Key, Value>,
}

impl<'a> Iterator for ObjectIter<'a> {
    type Item = (&'a str, &'a Value);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.members.next().map(|(key, value)| (&*key.0, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.members.size_hint()
    }
}

impl ExactSizeIterator for ObjectIter<'_> {}

/// The members of an object, in order.
#[derive(Debug)]
pub struct ObjectIntoIter {
    members: indexmap::map::IntoIter<Key, Value>,
}

impl Iterator for ObjectIntoIter {
    type Item = (Box<str>, Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.members.next().map(|(key, value)| (key.0, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.members.size_hint()
    }
}

impl ExactSizeIterator for ObjectIntoIter {}

/// A key. Selectors look keys up for every user, so hashing and comparing are kept to what a whole text needs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key(Box<str>);

/// Hashes keys alike in all objects of a process, so that a key that is looked up for every user is hashed once. The
/// seed is random, so that nobody can make keys that collide.
#[derive(Debug, Clone, Copy, Default)]
struct KeyHash;

impl BuildHasher for KeyHash {
    type Hasher = FoldHasher<'static>;

    #[inline]
    fn build_hasher(&self) -> FoldHasher<'static> {
        FoldHasher::with_seed(0, SharedSeed::global_random())
    }
}

/// A key with its hash.
#[derive(Debug, Clone)]
pub(crate) struct HashedKey {
    text: Box<str>,
    hash: u64,
}

impl HashedKey {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.into(), hash: KeyHash.hash_one(Sought(text)) }
    }
}

/// A key that is looked for.
struct Sought<'a>(&'a str);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.as_bytes());
    }
}

impl Hash for Sought<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.0.as_bytes());
    }
}

impl Equivalent<Key> for Sought<'_> {
    #[inline]
    fn equivalent(&self, key: &Key) -> bool {
        same_text(self.0, &key.0)
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
                    object.set(key, value);
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ObjectIntoIter, ObjectIter};

    #[test]
    fn members_are_gone_through_in_order_by_reference_and_by_value() {
        let object: Object = [("b", 1), ("a", 2)].into_iter().collect();
        let mut keys = Vec::new();
        for (key, value) in &object {
            assert_eq!(object.get(key), Some(value));
            keys.push(key);
        }
        assert_eq!(keys, ["b", "a"]);
        let members: ObjectIter<'_> = object.iter();
        assert_eq!(members.len(), 2);
        let members: ObjectIntoIter = object.into_iter();
        assert_eq!(members.map(|(key, _)| key).collect::<Vec<_>>(), ["b".into(), "a".into()]);
    }
}
