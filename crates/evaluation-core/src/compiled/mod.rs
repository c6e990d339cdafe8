//! The compiled form of flags: flat arrays that refer to one another by index.
//!
//! Everything that can be known before a user comes is in here, so that deciding is reading. Flags stand in dependency
//! order, so evaluating them from first to last has every dependency ready.

mod bucket;
mod condition;
mod index;
mod results;
mod test;

use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

pub(crate) use bucket::{Allocation, Bucket, Distribution, Pick};
pub(crate) use condition::{Condition, Slot, Source};
pub(crate) use index::{Mask, Uses, Vocabulary, toggle};
pub(crate) use results::{ResultReader, result_object, result_value};
pub(crate) use test::{Bound, Membership, SetTest, Test};

use crate::context::Selector;
use crate::diagnostic::Diagnostic;
use crate::murmur3::Pending;
use crate::text::same_text;
use crate::value::Object;

/// The hash function of tables whose keys come from flag configs.
pub(crate) type ConfigHash = FixedState;

/// A stretch of one of the flat arrays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: index32(start), end: index32(end) }
    }

    #[inline]
    pub(crate) fn of<T>(self, all: &[T]) -> &[T] {
        all.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// An index into one of the flat arrays. Text of more than 4 GiB would be needed to overflow it.
pub(crate) fn index32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// What a flag yields for a user: one of its variants by way of one of its segments, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutcomeId(u32);

impl OutcomeId {
    /// The segment or flag yields nothing.
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(crate) fn new(index: usize) -> Self {
        Self(index32(index))
    }

    #[inline]
    pub(crate) fn is_some(self) -> bool {
        self != Self::NONE
    }

    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A variant by way of a segment. Those of one flag stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Outcome {
    pub(crate) variant: u32,
    /// Metadata of the segment.
    pub(crate) layer: Option<u32>,
}

/// A compiled flag. Its index is its place in dependency order.
#[derive(Debug)]
pub(crate) struct Flag {
    pub(crate) key: Box<str>,
    pub(crate) segments: Span,
    pub(crate) outcomes: Span,
    /// The flags to be evaluated before it, its own dependencies and theirs, in order.
    pub(crate) closure: Closure,
    pub(crate) dependencies: Span,
    /// Metadata of the flag.
    pub(crate) layer: Option<u32>,
}

/// All that a flag depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Closure {
    /// In the order of evaluation.
    Ordered(Span),
    /// Too many to be kept for each flag; to be found when needed.
    Large,
}

impl Closure {
    /// How many flags a kept closure has at most. Bounds both what is held and the stack that one decision takes.
    pub(crate) const KEPT: usize = 64;
}

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) matches: Matches,
    pub(crate) bucket: Option<u32>,
    /// For those whom the bucket gives nothing.
    pub(crate) default: OutcomeId,
    /// Metadata of the segment, for explanations.
    pub(crate) layer: Option<u32>,
}

/// Whom a segment is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Matches {
    Everyone,
    /// Anyone for whom all of these conditions hold.
    All(Span),
    /// Anyone for whom all conditions of one of these groups hold.
    AnyGroup(Span),
}

/// A variant. Texts are kept once for the whole set.
#[derive(Debug)]
pub(crate) struct Variant {
    /// The key that the flag lists it under.
    pub(crate) name: u32,
    pub(crate) key: Option<u32>,
    pub(crate) value: Option<Stored>,
    /// JSON text, known to be readable.
    pub(crate) payload: Option<u32>,
    pub(crate) layer: Option<u32>,
}

/// A variant's value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stored {
    /// A JSON string, by what it says.
    Text(u32),
    /// Any other value, as compact JSON.
    Json(u32),
}

/// The cohorts of one group type that flags ask about.
#[derive(Debug)]
pub(crate) struct Cohorts {
    pub(crate) group_type: Box<str>,
    /// In order.
    pub(crate) ids: Box<[Box<str>]>,
    /// Where the context has what membership is looked up by.
    pub(crate) name: Selector,
}

impl Cohorts {
    pub(crate) fn new<'a>(group_type: &str, ids: impl IntoIterator<Item = &'a str>) -> Self {
        let name = if group_type == Selector::USER_GROUP_TYPE {
            Selector::new(["user", "user_id"])
        } else {
            Selector::new(["groups", group_type, "group_name"])
        };
        Self { group_type: group_type.into(), ids: ids.into_iter().map(Box::from).collect(), name }
    }

    /// Users are in no cohort; groups without cohorts have no value at all.
    pub(crate) fn of_users(&self) -> bool {
        *self.group_type == *Selector::USER_GROUP_TYPE
    }
}

