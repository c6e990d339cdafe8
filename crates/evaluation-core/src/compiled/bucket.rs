//! Buckets: from a hash to a distribution.

use super::{Compiled, OutcomeId, Span};
use crate::murmur3::Prefix;
use crate::wire;

/// A segment's bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// What is hashed.
    pub(crate) slot: u32,
    /// Its place, with the salt's pending bytes, among all that buckets hash.
    pub(crate) place: u32,
    /// The hash behind `salt/`.
    pub(crate) prefix: Prefix,
    /// The salt, for explanations.
    pub(crate) salt: u32,
    pub(crate) allocations: Span,
}

/// A share of a bucket, in percent.
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) range: Share,
    pub(crate) distributions: Span,
    /// True when the distributions lie end to end from 0, as the service writes them: then the one that holds a value
    /// is the one behind all that end before it.
    pub(crate) adjoining: bool,
}

/// A variant's share of an allocation.
#[derive(Debug)]
pub(crate) struct Distribution {
    pub(crate) range: Share,
    pub(crate) outcome: OutcomeId,
}

/// A half-open range of what a hash can give. Empty ranges hold nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Share {
    #[inline]
    pub(crate) fn holds(self, value: u32) -> bool {
        self.start <= value && value < self.end
    }
}

impl From<wire::Range> for Share {
    fn from(range: wire::Range) -> Self {
        // No hash reaches beyond 32 bits, so ends out there can be brought in.
        let clamp = |end: i64| u32::try_from(end.max(0)).unwrap_or(u32::MAX);
        Self { start: clamp(range.start), end: clamp(range.end) }
    }
}

/// Where a hash falls in a bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick {
    /// Indices among all allocations and distributions.
    pub(crate) allocation: u32,
    pub(crate) distribution: u32,
    pub(crate) outcome: OutcomeId,
}

impl Bucket {
    /// The percentage, from 0 to 99, and the part, from 0 to 42,949,672, that a hash stands for.
    #[inline]
    pub(crate) fn split(hash: u32) -> (u32, u32) {
        (hash % 100, hash / 100)
    }

    /// The first distribution with the hash in the first allocation that has one.
    #[inline]
    pub(crate) fn pick(&self, set: &Compiled, hash: u32) -> Option<Pick> {
        let (percentage, part) = Self::split(hash);
        for (allocation, index) in self.allocations.of(&set.allocations).iter().zip(self.allocations.start..) {
            if allocation.range.holds(percentage)
                && let Some((distribution, outcome)) = allocation.find(set, part)
            {
                return Some(Pick { allocation: index, distribution, outcome });
            }
        }
        None
    }
}

impl Allocation {
    #[inline]
    fn find(&self, set: &Compiled, part: u32) -> Option<(u32, OutcomeId)> {
        let distributions = self.distributions.of(&set.distributions);
        let place = if self.adjoining {
            distributions.iter().map(|distribution| usize::from(distribution.range.end <= part)).sum()
        } else {
            distributions.iter().position(|distribution| distribution.range.holds(part))?
        };
        let distribution = distributions.get(place)?;
        Some((self.distributions.start + place as u32, distribution.outcome))
    }

    /// True when each range begins where the one before it ends, the first at 0.
    pub(crate) fn adjoin(distributions: &[Distribution]) -> bool {
        let mut start = 0;
        distributions.iter().all(|distribution| {
            let adjoins = distribution.range.start == start && distribution.range.end >= start;
            start = distribution.range.end;
            adjoins
        })
    }
}
