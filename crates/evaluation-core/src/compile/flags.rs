//! Segments, buckets and outcomes of flags.

use super::ConfigMap;
use super::carried::Carried;
use super::conditions::Conditions;
use super::lint;
use super::report::{Report, Short};
use super::texts::Texts;
use crate::compiled::{
    Allocation, Bucket, Compiled, Distribution, Matches, Outcome, OutcomeId, Segment, Span, Variant, index32,
};
use crate::diagnostic::DiagnosticKind;
use crate::murmur3::{Pending, Prefix};
use crate::wire;

/// The flat arrays while they grow, flag by flag.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) segments: Vec<Segment>,
    pub(super) groups: Vec<Span>,
    pub(super) members: Vec<u32>,
    buckets: Vec<Bucket>,
    /// What buckets hash, by place: how often, and what.
    hashed: Vec<(usize, (u32, Pending))>,
    places: ConfigMap<(u32, Pending), u32>,
    allocations: Vec<Allocation>,
    distributions: Vec<Distribution>,
    outcomes: Vec<Outcome>,
    variants: Vec<Variant>,
    /// The variants of the flag at hand by their names, and the outcomes of its segment at hand.
    names: ConfigMap<u32, u32>,
    reached: ConfigMap<u32, OutcomeId>,
}

/// Where the parts of one flag are.
pub(super) struct Part {
    pub(super) segments: Span,
    pub(super) outcomes: Span,
    pub(super) reads: Vec<Read>,
}

/// A flag reads a result.
pub(super) struct Read {
    pub(super) slot: u32,
    /// The place of the segment that does.
    pub(super) segment: usize,
}

/// The flag at hand, and what all flags share.
pub(super) struct At<'a, 'f> {
    pub(super) flag: &'a wire::Flag<'f>,
    /// The id of its key's text.
    pub(super) key: u32,
    pub(super) texts: &'a mut Texts,
    pub(super) conditions: &'a mut Conditions,
    pub(super) report: &'a mut Report,
}

impl At<'_, '_> {
    pub(super) fn warn(
        &mut self,
        kind: DiagnosticKind,
        path: impl FnOnce() -> String,
        message: impl FnOnce() -> String,
    ) {
        self.report.warn(self.key, self.texts, kind, path, message);
    }
}

/// A segment of the flag at hand.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    layer: Option<u32>,
}

impl Parts {
    pub(super) fn add(&mut self, carried: Carried, at: &mut At<'_, '_>) -> Part {
        let flag = at.flag;
        let (first_segment, first_outcome) = (self.segments.len(), self.outcomes.len());
        self.names.clear();
        for variant in carried.variants {
            self.names.insert(variant.name, index32(self.variants.len()));
            self.variants.push(variant);
        }
        let mut reads = Vec::new();
        let mut decided = false;
        for (index, (segment, layer)) in flag.segments.iter().zip(carried.segment_layers).enumerate() {
            if decided {
                at.warn(
                    DiagnosticKind::UnreachableSegment,
                    || format!("segments[{index}]"),
                    || "a segment before it always decides".to_owned(),
                );
            }
            decided |= self.segment(segment, Place { index, layer }, at, &mut reads);
        }
        let segments = Span::new(first_segment, self.segments.len());
        Part { segments, outcomes: Span::new(first_outcome, self.outcomes.len()), reads }
    }

    /// Adds a segment. True when it decides for everyone.
    fn segment(
        &mut self,
        segment: &wire::Segment<'_>,
        place: Place,
        at: &mut At<'_, '_>,
        reads: &mut Vec<Read>,
    ) -> bool {
        self.reached.clear();
        let first_member = self.members.len();
        let matches = self.matches(segment, place, at);
        let default = match &segment.variant {
            Some(name) => self.outcome(name, place, || format!("segments[{}].variant", place.index), at),
            None => OutcomeId::NONE,
        };
        let first_distribution = self.distributions.len();
        let bucket = segment.bucket.as_ref().map(|bucket| self.bucket(bucket, place, at));

        let asked = self.members.iter().skip(first_member).map(|condition| at.conditions.slot_of(*condition));
        let hashed = bucket.and_then(|bucket| self.buckets.get(bucket as usize)).map(|bucket| bucket.slot);
        let results = asked.chain(hashed).filter(|slot| at.conditions.is_result(*slot));
        reads.extend(results.map(|slot| Read { slot, segment: place.index }));

        let everyone = match matches {
            Matches::Everyone => true,
            Matches::All(group) => group.is_empty(),
            Matches::AnyGroup(groups) => groups.of(&self.groups).iter().any(|group| group.is_empty()),
        };
        let certain = self.distributions.iter().skip(first_distribution).all(|it| it.outcome.is_some());
        self.segments.push(Segment { matches, bucket, default, layer: place.layer });
        everyone && certain && default.is_some()
    }

