//! Numbering conditions and building the truth table's index.

use super::ConfigMap;
use super::conditions::Conditions;
use super::texts::Texts;
use crate::compiled::{
    Cohorts, Compiled, Condition, Mask, Outcome, OutcomeId, ResultReader, Slot, Source, Span, Test, Uses, Vocabulary,
    index32,
};
use crate::context::Subject;

/// Moves slots, conditions and texts into the set. Conditions with a place in the truth table come first, those of a
/// slot together.
pub(super) fn finish(
    mut gathered: Conditions,
    cohorts: Vec<Cohorts>,
    indices: &ConfigMap<u32, u32>,
    texts: Texts,
    set: &mut Compiled,
) {
    set.texts = texts.into_boxed();
    set.cohorts = cohorts.into();
    let sources = gathered.sources(indices);
    let conditions = std::mem::take(&mut gathered.conditions);
    let cohorts_of = |source: Option<&Source>| match source {
        Some(Source::Context(selector)) => {
            let group_type = selector.cohort_group_type()?;
            set.cohorts.binary_search_by(|it| (*it.group_type).cmp(group_type)).ok().map(index32)
        }
        _ => None,
    };
    let place = |condition: &Condition| match (sources.get(condition.slot as usize), &condition.test) {
        (Some(Source::Result { flag, .. }), _) => Place::Behind { flag: Some(*flag), slot: condition.slot },
        (Some(Source::Results | Source::Nothing { .. }) | None, _) => Place::BEHIND,
        (source, _) if cohorts_of(source).is_some() => Place::Remembered,
        (_, Test::Equals { .. } | Test::ContainsAny { .. }) => Place::Membership(condition.slot),
        (_, Test::Compare { .. } | Test::CompareVersion { .. }) => Place::Comparison(condition.slot),
        _ => Place::Remembered,
    };
    let mut order: Vec<(Rank, usize)> =
        conditions.iter().enumerate().map(|(id, condition)| (place(condition).rank(), id)).collect();
    order.sort_unstable();
    let mut given: Vec<Option<Condition>> = conditions.into_iter().map(Some).collect();
    let mut ids = vec![0; given.len()];
    let mut placed = Vec::with_capacity(given.len());
    for (_, id) in &order {
        if let (Some(new), Some(condition)) = (ids.get_mut(*id), given.get_mut(*id).and_then(Option::take)) {
            *new = index32(placed.len());
            placed.push(condition);
        }
    }
    for member in &mut set.members {
        *member = ids.get(*member as usize).copied().unwrap_or_default();
    }
    set.conditions = placed.into();

    set.tabled = order.partition_point(|(rank, _)| *rank < Place::Remembered.rank());
    set.remembered = order.partition_point(|(rank, _)| *rank < Place::BEHIND.rank());
    let span = |wanted: Place| {
        let start = order.partition_point(|(rank, _)| *rank < wanted.rank());
        let end = order.partition_point(|(rank, _)| *rank <= wanted.rank());
        Span::new(start, end)
    };
    let spans: Vec<(Span, Span)> = (0..index32(sources.len()))
        .map(|slot| (span(Place::Membership(slot)), span(Place::Comparison(slot))))
        .collect();

    let mut masks = Vec::new();
    let mut slots = Vec::with_capacity(sources.len());
    for (source, (memberships, comparisons)) in sources.into_iter().zip(spans) {
        let cohorts = cohorts_of(Some(&source));
        slots.push(slot(source, cohorts, memberships, comparisons, &set.conditions, &set.texts, &mut masks));
    }
    decide_results(set, &slots);
    set.slots = slots.into();
    set.masks = masks.into();
}

/// Where a condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the truth table, among its slot's questions of equality.
    Membership(u32),
    /// In the truth table, among its slot's comparisons.
    Comparison(u32),
    /// Asked only when reached, and then remembered: what is costly, and membership of cohorts.
    Remembered,
    /// Asked each time: what depends on results. Those on one flag's result stand together, and by slot.
    Behind { flag: Option<u32>, slot: u32 },
}

/// What places are ordered by.
type Rank = (u32, Option<u32>, u32, bool);

impl Place {
    /// The first of those that are asked each time.
    const BEHIND: Self = Self::Behind { flag: None, slot: 0 };

    fn rank(self) -> Rank {
        match self {
            Self::Membership(slot) => (0, None, slot, false),
            Self::Comparison(slot) => (0, None, slot, true),
            Self::Remembered => (1, None, 0, false),
            Self::Behind { flag, slot } => (2, flag, slot, false),
        }
    }
}

