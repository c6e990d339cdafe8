//! Names that are nearly right: what their author probably meant.

use crate::operator::Operator;

/// Longer names are not looked at. The longest operator has 24 letters.
const LONGEST: usize = 48;

/// Other names of operators, without blanks and in lower case.
const OTHER_NAMES: [(&str, Operator); 34] = [
    ("=", Operator::Is),
    ("==", Operator::Is),
    ("===", Operator::Is),
    ("eq", Operator::Is),
    ("equal", Operator::Is),
    ("equals", Operator::Is),
    ("isequal", Operator::Is),
    ("in", Operator::Is),
    ("!=", Operator::IsNot),
    ("!==", Operator::IsNot),
    ("<>", Operator::IsNot),
    ("ne", Operator::IsNot),
    ("neq", Operator::IsNot),
    ("notequal", Operator::IsNot),
    ("notequals", Operator::IsNot),
    ("doesnotequal", Operator::IsNot),
    ("isnotequal", Operator::IsNot),
    ("notin", Operator::IsNot),
    ("<", Operator::Less),
    ("lt", Operator::Less),
    ("<=", Operator::LessOrEqual),
    ("lte", Operator::LessOrEqual),
    (">", Operator::Greater),
    ("gt", Operator::Greater),
    (">=", Operator::GreaterOrEqual),
    ("gte", Operator::GreaterOrEqual),
    ("containsany", Operator::SetContainsAny),
    // `set contains` asks for all values.
    ("containsall", Operator::SetContains),
    ("setcontainsall", Operator::SetContains),
    ("setdoesnotcontainall", Operator::SetDoesNotContain),
    ("regex", Operator::RegexMatch),
    ("regexp", Operator::RegexMatch),
    ("match", Operator::RegexMatch),
    ("matches", Operator::RegexMatch),
];

/// The operator that a name was probably meant for: one that differs in case, blanks and at most two letters, or that
/// has this name elsewhere.
pub(super) fn operator(name: &str) -> Option<Operator> {
    if name.len() > LONGEST {
        return None;
    }
    let symbol = name.trim();
    let mut plain = plain(name).replace("than", "").replace("then", "");
    if let Some(shorter) = plain.strip_suffix("to") {
        plain = shorter.to_owned();
    }
    let known = OTHER_NAMES.into_iter().find(|(other, _)| *other == symbol || *other == plain);
    if let Some((_, operator)) = known {
        return Some(operator);
    }
    let plain = plain.replace("doesnt", "doesnot");
    let is_negative = plain.contains("not");
    let plain = if is_negative && !plain.contains("doesnot") && !plain.contains("isnot") {
        plain.replacen("not", "doesnot", 1)
    } else {
        plain
    };
    let candidates = Operator::ALL.into_iter().map(|operator| (operator, operator.as_str().replace(' ', "")));
    // A negative name was never meant for an operator that says the opposite.
    nearest(&plain, candidates.filter(|(_, name)| !is_negative || name.contains("not")))
}

/// The root that the first element of a selector was probably meant for.
pub(super) fn root(name: &str) -> Option<&'static str> {
    if name.len() > LONGEST {
        return None;
    }
    nearest(&plain(name), ["context", "result"].into_iter().map(|root| (root, root.to_owned())))
}

/// Only letters and digits, in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The candidate that the fewest letters set apart, if few enough do: two, or one where the name is short.
fn nearest<T>(name: &str, candidates: impl Iterator<Item = (T, String)>) -> Option<T> {
    let apart = candidates.filter_map(|(candidate, other)| {
        let most = if name.len().min(other.len()) <= 3 { 1 } else { 2 };
        let distance = distance(name, &other);
        (distance <= most).then_some((distance, candidate))
    });
    apart.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// How many letters have to be added, taken away, replaced, or swapped with the next one to make one name of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    // The last two rows of the table of distances between beginnings of the names.
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last_of_a = None;
    for (length, in_a) in (1..).zip(a.chars()) {
        let mut next = Vec::with_capacity(row.len());
        let mut left = length;
        next.push(left);
        let mut last_of_b = None;
        for (place, in_b) in b.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
            let mut cost = (left + 1)
                .min(at(&row, place + 1).saturating_add(1))
                .min(at(&row, place).saturating_add(usize::from(in_a != *in_b)));
            if last_of_b == Some(in_a) && last_of_a == Some(*in_b) {
                cost = cost.min(at(&before, place.wrapping_sub(1)).saturating_add(1));
            }
            next.push(cost);
            (left, last_of_b) = (cost, Some(*in_b));
        }
        before = std::mem::replace(&mut row, next);
        last_of_a = Some(in_a);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_nearly_those_of_operators() {
        for (name, meant) in [
            ("Is", "is"),
            ("is ", "is"),
            ("iss", "is"),
            ("si", "is"),
            ("==", "is"),
            ("equals", "is"),
            ("is equal to", "is"),
            ("isnt", "is not"),
            ("isn't", "is not"),
            ("is_not", "is not"),
            ("isNot", "is not"),
            ("not equals", "is not"),
            ("contain", "contains"),
            ("cotnains", "contains"),
            ("Contains", "contains"),
            ("doesn't contain", "does not contain"),
            ("does not contains", "does not contain"),
            ("not contains", "does not contain"),
            ("les", "less"),
            ("less than", "less"),
            ("greater then", "greater"),
            ("grater", "greater"),
            (">=", "greater or equal"),
            ("less than or equal to", "less or equal"),
            ("greater or equals", "greater or equal"),
            ("greaterThanOrEqual", "greater or equal"),
            ("version less than", "version less"),
            ("versoin greater", "version greater"),
            ("version-greater-or-equal", "version greater or equal"),
            ("version  less or equal", "version less or equal"),
            ("set_contains_any", "set contains any"),
            ("Set Contains Any", "set contains any"),
            ("set contain any", "set contains any"),
            ("set contains\u{a0}any", "set contains any"),
            ("set does not contains any", "set does not contain any"),
            ("set not contain", "set does not contain"),
            ("set isnt", "set is not"),
            ("set contains all", "set contains"),
            ("regex matches", "regex match"),
            ("regx match", "regex match"),
            ("regex doesn't match", "regex does not match"),
        ] {
            assert_eq!(operator(name).map(Operator::as_str), Some(meant), "{name}");
        }
    }

    #[test]
    fn names_that_are_far_from_all_operators() {
        for name in
            ["", " ", "x", "resembles", "starts with", "between", "exists", "not", "nothing", &"is".repeat(1_000)]
        {
            assert_eq!(operator(name), None, "{name}");
        }
    }

    #[test]
    fn roots() {
        for (name, meant) in [
            ("Context", Some("context")),
            ("contexts", Some("context")),
            ("contxt", Some("context")),
            ("results", Some("result")),
            ("RESULT", Some("result")),
            ("", None),
            ("user", None),
            ("properties", None),
        ] {
            assert_eq!(root(name), meant, "{name}");
        }
    }

    #[test]
    fn distances() {
        for (a, b, apart) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "ab", 1),
            ("abc", "xabc", 1),
            ("abc", "axc", 1),
            ("kitten", "sitting", 3),
            ("éa", "aé", 1),
        ] {
            assert_eq!(distance(a, b), apart, "{a} {b}");
        }
    }
}
