//! Slots and conditions, equal ones kept once.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::prepare::Prepared;
use super::texts::Texts;
use super::{Closures, ConfigMap, Report};
use crate::compiled::{Bound, Condition, Membership, SetTest, Source, Test, index32};
use crate::context::Selector;
use crate::diagnostic::DiagnosticKind;
use crate::operator::Operator;
use crate::pattern::{Pattern, PatternError};
use crate::text::{Needle, Version, compare_utf16, fold_boolean, parse_number};
use crate::wire;

/// All slots and conditions of a set while they are gathered.
pub(super) struct Conditions<'a> {
    flags: &'a ConfigMap<&'a str, u32>,
    slots: ConfigMap<Vec<Box<str>>, u32>,
    pub(super) sources: Vec<Source>,
    ids: ConfigMap<Question, u32>,
    pub(super) conditions: Vec<Condition>,
    patterns: ConfigMap<u32, Result<Arc<Pattern>, PatternError>>,
    pub(super) cohorts: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
}

/// What makes conditions equal.
#[derive(PartialEq, Eq, Hash)]
struct Question {
    slot: u32,
    operator: Result<Operator, u32>,
    /// Distinct, in the order of their ids.
    values: Vec<u32>,
}

impl<'a> Conditions<'a> {
    /// `flags` gives each compiled flag's index by its key.
    pub(super) fn new(flags: &'a ConfigMap<&'a str, u32>) -> Self {
        Self {
            flags,
            slots: ConfigMap::default(),
            sources: Vec::new(),
            ids: ConfigMap::default(),
            conditions: Vec::new(),
            patterns: ConfigMap::default(),
            cohorts: BTreeMap::new(),
        }
    }

    /// The slot of a selector.
    pub(super) fn slot(&mut self, selector: &[Cow<'_, str>]) -> u32 {
        let path: Vec<Box<str>> = selector.iter().map(|element| (**element).into()).collect();
        if let Some(slot) = self.slots.get(&path) {
            return *slot;
        }
        let source = match path.split_first() {
            Some((root, rest)) if **root == *"context" => Source::Context(Selector::new(rest.iter().cloned())),
            Some((root, rest)) if **root == *"result" => match rest.split_first() {
                None => Source::Results,
                Some((key, rest)) => match self.flags.get(&**key) {
                    Some(flag) => Source::Result { flag: *flag, path: rest.into() },
                    None => Source::Nothing { path: path.clone().into() },
                },
            },
            _ => Source::Nothing { path: path.clone().into() },
        };
        let slot = index32(self.sources.len());
        self.sources.push(source);
        self.slots.insert(path, slot);
        slot
    }

    /// The id of a condition. Warns of what is wrong with it, whether or not an equal one was seen before.
    pub(super) fn add(
        &mut self,
        flag: &wire::Flag<'_>,
        condition: &wire::Condition<'_>,
        path: impl Fn() -> String,
        texts: &mut Texts,
        report: &mut Report,
    ) -> u32 {
        let slot = self.slot(&condition.selector);
        let operator = condition.op.parse::<Operator>();
        if operator.is_err() {
            report.warn(flag, DiagnosticKind::UnknownOperator, path() + ".op", || {
                format!("`{}` is not an operator; the condition never matches", condition.op)
            });
        }
        let configured: Vec<u32> = condition.values.iter().map(|value| texts.id(value)).collect();
        if let Ok(Operator::RegexMatch | Operator::RegexDoesNotMatch) = operator {
            for (place, value) in configured.iter().enumerate() {
                if let Err(error) = self.pattern(*value, texts) {
                    report.warn(flag, DiagnosticKind::InvalidPattern, format!("{}.values[{place}]", path()), || {
                        format!("the pattern matches nothing: {error}")
                    });
                }
            }
        }
        self.note_cohorts(condition, operator.ok());
        let mut values = configured.clone();
        values.sort_unstable();
        values.dedup();
        let question = Question { slot, operator: operator.map_err(|_| texts.id(&condition.op)), values };
        if let Some(id) = self.ids.get(&question) {
            return *id;
        }
        let condition = Condition {
            slot,
            operator: operator.ok(),
            on_null: operator.is_ok_and(|it| it.on_null(condition.values.iter().any(|value| value == Condition::NONE))),
            test: operator.map_or(Test::Never, |operator| self.test(operator, &question.values, texts)),
            values: match question.operator {
                Ok(_) => configured.into(),
                Err(name) => std::iter::once(name).chain(configured).collect(),
            },
        };
        let id = index32(self.conditions.len());
        self.conditions.push(condition);
        self.ids.insert(question, id);
        id
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
            O::SetIs | O::SetIsNot => Self::set_test(true, operator == O::SetIsNot, values.to_vec(), values.len(), texts),
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
        Test::Compare { bound, number: ordered.or_else(|| numbers().next()), text: Self::widest_text(bound, values, texts) }
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
        let compiled = self.patterns.entry(value).or_insert_with(|| Pattern::compile(texts.get(value)).map(Arc::new));
        compiled.clone()
    }

    /// Notes the cohorts that a condition needs. The rule is the service's.
    fn note_cohorts(&mut self, condition: &wire::Condition<'_>, operator: Option<Operator>) {
        if !matches!(operator, Some(Operator::SetContainsAny | Operator::SetDoesNotContainAny)) {
            return;
        }
        let group_type = match condition.selector.as_slice() {
            [_, second, .., last] if last == "cohort_ids" && second == "user" => Selector::USER_GROUP_TYPE,
            [_, second, group_type, .., last] if last == "cohort_ids" && second == "groups" => group_type,
            _ => return,
        };
        let ids = self.cohorts.entry(group_type.into()).or_default();
        ids.extend(condition.values.iter().map(|value| Box::from(&**value)));
    }

    /// Warns of flags that read results which they do not wait for. True when there are none.
    pub(super) fn check_dependencies(
        &self,
        flags: &[Prepared<'_, '_>],
        closures: &Closures,
        report: &mut Report,
    ) -> bool {
        let mut all_declared = !self.sources.iter().any(|source| matches!(source, Source::Results));
        for (index, Prepared { flag, .. }) in flags.iter().enumerate() {
            for (segment_place, segment) in flag.segments.iter().enumerate() {
                let conditions = segment.conditions.iter().flatten().flatten().map(|condition| &condition.selector);
                let selectors = conditions.chain(segment.bucket.iter().map(|bucket| &bucket.selector));
                for selector in selectors {
                    let [root, key, ..] = selector.as_slice() else { continue };
                    if root != "result" {
                        continue;
                    }
                    let read = self.flags.get(&**key);
                    let declared = match (read, closures.get(index)) {
                        (Some(read), Some(closure)) => closure.contains(read),
                        // Of a flag that depends on very many, what it reads is taken to be among them; it is not
                        // decided on demand.
                        (Some(_), None) => true,
                        (None, _) => false,
                    };
                    if !declared {
                        // Unknown flags have no result at any time.
                        all_declared &= read.is_none();
                        report.warn(flag, DiagnosticKind::UndeclaredDependency, format!("segments[{segment_place}]"), || {
                            format!("reads the result of `{key}`, which is not among the flag's dependencies")
                        });
                    }
                }
            }
        }
        all_declared
    }
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
