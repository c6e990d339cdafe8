//! Operators: on which values all engines answer alike.

use super::super::json::Json;
use super::number::{self, Reading};
use super::{pattern, value};

/// Whether an operator with these filter values may meet this selected value. Row numbers are those
/// of the known differences, `rows`.
pub(crate) fn applies(selected: Option<&Json>, op: &str, values: &[&str]) -> bool {
    let is_set_op = op.starts_with("set ");
    match selected {
        // Row 4.
        None | Some(Json::Null) => !matches!(op, "set is not" | "regex does not match"),
        // Row 10: the word's letter case differs, which these do not see. Row 3: false counts as
        // nothing to one.
        Some(Json::Bool(flag)) => {
            *flag && (is_set_op || matches!(op, "is" | "is not" | "contains" | "does not contain"))
        }
        // Rows 3 and 13: empty objects, and objects as text.
        Some(Json::Object(members)) => !members.is_empty() && (is_set_op || is_of_no_object(op, values)),
        Some(selected) => match value::list(selected) {
            Some(items) => value::list_texts(&items).is_some_and(|texts| list_applies(&texts, op, values)),
            None => value::text(selected).is_some_and(|text| {
                !value::is_doubtful_list_text(&text) && (is_set_op || text_applies(&text, op, values))
            }),
        },
    }
}

fn is_of_no_object(op: &str, values: &[&str]) -> bool {
    matches!(op, "is" | "is not") && !values.iter().any(|value| value.starts_with('{'))
}

fn list_applies(texts: &[String], op: &str, values: &[&str]) -> bool {
    match op {
        "set contains" | "set does not contain" => !has_repeats(values),
        _ if op.starts_with("set ") => true,
        _ => texts.iter().all(|text| text_applies(text, op, values)),
    }
}

/// Row 16: how many filter values there are when some are the same, spellings of one boolean
/// included.
fn has_repeats(values: &[&str]) -> bool {
    let spelling = |value: &str| {
        let lower = value.to_lowercase();
        if matches!(lower.as_str(), "true" | "false") { lower } else { value.to_owned() }
    };
    let mut spellings: Vec<String> = values.iter().map(|value| spelling(value)).collect();
    spellings.sort();
    spellings.windows(2).any(|pair| pair[0] == pair[1])
}

fn text_applies(text: &str, op: &str, values: &[&str]) -> bool {
    match op {
        "less" | "less or equal" | "greater" | "greater or equal" => compares_as_number(text, values),
        _ if op.starts_with("version ") => std::iter::once(&text).chain(values).all(|text| is_plain_version_text(text)),
        "regex match" | "regex does not match" => values.iter().all(|pattern| pattern::reads_alike(pattern, text)),
        _ => true,
    }
}

/// Row 2: text is compared by some and never matches in another. Values that are no numbers beside
/// one that is are ignored by all.
fn compares_as_number(text: &str, values: &[&str]) -> bool {
    let readings: Vec<Reading> = values.iter().map(|value| number::read(value)).collect();
    let has_number = number::read(text) == Reading::Number && readings.contains(&Reading::Number);
    values.is_empty() || (has_number && !readings.contains(&Reading::Doubtful))
}

/// Rows 18, 20, 21 and 23: builds, huge numbers, digits and letters past ASCII, text order past
/// U+FFFF.
fn is_plain_version_text(text: &str) -> bool {
    let huge = text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 15);
    let past_ascii = !text.is_ascii() && text.starts_with(|c: char| c.is_numeric());
    let past_plane = text.chars().any(|c| c > '\u{d7ff}');
    !(huge || past_ascii || past_plane || text.contains(['+', '\n']))
}
