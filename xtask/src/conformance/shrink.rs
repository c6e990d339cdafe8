//! Makes a case small: parts are dropped and values made plainer as long as the case still shows
//! what it showed.

use std::time::{Duration, Instant};

use super::case::Case;
use super::json::Json;

/// How many smaller cases are tried, and for how long.
const TRIES: usize = 20_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// The smallest case found for which `shows` still holds. `shows` holds for the case given.
pub(super) fn shrink(case: &Case, mut shows: impl FnMut(&Case) -> bool) -> Case {
    let start = Instant::now();
    let mut small = as_json(case);
    let mut tries = 0;
    let mut try_it = |candidate: &Json| {
        tries += 1;
        tries <= TRIES && start.elapsed() < PATIENCE && shows(&from_json(candidate))
    };
    // Each round walks the whole tree; it ends when a round changes nothing.
    loop {
        let before = small.clone();
        round(&mut small, &mut try_it);
        if small == before {
            return from_json(&small);
        }
    }
}

fn as_json(case: &Case) -> Json {
    let keys = case.flag_keys.clone().unwrap_or(Json::Null);
    Json::object([("flags", case.flags.clone()), ("context", case.context.clone()), ("flag_keys", keys)])
}

fn from_json(json: &Json) -> Case {
    let part = |name: &str, absent: Json| json.field(name).cloned().unwrap_or(absent);
    Case {
        flags: part("flags", Json::List(Vec::new())),
        context: part("context", Json::Object(Vec::new())),
        flag_keys: json.field("flag_keys").cloned(),
    }
}

/// Tries every plainer form of every node, outer nodes first; keeps what still shows.
fn round(root: &mut Json, try_it: &mut impl FnMut(&Json) -> bool) {
    let mut paths = vec![Vec::new()];
    let mut at = 0;
    while at < paths.len() {
        let path = paths[at].clone();
        at += 1;
        // An earlier change may have taken this node away.
        while let Some(node) = node(root, &path) {
            let smaller =
                plainer(node).into_iter().map(|form| replaced(root, &path, form)).find(|candidate| try_it(candidate));
            match smaller {
                Some(candidate) => *root = candidate,
                None => break,
            }
        }
        let children = node(root, &path).map_or(0, |node| node.items().len().max(node.members().len()));
        paths.extend((0..children).map(|child| [path.as_slice(), &[child]].concat()));
    }
}

fn node<'a>(root: &'a Json, path: &[usize]) -> Option<&'a Json> {
    path.iter().try_fold(root, |at, &child| match at {
        Json::List(items) => items.get(child),
        Json::Object(members) => members.get(child).map(|(_, value)| value),
        _ => None,
    })
}

fn replaced(root: &Json, path: &[usize], form: Json) -> Json {
    let mut whole = root.clone();
    let mut at = &mut whole;
    for &child in path {
        at = match at {
            Json::List(items) => &mut items[child],
            Json::Object(members) => &mut members[child].1,
            _ => return whole,
        };
    }
    *at = form;
    whole
}

/// Forms of a value that are plainer than it is, the plainest first.
fn plainer(value: &Json) -> Vec<Json> {
    match value {
        Json::List(items) => without_parts(items).map(Json::List).collect(),
        Json::Object(members) => without_parts(members).map(Json::Object).collect(),
        Json::Text(text) => plainer_texts(text).into_iter().map(Json::Text).collect(),
        Json::Number(text) => {
            let whole = text.split(['.', 'e']).next().unwrap_or_default();
            let shorter = ["1", &whole[..whole.len().saturating_sub(1)], whole];
            shorter
                .iter()
                .filter(|form| form.len() < text.len() && form.parse::<i64>().is_ok())
                .map(|&form| Json::number(form))
                .collect()
        }
        Json::Null | Json::Bool(_) | Json::Raw(_) => Vec::new(),
    }
}

/// The list without ever smaller runs of its elements: all, each half, each quarter, down to each
/// one.
fn without_parts<T: Clone>(items: &[T]) -> impl Iterator<Item = Vec<T>> {
    let runs =
        std::iter::successors(Some(items.len()), |run| (*run > 1).then(|| run.div_ceil(2))).filter(|run| *run > 0);
    runs.flat_map(move |run| {
        (0..items.len())
            .step_by(run)
            .map(move |start| [&items[..start], &items[(start + run).min(items.len())..]].concat())
    })
}

fn plainer_texts(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut forms: Vec<String> =
        ["", "a"].iter().filter(|form| form.len() < text.len()).map(|&form| form.to_owned()).collect();
    forms.extend(without_parts(&chars).map(String::from_iter));
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_is_left() {
        let member = |name: &str| (name.to_owned(), Json::texts(["x", "needle", "y"]));
        let flags = Json::List(vec![Json::object([member("a"), member("b")]), Json::object([member("c")])]);
        let case = Case { flags, context: Json::object([member("user")]), flag_keys: Some(Json::texts(["k"])) };
        let small = shrink(&case, |case| case.flags.to_string().contains("need"));
        assert_eq!(small.line(1), r#"{"id":1,"flags":[{"c":["need"]}],"context":{}}"#);
    }

    #[test]
    fn a_case_that_cannot_shrink_stays() {
        let case = Case { flags: Json::int(12345), context: Json::Null, flag_keys: None };
        let small = shrink(&case, |case| case.flags == Json::int(12345));
        assert_eq!(small.flags, case.flags);
    }
}
