//! Segments, buckets and outcomes of flags.

use super::conditions::Conditions;
use super::prepare::Prepared;
use super::texts::Texts;
use super::{ConfigMap, Report};
use crate::compiled::{
    Allocation, Bucket, Compiled, Distribution, Matches, Outcome, OutcomeId, Segment, Span, Variant, index32,
};
use crate::diagnostic::DiagnosticKind;
use crate::murmur3::{Pending, Prefix};
use crate::wire;

/// The flat arrays while they grow, flag by flag.
#[derive(Default)]
pub(super) struct Parts {
    /// Where each flag's segments and outcomes lie.
    spans: Vec<(Span, Span)>,
    segments: Vec<Segment>,
    groups: Vec<Span>,
    members: Vec<u32>,
    buckets: Vec<Bucket>,
    /// What buckets hash, by place: how often, and what.
    hashed: Vec<(usize, (u32, Pending))>,
    places: ConfigMap<(u32, Pending), u32>,
    allocations: Vec<Allocation>,
    distributions: Vec<Distribution>,
    outcomes: Vec<Outcome>,
    variants: Vec<Variant>,
}

/// One flag's variants by name, and the outcomes of the segment at hand.
struct Names {
    variants: ConfigMap<u32, u32>,
    outcomes: ConfigMap<u32, OutcomeId>,
}

impl Parts {
    pub(super) fn segments_of(&self, flag: usize) -> Span {
        self.spans.get(flag).map(|(segments, _)| *segments).unwrap_or_default()
    }

    pub(super) fn outcomes_of(&self, flag: usize) -> Span {
        self.spans.get(flag).map(|(_, outcomes)| *outcomes).unwrap_or_default()
    }

    pub(super) fn add(
        &mut self,
        prepared: &Prepared<'_, '_>,
        conditions: &mut Conditions<'_>,
        texts: &mut Texts,
        report: &mut Report,
    ) {
        let flag = prepared.flag;
        let (first_segment, first_outcome) = (self.segments.len(), self.outcomes.len());
        let mut names = Names { variants: ConfigMap::default(), outcomes: ConfigMap::default() };
        for variant in &prepared.variants {
            names.variants.insert(variant.name, index32(self.variants.len()));
            self.variants.push(Variant { ..*variant });
        }
        let mut decided = false;
        for (place, (segment, layer)) in flag.segments.iter().zip(&prepared.segment_layers).enumerate() {
            let path = format!("segments[{place}]");
            if decided {
                report.warn(flag, DiagnosticKind::UnreachableSegment, path.clone(), || {
                    "a segment before it always decides".to_owned()
                });
            }
            names.outcomes.clear();
            let matches = self.matches(flag, segment, &path, conditions, texts, report);
            let mut certain = true;
            let default = match &segment.variant {
                Some(name) => self.outcome(flag, name, *layer, &path, &mut names, texts, report),
                None => OutcomeId::NONE,
            };
            let bucket = segment.bucket.as_ref().map(|bucket| {
                let first = self.distributions.len();
                let index = self.bucket(flag, bucket, *layer, &path, &mut names, conditions, texts, report);
                certain = self.distributions.iter().skip(first).all(|it| it.outcome.is_some());
                index
            });
            let always = match matches {
                Matches::Everyone => true,
                Matches::All(group) => group.is_empty(),
                Matches::AnyGroup(groups) => groups.of(&self.groups).iter().any(|group| group.is_empty()),
            };
            decided |= always && certain && default.is_some();
            self.segments.push(Segment { matches, bucket, default, layer: *layer });
        }
        let segments = Span::new(first_segment, self.segments.len());
        self.spans.push((segments, Span::new(first_outcome, self.outcomes.len())));
    }

