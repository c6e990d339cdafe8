//! Names that are nearly right: what their author probably meant.

use crate::operator::Operator;

/// Longer names are not looked at. The longest operator has 24 letters.
const LONGEST: usize = 48;

/// What symbols stand for in names of operators, longer ones before those that they begin with.
const SYMBOLS: [(&str, &str); 17] = [
    ("=~", "regexmatch"),
    ("!~", "notregexmatch"),
    (">=", "greaterorequal"),
    ("=>", "greaterorequal"),
    ("≥", "greaterorequal"),
    ("<=", "lessorequal"),
    ("=<", "lessorequal"),
    ("≤", "lessorequal"),
    ("<>", "notequal"),
    ("≠", "notequal"),
    ("===", "equal"),
    ("==", "equal"),
    ("!", "not"),
    ("=", "equal"),
    (">", "greater"),
    ("<", "less"),
    ("~", "regexmatch"),
];

/// Other names of operators, without blanks, in lower case and without a negation.
const OTHER_NAMES: [(&str, Operator); 22] = [
    ("eq", Operator::Is),
    ("equal", Operator::Is),
    ("equals", Operator::Is),
    ("isequal", Operator::Is),
    ("in", Operator::Is),
    ("isin", Operator::Is),
    ("ne", Operator::IsNot),
    ("neq", Operator::IsNot),
    ("lt", Operator::Less),
    ("lte", Operator::LessOrEqual),
    ("gt", Operator::Greater),
    ("gte", Operator::GreaterOrEqual),
    ("containsany", Operator::SetContainsAny),
    // `set contains` asks for all values.
    ("containsall", Operator::SetContains),
    ("setcontainsall", Operator::SetContains),
    ("regex", Operator::RegexMatch),
    ("regexp", Operator::RegexMatch),
    ("regexpmatch", Operator::RegexMatch),
    ("match", Operator::RegexMatch),
    ("matches", Operator::RegexMatch),
    ("matchregex", Operator::RegexMatch),
    ("matchesregex", Operator::RegexMatch),
];

/// How names say no, longer ones before those that they hold, with what is left of each without the negation.
const NEGATIONS: [(&str, &str); 7] =
    [("doesnot", ""), ("doesnt", ""), ("donot", ""), ("dont", ""), ("isnot", "is"), ("isnt", "is"), ("not", "")];

/// The operator that a name was probably meant for: one that differs in case, blanks and at most two letters, or that
/// has this name elsewhere. Symbols stand for words, and a negation may be anywhere in the name.
pub(super) fn operator(name: &str) -> Option<Operator> {
    if name.len() > LONGEST {
        return None;
    }
    let words = SYMBOLS.into_iter().fold(name.to_owned(), |name, (symbol, words)| name.replace(symbol, words));
    let mut plain = plain(&words).replace("than", "").replace("then", "");
    if let Some(shorter) = plain.strip_suffix("to") {
        plain = shorter.to_owned();
    }
    let negation = NEGATIONS.into_iter().find(|(negation, _)| plain.contains(negation));
    // A negative name was never meant for an operator that says the opposite.
    match negation {
        Some((negation, rest)) => affirmative(&plain.replacen(negation, rest, 1)).and_then(opposite),
        None => affirmative(&plain),
    }
}

/// The operator that a plain name without a negation was probably meant for.
fn affirmative(plain: &str) -> Option<Operator> {
    let other = |name: &str| OTHER_NAMES.into_iter().find(|(other, _)| *other == name).map(|(_, operator)| operator);
    if let Some(operator) = other(plain) {
        return Some(operator);
    }
    let own_or_other =
        |rest: &str| other(rest).or_else(|| Operator::ALL.into_iter().find(|operator| plain_name(*operator) == rest));
    let behind = |kinds: [&str; 2]| kinds.into_iter().find_map(|kind| plain.strip_prefix(kind)).and_then(own_or_other);
    let of_kind =
        behind(["version", "semver"]).and_then(of_versions).or_else(|| behind(["set", "list"]).and_then(of_sets));
    if of_kind.is_some() {
        return of_kind;
    }
    let own = Operator::ALL.into_iter().map(|operator| (operator, plain_name(operator)));
    // Few letters set every short name apart from another.
    let others = OTHER_NAMES.into_iter().filter(|(other, _)| other.len() > 4);
    nearest(plain, own.chain(others.map(|(other, operator)| (operator, other.to_owned()))))
}

