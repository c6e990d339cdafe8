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
        Some(comparison) => check_compared(&condition.values, operator, comparison, path, at),
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
    values: &[Cow<'_, str>],
    operator: Operator,
    comparison: Comparison,
    path: &impl Fn() -> String,
    at: &mut At<'_, '_>,
) {
    let usable = values.iter().any(|value| comparison.reads(value));
    for (index, value) in values.iter().enumerate() {
        let path = || format!("{}.values[{index}]", path());
        if comparison.reads(value) {
            check_readable(value, comparison, path, at);
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
fn check_readable(value: &str, comparison: Comparison, path: impl FnOnce() -> String, at: &mut At<'_, '_>) {
    match comparison {
        Comparison::Numbers if parse_number(value).is_some_and(f64::is_nan) => {
            at.warn(DiagnosticKind::NotANumber, path, || {
                format!("{} is not a number that others can be compared with, so it never matches", Quoted(value))
            });
        }
        Comparison::Numbers => {}
        Comparison::Versions => {
            let version = Version::parse(value);
            let pre_release = version.as_ref().and_then(Version::pre_release).unwrap_or_default();
            // Without digits, the order of strings is the order that everybody expects.
            if pre_release.bytes().any(|byte| byte.is_ascii_digit()) {
                at.warn(DiagnosticKind::PreReleaseAsText, path, || {
                    let pre_release = Short(pre_release);
                    format!("the pre-release `{pre_release}` is compared as text: there `rc.10` is less than `rc.9`")
                });
            }
        }
    }
}

/// What to write in place of a value that an operator cannot compare as it should.
fn advice(value: &str, operator: Operator, comparison: Comparison) -> Option<String> {
    let write = |value: String| format!("write `{}`", Short(&value));
    match comparison {
        Comparison::Versions => repair::version(value).map(write),
        Comparison::Numbers => repair::number(value).map(write).or_else(|| {
            if repair::is_date(value) {
                return Some("write dates as numbers, such as milliseconds since 1970".to_owned());
            }
            repair::version(value).map(|_| format!("`version {operator}` compares versions"))
        }),
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