    fn matches(
        &mut self,
        flag: &wire::Flag<'_>,
        segment: &wire::Segment<'_>,
        path: &str,
        conditions: &mut Conditions<'_>,
        texts: &mut Texts,
        report: &mut Report,
    ) -> Matches {
        let Some(groups) = &segment.conditions else {
            return Matches::Everyone;
        };
        if groups.is_empty() {
            report.warn(flag, DiagnosticKind::UnreachableSegment, format!("{path}.conditions"), || {
                "an empty list of conditions never matches; leave it out to match everyone".to_owned()
            });
        }
        let first_group = self.groups.len();
        for (place, group) in groups.iter().enumerate() {
            let first_member = self.members.len();
            for (member, condition) in group.iter().enumerate() {
                let path = || format!("{path}.conditions[{place}][{member}]");
                self.members.push(conditions.add(flag, condition, path, texts, report));
            }
            self.groups.push(Span::new(first_member, self.members.len()));
        }
        if groups.len() == 1 {
            return self.groups.pop().map_or(Matches::Everyone, Matches::All);
        }
        Matches::AnyGroup(Span::new(first_group, self.groups.len()))
    }

    /// The outcome of a variant by way of the segment at hand; none, with a warning, if the flag lacks the variant.
    #[allow(clippy::too_many_arguments, reason = "the growing arrays and the place in the flag are separate things")]
    fn outcome(
        &mut self,
        flag: &wire::Flag<'_>,
        name: &str,
        layer: Option<u32>,
        path: &str,
        names: &mut Names,
        texts: &mut Texts,
        report: &mut Report,
    ) -> OutcomeId {
        let id = texts.id(name);
        let Some(variant) = names.variants.get(&id) else {
            report.warn(flag, DiagnosticKind::UnknownVariant, format!("{path}.variant"), || {
                format!("the flag has no variant `{name}`")
            });
            return OutcomeId::NONE;
        };
        let outcomes = &mut self.outcomes;
        *names.outcomes.entry(id).or_insert_with(|| {
            outcomes.push(Outcome { variant: *variant, layer });
            OutcomeId::new(outcomes.len() - 1)
        })
    }

    #[allow(clippy::too_many_arguments, reason = "the growing arrays and the place in the flag are separate things")]
    fn bucket(
        &mut self,
        flag: &wire::Flag<'_>,
        bucket: &wire::Bucket<'_>,
        layer: Option<u32>,
        path: &str,
        names: &mut Names,
        conditions: &mut Conditions<'_>,
        texts: &mut Texts,
        report: &mut Report,
    ) -> u32 {
        let first_allocation = self.allocations.len();
        for (place, allocation) in bucket.allocations.iter().enumerate() {
            let first = self.distributions.len();
            for (share, distribution) in allocation.distributions.iter().enumerate() {
                let path = || format!("{path}.bucket.allocations[{place}].distributions[{share}]");
                let outcome = match names.outcomes.get(&texts.id(&distribution.variant)) {
                    Some(outcome) => *outcome,
                    None => self.outcome(flag, &distribution.variant, layer, &path(), names, texts, report),
                };
                self.distributions.push(Distribution { range: distribution.range.into(), outcome });
            }
            self.allocations.push(Allocation {
                range: allocation.range.into(),
                adjoining: Allocation::adjoin(self.distributions.get(first..).unwrap_or_default()),
                distributions: Span::new(first, self.distributions.len()),
            });
        }
        let slot = conditions.slot(&bucket.selector);
        let prefix = Prefix::of_salt(&bucket.salt);
        let hashed = (slot, prefix.pending());
        let place = *self.places.entry(hashed).or_insert_with(|| {
            self.hashed.push((0, hashed));
            index32(self.hashed.len() - 1)
        });
        if let Some((uses, _)) = self.hashed.get_mut(place as usize) {
            *uses += 1;
        }
        self.buckets.push(Bucket {
            slot,
            place,
            prefix,
            salt: texts.id(&bucket.salt),
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
        set.hashed = by_use.iter().filter_map(|place| self.hashed.get(*place as usize)).map(|(_, what)| *what).collect();
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