fn plain_name(operator: Operator) -> String {
    operator.as_str().replace(' ', "")
}

/// The operator that compares versions as this one compares numbers. Versions that are to be equal are strings.
fn of_versions(operator: Operator) -> Option<Operator> {
    use Operator as O;
    Some(match operator {
        O::Less | O::VersionLess => O::VersionLess,
        O::LessOrEqual | O::VersionLessOrEqual => O::VersionLessOrEqual,
        O::Greater | O::VersionGreater => O::VersionGreater,
        O::GreaterOrEqual | O::VersionGreaterOrEqual => O::VersionGreaterOrEqual,
        O::Is | O::IsNot => operator,
        _ => return None,
    })
}

/// The operator that does with sets what this one does with single strings.
fn of_sets(operator: Operator) -> Option<Operator> {
    use Operator as O;
    Some(match operator {
        O::Is | O::SetIs => O::SetIs,
        O::IsNot | O::SetIsNot => O::SetIsNot,
        O::Contains | O::SetContains => O::SetContains,
        O::SetContainsAny => O::SetContainsAny,
        _ => return None,
    })
}

/// The operator that holds where this one does not.
fn opposite(operator: Operator) -> Option<Operator> {
    use Operator as O;
    let pairs = [
        (O::Is, O::IsNot),
        (O::Contains, O::DoesNotContain),
        (O::Less, O::GreaterOrEqual),
        (O::Greater, O::LessOrEqual),
        (O::VersionLess, O::VersionGreaterOrEqual),
        (O::VersionGreater, O::VersionLessOrEqual),
        (O::SetIs, O::SetIsNot),
        (O::SetContains, O::SetDoesNotContain),
        (O::SetContainsAny, O::SetDoesNotContainAny),
        (O::RegexMatch, O::RegexDoesNotMatch),
    ];
    pairs.into_iter().find_map(|(one, other)| match operator {
        _ if operator == one => Some(other),
        _ if operator == other => Some(one),
        _ => None,
    })
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
            ("regex dosn't match", "regex does not match"),
            ("version >=", "version greater or equal"),
            ("version>", "version greater"),
            ("version <", "version less"),
            ("Version <=", "version less or equal"),
            ("version ≤", "version less or equal"),
            ("version =>", "version greater or equal"),
            ("version gte", "version greater or equal"),
            ("version_lt", "version less"),
            ("semver greater", "version greater"),
            ("version not less", "version greater or equal"),
            ("version ==", "is"),
            ("version !=", "is not"),
            ("set ==", "set is"),
            ("set equals", "set is"),
            ("set !=", "set is not"),
            ("set not equal", "set is not"),
            ("list contains", "set contains"),
            ("not regex match", "regex does not match"),
            ("not matches", "regex does not match"),
            ("does not match", "regex does not match"),
            ("regexp does not match", "regex does not match"),
            ("!~", "regex does not match"),
            ("does not contain any", "set does not contain any"),
            ("doesn't contain any", "set does not contain any"),
            ("contains any", "set contains any"),
            ("not set contains any", "set does not contain any"),
            ("set contains not any", "set does not contain any"),
            ("does not contain all", "set does not contain"),
            ("not_is", "is not"),
            ("not in", "is not"),
            ("!=", "is not"),
            ("!==", "is not"),
            ("<>", "is not"),
            ("≠", "is not"),
            ("!contains", "does not contain"),
            ("contains not", "does not contain"),
            ("don't contain", "does not contain"),
            ("not >", "less or equal"),
            ("not less than", "greater or equal"),
            ("greater or =", "greater or equal"),
            ("equls", "is"),
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
