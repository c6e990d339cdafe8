//! Slots and conditions, equal ones kept once.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;

use super::ConfigMap;
use super::flags::{At, Parts};
use super::lint;
use super::texts::Texts;
use crate::compiled::{
    Bound, Cohorts, Compiled, Condition, ConfigHash, Matches, Membership, SetTest, Source, Test, hash_text, index32,
};
use crate::context::Selector;
use crate::diagnostic::DiagnosticKind;
use crate::operator::Operator;
use crate::pattern::{Budget, Pattern, PatternError};
use crate::text::{Needle, Version, compare_utf16, fold_boolean, parse_number, same_text};
use crate::wire;

/// All slots and conditions of a set while they are gathered.
#[derive(Default)]
pub(super) struct Conditions {
    /// The path of each slot.
    paths: Vec<Box<[Box<str>]>>,
    slots: HashTable<u32>,
    questions: Vec<Question>,
    /// Conditions by what they ask.
    ids: HashTable<u32>,
    /// The values of the condition at hand, as configured and as a question has them.
    configured: Vec<u32>,
    values: Vec<u32>,
    pub(super) conditions: Vec<Condition>,
    patterns: ConfigMap<u32, Result<Arc<Pattern>, PatternError>>,
    /// What is left for more of them.
    budget: Budget,
    /// For slots that read a flag's result, that flag's key by the id of its text; none for those that read them all.
    results: ConfigMap<u32, Option<u32>>,
}

/// What makes conditions equal.
struct Question {
    slot: u32,
    /// For one that is not known, the id of its name.
    operator: Result<Operator, u32>,
    /// Distinct, in the order of their ids.
    values: Box<[u32]>,
}

