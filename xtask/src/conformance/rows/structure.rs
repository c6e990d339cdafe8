//! Selectors, results, variants and metadata.

use super::super::json::Json;
use super::super::rng::Rng;
use super::Row;
use super::example::{self, Example, context, flag, result, variant, word};

pub(super) const ROWS: &[Row] = &[
    Row::new("17", "an empty list of condition lists never matches", no_lists),
    Row::new("25", "a flag without a result is null, and so is all below it", no_result),
    Row::new("26", "a result's payload can be selected", payload),
    Row::new("27", "nothing is selected from an array, and no inherited name is found", into_array),
    Row::new("28", "the empty text is an ordinary key", empty_key),
    Row::new("29", "the results, and empty objects, are values", whole_results),
    Row::new("31", "only the variants that are given are found", inherited_variant),
    Row::new("32", "a variant without metadata has none", no_metadata),
    Row::new("33", "merged metadata does not leak into later calls", no_leak),
    Row::new("34", "an empty list of flag keys means all flags", no_keys),
];

/// Names that objects have in one language or another.
const INHERITED: [&str; 5] = ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf"];

fn to(name: &str) -> Json {
    Json::object([("variant", Json::text(name))])
}

/// A segment that gives `on` when the condition holds.
fn when(condition: Json) -> Json {
    to("on").with("conditions", Json::List(vec![Json::List(vec![condition])]))
}

fn no_lists(rng: &mut Rng) -> Example {
    let never = to("on").with("conditions", Json::List(Vec::new()));
    let property = Some(Json::text(word(rng)));
    Example::new(vec![flag("f", vec![never, to("off")])], context(property), &result("f", "off"))
}

fn no_result(rng: &mut Rng) -> Example {
    // The flag is not there, or it is and gives nothing.
    let key = word(rng);
    let tails: [&[&str]; 5] = [&["key"], &["value"], &["payload"], &["metadata", "m"], &[]];
    let tail = rng.pick(&tails);
    let path = [&["result", key.as_str()], tail].concat();
    let negative = rng.percent(50);
    let condition = example::condition(&path, if negative { "is not" } else { "is" }, &["(none)"]);
    let asking = flag("f", vec![when(condition), to("off")]).with("dependencies", Json::texts([&key]));
    let mut flags = vec![asking];
    if rng.percent(50) {
        flags.push(flag(&key, Vec::new()));
    }
    Example::new(flags, context(None), &result("f", if negative { "off" } else { "on" }))
}

fn payload(rng: &mut Rng) -> Example {
    let (key, value) = (word(rng), word(rng));
    let deep = rng.percent(50);
    let payload =
        if deep { Json::object([("a", Json::object([("b", Json::text(&value))]))]) } else { Json::text(&value) };
    let tail: &[&str] = if deep { &["a", "b"] } else { &[] };
    let paying = variant("on").with("payload", payload);
    let first = flag(&key, vec![to("on")]).with("variants", Json::object([("on", paying.clone())]));
    let condition = example::condition(&[&["result", key.as_str(), "payload"], tail].concat(), "is", &[&value]);
    let second = flag("F", vec![when(condition), to("off")]).with("dependencies", Json::texts([&key]));
    Example::new(vec![second, first], context(None), &result("F", "on").with(&key, paying))
}

fn into_array(rng: &mut Rng) -> Example {
    let items = Json::texts([word(rng), word(rng)]);
    let (property, name) = match rng.below(4) {
        0 => (items, rng.pick(&["0", "1", "length"])),
        1 => (Json::text(word(rng)), rng.pick(&["0", "length"])),
        2 => (items, rng.pick(&["map", "constructor", "get"])),
        _ => (Json::object([("a", Json::int(1))]), rng.pick(&INHERITED)),
    };
    let path = ["context", "user", "user_properties", "p", name];
    let negative = rng.percent(50);
    Example::selecting(&path, if negative { "is not" } else { "is" }, &["(none)"], context(Some(property)), !negative)
}

fn empty_key(rng: &mut Rng) -> Example {
    let value = word(rng);
    let property = Json::object([("", Json::text(&value)), ("a", Json::text("other"))]);
    let path = ["context", "user", "user_properties", "p", ""];
    let (op, holds) = rng.pick(&[("is", true), ("is not", false)]);
    Example::selecting(&path, op, &[&value], context(Some(property)), holds)
}

fn whole_results(rng: &mut Rng) -> Example {
    let (op, holds) = rng.pick(&[("is", false), ("is not", true)]);
    if rng.percent(50) {
        return Example::selecting(&["result"], op, &["(none)"], context(None), holds);
    }
    let path = ["context", "user", "user_properties", "p", "q"];
    let property = Json::object([("q", Json::Object(Vec::new()))]);
    Example::selecting(&path, op, &["(none)"], context(Some(property)), holds)
}

fn inherited_variant(rng: &mut Rng) -> Example {
    let name = rng.pick(&INHERITED);
    Example::new(vec![flag("f", vec![to(name), to("off")])], context(None), &result("f", "off"))
}

fn no_metadata(rng: &mut Rng) -> Example {
    let key = word(rng);
    let segment = if rng.percent(50) { to("on").with("metadata", Json::Object(Vec::new())) } else { to("on") };
    Example::new(vec![flag(&key, vec![segment])], context(None), &result(&key, "on"))
}

fn no_leak(rng: &mut Rng) -> Example {
    let (name, value) = (word(rng), word(rng));
    let condition = example::condition(&["context", "user", "user_properties", "p"], "is", &[&value]);
    let first = when(condition).with("metadata", Json::object([(name.as_str(), Json::text("first"))]));
    let second = to("on").with("metadata", Json::object([("segmentName", Json::text("second"))]));
    let expected = variant("on").with("metadata", Json::object([("segmentName", Json::text("second"))]));
    // The first context takes the first segment, whose metadata must be gone when the second takes
    // the other.
    Example::new(vec![flag("f", vec![first, second])], context(None), &Json::object([("f", expected)]))
        .after(context(Some(Json::text(&value))))
}

fn no_keys(rng: &mut Rng) -> Example {
    let (one, other) = (word(rng), word(rng) + "-");
    let flags = vec![flag(&one, vec![to("on")]), flag(&other, vec![to("off")])];
    let expected = result(&one, "on").with(&other, variant("off"));
    Example::new(flags, context(None), &expected).with_keys(Json::List(Vec::new()))
}
