//! Values that are nearly numbers or versions: how to write them.

use crate::text::{Version, parse_number};

/// What stands between groups of digits.
const SEPARATORS: [char; 7] = [',', '_', '\'', '’', ' ', '\u{a0}', '\u{202f}'];

/// The version that a value was probably meant for: without blanks and `v`, and with the numbers that are missing. A
/// number behind a hyphen is no pre-release there: `2024-01` is a month.
pub(super) fn version(value: &str) -> Option<String> {
    let text = value.trim();
    let text = ["version", "v"].into_iter().find_map(|prefix| without(text, prefix)).unwrap_or(text);
    let numbers = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (numbers, rest) = text.split_at_checked(numbers)?;
    let is_whole = numbers.split('.').count() > 2;
    if !is_whole && rest.strip_prefix('-').is_some_and(|rest| !rest.starts_with(|it: char| it.is_ascii_alphabetic())) {
        return None;
    }
    let missing = match (numbers.split('.').count(), rest) {
        (1, "") => ".0",
        (1, _) => ".0.0",
        (2, rest) if !rest.is_empty() => ".0",
        _ => "",
    };
    let repaired = format!("{numbers}{missing}{rest}");
    Version::parse(&repaired).is_some().then_some(repaired)
}

/// The text behind a prefix in any case and what may part the two.
fn without<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| rest.trim_start_matches(['.', ' ']))
}

/// The number that a value was probably meant for: without blanks around it and separators between thousands.
pub(super) fn number(value: &str) -> Option<String> {
    let text = value.trim();
    if parse_number(text).is_some() {
        return Some(text.to_owned());
    }
    let separator = text.chars().find(|character| SEPARATORS.contains(character))?;
    let (sign, unsigned) = text.split_at(text.len() - text.trim_start_matches(['+', '-']).len());
    let (whole, fraction) = unsigned.split_at(unsigned.find('.').unwrap_or(unsigned.len()));
    let mut groups = whole.split(separator);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()))?;
    let grouped = groups.clone().all(|group| group.len() == 3);
    let repaired = format!("{sign}{first}{}{fraction}", groups.collect::<String>());
    (grouped && parse_number(&repaired).is_some()).then_some(repaired)
}

/// True for a text that begins as a date does: a year, a month and a day, in this or the opposite order.
pub(super) fn is_date(value: &str) -> bool {
    let text = value.trim();
    let date = text.split(['T', ' ']).next().unwrap_or_default();
    let mut parts =
        date.split(['-', '/', '.']).map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part.len()));
    let lengths = [parts.next(), parts.next(), parts.next(), parts.next()].map(Option::flatten);
    matches!(lengths, [Some(4), Some(1..=2), Some(1..=2), None] | [Some(1..=2), Some(1..=2), Some(4), None])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (value, expected) in [
            ("v2.0.0", Some("2.0.0")),
            ("V2.1", Some("2.1")),
            ("v 2.1", Some("2.1")),
            ("version 2.1", Some("2.1")),
            ("9", Some("9.0")),
            ("v9", Some("9.0")),
            (" 1.2.3\n", Some("1.2.3")),
            ("1.2-beta", Some("1.2.0-beta")),
            ("1-beta", Some("1.0.0-beta")),
            ("1.2+5", Some("1.2.0+5")),
            ("v1.2.3-01", Some("1.2.3-01")),
            ("2024-01", None),
            ("2024-01-15", None),
            ("1.2-3", None),
            ("1-", None),
            ("1.2.3.4", None),
            ("1.x", None),
            ("2.", None),
            ("latest", None),
            ("", None),
            ("v", None),
            ("vé", None),
        ] {
            assert_eq!(version(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn numbers() {
        for (value, expected) in [
            ("1,000", Some("1000")),
            ("-1,234,567.5", Some("-1234567.5")),
            ("1_000", Some("1000")),
            ("1 000", Some("1000")),
            ("1\u{202f}000", Some("1000")),
            ("\u{a0}7", Some("7")),
            ("1,5", None),
            ("1,0000", None),
            ("1,000_000", None),
            (",000", None),
            ("1.000,5", None),
            ("ten", None),
            ("10 %", None),
            ("", None),
        ] {
            assert_eq!(number(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn dates() {
        for value in ["2024-01-15", "2024-01-15T10:00:00Z", "2024/1/5", "15.01.2024", "01/15/2024", "2024-01-15 10:00"]
        {
            assert!(is_date(value), "{value}");
        }
        for value in ["2024", "1.2.3", "10:00", "2024-01", "2024-01-15-1", "", "a-b-c"] {
            assert!(!is_date(value), "{value}");
        }
    }
}
