//! Conditions asked one by one.

use super::Evidence;
use crate::compiled::{
    Bucket, Cohorts, Compiled, Condition, OutcomeId, Slot, Source, Test, result_object, result_value,
};
use crate::context::{EvaluationContext, Membership, Selected, Subject};
use crate::value::{Object, Value};

/// Reads the context for each question.
pub(crate) struct Direct<'a, C: ?Sized> {
    pub(crate) set: &'a Compiled,
    pub(crate) context: &'a C,
    pub(crate) results: Results<'a>,
}

/// The results of flags that were evaluated before.
#[derive(Clone, Copy)]
pub(crate) enum Results<'a> {
    /// Of the flags at the beginning of the set, one after the other.
    First(&'a [OutcomeId]),
    /// Of some flags, in the order of evaluation.
    Listed(&'a [(u32, OutcomeId)]),
    /// Of some flags: all flags' outcomes, and the order of evaluation.
    Scattered { outcomes: &'a [OutcomeId], order: &'a [u32] },
    /// Of any flag, decided when it is read.
    OnDemand(&'a dyn Decides),
}

/// Decides other flags for the one at hand.
pub(crate) trait Decides {
    /// The outcome of a flag that the one at hand depends on.
    fn outcome(&self, flag: u32) -> OutcomeId;
}

impl Results<'_> {
    /// A flag's outcome; none if it was not evaluated.
    #[inline]
    pub(crate) fn outcome(self, flag: u32) -> OutcomeId {
        let found = match self {
            Self::First(outcomes) | Self::Scattered { outcomes, .. } => outcomes.get(flag as usize).copied(),
            Self::Listed(list) => list.iter().find(|(listed, _)| *listed == flag).map(|(_, outcome)| *outcome),
            Self::OnDemand(flags) => return flags.outcome(flag),
        };
        found.unwrap_or(OutcomeId::NONE)
    }

    fn to_value(self, set: &Compiled) -> Value {
        Value::Object(match self {
            Self::First(outcomes) => result_object(set, (0..).zip(outcomes.iter().copied())),
            Self::Listed(list) => result_object(set, list.iter().copied()),
            Self::Scattered { order, .. } => result_object(set, order.iter().map(|flag| (*flag, self.outcome(*flag)))),
            // No flag of a set that is decided on demand reads this.
            Self::OnDemand(_) => Object::new(),
        })
    }
}

impl<'a, C: EvaluationContext + ?Sized> Direct<'a, C> {
    /// The value of a slot.
    #[inline]
    pub(crate) fn select(&self, slot: &'a Slot) -> Selected<'a> {
        match &slot.source {
            Source::Context(selector) => self.context.select(selector),
            _ => self.select_result(slot),
        }
    }

    #[inline(never)]
    fn select_result(&self, slot: &Slot) -> Selected<'a> {
        match &slot.source {
            Source::Result { flag, path } => {
                let value = result_value(self.set, *flag, self.results.outcome(*flag), path);
                value.map_or(Selected::Null, Selected::from)
            }
            Source::Results => Selected::from(self.results.to_value(self.set)),
            Source::Context(_) | Source::Nothing { .. } => Selected::Null,
        }
    }

    /// Whether a condition holds for the value of its slot.
    #[inline(always)]
    pub(crate) fn asks(&self, condition: &Condition, slot: &'a Slot) -> bool {
        if let Test::Result { flag, holds } = &condition.test {
            let outcome = self.results.outcome(*flag);
            if !outcome.is_some() {
                return condition.on_null;
            }
            let first = self.set.flags.get(*flag as usize).map_or(0, |flag| flag.outcomes.start);
            return Test::holds_for_outcome(holds, first, outcome);
        }
        if let Some(cohorts) = slot.cohorts
            && let Some(answer) = self.asks_membership(condition, cohorts)
        {
            return answer;
        }
        let selected = self.select(slot);
        if let Some(text) = selected.plain_text() {
            return condition.test.holds_for_text(&self.set.texts, text);
        }
        let by_number = selected.number().and_then(|number| condition.test.holds_for_number(number));
        by_number.unwrap_or_else(|| self.holds_for_selected(condition, selected))
    }

    #[inline(never)]
    fn holds_for_selected(&self, condition: &Condition, selected: Selected<'a>) -> bool {
        if let (Test::ContainsAny { values, negated }, Selected::Texts(texts)) = (&condition.test, &selected) {
            return texts.iter().any(|text| values.has(&self.set.texts, text)) != *negated;
        }
        self.holds_for(condition, &Subject::new(selected))
    }

    fn holds_for(&self, condition: &Condition, subject: &Subject<'_>) -> bool {
        match subject {
            Subject::Null => condition.on_null,
            subject => condition.test.holds(&self.set.texts, subject),
        }
    }

    /// The answer by looked-up membership, which replaces the context's own `cohort_ids`, if membership is known.
    fn asks_membership(&self, condition: &Condition, cohorts: u32) -> Option<bool> {
        let (cohorts, membership) = self.membership(cohorts)?;
        // Without `(none)` among the values, an empty list answers as no list at all does, which is the one thing that
        // asking value by value cannot tell.
        let by_value = cohorts.of_users() || !condition.mentions_none(self.set);
        Some(match &condition.test {
            Test::ContainsAny { negated, .. } if by_value => {
                condition.values.iter().any(|value| membership.contains(self.set.text(*value))) != *negated
            }
            _ => self.holds_for(condition, &Subject::new(member_ids(cohorts, membership))),
        })
    }

    /// The cohorts that looked-up membership finds for a slot, if it is known.
    pub(crate) fn looked_up(&self, slot: &Slot) -> Option<Value> {
        let (cohorts, membership) = self.membership(slot.cohorts?)?;
        Some(member_ids(cohorts, membership).to_value())
    }

    fn membership(&self, cohorts: u32) -> Option<(&'a Cohorts, &'a dyn Membership)> {
        let cohorts = self.set.cohorts.get(cohorts as usize)?;
        let membership = match self.context.select(&cohorts.name) {
            Selected::Text("") => None,
            Selected::Text(name) => self.context.membership(&cohorts.group_type, name),
            selected => {
                let name = selected.into_text().filter(|name| !name.as_str().is_empty())?;
                self.context.membership(&cohorts.group_type, name.as_str())
            }
        };
        Some((cohorts, membership?))
    }
}

/// Users without cohorts have an empty list of them; groups have none.
fn member_ids(cohorts: &Cohorts, membership: &dyn Membership) -> Selected<'static> {
    let ids: Vec<&str> = cohorts.ids.iter().map(|id| &**id).filter(|id| membership.contains(id)).collect();
    if ids.is_empty() && !cohorts.of_users() { Selected::Null } else { Selected::from(Value::from(ids)) }
}

impl<C: EvaluationContext + ?Sized> Evidence for Direct<'_, C> {
    #[inline(always)]
    fn holds(&mut self, condition: u32) -> bool {
        let Some(condition) = self.set.conditions.get(condition as usize) else {
            return false;
        };
        self.set.slots.get(condition.slot as usize).is_some_and(|slot| self.asks(condition, slot))
    }

    #[inline(always)]
    fn hash(&mut self, bucket: &Bucket) -> Option<u32> {
        let slot = self.set.slots.get(bucket.slot as usize)?;
        match self.select(slot) {
            Selected::Text(text) => hash(bucket, text),
            selected => hash(bucket, selected.into_text()?.as_str()),
        }
    }
}

/// The hash of a bucket's salt and a value, unless that is empty.
#[inline]
fn hash(bucket: &Bucket, value: &str) -> Option<u32> {
    (!value.is_empty()).then(|| bucket.prefix.finish(value.as_bytes()))
}
