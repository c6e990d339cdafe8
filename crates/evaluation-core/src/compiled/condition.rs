//! Conditions, and the slots that they ask about.

use super::index::Vocabulary;
use super::test::Test;
use super::{Compiled, Span};
use crate::context::Selector;
use crate::operator::Operator;

/// A condition. Equal ones are kept once.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) slot: u32,
    /// `None` for a name that is not known; the name is then the first of `values`.
    pub(crate) operator: Option<Operator>,
    /// What it says of a value that is null.
    pub(crate) on_null: bool,
    pub(crate) test: Test,
    /// The values as configured, for explanations.
    pub(crate) values: Box<[u32]>,
}

impl Condition {
    /// The text among a condition's values that stands for null.
    pub(crate) const NONE: &'static str = "(none)";

    /// True when the values hold `(none)`.
    pub(crate) fn mentions_none(&self, set: &Compiled) -> bool {
        self.values.iter().any(|value| set.text(*value) == Self::NONE)
    }
}

/// One selector and, for whole-set evaluation, the conditions on it that are decided together.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) source: Source,
    /// The cohorts that membership is looked up in, where the slot is `cohort_ids`.
    pub(crate) cohorts: Option<u32>,
    /// Conditions with a place in the truth table that ask for equality, by their indices.
    pub(crate) memberships: Span,
    /// Those that compare numbers, versions or texts.
    pub(crate) comparisons: Span,
    /// The bits that are set when the value is null.
    pub(crate) null: Span,
    /// The bits that start out set for a text: `is not`.
    pub(crate) text: Span,
    /// The bits that are inverted at the end for a list: `set does not contain any`.
    pub(crate) list: Span,
    pub(crate) vocabulary: Vocabulary,
}

/// Where a slot's value comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The evaluation context.
    Context(Selector),
    /// A flag's result and a path below it.
    Result { flag: u32, path: Box<[Box<str>]> },
    /// All results so far.
    Results,
    /// No value: an empty path, an unknown root, or a flag that is not there.
    Nothing { path: Box<[Box<str>]> },
}

impl Source {
    /// The whole path, as in the flag config.
    pub(crate) fn path<'a>(&'a self, flag_key: impl FnOnce(u32) -> &'a str) -> Vec<&'a str> {
        match self {
            Self::Context(selector) => std::iter::once("context").chain(selector.elements()).collect(),
            Self::Result { flag, path } => {
                ["result", flag_key(*flag)].into_iter().chain(path.iter().map(|element| &**element)).collect()
            }
            Self::Results => vec!["result"],
            Self::Nothing { path } => path.iter().map(|element| &**element).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_fit_a_cache_line() {
        assert!(size_of::<Condition>() <= 64, "{}", size_of::<Condition>());
    }
}
