//! Some flags, with what they depend on.

use std::cell::Cell;

use super::{Decides, Direct, Results, decide};
use crate::compile::Walk;
use crate::compiled::{Closure, Compiled, OutcomeId};
use crate::context::EvaluationContext;

/// Decides the flags of some keys and all that they depend on. The outcomes are of all flags; those not evaluated have
/// none. Keys that no flag has are passed over.
pub(crate) fn evaluate_keys<C: EvaluationContext + ?Sized>(
    set: &Compiled,
    context: &C,
    keys: &[&str],
) -> Vec<OutcomeId> {
    evaluate_flags(set, context, keys.iter().filter_map(|key| set.find(key)))
}

/// Decides one flag. Allocates nothing for the decision unless the flag depends on more than [`Closure::KEPT`] others.
#[inline]
pub(crate) fn evaluate_one<C: EvaluationContext + ?Sized>(set: &Compiled, context: &C, index: u32) -> OutcomeId {
    let Some(flag) = set.flags.get(index as usize) else {
        return OutcomeId::NONE;
    };
    match flag.closure {
        Closure::Ordered(closure) if closure.is_empty() => {
            decide(set, flag, &mut Direct { set, context, results: Results::Listed(&[]) })
        }
        Closure::Ordered(_) if set.on_demand => {
            let known = [const { Cell::new((0, OutcomeId::NONE)) }; Closure::KEPT];
            let on_demand = OnDemand { set, context, known, len: Cell::new(0) };
            decide(set, flag, &mut on_demand.direct())
        }
        Closure::Ordered(closure) => {
            let mut known = [(0, OutcomeId::NONE); Closure::KEPT];
            let dependencies = closure.of(&set.dependencies);
            for (place, dependency) in dependencies.iter().enumerate() {
                let (before, rest) = known.split_at_mut(place);
                let mut direct = Direct { set, context, results: Results::Listed(before) };
                if let (Some(flag), Some(entry)) = (set.flags.get(*dependency as usize), rest.first_mut()) {
                    *entry = (*dependency, decide(set, flag, &mut direct));
                }
            }
            let known = known.get(..dependencies.len()).unwrap_or_default();
            decide(set, flag, &mut Direct { set, context, results: Results::Listed(known) })
        }
        Closure::Large => {
            let outcomes = evaluate_flags(set, context, std::iter::once(index));
            outcomes.get(index as usize).copied().unwrap_or(OutcomeId::NONE)
        }
    }
}

/// Results of one flag's dependencies, each decided when it is first read.
///
/// Only for sets whose flags depend on all that they read: then it makes no difference when a result is decided, and
/// those that no condition gets to need not be.
struct OnDemand<'a, C: ?Sized> {
    set: &'a Compiled,
    context: &'a C,
    known: [Cell<(u32, OutcomeId)>; Closure::KEPT],
    len: Cell<usize>,
}

impl<C: EvaluationContext + ?Sized> OnDemand<'_, C> {
    fn direct(&self) -> Direct<'_, C> {
        Direct { set: self.set, context: self.context, results: Results::OnDemand(self) }
    }
}

impl<C: EvaluationContext + ?Sized> Decides for OnDemand<'_, C> {
    fn outcome(&self, flag: u32) -> OutcomeId {
        let known = self.known.iter().take(self.len.get()).map(Cell::get).find(|(known, _)| *known == flag);
        if let Some((_, outcome)) = known {
            return outcome;
        }
        let compiled = self.set.flags.get(flag as usize);
        let outcome = compiled.map_or(OutcomeId::NONE, |compiled| decide(self.set, compiled, &mut self.direct()));
        if let Some(place) = self.known.get(self.len.get()) {
            place.set((flag, outcome));
            self.len.set(self.len.get() + 1);
        }
        outcome
    }
}

fn evaluate_flags<C: EvaluationContext + ?Sized>(
    set: &Compiled,
    context: &C,
    flags: impl Iterator<Item = u32>,
) -> Vec<OutcomeId> {
    let mut outcomes = vec![OutcomeId::NONE; set.flags.len()];
    for_each_in_order(set, flags, |index, order| {
        let results = Results::Scattered { outcomes: &outcomes, order };
        if let Some(flag) = set.flags.get(index as usize) {
            let outcome = decide(set, flag, &mut Direct { set, context, results });
            if let Some(entry) = outcomes.get_mut(index as usize) {
                *entry = outcome;
            }
        }
    });
    outcomes
}

/// Visits flags and what they depend on in the order of evaluation, with those visited before.
pub(crate) fn for_each_in_order(set: &Compiled, flags: impl Iterator<Item = u32>, mut visit: impl FnMut(u32, &[u32])) {
    let dependencies = |flag: u32| {
        set.flags.get(flag as usize).map(|flag| flag.dependencies.of(&set.dependencies)).unwrap_or_default()
    };
    let mut walk = Walk::new(set.flags.len());
    let mut order = Vec::new();
    walk.restart(set.flags.len());
    for flag in flags {
        let visited = walk.visit(flag, dependencies, |placed| {
            visit(placed, &order);
            order.push(placed);
        });
        debug_assert!(visited.is_ok(), "no more flags than there are");
    }
}
