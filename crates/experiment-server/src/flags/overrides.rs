//! Overrides: a variant that everyone, or one user, is to get whatever the flag says.
//!
//! An override is a segment put in front of the flag's own. So it counts for every way in which a flag is evaluated:
//! here, in an SDK that evaluates locally, and in the flags that depend on it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::RawFlag;
use super::raw::{Members, is};

/// What conditions call a value that is not there.
const NO_VALUE: &str = "(none)";

/// Whom an override is for. Ids are compared as the condition `is` does it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// The user of this id.
    UserId(String),
    /// The device of this id.
    DeviceId(String),
    /// Everyone without an override of their own.
    Everyone,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserId(id) => write!(f, "user `{id}`"),
            Self::DeviceId(id) => write!(f, "device `{id}`"),
            Self::Everyone => f.write_str("everyone"),
        }
    }
}

/// A variant that someone is to get, whatever the flag says.
///
/// It stays when flags change. While the flag or its variant is not there, it does nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Override {
    /// The flag's key.
    pub flag: String,
    /// The variant, by the name that the flag lists it under.
    pub variant: String,
    /// Whom it is for.
    pub subject: Subject,
}

impl Override {
    /// Gives everyone a variant.
    pub fn for_everyone(flag: impl Into<String>, variant: impl Into<String>) -> Self {
        Self { flag: flag.into(), variant: variant.into(), subject: Subject::Everyone }
    }

    /// Gives one user a variant.
    pub fn for_user(flag: impl Into<String>, variant: impl Into<String>, user_id: impl Into<String>) -> Self {
        Self { flag: flag.into(), variant: variant.into(), subject: Subject::UserId(user_id.into()) }
    }

    /// Gives one device a variant.
    pub fn for_device(flag: impl Into<String>, variant: impl Into<String>, device_id: impl Into<String>) -> Self {
        Self { flag: flag.into(), variant: variant.into(), subject: Subject::DeviceId(device_id.into()) }
    }

    fn segment(&self) -> serde_json::Value {
        let mut segment = json!({"metadata": {"segmentName": "Override"}, "variant": self.variant});
        let condition =
            |field: &str, id: &str| json!([[{"selector": ["context", "user", field], "op": "is", "values": [id]}]]);
        let conditions = match &self.subject {
            Subject::UserId(id) => Some(condition("user_id", id)),
            Subject::DeviceId(id) => Some(condition("device_id", id)),
            Subject::Everyone => None,
        };
        if let (Some(conditions), Some(segment)) = (conditions, segment.as_object_mut()) {
            segment.insert("conditions".to_owned(), conditions);
        }
        segment
    }
}

/// Why an override cannot be set, if it cannot.
pub(crate) fn check_override(flags: &[RawFlag], wanted: &Override) -> Result<(), String> {
    if let Subject::UserId(id) | Subject::DeviceId(id) = &wanted.subject
        && (id.is_empty() || id == NO_VALUE)
    {
        return Err(format!("`{id}` is no id that an override could be for"));
    }
    let Some(flag) = flags.iter().rfind(|flag| flag.key.as_deref() == Some(wanted.flag.as_str())) else {
        return Err(format!("there is no flag `{}`", wanted.flag));
    };
    let variants = flag.variants();
    if variants.contains(&wanted.variant) {
        return Ok(());
    }
    Err(format!("flag `{}` has no variant `{}`; it has: {}", wanted.flag, wanted.variant, variants.join(", ")))
}

/// The flag with its overrides, of which those for one user or device come first. The rest of its text is as it was.
pub(crate) fn apply<'a>(flag: &RawFlag, overrides: impl Iterator<Item = &'a Override>) -> RawFlag {
    let variants = flag.variants();
    let mut usable: Vec<&Override> = overrides.filter(|one| variants.contains(&one.variant)).collect();
    usable.sort_by(|one, other| one.subject.cmp(&other.subject));
    let spliced = if usable.is_empty() { None } else { splice(&flag.json, &usable) };
    RawFlag { json: spliced.map_or_else(|| flag.json.clone(), Into::into), ..flag.clone() }
}

