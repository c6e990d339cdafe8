//! Numbering conditions and building the truth table's index.

use super::ConfigMap;
use super::conditions::Conditions;
use super::texts::Texts;
use crate::compiled::{
    Cohorts, Compiled, Condition, Mask, OutcomeId, Slot, Source, Span, Test, Uses, Vocabulary, index32, result_value,
};
use crate::context::{Selected, Subject};

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
            set.cohorts.iter().position(|it| *it.group_type == *group_type).map(index32)
        }
        _ => None,
    };
    let from_context = |slot: u32| matches!(sources.get(slot as usize), Some(Source::Context(_)));
    let place = |condition: &Condition| match &condition.test {
        _ if !from_context(condition.slot) => Place::Behind,
        _ if cohorts_of(sources.get(condition.slot as usize)).is_some() => Place::Remembered,
        Test::Equals { .. } | Test::ContainsAny { .. } => Place::Membership(condition.slot),
        Test::Compare { .. } | Test::CompareVersion { .. } => Place::Comparison(condition.slot),
        _ => Place::Remembered,
    };
    let mut order: Vec<((u32, u32, bool), usize)> =
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
    set.remembered = order.partition_point(|(rank, _)| *rank < Place::Behind.rank());
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
    /// Asked each time: what depends on results.
    Behind,
}

impl Place {
    fn rank(self) -> (u32, u32, bool) {
        match self {
            Self::Membership(slot) => (0, slot, false),
            Self::Comparison(slot) => (0, slot, true),
            Self::Remembered => (1, 0, false),
            Self::Behind => (2, 0, false),
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
    for condition in &mut conditions {
        let Some(Source::Result { flag, path }) = slots.get(condition.slot as usize).map(|slot| &slot.source) else {
            continue;
        };
        let outcomes = set.flags.get(*flag as usize).map(|flag| flag.outcomes).unwrap_or_default();
        let mut holds = vec![0_u64; outcomes.of(&set.outcomes).len().div_ceil(64)];
        for (place, outcome) in (outcomes.start..outcomes.end).enumerate() {
            let value = result_value(set, *flag, OutcomeId::new(outcome as usize), path);
            let holding = match Subject::new(value.map_or(Selected::Null, Selected::from)) {
                Subject::Null => condition.on_null,
                subject => condition.test.holds(&set.texts, &subject),
            };
            if let Some(word) = holds.get_mut(place / 64) {
                *word |= u64::from(holding) << (place % 64);
            }
        }
        condition.test = Test::Result { flag: *flag, holds: holds.into() };
    }
    set.conditions = conditions;
}
