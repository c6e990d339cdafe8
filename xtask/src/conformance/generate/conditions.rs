//! Conditions: a selector, an operator and filter values that are likely to matter.

use super::super::agreed;
use super::super::json::Json;
use super::super::rng::Rng;
use super::world::{Kind, Slot, World};
use super::{patterns, texts};

/// All operators, and three names that are none.
pub(super) const OPERATORS: [&str; 23] = [
    "is",
    "is not",
    "contains",
    "does not contain",
    "less",
    "less or equal",
    "greater",
    "greater or equal",
    "version less",
    "version less or equal",
    "version greater",
    "version greater or equal",
    "set is",
    "set is not",
    "set contains",
    "set does not contain",
    "set contains any",
    "set does not contain any",
    "regex match",
    "regex does not match",
    "IS",
    "set",
    "like",
];

/// How many drafts are made before a plain condition is taken instead.
const DRAFTS: usize = 16;

/// An outer list of inner lists.
pub(super) fn lists(rng: &mut Rng, world: &World, earlier: &[Json]) -> Json {
    let outer = rng.pick(&[1, 1, 1, 2, 2, 3, 5]);
    let inner = |rng: &mut Rng| {
        let count = rng.pick(&[1, 1, 1, 2, 2, 3, 0]);
        Json::List((0..count).map(|_| condition(rng, world, earlier)).collect())
    };
    Json::List((0..outer).map(|_| inner(rng)).collect())
}

fn condition(rng: &mut Rng, world: &World, earlier: &[Json]) -> Json {
    for _ in 0..DRAFTS {
        let draft =
            if !earlier.is_empty() && rng.percent(25) { on_result(rng, earlier) } else { on_context(rng, world) };
        if world.contexts.iter().all(|context| agreed::condition_holds(&draft, earlier, context)) {
            return draft;
        }
    }
    let ids = world.slots[0].pool.clone();
    build(vec!["context".into(), "user".into(), "user_id".into()], "is", ids)
}

fn build(selector: Vec<String>, op: &str, values: Vec<Json>) -> Json {
    Json::object([("selector", Json::texts(selector)), ("op", Json::text(op)), ("values", Json::List(values))])
}

fn on_context(rng: &mut Rng, world: &World) -> Json {
    let slot = rng.choose(&world.slots);
    let mut path = vec!["context".to_owned()];
    path.extend(slot.path.iter().cloned());
    match rng.below(40) {
        0 => path.clear(),
        1 => path[0] = "contexts".to_owned(),
        2 => path.push("nothing".to_owned()),
        3 => path.truncate(path.len() - 1),
        4 => path[1] = path[1].to_uppercase(),
        5..=9 if slot.kind == Kind::Object => path.push("city".to_owned()),
        10..=14 if slot.kind == Kind::Object => path.extend(["deep".to_owned(), "er".to_owned()]),
        _ => {}
    }
    let op = operator(rng, slot.kind);
    let values = values(rng, op, slot);
    build(path, op, values)
}

/// An operator, more often one that suits the kind.
fn operator(rng: &mut Rng, kind: Kind) -> &'static str {
    let suited = match kind {
        _ if rng.percent(40) => 0..23,
        Kind::Number | Kind::NumberText => 4..8,
        Kind::Version => 8..12,
        Kind::List | Kind::ListText => 12..18,
        _ if rng.percent(40) => 18..20,
        Kind::Word | Kind::Truth | Kind::Object | Kind::Mixed => 0..4,
    };
    OPERATORS[rng.between(suited.start, suited.end - 1)]
}

fn values(rng: &mut Rng, op: &str, slot: &Slot) -> Vec<Json> {
    let count = rng.pick(&[0, 1, 1, 1, 1, 2, 2, 3, 6]);
    let none = rng.percent(12).then(|| Json::text("(none)"));
    let drawn = (0..count).map(|_| Json::text(value(rng, op, slot)));
    let mut values: Vec<Json> = drawn.chain(none).collect();
    // Set filters that name a whole value make the set operators meet.
    if op.starts_with("set ") && rng.percent(30) {
        values = elements(rng.choose(&slot.pool)).into_iter().map(Json::text).collect();
    }
    values
}

fn value(rng: &mut Rng, op: &str, slot: &Slot) -> String {
    let known = elements(rng.choose(&slot.pool));
    let base = if known.is_empty() { texts::word(rng) } else { rng.choose(&known).clone() };
    match op {
        "contains" | "does not contain" => {
            let part = texts::part(rng, &base);
            if rng.percent(50) { texts::other_case(rng, &part) } else { part }
        }
        "less" | "less or equal" | "greater" | "greater or equal" => {
            let number = if rng.percent(60) { base } else { texts::number(rng) };
            if rng.percent(85) { texts::number_spelling(rng, &number) } else { texts::word(rng) }
        }
        _ if op.starts_with("version ") => match rng.below(10) {
            0..=3 => base,
            4 | 5 => texts::near_version(rng, &base),
            _ => texts::version(rng),
        },
        "regex match" | "regex does not match" => patterns::pattern(rng, &base),
        _ => match rng.below(10) {
            0..=5 => base,
            6 => texts::other_case(rng, &base),
            7 => rng.pick(&["true", "FALSE", "True", "false"]).to_owned(),
            8 => texts::part(rng, &base),
            _ => texts::word(rng),
        },
    }
}

/// The texts that a value gives: its own, or its elements'.
fn elements(value: &Json) -> Vec<String> {
    let parsed = value.as_text().and_then(|text| serde_json::from_str::<Vec<serde_json::Value>>(text).ok());
    let parsed: Option<Vec<Json>> = parsed.map(|items| items.iter().map(Json::from).collect());
    match (parsed, value) {
        (Some(items), _) => items.iter().filter_map(agreed::text_of).collect(),
        (None, Json::List(items)) => items.iter().filter_map(agreed::text_of).collect(),
        (None, Json::Bool(flag)) => vec![flag.to_string()],
        (None, value) => agreed::text_of(value).into_iter().collect(),
    }
}

/// A condition on what an earlier flag gave.
fn on_result(rng: &mut Rng, earlier: &[Json]) -> Json {
    let flag = rng.choose(earlier);
    let key = flag.get("key").and_then(Json::as_text).unwrap_or_default();
    let variants: Vec<&Json> =
        flag.get("variants").map_or(&[][..], Json::members).iter().map(|(_, variant)| variant).collect();
    let mut path = vec!["result".to_owned(), if rng.percent(4) { "no-such-flag".to_owned() } else { key.to_owned() }];
    let tail: &[&str] = match rng.below(9) {
        0..=3 => &["key"],
        4 => &["value"],
        5 => &["payload", "nested", "n"],
        6 => &["payload"],
        7 => &["metadata", "segmentName"],
        _ => &["metadata", "m"],
    };
    path.extend(tail.iter().map(|&name| name.to_owned()));
    let selected = variants.iter().filter_map(|variant| tail.iter().try_fold(*variant, |at, name| at.get(name)));
    let mut known: Vec<String> = selected.flat_map(elements).collect();
    known.extend(["on".to_owned(), "s-0".to_owned(), "exp-1".to_owned(), "(none)".to_owned()]);
    let count = rng.between(1, 3);
    let values = (0..count).map(|_| Json::text(rng.choose(&known).clone())).collect();
    let op = if rng.percent(70) { rng.pick(&["is", "is not", "contains"]) } else { rng.pick(&OPERATORS) };
    build(path, op, values)
}
