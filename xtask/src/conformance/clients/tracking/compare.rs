//! Two clients' events, one beside the other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::deliberate::{Of, even_out};
use super::sent::Sent;

/// All kinds of events that either sends.
pub(super) const KINDS: [&str; 2] = ["[Experiment] Assignment", "[Experiment] Exposure"];

/// What an event is about: the user's id, the device's and the flag, as JSON. Assignments are about no flag alone.
type About = [String; 3];

type Events = BTreeMap<About, Vec<Map<String, Value>>>;

/// What both sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Equal {
    pub(super) events: usize,
    /// The users that the events tell of, by both ids.
    pub(super) users: usize,
}

/// Whether both sent the same events of a kind.
pub(super) fn equal(
    ours: &Sent,
    theirs: &Sent,
    kind: &str,
    events: impl Fn(&Sent) -> &Vec<Value>,
) -> Result<Equal, String> {
    let none = Vec::new();
    let (ours, theirs) = (read(ours, kind, events(ours))?, read(theirs, kind, events(theirs))?);
    let all: BTreeSet<&About> = ours.keys().chain(theirs.keys()).collect();
    let users = all.iter().map(|[user, device, _]| (user, device)).collect::<BTreeSet<_>>().len();
    let (mut count, mut differ, mut first) = (0, 0, None);
    for about in all {
        let (ours, theirs) = (ours.get(about).unwrap_or(&none), theirs.get(about).unwrap_or(&none));
        count += ours.len().max(theirs.len());
        for at in 0..ours.len().max(theirs.len()) {
            if let Err(difference) = same(ours.get(at), theirs.get(at)) {
                differ += 1;
                first.get_or_insert_with(|| format!("{}: {difference}", about.join(" ")));
            }
        }
    }
    match first {
        Some(first) => Err(format!("{differ} of {count} events differ, first {first}")),
        None if count == 0 => Err("there are no events".to_owned()),
        None => Ok(Equal { events: count, users }),
    }
}

/// Whether all uploads of both say the same beside their events; what that is.
pub(super) fn same_uploads(ours: &Sent, theirs: &Sent) -> Result<String, String> {
    let heads = |sent: &Sent| {
        let heads = sent.uploads.iter().map(|upload| even_out(Of::Upload, sent, upload).map(Value::Object));
        let heads = heads.map(|head| head.map(|head| head.to_string()));
        heads.collect::<Result<BTreeSet<_>, _>>()
    };
    let (known, found) = (heads(ours)?, heads(theirs)?);
    if known != found || known.len() != 1 {
        return Err(format!("ours say {known:?}, theirs {found:?}"));
    }
    Ok(format!("{} of ours, {} of theirs", ours.uploads.len(), theirs.uploads.len()))
}

/// Evens the events of a kind out, in the order in which they came.
fn read(sent: &Sent, kind: &str, events: &[Value]) -> Result<Events, String> {
    let mut read = Events::new();
    if let Some(other) = events.iter().find(|event| !KINDS.iter().any(|kind| event["event_type"] == *kind)) {
        return Err(format!("there is an event of another kind: {other}"));
    }
    for event in events.iter().filter(|event| event["event_type"] == kind) {
        let flag = &event["event_properties"]["[Experiment] Flag Key"];
        let about = [&event["user_id"], &event["device_id"], flag].map(Value::to_string);
        let even = even_out(Of::Event, sent, event).map_err(|found| format!("{}: {found}", about.join(" ")))?;
        read.entry(about).or_default().push(even);
    }
    Ok(read)
}

