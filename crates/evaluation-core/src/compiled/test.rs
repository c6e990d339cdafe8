//! What conditions ask of values that are not null. This is the one definition of every operator; the truth table is
//! built from it and must agree with it.

use std::cmp::Ordering;
use std::sync::Arc;

use hashbrown::HashTable;

use super::{OutcomeId, hash_text};
use crate::context::{List, Subject};
use crate::pattern::{Pattern, Search};
use crate::text::{Needle, Version, compare_utf16, fold_boolean, parse_number, same_text};

/// A condition's operator with its values made ready.
#[derive(Debug)]
pub(crate) enum Test {
    /// `is`, `is not`.
    Equals { values: Membership, negated: bool },
    /// `set contains any`, `set does not contain any`.
    ContainsAny { values: Membership, negated: bool },
    /// `set is`, `set contains` and their opposites.
    Set(SetTest),
    /// `less`, `greater` and so on, with the one number and the one text that decide.
    Compare { bound: Bound, number: Option<f64>, text: Option<u32> },
    /// The same for versions.
    CompareVersion { bound: Bound, version: Option<Box<Version<'static>>>, text: Option<u32> },
    /// `contains`, `does not contain`.
    Contains { needles: Box<[Needle]>, negated: bool },
    /// `regex match`, `regex does not match`.
    Matches { patterns: Box<[Arc<Pattern>]>, negated: bool },
    /// Any operator on a flag's result: decided at load for each outcome of that flag, one bit each.
    Result { flag: u32, holds: Box<[u64]> },
    /// An operator that is not known.
    Never,
}

impl Test {
    /// Decides for a value that is not null. [`Test::Result`] is decided by [`Test::holds_for_outcome`].
    pub(crate) fn holds(&self, texts: &[Box<str>], subject: &Subject<'_>) -> bool {
        match (subject, self) {
            (Subject::List(list), Self::ContainsAny { values, negated }) => {
                list.any(|text| values.has(texts, text)) != *negated
            }
            (Subject::List(list), Self::Set(test)) => test.holds(texts, list),
            (Subject::List(list), Self::Matches { patterns, negated }) => {
                let mut search = Search::default();
                list.any(|text| patterns.iter().any(|pattern| search.finds(pattern, text)) != *negated)
            }
            (Subject::List(list), _) => list.any(|text| self.holds_for_text(texts, text)),
            (Subject::Text(text), _) => self.holds_for_text(texts, text.as_str()),
            (Subject::Null, _) => false,
        }
    }

    /// Decides for one text. Set operators are false of a text.
    #[inline]
    pub(crate) fn holds_for_text(&self, texts: &[Box<str>], text: &str) -> bool {
        match self {
            Self::Equals { values, negated } => values.has(texts, text) != *negated,
            _ => self.holds_for_other(texts, text),
        }
    }

    fn holds_for_other(&self, texts: &[Box<str>], text: &str) -> bool {
        match self {
            Self::Compare { number, .. } => self.compares(texts, text, number.and_then(|_| parse_number(text)), None),
            Self::CompareVersion { version, .. } => {
                let parsed = version.as_ref().and_then(|_| Version::parse(text));
                self.compares(texts, text, None, parsed.as_ref())
            }
            Self::Contains { needles, negated } => Needle::any_in(needles, text) != *negated,
            Self::Matches { patterns, negated } => {
                let mut search = Search::default();
                patterns.iter().any(|pattern| search.finds(pattern, text)) != *negated
            }
            Self::Equals { .. } | Self::ContainsAny { .. } | Self::Set(_) | Self::Result { .. } | Self::Never => false,
        }
    }

    /// Decides for a number without making text of it, where that is the same.
    #[inline]
    pub(crate) fn holds_for_number(&self, number: f64) -> Option<bool> {
        match self {
            Self::Compare { bound, number: Some(limit), .. } => Some(bound.admits(number.partial_cmp(limit))),
            _ => None,
        }
    }

    /// Decides a comparison for a text that was already read as a number and as a version, where it is one.
    #[inline]
    pub(crate) fn compares(
        &self,
        texts: &[Box<str>],
        text: &str,
        as_number: Option<f64>,
        as_version: Option<&Version<'_>>,
    ) -> bool {
        let (bound, limit) = match self {
            Self::Compare { bound, number, text } => {
                if let (Some(limit), Some(number)) = (number, as_number) {
                    return bound.admits(number.partial_cmp(limit));
                }
                (bound, text)
            }
            Self::CompareVersion { bound, version, text } => {
                if let (Some(limit), Some(version)) = (version, as_version) {
                    return bound.admits(Some(version.cmp(&**limit)));
                }
                (bound, text)
            }
            _ => return false,
        };
        let limit = limit.and_then(|id| texts.get(id as usize));
        limit.is_some_and(|limit| bound.admits(Some(compare_utf16(text, limit))))
    }

