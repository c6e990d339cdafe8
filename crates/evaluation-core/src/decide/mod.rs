//! Deciding: from compiled flags and an evaluation context to outcomes.
//!
//! There is one way through a flag, [`decide`]. What differs is where it learns whether conditions hold: one by one
//! from the context ([`Direct`], for single flags), from the truth table (for whole sets), or while writing down what
//! it sees (for explanations).

mod direct;
mod explain;
mod keyed;
mod whole;

pub(crate) use direct::{Decides, Direct, Results};
pub(crate) use explain::explain;
pub use explain::{AllocationTrace, BucketTrace, ConditionTrace, DistributionTrace, Explanation, SegmentTrace};
pub(crate) use keyed::{evaluate_keys, evaluate_one};
pub(crate) use whole::evaluate_all;

use crate::compiled::{Bucket, Compiled, Flag, Matches, OutcomeId, Pick, Segment, Span};

/// What a decision rests on.
pub(crate) trait Evidence {
    /// Whether a condition holds.
    fn holds(&mut self, condition: u32) -> bool;

    /// The hash of a bucket's salt and selected value; none if the value is null or empty.
    fn hash(&mut self, bucket: &Bucket) -> Option<u32>;

    /// A segment is looked at.
    fn enter_segment(&mut self, _place: usize) {}

    /// A group of conditions is looked at.
    fn enter_group(&mut self) {}

    /// A bucket gave a distribution.
    fn picked(&mut self, _bucket: &Bucket, _pick: &Pick) {}

    /// A segment that matched comes to this.
    fn concluded(&mut self, _outcome: OutcomeId) {}
}

/// Decides one flag: the first segment that matches and yields a variant wins.
#[inline]
pub(crate) fn decide<E: Evidence>(set: &Compiled, flag: &Flag, evidence: &mut E) -> OutcomeId {
    for (place, segment) in flag.segments.of(&set.segments).iter().enumerate() {
        evidence.enter_segment(place);
        if matches(set, segment, evidence) {
            let outcome = conclude(set, segment, evidence);
            evidence.concluded(outcome);
            if outcome.is_some() {
                return outcome;
            }
        }
    }
    OutcomeId::NONE
}

#[inline]
fn matches<E: Evidence>(set: &Compiled, segment: &Segment, evidence: &mut E) -> bool {
    match segment.matches {
        Matches::Everyone => true,
        Matches::All(group) => all_hold(set, group, evidence),
        Matches::AnyGroup(groups) => groups.of(&set.groups).iter().any(|group| all_hold(set, *group, evidence)),
    }
}

#[inline]
fn all_hold<E: Evidence>(set: &Compiled, group: Span, evidence: &mut E) -> bool {
    evidence.enter_group();
    group.of(&set.members).iter().all(|condition| evidence.holds(*condition))
}

/// What a segment that matched yields: the bucket's answer, which is final, else the default.
#[inline]
fn conclude<E: Evidence>(set: &Compiled, segment: &Segment, evidence: &mut E) -> OutcomeId {
    let Some(bucket) = segment.bucket.and_then(|bucket| set.buckets.get(bucket as usize)) else {
        return segment.default;
    };
    let pick = evidence.hash(bucket).and_then(|hash| bucket.pick(set, hash));
    match pick {
        Some(pick) => {
            evidence.picked(bucket, &pick);
            pick.outcome
        }
        None => segment.default,
    }
}
