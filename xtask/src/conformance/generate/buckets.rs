//! Buckets: allocations and distributions whose ranges overlap, leave gaps, are empty or reversed.

use super::super::agreed;
use super::super::json::Json;
use super::super::rng::Rng;
use super::texts;
use super::world::World;

/// The end of the distributions' range.
const FULL: usize = 42_949_673;

pub(super) fn bucket(rng: &mut Rng, world: &World, variants: &[String]) -> Json {
    let salt = match rng.below(5) {
        0 => String::new(),
        1 => texts::word(rng),
        _ => texts::id(rng, "s"),
    };
    let count = rng.pick(&[0, 1, 1, 1, 1, 2, 3]);
    let allocations = (0..count).map(|_| allocation(rng, variants)).collect();
    Json::object([
        ("selector", selector(rng, world)),
        ("salt", Json::text(salt)),
        ("allocations", Json::List(allocations)),
    ])
}

fn selector(rng: &mut Rng, world: &World) -> Json {
    for _ in 0..4 {
        let slot = if rng.percent(60) { &world.slots[rng.below(2)] } else { rng.choose(&world.slots) };
        let path = std::iter::once("context".to_owned()).chain(slot.path.iter().cloned());
        let selector = Json::texts(path);
        let bucket = Json::object([("selector", selector.clone())]);
        if world.contexts.iter().all(|context| agreed::bucket_holds(&bucket, &[], context)) {
            return selector;
        }
    }
    Json::texts(["context", "user", "user_id"])
}

fn allocation(rng: &mut Rng, variants: &[String]) -> Json {
    let range = match rng.below(6) {
        0..=2 => (0, 100),
        3 => (0, rng.between(1, 99)),
        4 => (rng.below(100), 100),
        _ => (rng.below(101), rng.below(101)),
    };
    let count = rng.between(0, 4);
    let even = rng.percent(50);
    let distributions = (0..count).map(|at| {
        let range = if even {
            (FULL * at / count, FULL * (at + 1) / count)
        } else {
            (rng.below(FULL + 1), rng.below(FULL + 1))
        };
        let variant = if rng.percent(4) { "missing".to_owned() } else { rng.choose(variants).clone() };
        Json::object([("variant", Json::text(variant)), ("range", pair(range))])
    });
    let distributions = distributions.collect();
    Json::object([("range", pair(range)), ("distributions", Json::List(distributions))])
}

fn pair((start, end): (usize, usize)) -> Json {
    Json::List(vec![Json::number(start.to_string()), Json::number(end.to_string())])
}