    /// Decides for a result, given its place among its flag's outcomes.
    #[inline]
    pub(crate) fn holds_for_outcome(holds: &[u64], first: u32, outcome: OutcomeId) -> bool {
        let place = outcome.index().wrapping_sub(first as usize);
        holds.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

/// Which side of a limit satisfies a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Bound {
    #[inline]
    fn admits(self, order: Option<Ordering>) -> bool {
        order.is_some_and(|order| match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }

    /// Of several limits, the one that decides: a value below any of them is below the largest.
    pub(crate) fn widest<T>(self, limits: impl Iterator<Item = T>, order: impl Fn(&T, &T) -> Ordering) -> Option<T> {
        match self {
            Self::Less | Self::LessOrEqual => limits.max_by(order),
            Self::Greater | Self::GreaterOrEqual => limits.min_by(order),
        }
    }
}

/// A set of texts, booleans folded.
#[derive(Debug)]
pub(crate) struct Membership {
    ids: Ids,
    /// Whether a boolean is among them; if not, none needs to be folded to be looked for.
    booleans: bool,
}

#[derive(Debug)]
enum Ids {
    /// With the hash of each: comparing these with all of them costs less than comparing texts, where each may be a
    /// mispredicted way out.
    Few(Box<[(u64, u32)]>),
    /// Boxed, so that conditions with few values, which are nearly all, stay small.
    Many(Box<HashTable<u32>>),
}

impl Membership {
    /// Up to this many, comparing one after the other is faster than hashing.
    const FEW: usize = 8;

    /// A set of texts that are folded already.
    pub(crate) fn new(texts: &[Box<str>], ids: &[u32]) -> Self {
        let text = |id: &u32| texts.get(*id as usize).map(|text| &**text).unwrap_or_default();
        let booleans = ids.iter().any(|id| matches!(text(id), "true" | "false"));
        if ids.len() <= Self::FEW {
            let hashed = ids.iter().map(|id| (hash_text(text(id)), *id));
            return Self { ids: Ids::Few(hashed.collect()), booleans };
        }
        let hash = |id: &u32| hash_text(text(id));
        let mut table = HashTable::with_capacity(ids.len());
        for id in ids {
            table.entry(hash(id), |other| other == id, hash).or_insert(*id);
        }
        Self { ids: Ids::Many(Box::new(table)), booleans }
    }

    #[inline]
    pub(crate) fn has(&self, texts: &[Box<str>], text: &str) -> bool {
        let text = if self.booleans { fold_boolean(text) } else { text };
        let hash = hash_text(text);
        let is = |id: &u32| texts.get(*id as usize).is_some_and(|value| same_text(value, text));
        match &self.ids {
            Ids::Few(ids) => {
                let found = ids.iter().fold(None, |found, (known, id)| if *known == hash { Some(id) } else { found });
                found.is_some_and(is)
            }
            Ids::Many(table) => table.find(hash, is).is_some(),
        }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = u32> {
        let (few, many) = match &self.ids {
            Ids::Few(ids) => (Some(ids.iter().map(|(_, id)| id)), None),
            Ids::Many(table) => (None, Some(table.iter())),
        };
        few.into_iter().flatten().chain(many.into_iter().flatten()).copied()
    }
}

/// A test of a list against all values at once.
#[derive(Debug)]
pub(crate) struct SetTest {
    /// `set is`, else `set contains`.
    pub(crate) exact: bool,
    pub(crate) negated: bool,
    /// Distinct values in the order of their texts; for `set contains` with booleans folded.
    pub(crate) values: Box<[u32]>,
    /// How many distinct values were configured. More than `values` where a boolean was spelled in several ways.
    pub(crate) configured: usize,
}

impl SetTest {
    fn holds(&self, texts: &[Box<str>], list: &List<'_>) -> bool {
        let found = if self.exact { self.is(texts, list) } else { self.is_contained(texts, list) };
        found != self.negated
    }

    fn is(&self, texts: &[Box<str>], list: &List<'_>) -> bool {
        let mut seen = Seen::new(self.values.len());
        let foreign = list.any(|text| match self.place(texts, text) {
            Some(place) => {
                seen.mark(place);
                false
            }
            None => true,
        });
        !foreign && seen.all()
    }

    fn is_contained(&self, texts: &[Box<str>], list: &List<'_>) -> bool {
        let mut seen = Seen::new(self.values.len());
        list.for_each(|text| {
            if let Some(place) = self.place(texts, fold_boolean(text)) {
                seen.mark(place);
            }
        });
        // Distinct values need as many distinct elements, which only several spellings of a boolean leave open.
        seen.all() && (self.configured == self.values.len() || list.distinct().len() >= self.configured)
    }

    fn place(&self, texts: &[Box<str>], text: &str) -> Option<usize> {
        self.values
            .binary_search_by(|id| texts.get(*id as usize).map_or(Ordering::Less, |value| (**value).cmp(text)))
            .ok()
    }
}

/// Which values were seen. Up to 64 take no allocation.
struct Seen {
    first: u64,
    more: Vec<u64>,
    unseen: usize,
}

impl Seen {
    fn new(count: usize) -> Self {
        Self { first: 0, more: vec![0; count.saturating_sub(1) / 64], unseen: count }
    }

    fn mark(&mut self, place: usize) {
        let word = match place / 64 {
            0 => Some(&mut self.first),
            word => self.more.get_mut(word - 1),
        };
        if let Some(word) = word
            && *word >> (place % 64) & 1 == 0
        {
            *word |= 1 << (place % 64);
            self.unseen -= 1;
        }
    }

    fn all(&self) -> bool {
        self.unseen == 0
    }
}
