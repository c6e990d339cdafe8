//! Decisions with their reasons.

mod text;
mod trace;

pub use trace::{AllocationTrace, BucketTrace, ConditionTrace, DistributionTrace, Explanation, SegmentTrace};

use super::keyed::for_each_in_order;
use super::{Direct, Evidence, Results, decide};
use crate::compiled::{Bucket, Compiled, Flag, OutcomeId, Pick, Slot};
use crate::context::{EvaluationContext, Selected, Subject};
use crate::diagnostic::{Diagnostic, Severity};
use crate::operator::Operator;
use crate::text::Version;
use crate::value::Value;

/// Decides a flag and all that it depends on, and explains why.
pub(crate) fn explain<C: EvaluationContext + ?Sized>(set: &Compiled, context: &C, index: u32) -> Option<Explanation> {
    let mut outcomes = vec![OutcomeId::NONE; set.flags.len()];
    let mut explanations = Vec::new();
    for_each_in_order(set, std::iter::once(index), |index, order| {
        let results = Results::Scattered { outcomes: &outcomes, order };
        if let Some(flag) = set.flags.get(index as usize) {
            let mut recorder = Recorder { direct: Direct { set, context, results }, flag, segments: Vec::new() };
            let outcome = decide(set, flag, &mut recorder);
            explanations.push(recorder.finish(outcome));
            if let Some(entry) = outcomes.get_mut(index as usize) {
                *entry = outcome;
            }
        }
    });
    let mut explanation = explanations.pop()?;
    explanation.dependencies = explanations;
    Some(explanation)
}

/// Evidence that writes down what it is asked and answers.
struct Recorder<'a, C: ?Sized> {
    direct: Direct<'a, C>,
    flag: &'a Flag,
    segments: Vec<SegmentTrace>,
}

impl<C: EvaluationContext + ?Sized> Recorder<'_, C> {
    fn finish(self, outcome: OutcomeId) -> Explanation {
        Explanation {
            flag: self.flag.key.to_string(),
            variant: self.variant_name(outcome),
            segment: outcome.is_some().then(|| self.segments.len().saturating_sub(1)),
            warnings: self.warnings(),
            segments: self.segments,
            dependencies: Vec::new(),
            user_diagnostics: Vec::new(),
        }
    }

    fn variant_name(&self, outcome: OutcomeId) -> Option<String> {
        let set = self.direct.set;
        set.variant(outcome).map(|variant| set.text(variant.name).to_owned())
    }

    fn path(&self, slot: &Slot) -> Vec<String> {
        let key = |flag: u32| self.direct.set.flags.get(flag as usize).map(|flag| &*flag.key).unwrap_or_default();
        slot.source.path(key).into_iter().map(str::to_owned).collect()
    }

    fn slot(&self, slot: u32) -> Option<&Slot> {
        self.direct.set.slots.get(slot as usize)
    }

    /// The segment's name, as experiments give it.
    fn segment_name(&self, place: usize) -> Option<String> {
        let segment = self.flag.segments.of(&self.direct.set.segments).get(place)?;
        self.direct.set.layer(segment.layer)?.get("segmentName").and_then(Value::as_str).map(str::to_owned)
    }

    fn warnings(&self) -> Vec<Diagnostic> {
        let all = self.direct.set.diagnostics.iter().filter(|it| it.severity == Severity::Warning);
        all.filter(|it| it.flag.as_deref() == Some(&*self.flag.key)).cloned().collect()
    }

    fn condition(&self, condition: u32, holds: bool) -> Option<ConditionTrace> {
        let set = self.direct.set;
        let condition = set.conditions.get(condition as usize)?;
        let slot = self.slot(condition.slot)?;
        let texts = |ids: &[u32]| ids.iter().map(|id| set.text(*id).to_owned()).collect::<Vec<_>>();
        let (operator, values) = match (condition.operator, condition.values.split_first()) {
            (Some(operator), _) => (operator.as_str().to_owned(), texts(&condition.values)),
            (None, Some((name, values))) => (set.text(*name).to_owned(), texts(values)),
            (None, None) => Default::default(),
        };
        let value = self.direct.looked_up(slot).unwrap_or_else(|| self.direct.select(slot).to_value());
        let subject = Subject::new(Selected::Value(&value));
        let compared_as_text = condition.operator.is_some_and(|it| compares_text(it, &values, &subject));
        Some(ConditionTrace { selector: self.path(slot), operator, values, value, compared_as_text, holds })
    }
}

