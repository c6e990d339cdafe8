//! Whole sets: conditions decided slot by slot before the flags are.

use super::{Direct, Evidence, Results, decide};
use crate::compiled::{Bucket, Compiled, OutcomeId, Slot, Source, Test, toggle};
use crate::context::{EvaluationContext, List, Subject};
use crate::text::{Version, parse_number};
use crate::value::ScalarText;

/// Truth tables of up to this many words lie on the stack: 8,192 distinct conditions.
const INLINE_WORDS: usize = 256;

/// The values of up to this many slots that buckets hash are selected once.
const KEPT_IDS: usize = 8;

/// Decides all flags. The outcomes are in the order of the flags.
pub(crate) fn evaluate_all<C: EvaluationContext + ?Sized>(set: &Compiled, context: &C) -> Vec<OutcomeId> {
    let words = set.tabled.div_ceil(u32::BITS as usize);
    let mut inline = [0; INLINE_WORDS];
    let mut large = Vec::new();
    let truth = match inline.get_mut(..words) {
        Some(truth) => truth,
        None => {
            large.resize(words, 0);
            large.as_mut_slice()
        }
    };
    let direct = Direct { set, context, results: Results::First(&[]) };
    for slot in &set.slots {
        if !(slot.memberships.is_empty() && slot.comparisons.is_empty()) {
            fill(&direct, slot, truth);
        }
    }
    let mut ids: [Option<ScalarText<'_>>; KEPT_IDS] = [const { None }; KEPT_IDS];
    for (id, slot) in ids.iter_mut().zip(&set.bucket_slots) {
        *id = set.slots.get(*slot as usize).and_then(|slot| match slot.source {
            Source::Context(_) => direct.select(slot).into_text(),
            _ => None,
        });
    }

    let mut outcomes = vec![OutcomeId::NONE; set.flags.len()];
    for (index, flag) in set.flags.iter().enumerate() {
        let (before, rest) = outcomes.split_at_mut(index);
        let direct = Direct { set, context, results: Results::First(before) };
        let mut evidence = Whole { direct, truth, ids: &ids };
        if let Some(outcome) = rest.first_mut() {
            *outcome = decide(set, flag, &mut evidence);
        }
    }
    outcomes
}

/// Conditions from the truth table, where they have a place in it.
struct Whole<'a, C: ?Sized> {
    direct: Direct<'a, C>,
    truth: &'a [u32],
    ids: &'a [Option<ScalarText<'a>>],
}

impl<C: EvaluationContext + ?Sized> Evidence for Whole<'_, C> {
    #[inline]
    fn holds(&mut self, condition: u32) -> bool {
        if (condition as usize) < self.direct.set.tabled {
            let word = self.truth.get(condition as usize / 32).copied().unwrap_or_default();
            return word >> (condition % 32) & 1 == 1;
        }
        self.direct.holds(condition)
    }

    #[inline]
    fn hash(&mut self, bucket: &Bucket) -> Option<u32> {
        match self.ids.get(bucket.place as usize) {
            Some(Some(id)) => {
                let value = id.as_str();
                (!value.is_empty()).then(|| bucket.prefix.finish(value.as_bytes()))
            }
            _ => self.direct.hash(bucket),
        }
    }
}

/// Decides all tabled conditions on one slot.
fn fill<'a, C: EvaluationContext + ?Sized>(direct: &Direct<'a, C>, slot: &'a Slot, truth: &mut [u32]) {
    let set = direct.set;
    match Subject::new(direct.select(slot)) {
        Subject::Null => toggle(truth, slot.null.of(&set.masks)),
        Subject::Text(text) => fill_text(set, slot, text.as_str(), truth),
        Subject::List(list) => fill_list(set, slot, &list, truth),
    }
}

fn fill_text(set: &Compiled, slot: &Slot, text: &str, truth: &mut [u32]) {
    if !slot.memberships.is_empty() {
        toggle(truth, slot.text.of(&set.masks));
        toggle(truth, slot.vocabulary.find(&set.texts, text).as_text.of(&set.masks));
    }
    if slot.comparisons.is_empty() {
        return;
    }
    let number = parse_number(text);
    let version = Version::parse(text);
    for (condition, bit) in slot.comparisons.of(&set.conditions).iter().zip(slot.comparisons.start..) {
        mark(truth, bit, condition.test.compares(&set.texts, text, number, version.as_ref()));
    }
}

fn fill_list(set: &Compiled, slot: &Slot, list: &List<'_>, truth: &mut [u32]) {
    list.for_each(|text| {
        for mask in slot.vocabulary.find(&set.texts, text).in_list.of(&set.masks) {
            if let Some(word) = truth.get_mut(mask.word as usize) {
                *word |= mask.bits;
            }
        }
    });
    toggle(truth, slot.list.of(&set.masks));
    let memberships = slot.memberships.of(&set.conditions).iter().zip(slot.memberships.start..);
    let comparisons = slot.comparisons.of(&set.conditions).iter().zip(slot.comparisons.start..);
    let others = memberships.filter(|(condition, _)| matches!(condition.test, Test::Equals { negated: true, .. }));
    for (condition, bit) in others.chain(comparisons) {
        mark(truth, bit, list.any(|text| condition.test.holds_for_text(&set.texts, text)));
    }
}

/// Sets a bit that was not set.
#[inline]
fn mark(truth: &mut [u32], bit: u32, holds: bool) {
    if let Some(word) = truth.get_mut(bit as usize / 32) {
        *word |= u32::from(holds) << (bit % 32);
    }
}
