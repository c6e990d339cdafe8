//! Who is evaluated, and how: the same table for both clients.

use experiment::{EvaluateOptions, User};
use serde_json::{Value, json};

/// Flags made for this: of all types, with and without keys, values and metadata, with odd names.
pub(super) const FLAGS: &str = include_str!("flags.json");

/// One call of a client.
#[derive(Debug)]
pub(super) struct Evaluation {
    /// As their client is given it.
    pub(super) json: Value,
    /// As ours is.
    pub(super) user: User,
    pub(super) keys: &'static [&'static str],
    pub(super) exposure: bool,
}

impl Evaluation {
    fn new(json: Value, keys: &'static [&'static str], exposure: bool) -> Result<Self, String> {
        let read = User::from_json(json.to_string().as_bytes());
        let (user, diagnostics) = read.map_err(|error| format!("a user of the table: {error}"))?;
        match diagnostics.first() {
            None => Ok(Self { json, user, keys, exposure }),
            Some(diagnostic) => Err(format!("a user of the table: {diagnostic}")),
        }
    }

    pub(super) fn options(&self) -> EvaluateOptions {
        EvaluateOptions::default().with_flag_keys(self.keys.iter().copied()).with_tracks_exposure(self.exposure)
    }
}

/// Absent, empty, plain, with white space around and within, what only some call white space, beyond ASCII and beyond 16
/// bits, like numbers.
const USER_IDS: [Option<&str>; 14] = [
    None,
    Some(""),
    Some("user-1"),
    Some(" padded "),
    Some("\t\u{feff}lines\u{a0}\n"),
    Some("\u{85}next\u{85}"),
    Some("two words"),
    Some("üser é"),
    Some("💥"),
    Some("\u{e000}\u{fffd}"),
    Some("12345"),
    Some("007"),
    Some("1e3"),
    Some("   "),
];

const DEVICE_IDS: [Option<&str>; 6] =
    [None, Some(""), Some("device-1"), Some(" device \u{3000}"), Some("𐀀 💥 é"), Some("-2.50")];

/// How long the longest ids are. Insert ids hold two of them, and may have 1,024 characters.
const LONG: usize = 480;

/// All flags, defaults alone, what depends on others, what the table does not know.
const KEYS: [&[&str]; 8] = [
    &[],
    &["always-off"],
    &[],
    &["in-slot-1"],
    &["always-off", "off-without-key"],
    &["café", "💥", "\u{e000} private", " spaced flag\t"],
    &[],
    &["no-such-flag", "checkout", "neither"],
];

/// All calls with an id that the service takes.
pub(super) fn evaluations() -> Result<Vec<Evaluation>, String> {
    let mut table = Vec::new();
    for (at, (user_id, device_id)) in ids().into_iter().enumerate() {
        let user = user(at, user_id, device_id);
        // Not every call tracks exposures, and some users come again, at once or with other flags between.
        let exposure = at % 11 != 10;
        let keys = KEYS[at % KEYS.len()];
        for _ in 0..if at % 4 == 0 { 2 } else { 1 } {
            table.push(Evaluation::new(user.clone(), keys, exposure)?);
        }
        if at % 5 == 0 {
            table.push(Evaluation::new(user.clone(), &["new-nav", "untracked"], true)?);
            table.push(Evaluation::new(user, keys, exposure)?);
        }
    }
    // To dedupe, the first four are one user.
    for id in ["same", " same", "same\u{3000}", "\u{feff}same\n", "\u{85}same"] {
        table.push(Evaluation::new(json!({"user_id": id, "device_id": "same-device"}), &["new-nav"], true)?);
    }
    // Groups without a name.
    for (id, groups) in [("no-names", json!({"org": []})), ("empty-name", json!({"org": [""], "b": ["x", ""]}))] {
        table.push(Evaluation::new(json!({"user_id": id, "groups": groups}), &["new-nav", "some-only"], true)?);
    }
    // Nothing is evaluated.
    table.push(Evaluation::new(json!({"user_id": "no-flags"}), &["no-such-flag"], true)?);
    Ok(table)
}