/// Whether an operator that compares numbers or versions compares strings, or pre-releases as such.
/// [`Test`](crate::compiled::Test) decides by the same rule.
fn compares_text(operator: Operator, values: &[String], subject: &Subject<'_>) -> bool {
    let Some(comparison) = operator.comparison().filter(|_| !values.is_empty()) else {
        return false;
    };
    let usable = values.iter().any(|value| comparison.reads(value));
    let limit = deciding_version(operator, values);
    let as_text = |text: &str| {
        let by_pre_release = |limit| Version::parse(text).is_some_and(|version| version.compares_pre_release(limit));
        !usable || !comparison.reads(text) || limit.as_ref().is_some_and(by_pre_release)
    };
    match subject {
        Subject::Null => false,
        Subject::Text(text) => as_text(text.as_str()),
        Subject::List(list) => list.any(as_text),
    }
}

/// Of the versions among an operator's values, the one that decides, if it compares versions.
fn deciding_version(operator: Operator, values: &[String]) -> Option<Version<'_>> {
    let versions = values.iter().filter_map(|value| Version::parse(value));
    match operator {
        Operator::VersionLess | Operator::VersionLessOrEqual => versions.max(),
        Operator::VersionGreater | Operator::VersionGreaterOrEqual => versions.min(),
        _ => None,
    }
}

impl<C: EvaluationContext + ?Sized> Evidence for Recorder<'_, C> {
    fn holds(&mut self, condition: u32) -> bool {
        let holds = self.direct.holds(condition);
        let trace = self.condition(condition, holds);
        if let Some(group) = self.segments.last_mut().and_then(|segment| segment.groups.last_mut()) {
            group.extend(trace);
        }
        holds
    }

    fn hash(&mut self, bucket: &Bucket) -> Option<u32> {
        let hash = self.direct.hash(bucket);
        let slot = self.slot(bucket.slot);
        let value = slot.and_then(|slot| self.direct.select(slot).into_text().map(|text| text.as_str().to_owned()));
        let trace = BucketTrace {
            selector: slot.map(|slot| self.path(slot)).unwrap_or_default(),
            salt: self.direct.set.text(bucket.salt).to_owned(),
            value,
            hash,
            percentage: hash.map(|hash| Bucket::split(hash).0),
            part: hash.map(|hash| Bucket::split(hash).1),
            allocation: None,
            distribution: None,
        };
        if let Some(segment) = self.segments.last_mut() {
            segment.bucket = Some(trace);
        }
        hash
    }

    fn enter_segment(&mut self, place: usize) {
        self.segments.push(SegmentTrace {
            index: place,
            name: self.segment_name(place),
            matched: false,
            groups: Vec::new(),
            bucket: None,
            variant: None,
        });
    }

    fn enter_group(&mut self) {
        if let Some(segment) = self.segments.last_mut() {
            segment.groups.push(Vec::new());
        }
    }

    fn picked(&mut self, bucket: &Bucket, pick: &Pick) {
        let set = self.direct.set;
        let allocation = set.allocations.get(pick.allocation as usize).map(|allocation| AllocationTrace {
            index: (pick.allocation - bucket.allocations.start) as usize,
            start: allocation.range.start,
            end: allocation.range.end,
        });
        let first =
            set.allocations.get(pick.allocation as usize).map_or(0, |allocation| allocation.distributions.start);
        let distribution = set.distributions.get(pick.distribution as usize).map(|distribution| DistributionTrace {
            index: (pick.distribution - first) as usize,
            start: distribution.range.start,
            end: distribution.range.end,
            variant: self.variant_name(distribution.outcome),
        });
        if let Some(trace) = self.segments.last_mut().and_then(|segment| segment.bucket.as_mut()) {
            trace.allocation = allocation;
            trace.distribution = distribution;
        }
    }

    fn concluded(&mut self, outcome: OutcomeId) {
        let variant = self.variant_name(outcome);
        if let Some(segment) = self.segments.last_mut() {
            segment.matched = true;
            segment.variant = variant;
        }
    }
}
