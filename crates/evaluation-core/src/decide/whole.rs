//! Whole sets: conditions decided slot by slot before the flags are.

use super::{Direct, Evidence, Results, decide};
use crate::compiled::{Bucket, Compiled, OutcomeId, Slot, Source, Test, toggle};
use crate::context::{EvaluationContext, List, Subject};
use crate::murmur3::{Blocks, Pending};
use crate::text::{Version, parse_number};

/// Tables of up to this many words lie on the stack: about 8,000 distinct conditions.
const INLINE_WORDS: usize = 256;

/// Up to this many of the values that buckets hash are cut into blocks once.
const KEPT_BLOCKS: usize = 8;

/// Decides all flags. The outcomes are in the order of the flags.
pub(crate) fn evaluate_all<C: EvaluationContext + ?Sized>(set: &Compiled, context: &C) -> Vec<OutcomeId> {
    let words = words(set.remembered) + words(set.remembered - set.tabled);
    let mut inline = [0; INLINE_WORDS];
    let mut large = Vec::new();
    let table = match inline.get_mut(..words) {
        Some(table) => table,
        None => {
            large.resize(words, 0);
            large.as_mut_slice()
        }
    };
    let direct = Direct { set, context, results: Results::First(&[]) };
    for slot in &set.slots {
        if !(slot.memberships.is_empty() && slot.comparisons.is_empty()) {
            fill(&direct, slot, table);
        }
    }
    let mut blocks = [None; KEPT_BLOCKS];
    for (blocks, (slot, pending)) in blocks.iter_mut().zip(&set.hashed) {
        *blocks = cut(&direct, *slot, *pending);
    }

    let mut outcomes = vec![OutcomeId::NONE; set.flags.len()];
    for (index, flag) in set.flags.iter().enumerate() {
        let (before, rest) = outcomes.split_at_mut(index);
        let direct = Direct { set, context, results: Results::First(before) };
        let mut evidence = Whole { direct, table, blocks: &blocks };
        if let Some(outcome) = rest.first_mut() {
            *outcome = decide(set, flag, &mut evidence);
        }
    }
    outcomes
}

fn words(bits: usize) -> usize {
    bits.div_ceil(u32::BITS as usize)
}

/// The blocks of a slot's value, if it has one that can be kept. Results are not there yet.
fn cut<C: EvaluationContext + ?Sized>(direct: &Direct<'_, C>, slot: u32, pending: Pending) -> Option<Blocks> {
    let slot = direct.set.slots.get(slot as usize).filter(|slot| matches!(slot.source, Source::Context(_)))?;
    let text = direct.select(slot).into_text()?;
    let value = text.as_str();
    if value.is_empty() { None } else { Blocks::new(pending, value.as_bytes()) }
}

/// Evidence from the table: a bit for each condition but those on results, and one more for each condition that is
/// decided when it is reached, to tell whether it was.
struct Whole<'a, C: ?Sized> {
    direct: Direct<'a, C>,
    table: &'a mut [u32],
    blocks: &'a [Option<Blocks>],
}

impl<C: EvaluationContext + ?Sized> Whole<'_, C> {
    #[inline]
    fn bit(&self, index: usize) -> bool {
        self.table.get(index / 32).is_some_and(|word| word >> (index % 32) & 1 == 1)
    }

    fn remember(&mut self, condition: u32) -> bool {
        let set = self.direct.set;
        let known = words(set.remembered) * 32 + condition as usize - set.tabled;
        if self.bit(known) {
            return self.bit(condition as usize);
        }
        let holds = self.direct.holds(condition);
        mark(self.table, condition as usize, holds);
        mark(self.table, known, true);
        holds
    }
}

impl<C: EvaluationContext + ?Sized> Evidence for Whole<'_, C> {
    #[inline]
    fn holds(&mut self, condition: u32) -> bool {
        let place = condition as usize;
        if place < self.direct.set.tabled {
            self.bit(place)
        } else if place < self.direct.set.remembered {
            self.remember(condition)
        } else {
            self.direct.holds(condition)
        }
    }

    #[inline]
    fn hash(&mut self, bucket: &Bucket) -> Option<u32> {
        match self.blocks.get(bucket.place as usize) {
            Some(Some(blocks)) => Some(bucket.prefix.finish_blocks(blocks)),
            _ => self.direct.hash(bucket),
        }
    }
}

/// Decides all tabled conditions on one slot.
fn fill<'a, C: EvaluationContext + ?Sized>(direct: &Direct<'a, C>, slot: &'a Slot, table: &mut [u32]) {
    let set = direct.set;
    match Subject::new(direct.select(slot)) {
        Subject::Null => toggle(table, slot.null.of(&set.masks)),
        Subject::Text(text) => fill_text(set, slot, text.as_str(), table),
        Subject::List(list) => fill_list(set, slot, &list, table),
    }
}

fn fill_text(set: &Compiled, slot: &Slot, text: &str, table: &mut [u32]) {
    if !slot.memberships.is_empty() {
        toggle(table, slot.text.of(&set.masks));
        toggle(table, slot.vocabulary.find(&set.texts, text).as_text.of(&set.masks));
    }
    if slot.comparisons.is_empty() {
        return;
    }
    let number = parse_number(text);
    let version = Version::parse(text);
    for (condition, bit) in slot.comparisons.of(&set.conditions).iter().zip(slot.comparisons.start..) {
        mark(table, bit as usize, condition.test.compares(&set.texts, text, number, version.as_ref()));
    }
}

fn fill_list(set: &Compiled, slot: &Slot, list: &List<'_>, table: &mut [u32]) {
    list.for_each(|text| {
        for mask in slot.vocabulary.find(&set.texts, text).in_list.of(&set.masks) {
            if let Some(word) = table.get_mut(mask.word as usize) {
                *word |= mask.bits;
            }
        }
    });
    toggle(table, slot.list.of(&set.masks));
    let memberships = slot.memberships.of(&set.conditions).iter().zip(slot.memberships.start..);
    let comparisons = slot.comparisons.of(&set.conditions).iter().zip(slot.comparisons.start..);
    let others = memberships.filter(|(condition, _)| matches!(condition.test, Test::Equals { negated: true, .. }));
    for (condition, bit) in others.chain(comparisons) {
        mark(table, bit as usize, list.any(|text| condition.test.holds_for_text(&set.texts, text)));
    }
}

/// Sets a bit that was not set.
#[inline]
fn mark(table: &mut [u32], bit: usize, holds: bool) {
    if let Some(word) = table.get_mut(bit / 32) {
        *word |= u32::from(holds) << (bit % 32);
    }
}