    fn matches(&mut self, segment: &wire::Segment<'_>, place: Place, at: &mut At<'_, '_>) -> Matches {
        let Some(groups) = &segment.conditions else {
            return Matches::Everyone;
        };
        if groups.is_empty() {
            at.warn(
                DiagnosticKind::UnreachableSegment,
                || format!("segments[{}].conditions", place.index),
                || "an empty list of conditions never matches; leave it out to match everyone".to_owned(),
            );
        }
        let first_group = self.groups.len();
        for (group_index, group) in groups.iter().enumerate() {
            let first_member = self.members.len();
            for (index, condition) in group.iter().enumerate() {
                let path = || format!("segments[{}].conditions[{group_index}][{index}]", place.index);
                self.members.push(Conditions::add(condition, path, at));
            }
            self.groups.push(Span::new(first_member, self.members.len()));
        }
        if groups.len() == 1 {
            return self.groups.pop().map_or(Matches::Everyone, Matches::All);
        }
        Matches::AnyGroup(Span::new(first_group, self.groups.len()))
    }

    /// The outcome of a variant by way of a segment; none, with a warning, if the flag lacks the variant.
    fn outcome(&mut self, name: &str, place: Place, path: impl FnOnce() -> String, at: &mut At<'_, '_>) -> OutcomeId {
        let id = at.texts.id(name);
        if let Some(outcome) = self.reached.get(&id) {
            return *outcome;
        }
        let Some(variant) = self.names.get(&id) else {
            at.warn(DiagnosticKind::UnknownVariant, path, || format!("the flag has no variant `{}`", Short(name)));
            return OutcomeId::NONE;
        };
        let outcome = OutcomeId::new(self.outcomes.len());
        self.outcomes.push(Outcome { variant: *variant, layer: place.layer });
        self.reached.insert(id, outcome);
        outcome
    }

    fn bucket(&mut self, bucket: &wire::Bucket<'_>, place: Place, at: &mut At<'_, '_>) -> u32 {
        let first_allocation = self.allocations.len();
        for (index, allocation) in bucket.allocations.iter().enumerate() {
            let first = self.distributions.len();
            for (share, distribution) in allocation.distributions.iter().enumerate() {
                let path =
                    || format!("segments[{}].bucket.allocations[{index}].distributions[{share}].variant", place.index);
                let outcome = self.outcome(&distribution.variant, place, path, at);
                self.distributions.push(Distribution { range: distribution.range.into(), outcome });
            }
            self.allocations.push(Allocation {
                range: allocation.range.into(),
                adjoining: Allocation::adjoin(self.distributions.get(first..).unwrap_or_default()),
                distributions: Span::new(first, self.distributions.len()),
            });
        }
        lint::check_selector(&bucket.selector, || format!("segments[{}].bucket.selector", place.index), at);
        let prefix = Prefix::of_salt(&bucket.salt);
        let hashed = (at.conditions.slot(&bucket.selector, at.texts), prefix.pending());
        let place = *self.places.entry(hashed).or_insert_with(|| {
            self.hashed.push((0, hashed));
            index32(self.hashed.len() - 1)
        });
        if let Some((uses, _)) = self.hashed.get_mut(place as usize) {
            *uses += 1;
        }
        self.buckets.push(Bucket {
            slot: hashed.0,
            place,
            prefix,
            salt: at.texts.id(&bucket.salt),
            allocations: Span::new(first_allocation, self.allocations.len()),
        });
        index32(self.buckets.len() - 1)
    }

    pub(super) fn finish(mut self, set: &mut Compiled) {
        let mut by_use: Vec<u32> = (0..index32(self.hashed.len())).collect();
        by_use.sort_by_key(|place| std::cmp::Reverse(self.hashed.get(*place as usize).map_or(0, |(uses, _)| *uses)));
        let mut ranks = vec![0; by_use.len()];
        for (rank, place) in by_use.iter().enumerate() {
            if let Some(entry) = ranks.get_mut(*place as usize) {
                *entry = index32(rank);
            }
        }
        for bucket in &mut self.buckets {
            bucket.place = ranks.get(bucket.place as usize).copied().unwrap_or_default();
        }
        set.hashed =
            by_use.iter().filter_map(|place| self.hashed.get(*place as usize)).map(|(_, what)| *what).collect();
        set.segments = self.segments.into();
        set.groups = self.groups.into();
        set.members = self.members.into();
        set.buckets = self.buckets.into();
        set.allocations = self.allocations.into();
        set.distributions = self.distributions.into();
        set.outcomes = self.outcomes.into();
        set.variants = self.variants.into();
    }
}