fn splice(flag: &str, overrides: &[&Override]) -> Option<String> {
    let members = serde_json::from_str::<Members<'_>>(flag).ok()?.0;
    let own = members.iter().rfind(|(name, _)| is(name, "segments")).map(|(_, segments)| *segments);
    let own: Vec<&RawValue> = serde_json::from_str(own?.get()).ok()?;
    let mut segments: Vec<String> = overrides.iter().map(|one| one.segment().to_string()).collect();
    segments.extend(own.iter().map(|segment| segment.get().to_owned()));
    let mut text = String::from("{");
    for (name, value) in members.iter().filter(|(name, _)| !is(name, "segments")) {
        text.push_str(name.get());
        text.push(':');
        text.push_str(value.get());
        text.push(',');
    }
    text.push_str("\"segments\":[");
    text.push_str(&segments.join(","));
    text.push_str("]}");
    Some(text)
}

#[cfg(test)]
mod tests {
    use evaluation_core::{FlagSet, User};

    use super::*;

    const FLAG: &str = r#"[{"key": "nav", "variants": {"on": {"key": "on"}, "off": {"key": "off", "payload": 1.0}},
        "segments": [{"variant": "off"}], "metadata": {"z": 1, "a": 2}}]"#;

    fn flag() -> RawFlag {
        super::super::read("flags.json", FLAG.as_bytes()).unwrap().remove(0)
    }

    fn variant(flag: &RawFlag, user: &User) -> Option<String> {
        let set = FlagSet::from_json(format!("[{}]", flag.json).as_bytes()).unwrap();
        set.variant(user, "nav").and_then(|variant| variant.key().map(str::to_owned))
    }

    #[test]
    fn one_user_goes_before_everyone_and_both_before_the_flag() {
        let overrides = [Override::for_everyone("nav", "off"), Override::for_user("nav", "on", "u\"1")];
        let applied = apply(&flag(), overrides.iter());
        assert_eq!(variant(&applied, &User::with_user_id("u\"1")).as_deref(), Some("on"));
        assert_eq!(variant(&applied, &User::with_user_id("u2")).as_deref(), Some("off"));
        let device = [Override::for_device("nav", "on", "d1")];
        let user = User::builder().user_id("u2").device_id("d1").build();
        assert_eq!(variant(&apply(&flag(), device.iter()), &user).as_deref(), Some("on"));
    }

    #[test]
    fn the_rest_of_the_flag_keeps_its_text() {
        let applied = apply(&flag(), [Override::for_everyone("nav", "on")].iter());
        assert!(applied.json.contains(r#""payload":1.0"#), "{}", applied.json);
        assert!(applied.json.contains(r#""metadata":{"z":1,"a":2}"#), "{}", applied.json);
        assert!(applied.json.ends_with(r#",{"variant":"off"}]}"#), "{}", applied.json);
    }

    #[test]
    fn flags_that_are_read_leniently_can_be_overridden() {
        let json = FLAG.replace(r#""key": "nav", "#, r#""\ud800": 1, "key": "nav", "key": "nav", "#);
        let lenient = super::super::read("flags.json", json.as_bytes()).unwrap().remove(0);
        assert!(check_override(std::slice::from_ref(&lenient), &Override::for_everyone("nav", "on")).is_ok());
        let applied = apply(&lenient, [Override::for_everyone("nav", "on")].iter());
        assert_eq!(variant(&applied, &User::with_user_id("u1")).as_deref(), Some("on"));
    }

    #[test]
    fn an_override_without_its_variant_does_nothing() {
        let gone = Override::for_everyone("nav", "gone");
        assert_eq!(apply(&flag(), [gone.clone()].iter()).json, flag().json);
        let reason = check_override(&[flag()], &gone).unwrap_err();
        assert_eq!(reason, "flag `nav` has no variant `gone`; it has: on, off");
        assert!(check_override(&[flag()], &Override::for_everyone("other", "on")).is_err());
    }
}
