//! What differs on purpose, and nothing else.

use serde_json::{Map, Value};

use super::sent::Sent;

/// A member that is meant to differ.
pub(super) struct Difference {
    pub(super) of: Of,
    pub(super) member: &'static str,
    /// Why it differs.
    pub(super) reason: &'static str,
    /// Checks the member for what it must be on either side, and leaves of it what must be equal. What it found, if it is
    /// something else.
    pub(super) even: fn(&mut Map<String, Value>, &Sent) -> Result<(), String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Event,
    Upload,
}

/// All that is meant to differ. `docs/conformance.md` has the same list.
pub(super) const DELIBERATE: [Difference; 7] = [
    Difference { of: Of::Event, member: "library", reason: "each client names itself", even: library },
    Difference {
        of: Of::Event,
        member: "event_id",
        reason: "both count, but exposures of one evaluation in another order of the flags",
        even: event_id,
    },
    Difference {
        of: Of::Event,
        member: "time",
        reason: "when it was evaluated; theirs of exposures is set later",
        even: time,
    },
    Difference {
        of: Of::Event,
        member: "insert_id",
        reason: "an id that is missing is empty in ours, so that it is not the id `undefined`",
        even: insert_id,
    },
    Difference {
        of: Of::Event,
        member: "[Experiment] Variant",
        reason: "a value that is no text is JSON text in ours, as variants give it, and JSON in theirs",
        even: value,
    },
    Difference { of: Of::Upload, member: "client_upload_time", reason: "when it was sent", even: client_upload_time },
    Difference {
        of: Of::Upload,
        member: "request_metadata",
        reason: "theirs adds figures of its own from the second upload on",
        even: request_metadata,
    },
];

/// Evens out what is meant to differ.
pub(super) fn even_out(of: Of, sent: &Sent, found: &Value) -> Result<Map<String, Value>, String> {
    let mut members = found.as_object().cloned().ok_or_else(|| format!("{found} is no object"))?;
    for difference in DELIBERATE.iter().filter(|difference| difference.of == of) {
        (difference.even)(&mut members, sent).map_err(|found| {
            let (whose, member) = (if sent.is_ours { "our" } else { "their" }, difference.member);
            format!("{whose} {member} is {found}, which is more than the known difference: {}", difference.reason)
        })?;
    }
    Ok(members)
}

fn library(event: &mut Map<String, Value>, sent: &Sent) -> Result<(), String> {
    let name = if sent.is_ours { "amplitude-experiment-rust/" } else { "amplitude-node-ts/" };
    take(event, "library", |library| library.as_str().is_some_and(|library| library.starts_with(name)))
}

fn event_id(event: &mut Map<String, Value>, _: &Sent) -> Result<(), String> {
    if event.get("event_type").is_some_and(|kind| kind == "[Experiment] Exposure") {
        return take(event, "event_id", Value::is_u64);
    }
    Ok(())
}

fn time(event: &mut Map<String, Value>, sent: &Sent) -> Result<(), String> {
    take(event, "time", |time| time.as_u64().is_some_and(|time| sent.span.contains(&time)))
}

/// Leaves the hash: the ids are compared as members of their own, and the day has to be that of the run.
fn insert_id(event: &mut Map<String, Value>, sent: &Sent) -> Result<(), String> {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    let missing = if sent.is_ours { "" } else { "undefined" };
    let id = |name: &str| event.get(name).map_or(Some(missing), Value::as_str);
    let found = event.get("insert_id").cloned().unwrap_or_default();
    let hash = || {
        let front = format!("{} {} ", id("user_id")?, id("device_id")?);
        let (hash, day) = found.as_str()?.strip_prefix(&front)?.split_once(' ')?;
        let days = sent.span.start() / DAY..=sent.span.end() / DAY;
        days.contains(&day.parse().ok()?).then(|| hash.to_owned())
    };
    let hash = hash().ok_or_else(|| found.to_string())?;
    event.insert("insert_id".to_owned(), hash.into());
    Ok(())
}

/// Makes a text of theirs as well. The order of members means nothing.
fn value(event: &mut Map<String, Value>, sent: &Sent) -> Result<(), String> {
    let shown = event.get_mut("event_properties").and_then(|properties| properties.get_mut("[Experiment] Variant"));
    shown.into_iter().for_each(|shown| as_text(shown, sent));
    let set = event.get_mut("user_properties").and_then(|properties| properties.get_mut("$set")?.as_object_mut());
    set.into_iter().flat_map(Map::values_mut).for_each(|shown| as_text(shown, sent));
    Ok(())
}

fn as_text(shown: &mut Value, sent: &Sent) {
    let json = match shown.as_str().map(serde_json::from_str::<Value>) {
        Some(Ok(json)) if sent.is_ours && (json.is_array() || json.is_object()) => json,
        None if !sent.is_ours => shown.take(),
        _ => return,
    };
    *shown = json.to_string().into();
}

fn client_upload_time(upload: &mut Map<String, Value>, _: &Sent) -> Result<(), String> {
    take(upload, "client_upload_time", |time| {
        let shape = time.as_str().unwrap_or_default().replace(|digit: char| digit.is_ascii_digit(), "0");
        shape == "0000-00-00T00:00:00.000Z"
    })
}

fn request_metadata(upload: &mut Map<String, Value>, sent: &Sent) -> Result<(), String> {
    match upload.remove("request_metadata") {
        Some(found) if sent.is_ours || !found.is_object() => Err(found.to_string()),
        _ => Ok(()),
    }
}

/// Takes a member away that is as it should be.
fn take(members: &mut Map<String, Value>, name: &str, holds: impl Fn(&Value) -> bool) -> Result<(), String> {
    let found = members.remove(name).unwrap_or_default();
    if holds(&found) { Ok(()) } else { Err(found.to_string()) }
}
