//! Warnings of conditions that are valid, but almost certainly do not do what their author wanted.
//!
//! They are found when flags are compiled and change no result.

mod near;
mod repair;

use std::borrow::Cow;
use std::fmt::{self, Write};

use super::flags::At;
use super::report::Short;
use crate::compiled::Condition;
use crate::diagnostic::DiagnosticKind;
use crate::operator::{Comparison, Operator, UnknownOperator};
use crate::text::{Version, parse_number};
use crate::wire;

/// Checks a condition. `path` gives its place in the flag.
pub(super) fn check_condition(
    condition: &wire::Condition<'_>,
    operator: Result<Operator, UnknownOperator>,
    path: &impl Fn() -> String,
    at: &mut At<'_, '_>,
) {
    check_selector(&condition.selector, || path() + ".selector", at);
    let Ok(operator) = operator else {
        let name = &condition.op;
        let message = || {
            let advice = near::operator(name).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("{} is not an operator; the condition never matches{advice}", Quoted(name))
        };
        return at.warn(DiagnosticKind::UnknownOperator, || path() + ".op", message);
    };
    if condition.values.is_empty() {
        return at.warn(DiagnosticKind::NoValues, || path() + ".values", || without_values(operator).to_owned());
    }
    match operator.comparison() {
        Some(comparison) => check_compared(condition, operator, comparison, path, at),
        None => check_empty(&condition.values, operator, path, at),
    }
}

/// Checks the selector of a condition or of a bucket.
pub(super) fn check_selector(selector: &[Cow<'_, str>], path: impl FnOnce() -> String, at: &mut At<'_, '_>) {
    let root = selector.first().map(|root| &**root);
    if matches!(root, Some("context" | "result")) {
        return;
    }
    at.warn(DiagnosticKind::UnknownRoot, path, || match root {
        None => "the selector is empty, so it selects nothing; begin it with `context` or `result`".to_owned(),
        Some(root) => {
            let advice = match (root, near::root(root)) {
                ("user" | "groups", _) => "put `context` before it".to_owned(),
                (_, Some(near)) => format!("did you mean `{near}`?"),
                (_, None) => "begin it with `context` or `result`".to_owned(),
            };
            format!("the selector begins with {}, so it selects nothing; {advice}", Quoted(root))
        }
    });
}

/// What a condition without values does.
fn without_values(operator: Operator) -> &'static str {
    use Operator as O;
    match operator {
        O::SetIs => "the condition has no values, so it matches an empty list and nothing else",
        O::SetIsNot => "the condition has no values, so it matches everything but an empty list",
        O::SetContains => "the condition has no values, so it matches every list",
        O::SetDoesNotContain => "the condition has no values, so it matches no list",
        O::IsNot | O::DoesNotContain | O::SetDoesNotContainAny | O::RegexDoesNotMatch => {
            "the condition has no values, so it excludes nothing"
        }
        _ => "the condition has no values, so it never matches",
    }
}

/// Checks the values of a comparison.
fn check_compared(
    condition: &wire::Condition<'_>,
    operator: Operator,
    comparison: Comparison,
    path: &impl Fn() -> String,
    at: &mut At<'_, '_>,
) {
    let wire::Condition { selector, values, .. } = condition;
    let usable = values.iter().any(|value| comparison.reads(value));
    for (index, value) in values.iter().enumerate() {
        let path = || format!("{}.values[{index}]", path());
        if comparison.reads(value) {
            check_readable(value, (operator, comparison), selector, path, at);
            continue;
        }
        // Beside other values, this one is for users without a value.
        if value == Condition::NONE && values.len() > 1 {
            continue;
        }
        let (kind, noun) = match comparison {
            Comparison::Numbers => (DiagnosticKind::NotANumber, "number"),
            Comparison::Versions => (DiagnosticKind::NotAVersion, "version"),
        };
        at.warn(kind, path, || {
            let effect =
                if usable { format!("leaves it out when it compares {noun}s") } else { "compares strings".to_owned() };
            let advice = advice(value, operator, comparison).map(|advice| format!("; {advice}")).unwrap_or_default();
            format!("{} is not a {noun}, so the condition {effect}{advice}", Quoted(value))
        });
    }
}

