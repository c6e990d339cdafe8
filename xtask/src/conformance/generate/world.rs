//! A small world: properties with the values that they may have, and contexts drawn from them.
//!
//! Filter values are drawn from the same pools as the properties, so that conditions are met about
//! as often as they are missed.

use super::super::json::Json;
use super::super::rng::Rng;
use super::texts;

/// What a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    NumberText,
    Version,
    Truth,
    List,
    ListText,
    Object,
    Mixed,
}

const KINDS: [Kind; 9] = [
    Kind::Word,
    Kind::Number,
    Kind::NumberText,
    Kind::Version,
    Kind::Truth,
    Kind::List,
    Kind::ListText,
    Kind::Object,
    Kind::Mixed,
];

/// A place in the context that a selector can name.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) kind: Kind,
    /// From the context's root.
    pub(super) path: Vec<String>,
    /// The values it takes.
    pub(super) pool: Vec<Json>,
    /// How often in a hundred it is there.
    presence: usize,
}

/// The slots and the contexts that fill them.
#[derive(Debug)]
pub(super) struct World {
    pub(super) slots: Vec<Slot>,
    pub(super) contexts: Vec<Json>,
}

const PROPERTIES: [&str; 10] = ["plan", "age", "Größe", "with space", "a.b", "7", "beta", "tags", "score", "profile"];
const NESTED: [&str; 4] = ["city", "deep", "owner", "(none)"];
const USER_FIELDS: [&str; 6] = ["country", "version", "platform", "language", "cohort_ids", "device_model"];

impl World {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut slots =
            vec![Slot::new(rng, Kind::Word, &["user", "user_id"]), Slot::new(rng, Kind::Word, &["user", "device_id"])];
        for slot in &mut slots {
            slot.pool = (0..12).map(|_| Json::text(texts::id(rng, "user-"))).collect();
        }
        for _ in 0..rng.between(4, 10) {
            let slot = Slot::random(rng);
            let clashes = |other: &Slot| other.path.starts_with(&slot.path) || slot.path.starts_with(&other.path);
            if !slots.iter().any(clashes) {
                slots.push(slot);
            }
        }
        let contexts = (0..rng.between(6, 18)).map(|_| context(rng, &slots)).collect();
        Self { slots, contexts }
    }
}

impl Slot {
    fn new(rng: &mut Rng, kind: Kind, path: &[&str]) -> Self {
        let size = rng.between(2, 6);
        let pool = (0..size).map(|_| value(rng, kind)).collect();
        let presence = rng.pick(&[100, 100, 90, 60]);
        Self { kind, path: path.iter().map(|&name| name.to_owned()).collect(), pool, presence }
    }

    fn random(rng: &mut Rng) -> Self {
        let kind = rng.pick(&KINDS);
        let property = rng.pick(&PROPERTIES);
        match rng.below(10) {
            0..=3 => Self::new(rng, kind, &["user", "user_properties", property]),
            4 => {
                let nested = rng.pick(&NESTED);
                Self::new(rng, kind, &["user", "user_properties", property, nested])
            }
            5 => {
                let field = rng.pick(&USER_FIELDS);
                let kind = match field {
                    "version" => Kind::Version,
                    "cohort_ids" => Kind::List,
                    _ => Kind::Word,
                };
                Self::new(rng, kind, &["user", field])
            }
            6 => Self::new(rng, Kind::List, &["user", "groups", "org"]),
            7 => Self::new(rng, Kind::Word, &["groups", "org", "group_name"]),
            8 => Self::new(rng, kind, &["groups", "org", "group_properties", property]),
            _ => Self::new(rng, Kind::List, &["groups", "team", "cohort_ids"]),
        }
    }
}

fn value(rng: &mut Rng, kind: Kind) -> Json {
    match kind {
        Kind::Word => Json::text(texts::word(rng)),
        Kind::Number => Json::number(texts::number(rng)),
        Kind::NumberText => {
            let number = texts::number(rng);
            Json::text(texts::number_spelling(rng, &number))
        }
        Kind::Version => Json::text(texts::version(rng)),
        Kind::Truth if rng.percent(50) => Json::Bool(true),
        Kind::Truth => Json::text(rng.pick(&["true", "false", "True", "FALSE", "tRue"])),
        Kind::List => Json::List(elements(rng)),
        Kind::ListText => Json::text(Json::List(elements(rng)).to_string()),
        Kind::Object => {
            let city = Json::text(texts::word(rng));
            Json::object([("city", city), ("deep", Json::object([("er", Json::text(texts::word(rng)))]))])
        }
        Kind::Mixed => {
            let kind = rng.pick(&KINDS[..8]);
            value(rng, kind)
        }
    }
}

/// List elements of one flavour, so that comparisons can meet them: now and then with nulls,
/// repeats, numbers and a list inside.
fn elements(rng: &mut Rng) -> Vec<Json> {
    let flavour = rng.below(4);
    let mut items: Vec<Json> = (0..rng.between(1, 5))
        .map(|_| match flavour {
            0 => Json::number(texts::number(rng)),
            1 => Json::text(texts::version(rng)),
            _ => Json::text(texts::word(rng)),
        })
        .collect();
    if rng.percent(20) {
        items.push(Json::Null);
    }
    if rng.percent(20) {
        items.push(items[0].clone());
    }
    if rng.percent(10) {
        items.push(Json::texts(["inner"]));
    }
    rng.shuffle(&mut items);
    items
}

fn context(rng: &mut Rng, slots: &[Slot]) -> Json {
    let mut root = Json::Object(Vec::new());
    for slot in slots {
        if rng.percent(slot.presence) {
            put(&mut root, &slot.path, rng.choose(&slot.pool).clone());
        } else if rng.percent(30) {
            put(&mut root, &slot.path, Json::Null);
        }
    }
    root
}

fn put(at: &mut Json, path: &[String], value: Json) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        at.set(name, value);
        return;
    }
    if at.get(name).is_none() {
        at.set(name, Json::Object(Vec::new()));
    }
    let Json::Object(members) = at else { return };
    if let Some((_, inner)) = members.iter_mut().find(|(member, _)| member == name) {
        put(inner, rest, value);
    }
}
