//! Cases whose answer is known from how they are made.

use serde_json::Value;

use super::super::case::Case;
use super::super::json::Json;
use super::super::outcome::Outcome;
use super::super::rng::Rng;
use super::murmur3;

/// Variants that a bucket's example chooses from, each with an equal share.
const SHARES: u32 = 16;

/// Flags, contexts that are asked one after another, and the answer to the last.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) flags: Json,
    contexts: Vec<Json>,
    flag_keys: Option<Json>,
    pub(super) expected: Outcome,
}

impl Example {
    pub(super) fn new(flags: Vec<Json>, context: Json, expected: &Json) -> Self {
        let results = match serde_json::from_str(&expected.to_string()) {
            Ok(Value::Object(results)) => Outcome::results(results),
            _ => Outcome::Error(format!("not an object: {expected}")),
        };
        Self { flags: Json::List(flags), contexts: vec![context], flag_keys: None, expected: results }
    }

    /// One flag that is `on` when the condition holds and `off` when it does not.
    pub(super) fn condition(property: Option<Json>, op: &str, values: &[&str], holds: bool) -> Self {
        Self::selecting(&["context", "user", "user_properties", "p"], op, values, context(property), holds)
    }

    /// The same with a selector and context of one's own.
    pub(super) fn selecting(selector: &[&str], op: &str, values: &[&str], context: Json, holds: bool) -> Self {
        let condition = condition(selector, op, values);
        let conditional = Json::object([
            ("conditions", Json::List(vec![Json::List(vec![condition])])),
            ("variant", Json::text("on")),
        ]);
        let flag = flag("f", vec![conditional, Json::object([("variant", Json::text("off"))])]);
        Self::new(vec![flag], context, &result("f", if holds { "on" } else { "off" }))
    }

    /// One flag that shares its variants out by the property, whose text is `text`.
    pub(super) fn bucket(rng: &mut Rng, property: Json, text: &str) -> Self {
        let salt = word(rng);
        let name = |share: u32| format!("v{share}");
        let end = 42_949_673 / SHARES;
        let distributions = (0..SHARES).map(|share| {
            let range = Json::List(vec![Json::int(share * end), Json::int((share + 1) * end)]);
            Json::object([("variant", Json::text(name(share))), ("range", range)])
        });
        let allocation = Json::object([
            ("range", Json::List(vec![Json::int(0), Json::int(100)])),
            ("distributions", Json::List(distributions.collect())),
        ]);
        let selector = Json::texts(["context", "user", "user_properties", "p"]);
        let bucket = Json::object([
            ("selector", selector),
            ("salt", Json::text(&salt)),
            ("allocations", Json::List(vec![allocation])),
        ]);
        let segment = Json::object([("bucket", bucket), ("variant", Json::text("rest"))]);
        let share = murmur3::hash(&format!("{salt}/{text}")) / 100 / end;
        let chosen = if share < SHARES { name(share) } else { "rest".to_owned() };
        let names = (0..SHARES).map(name).chain(["rest".to_owned()]);
        let variants = names.map(|name| (name.clone(), variant(&name)));
        let flag = Json::object([
            ("key", Json::text("f")),
            ("variants", Json::Object(variants.collect())),
            ("segments", Json::List(vec![segment])),
        ]);
        Self::new(vec![flag], context(Some(property)), &result("f", &chosen))
    }

    /// Asks with another context first.
    pub(super) fn after(mut self, context: Json) -> Self {
        self.contexts.insert(0, context);
        self
    }

    pub(super) fn with_keys(mut self, keys: Json) -> Self {
        self.flag_keys = Some(keys);
        self
    }

    pub(super) fn cases(&self) -> Vec<Case> {
        let case = |context: &Json| Case {
            flags: self.flags.clone(),
            context: context.clone(),
            flag_keys: self.flag_keys.clone(),
        };
        self.contexts.iter().map(case).collect()
    }
}

/// A user with the property `p`, if any.
pub(super) fn context(property: Option<Json>) -> Json {
    let properties = Json::object(property.map(|value| ("p", value)));
    Json::object([("user", Json::object([("user_id", Json::text("u")), ("user_properties", properties)]))])
}

pub(super) fn condition(selector: &[&str], op: &str, values: &[&str]) -> Json {
    Json::object([
        ("selector", Json::texts(selector.to_vec())),
        ("op", Json::text(op)),
        ("values", Json::texts(values.to_vec())),
    ])
}

/// A flag with the variants `on` and `off`.
pub(super) fn flag(key: &str, segments: Vec<Json>) -> Json {
    let variants = Json::object([("on", variant("on")), ("off", variant("off"))]);
    Json::object([("key", Json::text(key)), ("variants", variants), ("segments", Json::List(segments))])
}

pub(super) fn variant(name: &str) -> Json {
    Json::object([("key", Json::text(name)), ("value", Json::text(name))])
}

/// The results in which one flag has a variant made by [`variant`].
pub(super) fn result(key: &str, name: &str) -> Json {
    Json::object([(key, variant(name))])
}

/// A lower-case word of three to eight letters.
pub(super) fn word(rng: &mut Rng) -> String {
    (0..rng.between(3, 8)).map(|_| char::from(b'a' + rng.below(26) as u8)).collect()
}