/// Whether two events are equal; if not, in which members.
fn same(ours: Option<&Map<String, Value>>, theirs: Option<&Map<String, Value>>) -> Result<(), String> {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        let whole = |event: Option<&Map<String, Value>>| event.map_or("none".to_owned(), |event| format!("{event:?}"));
        return Err(format!("ours is {}, theirs {}", whole(ours), whole(theirs)));
    };
    let text = |value: Option<&Value>| value.map_or("absent".to_owned(), Value::to_string);
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let names = names.into_iter().filter(|name| ours.get(*name) != theirs.get(*name));
    let differences: Vec<String> = names
        .map(|name| format!("{name} is {} in ours, {} in theirs", text(ours.get(name)), text(theirs.get(name))))
        .collect();
    if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EXPOSURE: &str = "[Experiment] Exposure";

    /// An exposure of a day in the run, with other members in the place of its own.
    fn sent(is_ours: bool, others: &[(&str, Value)]) -> Sent {
        let (library, insert_id) = match is_ours {
            true => ("amplitude-experiment-rust/1", "u  -5 19675"),
            false => ("amplitude-node-ts/1", "u undefined -5 19675"),
        };
        let mut event = json!({
            "event_type": EXPOSURE, "user_id": "u", "event_properties": {"[Experiment] Flag Key": "f"},
            "library": library, "insert_id": insert_id, "time": 1_700_000_000_000_u64, "event_id": u8::from(is_ours),
        });
        for (name, value) in others {
            event[*name] = value.clone();
        }
        let upload = json!({"api_key": "k", "client_upload_time": "2026-01-01T00:00:00.000Z"});
        let span = 1_700_000_000_000..=1_700_000_000_009;
        Sent { is_ours, span, taken: vec![event], refused: Vec::new(), uploads: vec![upload] }
    }

    fn compared(ours: &[(&str, Value)], theirs: &[(&str, Value)]) -> Result<usize, String> {
        equal(&sent(true, ours), &sent(false, theirs), EXPOSURE, |sent| &sent.taken).map(|equal| equal.events)
    }

    #[test]
    fn what_is_meant_to_differ_may() {
        assert_eq!(compared(&[], &[]), Ok(1));
        assert_eq!(compared(&[], &[("time", json!(1_700_000_000_009_u64))]), Ok(1));
        let shown = |metadata: &[&str], value: Value| {
            let mut properties = json!({"[Experiment] Flag Key": "f", "[Experiment] Variant": value});
            metadata.iter().for_each(|name| properties[*name] = json!({}));
            [("event_properties", properties), ("user_properties", json!({"$set": {"f": value}}))]
        };
        assert_eq!(compared(&shown(&["metadata"], json!("5")), &shown(&["metadata"], json!(5))), Ok(1));
        assert_eq!(compared(&shown(&[], json!(r#"{"b":1,"a":[]}"#)), &shown(&[], json!({"a": [], "b": 1}))), Ok(1));
        assert!(compared(&shown(&[], json!(5)), &shown(&[], json!(5))).is_err());
        assert!(compared(&shown(&[], json!("5")), &shown(&[], json!(6))).is_err());
        assert!(compared(&shown(&[], json!("5")), &shown(&["metadata"], json!(5))).is_err());
        assert_eq!(same_uploads(&sent(true, &[]), &sent(false, &[])), Ok("1 of ours, 1 of theirs".to_owned()));
    }

    #[test]
    fn everything_else_is_told() {
        for (ours, theirs, told) in [
            (("groups", json!({})), ("groups", json!(1)), "groups is {} in ours, 1 in theirs"),
            (("a", json!(1)), ("b", json!(2)), "a is 1 in ours, absent in theirs; b is absent in ours, 2 in theirs"),
            (("user_id", json!("v")), ("a", json!(2)), "our insert_id is \"u  -5 19675\""),
            (
                ("insert_id", json!("u  -6 19675")),
                ("event_id", json!(0)),
                "insert_id is \"-6\" in ours, \"-5\" in theirs",
            ),
            (("insert_id", json!("u  -5 19676")), ("event_id", json!(0)), "our insert_id is"),
            (("insert_id", json!("u undefined -5 19675")), ("event_id", json!(0)), "our insert_id is"),
            (("time", json!(1)), ("event_id", json!(0)), "our time is 1"),
            (("event_id", json!(0)), ("event_id", json!("0")), "their event_id is \"0\""),
            (("event_id", json!(0)), ("library", json!("other")), "their library is \"other\""),
        ] {
            let found = compared(&[ours], &[theirs]).unwrap_err();
            assert!(found.contains(told), "{found}");
        }
    }

    #[test]
    fn assignments_are_numbered_alike() {
        let kind = ("event_type", json!("[Experiment] Assignment"));
        let compared = |id: u8| {
            let (ours, theirs) =
                (sent(true, std::slice::from_ref(&kind)), sent(false, &[kind.clone(), ("event_id", json!(id))]));
            equal(&ours, &theirs, "[Experiment] Assignment", |sent| &sent.taken)
        };
        assert_eq!(compared(1), Ok(Equal { events: 1, users: 1 }));
        assert!(compared(0).unwrap_err().contains("event_id is 1 in ours, 0 in theirs"));
    }

    #[test]
    fn events_that_one_side_lacks_are_told() {
        let (ours, mut theirs) = (sent(true, &[]), sent(false, &[]));
        theirs.taken.push(theirs.taken[0].clone());
        let found = equal(&ours, &theirs, EXPOSURE, |sent| &sent.taken).unwrap_err();
        assert!(found.starts_with("1 of 2 events differ, first \"u\" null \"f\": ours is none"), "{found}");
        assert!(equal(&ours, &theirs, "other", |sent| &sent.taken).is_err());
        theirs.taken[1]["event_type"] = "other".into();
        assert!(equal(&ours, &theirs, EXPOSURE, |sent| &sent.taken).unwrap_err().contains("another kind"));
        theirs.uploads[0]["options"] = json!({});
        assert!(same_uploads(&ours, &theirs).is_err());
    }
}
