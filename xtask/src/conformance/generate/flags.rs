//! Flags: variants, segments, metadata and dependencies.

use super::super::json::Json;
use super::super::rng::Rng;
use super::world::World;
use super::{buckets, conditions, texts};

/// One to eight flags, dependencies mostly on those made before, in any order.
pub(super) fn list(rng: &mut Rng, world: &World) -> Vec<Json> {
    let count = rng.between(1, 8);
    let mut flags: Vec<Json> = Vec::new();
    for at in 0..count {
        let flag = flag(rng, world, &flags, at);
        flags.push(flag);
    }
    if rng.percent(4) {
        // Whether the cycle matters depends on the keys asked for.
        let (from, to) = (rng.below(count), key(rng.below(count)));
        flags[from].set("dependencies", Json::texts([to]));
    }
    if rng.percent(3) {
        let mut again = flag(rng, world, &flags, count);
        again.set("key", Json::text(key(0)));
        flags.push(again);
    }
    if rng.percent(60) {
        rng.shuffle(&mut flags);
    }
    flags
}

/// Keys to ask for: some of the flags, now and then one twice or one unknown.
pub(super) fn keys(rng: &mut Rng, flags: &Json) -> Json {
    let count = rng.between(1, 4);
    let keys = (0..count).map(|_| match rng.below(12) {
        0 => Json::text("unknown"),
        _ => rng.choose(flags.items()).get("key").cloned().unwrap_or(Json::text("unknown")),
    });
    Json::List(keys.collect())
}

fn key(at: usize) -> String {
    format!("flag-{at}")
}

fn flag(rng: &mut Rng, world: &World, earlier: &[Json], at: usize) -> Json {
    let names: Vec<String> = ["on", "off", "control", "treatment", "Ünï", "5"][..rng.between(1, 6)]
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    let variants = names.iter().map(|name| (name.clone(), variant(rng, name)));
    let variants = Json::object(variants.collect::<Vec<_>>());
    let count = rng.pick(&[0, 1, 1, 2, 2, 3, 4]);
    let segments: Vec<Json> = (0..count).map(|at| segment(rng, world, earlier, &names, at)).collect();
    let mut flag =
        Json::object([("key", Json::text(key(at))), ("variants", variants), ("segments", Json::List(segments))]);
    if !earlier.is_empty() && rng.percent(60) {
        let mut needed: Vec<String> = (0..earlier.len()).filter(|_| rng.percent(50)).map(key).collect();
        if rng.percent(10) {
            needed.push("unknown".to_owned());
        }
        rng.shuffle(&mut needed);
        flag.set("dependencies", Json::texts(needed));
    } else if rng.percent(10) {
        flag.set("dependencies", if rng.percent(50) { Json::Null } else { Json::List(Vec::new()) });
    }
    if rng.percent(60) {
        flag.set(
            "metadata",
            metadata(
                rng,
                &[("flagType", Json::text("release")), ("flagVersion", Json::int(3)), ("deployed", Json::Bool(true))],
            ),
        );
    }
    if rng.percent(5) {
        flag.set("unknownField", Json::texts(["left", "alone"]));
    }
    flag
}

fn variant(rng: &mut Rng, name: &str) -> Json {
    let key = if rng.percent(10) { format!("{name}-key") } else { name.to_owned() };
    let mut variant = Json::object([("key", Json::text(key))]);
    match rng.below(10) {
        0 => {}
        1 => variant.set("value", any(rng, 0)),
        _ => variant.set("value", Json::text(name)),
    }
    match rng.below(5) {
        0 => variant.set("payload", any(rng, 0)),
        1 => variant.set(
            "payload",
            Json::object([(
                "nested",
                Json::object([("n", Json::number(texts::number(rng))), ("w", Json::text(name))]),
            )]),
        ),
        2 => variant.set("payload", Json::text(texts::word(rng))),
        _ => {}
    }
    if rng.percent(25) {
        variant.set("metadata", metadata(rng, &[("default", Json::Bool(true)), ("m", Json::text("variant"))]));
    }
    variant
}

fn segment(rng: &mut Rng, world: &World, earlier: &[Json], names: &[String], at: usize) -> Json {
    let mut segment = Json::Object(Vec::new());
    if rng.percent(85) {
        segment.set("conditions", conditions::lists(rng, world, earlier));
    } else if rng.percent(20) {
        segment.set("conditions", Json::Null);
    }
    if rng.percent(45) {
        segment.set("bucket", buckets::bucket(rng, world, names));
    }
    match rng.below(20) {
        0 => segment.set("variant", Json::text("missing")),
        1..=3 => {}
        4 => segment.set("variant", Json::Null),
        _ => segment.set("variant", Json::text(rng.choose(names).clone())),
    }
    if rng.percent(50) {
        let name = Json::text(format!("s-{at}"));
        segment.set(
            "metadata",
            metadata(
                rng,
                &[("segmentName", name), ("experimentKey", Json::text("exp-1")), ("m", Json::text("segment"))],
            ),
        );
    }
    segment
}

/// Some of the usual members, and others that layers overwrite in one another: with null, whole
/// objects, any value.
fn metadata(rng: &mut Rng, usual: &[(&str, Json)]) -> Json {
    let mut metadata = Json::Object(Vec::new());
    for (name, value) in usual {
        if rng.percent(60) {
            metadata.set(name, value.clone());
        }
    }
    for name in ["m", "shared", "experimentKey"] {
        match rng.below(8) {
            0 => metadata.set(name, Json::Null),
            1 => metadata.set(name, any(rng, 0)),
            _ => {}
        }
    }
    metadata
}

/// Any value: what results carry unchanged.
fn any(rng: &mut Rng, depth: usize) -> Json {
    match rng.below(if depth < 2 { 11 } else { 8 }) {
        0 => Json::Null,
        1 => Json::Bool(rng.percent(50)),
        2 => Json::int(0),
        3 => Json::number(texts::number(rng)),
        4 => Json::number("2.0"),
        5 => Json::text(""),
        6 | 7 => Json::text(texts::word(rng)),
        8 => Json::List((0..rng.below(3)).map(|_| any(rng, depth + 1)).collect()),
        _ => Json::object((0..rng.below(3)).map(|at| (format!("k{at}"), any(rng, depth + 1))).collect::<Vec<_>>()),
    }
}