/// Checks a value that is a number or a version, as its operator wants it.
fn check_readable(
    value: &str,
    (operator, comparison): (Operator, Comparison),
    selector: &[Cow<'_, str>],
    path: impl FnOnce() -> String,
    at: &mut At<'_, '_>,
) {
    match comparison {
        Comparison::Numbers => {
            let number = parse_number(value).unwrap_or_default();
            // A number past all floats is read as an infinite one, from which all others are to the same side.
            if number.is_nan() || number == unreachable_for(operator) {
                at.warn(DiagnosticKind::NotANumber, path, || {
                    format!("{} is not a number that others can be compared with, so it never matches", Quoted(value))
                });
            } else if is_version(value, selector) {
                at.warn(DiagnosticKind::VersionAsNumber, path, || {
                    let value = Quoted(value);
                    format!("{value} is compared as a number, so that 1.10 equals 1.1; `version {operator}` compares versions")
                });
            }
        }
        Comparison::Versions => {
            if Version::parse(value).is_some_and(|version| version.pre_release().is_some()) {
                at.warn(DiagnosticKind::PreReleaseAsText, path, || {
                    let value = Quoted(value);
                    format!(
                        "the pre-release of {value} is compared as text, so that `rc.10` is less than `rc.9` and `RC` \
                         less than `beta`"
                    )
                });
            }
        }
    }
}

/// The infinite number that no finite one is less or greater than.
fn unreachable_for(operator: Operator) -> f64 {
    match operator {
        Operator::Less | Operator::LessOrEqual => f64::NEG_INFINITY,
        _ => f64::INFINITY,
    }
}

/// True for a number with a point that was probably meant as a version, by the name of what it is compared with.
fn is_version(value: &str, selector: &[Cow<'_, str>]) -> bool {
    selector.last().is_some_and(|name| names_version(name)) && Version::parse(value.trim()).is_some()
}

/// True for names such as `version`, `app_version`, `osVersion` and `AppVersion`, but not for `conversion`.
fn names_version(name: &str) -> bool {
    const VERSION: &str = "version";
    let Some((before, word)) = name.len().checked_sub(VERSION.len()).and_then(|start| name.split_at_checked(start))
    else {
        return false;
    };
    let is_new_word = word.starts_with('V') && before.ends_with(|it: char| it.is_lowercase());
    let is_conversion = before.to_ascii_lowercase().ends_with("con") && !is_new_word;
    word.eq_ignore_ascii_case(VERSION) && !is_conversion
}

/// What to write in place of a value that an operator cannot compare as it should.
fn advice(value: &str, operator: Operator, comparison: Comparison) -> Option<String> {
    let write = |value: String| format!("write `{}`", Short(&value));
    let date = repair::is_date(value).then(|| "write dates as numbers, such as milliseconds since 1970".to_owned());
    match comparison {
        Comparison::Versions => match date {
            Some(advice) => {
                let numbers = operator.as_str().strip_prefix("version ").unwrap_or_default();
                Some(format!("{advice}, and compare them by `{numbers}`"))
            }
            None => repair::version(value).map(write),
        },
        Comparison::Numbers => repair::number(value)
            .map(write)
            .or(date)
            .or_else(|| repair::version(value).map(|_| format!("`version {operator}` compares versions"))),
    }
}

/// Checks the values of an operator that does not compare for empty ones, where these mean everything or nothing.
fn check_empty(values: &[Cow<'_, str>], operator: Operator, path: &impl Fn() -> String, at: &mut At<'_, '_>) {
    use Operator as O;
    let message = match operator {
        // A property may well be an empty string.
        O::Is | O::IsNot => return,
        O::Contains | O::RegexMatch => "every string contains the empty string, so the condition matches every string",
        O::DoesNotContain | O::RegexDoesNotMatch => {
            "every string contains the empty string, so the condition matches no string"
        }
        _ => "only an empty string in a list equals the empty string; `(none)` stands for no value",
    };
    for (index, _) in values.iter().enumerate().filter(|(_, value)| value.is_empty()) {
        let path = || format!("{}.values[{index}]", path());
        at.warn(DiagnosticKind::EmptyValue, path, || message.to_owned());
    }
}

/// A string from a flag as messages quote it: cut short if it is long, and on one line.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the empty string");
        }
        f.write_char('`')?;
        for character in Short(self.0).to_string().chars() {
            // What is not seen is often what is wrong.
            if character.is_alphanumeric() || character.is_ascii_graphic() || matches!(character, ' ' | '…') {
                f.write_char(character)?;
            } else {
                write!(f, "{}", character.escape_debug())?;
            }
        }
        f.write_char('`')
    }
}