fn slot(
    source: Source,
    cohorts: Option<u32>,
    memberships: Span,
    comparisons: Span,
    conditions: &[Condition],
    texts: &[Box<str>],
    masks: &mut Vec<Mask>,
) -> Slot {
    let numbered = |span: Span| span.of(conditions).iter().zip(span.start..);
    let where_ = |masks: &mut Vec<Mask>, holds: &dyn Fn(&Condition) -> bool| {
        let all = numbered(memberships).chain(numbered(comparisons));
        Mask::push_all(masks, all.filter(|(condition, _)| holds(condition)).map(|(_, bit)| bit))
    };
    let null = where_(masks, &|condition| condition.on_null);
    let text = where_(masks, &|condition| matches!(condition.test, Test::Equals { negated: true, .. }));
    let list = where_(masks, &|condition| matches!(condition.test, Test::ContainsAny { negated: true, .. }));

    let mut occurrences: Vec<(u32, u32)> = Vec::new();
    for (condition, bit) in numbered(memberships) {
        if let Test::Equals { values, .. } | Test::ContainsAny { values, .. } = &condition.test {
            occurrences.extend(values.ids().map(|text| (text, bit)));
        }
    }
    occurrences.sort_unstable();
    let uses: Vec<(u32, Uses)> = occurrences
        .chunk_by(|(a, _), (b, _)| a == b)
        .filter_map(|chunk| {
            let (text, _) = chunk.first()?;
            let test = |bit: u32| conditions.get(bit as usize).map(|condition| &condition.test);
            let mut bits = |wanted: &dyn Fn(&Test) -> bool| {
                let bits = chunk.iter().map(|(_, bit)| *bit).filter(|bit| test(*bit).is_some_and(wanted));
                Mask::push_all(masks, bits)
            };
            let as_text = bits(&|test| matches!(test, Test::Equals { .. }));
            let in_list = bits(&|test| !matches!(test, Test::Equals { negated: true, .. }));
            Some((*text, Uses { as_text, in_list }))
        })
        .collect();
    let vocabulary = Vocabulary::new(texts, uses.into_iter());
    Slot { source, cohorts, memberships, comparisons, null, text, list, vocabulary }
}

/// Decides conditions on results for every outcome that there can be.
fn decide_results(set: &mut Compiled, slots: &[Slot]) {
    let mut conditions = std::mem::take(&mut set.conditions);
    let behind = conditions.get_mut(set.remembered..).unwrap_or_default();
    let result = |condition: &Condition| match &slots.get(condition.slot as usize)?.source {
        Source::Result { flag, path } => Some((*flag, &**path)),
        _ => None,
    };
    let flag = |condition: &Condition| result(condition).map(|(flag, _)| flag);
    for asked in behind.chunk_by_mut(|a, b| flag(a) == flag(b)) {
        let Some(flag) = asked.first().and_then(flag) else {
            continue;
        };
        let path = |condition: &Condition| result(condition).map(|(_, path)| path).unwrap_or_default();
        let answers = decide_result(set, flag, asked, path);
        for (condition, holds) in asked.iter_mut().zip(answers) {
            condition.test = Test::Result { flag, holds };
        }
    }
    set.conditions = conditions;
}

/// The answers of the conditions on one flag's result, those of a slot together: a bit for each outcome.
///
/// A variant's JSON is read once, whatever the number of conditions and segments, and what is at a path is looked up once
/// per variant; only where metadata is part of it, once for each metadata of a segment.
fn decide_result<'s>(
    set: &Compiled,
    flag: u32,
    asked: &[Condition],
    path: impl Fn(&Condition) -> &'s [Box<str>],
) -> Vec<Box<[u64]>> {
    let span = set.flags.get(flag as usize).map(|flag| flag.outcomes).unwrap_or_default();
    let outcomes = span.of(&set.outcomes);
    let mut answers = vec![vec![0_u64; outcomes.len().div_ceil(64)].into_boxed_slice(); asked.len()];
    let mut by_variant: Vec<(Outcome, usize)> = outcomes.iter().copied().zip(0..).collect();
    by_variant.sort_unstable();
    for of_variant in by_variant.chunk_by(|(a, _), (b, _)| a.variant == b.variant) {
        let reader = ResultReader::new(set, flag);
        let mut answers = answers.iter_mut();
        for of_slot in asked.chunk_by(|a, b| a.slot == b.slot) {
            let path = of_slot.first().map(&path).unwrap_or_default();
            let apart = ResultReader::reads_metadata(path);
            let mut answers: Vec<_> = answers.by_ref().take(of_slot.len()).collect();
            for alike in of_variant.chunk_by(|(a, _), (b, _)| !apart || a.layer == b.layer) {
                let Some((_, place)) = alike.first() else { continue };
                let outcome = OutcomeId::new(span.start as usize + place);
                let subject = Subject::new(reader.at(outcome, path));
                for (condition, answers) in of_slot.iter().zip(&mut answers) {
                    let holds = match &subject {
                        Subject::Null => condition.on_null,
                        subject => condition.test.holds(&set.texts, subject),
                    };
                    if holds {
                        mark(answers, alike.iter().map(|(_, place)| *place));
                    }
                }
            }
        }
    }
    answers
}

/// Sets the bits at some places.
fn mark(bits: &mut [u64], places: impl Iterator<Item = usize>) {
    for place in places {
        if let Some(word) = bits.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }
}