impl Conditions {
    /// The slot of a selector.
    pub(super) fn slot(&mut self, selector: &[Cow<'_, str>], texts: &mut Texts) -> u32 {
        let same = |slot: &u32| {
            let path = self.paths.get(*slot as usize).map(|path| &**path).unwrap_or_default();
            path.len() == selector.len() && path.iter().zip(selector).all(|(a, b)| same_text(a, b))
        };
        let hash = hash_path(selector.iter().map(|element| &**element));
        if let Some(slot) = self.slots.find(hash, same) {
            return *slot;
        }
        let slot = index32(self.paths.len());
        self.paths.push(selector.iter().map(|element| Box::from(&**element)).collect());
        let paths = &self.paths;
        self.slots.insert_unique(hash, slot, |slot| {
            hash_path(paths.get(*slot as usize).into_iter().flatten().map(|element| &**element))
        });
        match selector {
            [root] if root == "result" => drop(self.results.insert(slot, None)),
            [root, key, ..] if root == "result" => drop(self.results.insert(slot, Some(texts.id(key)))),
            _ => {}
        }
        slot
    }

    /// Whether a slot reads results.
    pub(super) fn is_result(&self, slot: u32) -> bool {
        self.results.contains_key(&slot)
    }

    /// The key, by the id of its text, of the flag whose result a slot reads.
    pub(super) fn result_key(&self, slot: u32) -> Option<u32> {
        self.results.get(&slot).copied().flatten()
    }

    /// The slot that a condition asks about.
    pub(super) fn slot_of(&self, condition: u32) -> u32 {
        self.conditions.get(condition as usize).map_or(0, |condition| condition.slot)
    }

    /// Where the slots' values come from. `indices` gives each flag's index by the id of its key's text.
    pub(super) fn sources(&mut self, indices: &ConfigMap<u32, u32>) -> Vec<Source> {
        let paths = std::mem::take(&mut self.paths).into_iter().zip(0..);
        let source = |(path, slot): (Box<[Box<str>]>, u32)| match path.split_first() {
            Some((root, rest)) if **root == *"context" => Source::Context(Selector::new(rest.iter().cloned())),
            _ => match self.results.get(&slot) {
                Some(None) => Source::Results,
                Some(Some(key)) => match indices.get(key) {
                    Some(flag) => Source::Result { flag: *flag, path: path.iter().skip(2).cloned().collect() },
                    None => Source::Nothing { path },
                },
                None => Source::Nothing { path },
            },
        };
        paths.map(source).collect()
    }

    /// The id of a condition. Warns of what is wrong with it, whether or not an equal one was seen before.
    pub(super) fn add(condition: &wire::Condition<'_>, path: impl Fn() -> String, at: &mut At<'_, '_>) -> u32 {
        let slot = at.conditions.slot(&condition.selector, at.texts);
        let operator = condition.op.parse::<Operator>();
        lint::check_condition(condition, operator, &path, at);
        let Self { configured, values, .. } = &mut *at.conditions;
        configured.clear();
        configured.extend(condition.values.iter().map(|value| at.texts.id(value)));
        values.clone_from(configured);
        values.sort_unstable();
        values.dedup();
        if let Ok(Operator::RegexMatch | Operator::RegexDoesNotMatch) = operator {
            for (index, value) in condition.values.iter().enumerate() {
                let id = at.texts.id(value);
                if let Err(error) = at.conditions.pattern(id, at.texts) {
                    at.warn(
                        DiagnosticKind::InvalidPattern,
                        || format!("{}.values[{index}]", path()),
                        || format!("the pattern matches nothing: {error}"),
                    );
                }
            }
        }
        let operator = operator.map_err(|_| at.texts.id(&condition.op));
        at.conditions.condition(slot, operator, at.texts)
    }

    /// The id of the condition with the values at hand.
    fn condition(&mut self, slot: u32, operator: Result<Operator, u32>, texts: &mut Texts) -> u32 {
        let hash_of = |slot: u32, operator, values: &[u32]| ConfigHash::with_seed(0).hash_one((slot, operator, values));
        let hash = hash_of(slot, operator, &self.values);
        let same = |id: &u32| {
            let known = self.questions.get(*id as usize);
            known.is_some_and(|it| it.slot == slot && it.operator == operator && *it.values == *self.values)
        };
        if let Some(id) = self.ids.find(hash, same) {
            return *id;
        }
        let values: Box<[u32]> = self.values.as_slice().into();
        let none = values.iter().any(|value| texts.get(*value) == Condition::NONE);
        let test = operator.map_or(Test::Never, |operator| self.test(operator, &values, texts));
        let id = index32(self.conditions.len());
        self.conditions.push(Condition {
            slot,
            operator: operator.ok(),
            on_null: operator.is_ok_and(|it| it.on_null(none)),
            test,
            values: operator.err().into_iter().chain(self.configured.iter().copied()).collect(),
        });
        self.questions.push(Question { slot, operator, values });
        let questions = &self.questions;
        self.ids.insert_unique(hash, id, |id| {
            questions.get(*id as usize).map_or(0, |it| hash_of(it.slot, it.operator, &it.values))
        });
        id
    }

    /// The cohorts that the flags of a set need, by group type. The rule is the service's.
    pub(super) fn cohorts(&self, set: &Compiled, parts: &Parts, texts: &Texts) -> Vec<Cohorts> {
        let mut cohorts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let segments = set.flags.iter().flat_map(|flag| flag.segments.of(&parts.segments));
        let groups = segments.flat_map(|segment| match &segment.matches {
            Matches::Everyone => &[],
            Matches::All(group) => std::slice::from_ref(group),
            Matches::AnyGroup(groups) => groups.of(&parts.groups),
        });
        for condition in groups.flat_map(|group| group.of(&parts.members)) {
            let Some(condition) = self.conditions.get(*condition as usize) else { continue };
            if let (Test::ContainsAny { .. }, Some(group_type)) = (&condition.test, self.group_type(condition.slot)) {
                cohorts.entry(group_type).or_default().extend(condition.values.iter().map(|value| texts.get(*value)));
            }
        }
        cohorts.into_iter().map(|(group_type, ids)| Cohorts::new(group_type, ids)).collect()
    }

    fn group_type(&self, slot: u32) -> Option<&str> {
        match &**self.paths.get(slot as usize)? {
            [_, second, .., last] if **last == *"cohort_ids" && **second == *"user" => Some(Selector::USER_GROUP_TYPE),
            [_, second, group_type, .., last] if **last == *"cohort_ids" && **second == *"groups" => Some(group_type),
            _ => None,
        }
    }

    fn test(&mut self, operator: Operator, values: &[u32], texts: &mut Texts) -> Test {
        use Operator as O;
        let membership = |texts: &mut Texts| {
            let folded = folded(values, texts);
            Membership::new(texts.all(), &folded)
        };
        match operator {
            O::Is | O::IsNot => Test::Equals { values: membership(texts), negated: operator == O::IsNot },
            O::SetContainsAny | O::SetDoesNotContainAny => {
                Test::ContainsAny { values: membership(texts), negated: operator == O::SetDoesNotContainAny }
            }
            O::SetIs | O::SetIsNot => {
                Self::set_test(true, operator == O::SetIsNot, values.to_vec(), values.len(), texts)
            }
            O::SetContains | O::SetDoesNotContain => {
                Self::set_test(false, operator == O::SetDoesNotContain, folded(values, texts), values.len(), texts)
            }
            O::Less => Self::compare(Bound::Less, values, texts),
            O::LessOrEqual => Self::compare(Bound::LessOrEqual, values, texts),
            O::Greater => Self::compare(Bound::Greater, values, texts),
            O::GreaterOrEqual => Self::compare(Bound::GreaterOrEqual, values, texts),
            O::VersionLess => Self::compare_version(Bound::Less, values, texts),
            O::VersionLessOrEqual => Self::compare_version(Bound::LessOrEqual, values, texts),
            O::VersionGreater => Self::compare_version(Bound::Greater, values, texts),
            O::VersionGreaterOrEqual => Self::compare_version(Bound::GreaterOrEqual, values, texts),
            O::Contains | O::DoesNotContain => Test::Contains {
                needles: values.iter().map(|value| Needle::new(texts.get(*value))).collect(),
                negated: operator == O::DoesNotContain,
            },
            O::RegexMatch | O::RegexDoesNotMatch => Test::Matches {
                patterns: values.iter().filter_map(|value| self.pattern(*value, texts).ok()).collect(),
                negated: operator == O::RegexDoesNotMatch,
            },
        }
    }

    fn set_test(exact: bool, negated: bool, mut values: Vec<u32>, configured: usize, texts: &Texts) -> Test {
        values.sort_unstable_by(|a, b| texts.get(*a).cmp(texts.get(*b)));
        Test::Set(SetTest { exact, negated, values: values.into(), configured })
    }

    fn compare(bound: Bound, values: &[u32], texts: &Texts) -> Test {
        let numbers = || values.iter().filter_map(|value| parse_number(texts.get(*value)));
        let ordered = bound.widest(numbers().filter(|number| !number.is_nan()), f64::total_cmp);
        // Where all numbers are NaN the comparison is still one of numbers, and false.
        Test::Compare {
            bound,
            number: ordered.or_else(|| numbers().next()),
            text: Self::widest_text(bound, values, texts),
        }
    }

    fn compare_version(bound: Bound, values: &[u32], texts: &Texts) -> Test {
        let versions = values.iter().filter_map(|value| Version::parse(texts.get(*value)));
        let version = bound.widest(versions, Ord::cmp).map(|version| Box::new(version.into_owned()));
        Test::CompareVersion { bound, version, text: Self::widest_text(bound, values, texts) }
    }

    fn widest_text(bound: Bound, values: &[u32], texts: &Texts) -> Option<u32> {
        let order = |a: &u32, b: &u32| -> Ordering { compare_utf16(texts.get(*a), texts.get(*b)) };
        bound.widest(values.iter().copied(), order)
    }

    fn pattern(&mut self, value: u32, texts: &Texts) -> Result<Arc<Pattern>, PatternError> {
        let Self { patterns, budget, .. } = self;
        let compile = || Pattern::compile(texts.get(value), budget).map(Arc::new);
        patterns.entry(value).or_insert_with(compile).clone()
    }
}

fn hash_path<'a>(path: impl Iterator<Item = &'a str>) -> u64 {
    path.fold(0, |hash: u64, element| hash.rotate_left(5) ^ hash_text(element))
}

/// Values with booleans folded, each once.
fn folded(values: &[u32], texts: &mut Texts) -> Vec<u32> {
    let mut folded: Vec<u32> = values
        .iter()
        .map(|value| match fold_boolean(texts.get(*value)) {
            "true" => texts.id("true"),
            "false" => texts.id("false"),
            _ => *value,
        })
        .collect();
    folded.sort_unstable();
    folded.dedup();
    folded
}