/// Compiled flags with all that they share.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    pub(crate) flags: Box<[Flag]>,
    /// Flags in UTF-16 order of their keys.
    pub(crate) by_key: Box<[u32]>,
    pub(crate) keys: HashTable<u32>,
    pub(crate) dependencies: Box<[u32]>,
    pub(crate) segments: Box<[Segment]>,
    /// Groups of conditions that must all hold, where a segment has not just one: stretches of `members`.
    pub(crate) groups: Box<[Span]>,
    pub(crate) members: Box<[u32]>,
    /// First those of the truth table, which are decided slot by slot; then those that are decided when they are
    /// reached and remembered; then those on results. The index of the first two kinds is their bit.
    pub(crate) conditions: Box<[Condition]>,
    /// How many are of the first kind.
    pub(crate) tabled: usize,
    /// How many are of the first two kinds.
    pub(crate) remembered: usize,
    pub(crate) slots: Box<[Slot]>,
    pub(crate) texts: Box<[Box<str>]>,
    pub(crate) masks: Box<[Mask]>,
    pub(crate) buckets: Box<[Bucket]>,
    /// What buckets hash: each slot with the pending bytes of its salts, the most used ones first.
    pub(crate) hashed: Box<[(u32, Pending)]>,
    pub(crate) allocations: Box<[Allocation]>,
    pub(crate) distributions: Box<[Distribution]>,
    pub(crate) outcomes: Box<[Outcome]>,
    pub(crate) variants: Box<[Variant]>,
    pub(crate) layers: Box<[Object]>,
    /// True when every flag depends on all flags whose results it reads, so that these can be decided when they are.
    pub(crate) on_demand: bool,
    /// Flags that were left out because of a cycle, each with the cycle's path, which those share that reach the same.
    pub(crate) cyclic: Vec<(Box<str>, Arc<str>)>,
    /// Needed cohorts, by group type in order.
    pub(crate) cohorts: Box<[Cohorts]>,
    pub(crate) diagnostics: Box<[Diagnostic]>,
}

impl Compiled {
    /// The flag of a key, by its index.
    #[inline]
    pub(crate) fn find(&self, key: &str) -> Option<u32> {
        let hash = hash_text(key);
        let same = |index: &u32| self.flags.get(*index as usize).is_some_and(|flag| same_text(&flag.key, key));
        self.keys.find(hash, same).copied()
    }

    #[inline]
    pub(crate) fn text(&self, id: u32) -> &str {
        self.texts.get(id as usize).map(|text| &**text).unwrap_or_default()
    }

    pub(crate) fn layer(&self, layer: Option<u32>) -> Option<&Object> {
        self.layers.get(layer? as usize)
    }

    /// The variant of an outcome.
    #[inline]
    pub(crate) fn variant(&self, outcome: OutcomeId) -> Option<&Variant> {
        let outcome = self.outcomes.get(outcome.index())?;
        self.variants.get(outcome.variant as usize)
    }

    /// The layers of a result's metadata, from the lowest to the highest: flag, segment, variant.
    pub(crate) fn layers_of(&self, flag: u32, outcome: OutcomeId) -> [Option<&Object>; 3] {
        let flag = self.flags.get(flag as usize).and_then(|flag| flag.layer);
        let segment = self.outcomes.get(outcome.index()).and_then(|outcome| outcome.layer);
        let variant = self.variant(outcome).and_then(|variant| variant.layer);
        [flag, segment, variant].map(|layer| self.layer(layer))
    }
}

#[inline]
pub(crate) fn hash_text(text: &str) -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let bytes = text.as_bytes();
    let mut hasher = ConfigHash::with_seed(0).build_hasher();
    match (bytes.first_chunk::<16>(), bytes.last_chunk::<16>()) {
        // As long as most keys are: two words that overlap.
        (Some(first), Some(last)) if bytes.len() <= 32 => {
            hasher.write_u128(u128::from_le_bytes(*first));
            hasher.write_u128(u128::from_le_bytes(*last));
            hasher.write_usize(bytes.len());
        }
        _ => hasher.write(bytes),
    }
    hasher.finish()
}