/// Users that the service cannot tell apart, whose events it refuses.
pub(super) fn without_ids() -> Result<Vec<Evaluation>, String> {
    let ids = [(None, None), (Some(""), None), (None, Some("")), (Some(""), Some(""))];
    let keys: [&[&str]; 4] = [&["new-nav"], &["checkout", "neither"], &["value-alone"], &["rich-metadata", "💥"]];
    let users = ids.into_iter().zip(keys).enumerate();
    users.map(|(at, ((user, device), keys))| Evaluation::new(self::user(at, user, device), keys, true)).collect()
}

/// Whoever comes last: when the events are here, so are all before.
pub(super) fn last() -> Result<Vec<Evaluation>, String> {
    Ok(vec![Evaluation::new(json!({"user_id": "last", "device_id": "last"}), &["new-nav"], true)?])
}

fn ids() -> Vec<(Option<String>, Option<String>)> {
    let owned = |id: Option<&str>| id.map(str::to_owned);
    let usable = |id: Option<&str>| id.is_some_and(|id| !id.is_empty());
    let pairs = USER_IDS.into_iter().flat_map(|user| DEVICE_IDS.into_iter().map(move |device| (user, device)));
    let pairs = pairs.filter(|(user, device)| usable(*user) || usable(*device));
    let mut ids: Vec<_> = pairs.map(|(user, device)| (owned(user), owned(device))).collect();
    let long = |letter: &str| Some(letter.repeat(LONG));
    ids.extend([(long("u"), None), (long("ü"), long("d")), (Some("user-2".to_owned()), long("💥"))]);
    ids
}

/// A user with properties and groups by its place in the table.
fn user(at: usize, user_id: Option<impl Into<Value>>, device_id: Option<impl Into<Value>>) -> Value {
    let mut user = json!({});
    for (name, id) in [("user_id", user_id.map(Into::into)), ("device_id", device_id.map(Into::into))] {
        if let Some(id) = id {
            user[name] = id;
        }
    }
    if let Some(plan) = [Some("pro"), Some("none"), None].get(at % 3).copied().flatten() {
        user["user_properties"] = json!({"plan": plan, "seats": at, "tags": ["a", "é"], "beta": true});
        user["country"] = "Norway".into();
    }
    match at % 5 {
        1 => user["groups"] = json!({"org": ["acme"]}),
        2 => {
            user["groups"] = json!({"org": ["acme", "globex"], "team name": ["é 💥"]});
            user["group_properties"] = json!({"org": {"acme": {"tier": 3, "region": "north"}}});
        }
        3 => {
            user["groups"] = json!({"team": [" a ", "b", "c"], "org": ["initech"]});
            user["group_properties"] = json!({"org": {"initech": {"tier": 1}, "acme": {"tier": 9}}});
        }
        _ => {}
    }
    user
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use evaluation_core::{FlagSet, Severity};

    use super::*;

    #[test]
    fn the_table_holds_what_it_is_to_show() {
        let flags = FlagSet::from_json(FLAGS.as_bytes()).unwrap();
        // Variants without a key are there on purpose, and warned of.
        let errors: Vec<_> = flags.diagnostics().iter().filter(|found| found.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let table = evaluations().unwrap();
        let users: BTreeSet<String> = table.iter().map(|one| one.json.to_string()).collect();
        assert!(users.len() >= 60, "{}", users.len());

        let (mut shown, mut only_defaults, mut none, mut slots) = (BTreeSet::new(), 0, 0, BTreeSet::new());
        for one in &table {
            let variants = flags.evaluate(&one.user, one.keys);
            none += usize::from(variants.is_empty());
            only_defaults += usize::from(!variants.is_empty() && variants.iter().all(|(_, it)| it.is_default()));
            slots.extend(variants.get("mutex").and_then(|slot| slot.key().map(str::to_owned)));
            shown.extend(variants.iter().map(|(flag, _)| flag.to_owned()));
        }
        assert_eq!(shown.len(), flags.len());
        assert!(only_defaults > 0 && none > 0, "{only_defaults} {none}");
        assert_eq!(slots.len(), 3, "{slots:?}");
    }
}
