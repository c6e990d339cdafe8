//! Events: what must arrive for what our engine decides.

use experiment_server::{EventSource, Server};
use serde_json::Value;

use super::server::Ours;
use super::world::World;

/// What an event says of one flag: its kind, the user, the flag and the variant's key.
type Said = (Kind, String, String, Option<String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// All variants of an evaluation.
    Assignment,
    /// A variant that is no default.
    Exposure,
    /// What pages send: any variant, without its key if it is a default.
    PageExposure,
}

/// Waits for what is to be said of all users by events of a source: all of it, once, and nothing else.
pub(super) fn arrive(ours: &Ours, source: EventSource, kinds: &[Kind]) -> Result<String, String> {
    let expected = expected(&ours.world, kinds);
    if ours.until(|server| said(server, source).1 == expected) {
        return Ok(format!("{} events", said(&ours.server, source).0));
    }
    let (events, said) = said(&ours.server, source);
    let missing = expected.iter().find(|one| !said.contains(one));
    let other = said.iter().find(|one| !expected.contains(one));
    let (found, wanted) = (said.len(), expected.len());
    Err(format!("{events} events say {found} things, not {wanted}; missing: {missing:?}, not expected: {other:?}"))
}

fn expected(world: &World, kinds: &[Kind]) -> Vec<Said> {
    let mut expected = Vec::new();
    for person in &world.people {
        for (flag, variant, is_default) in world.decided(person) {
            for kind in kinds {
                let variant = match kind {
                    Kind::Exposure if is_default => continue,
                    Kind::PageExposure if is_default => None,
                    _ => Some(variant.clone()),
                };
                expected.push((*kind, person.id().to_owned(), flag.clone(), variant));
            }
        }
    }
    expected.sort();
    expected
}

/// How many events of a source there are, and what they say.
fn said(server: &Server, source: EventSource) -> (usize, Vec<Said>) {
    let events: Vec<Value> =
        server.events().iter().filter(|event| event.source == source).map(|event| event.value()).collect();
    let mut said: Vec<Said> = events.iter().flat_map(read).collect();
    said.sort();
    (events.len(), said)
}

/// What an event says; of an event of another kind its name, which is never expected.
fn read(event: &Value) -> Vec<Said> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let name = text(&event["event_type"]).unwrap_or_default();
    let user = text(&event["user_id"]).unwrap_or_default();
    let properties = &event["event_properties"];
    let exposure = |kind, flag: &str, variant: &str| {
        vec![(kind, user.clone(), text(&properties[flag]).unwrap_or_default(), text(&properties[variant]))]
    };
    match name.as_str() {
        "[Experiment] Assignment" => {
            let variants = properties.as_object().into_iter().flatten().filter_map(|(name, value)| {
                let flag = name.strip_suffix(".variant")?;
                Some((Kind::Assignment, user.clone(), flag.to_owned(), text(value)))
            });
            variants.collect()
        }
        "[Experiment] Exposure" => exposure(Kind::Exposure, "[Experiment] Flag Key", "[Experiment] Variant"),
        "$exposure" => exposure(Kind::PageExposure, "flag_key", "variant"),
        _ => vec![(Kind::Exposure, user, name, None)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_say_what_they_are_about() {
        let said = |text: &str| read(&serde_json::from_str(text).unwrap());
        let one = |kind, flag: &str, variant: Option<&str>| {
            (kind, "u".to_owned(), flag.to_owned(), variant.map(str::to_owned))
        };
        let assignment = r#"{"event_type":"[Experiment] Assignment","user_id":"u",
            "event_properties":{"a.variant":"on","a.details":"v1 rule:all","b.variant":"off"}}"#;
        let expected = [one(Kind::Assignment, "a", Some("on")), one(Kind::Assignment, "b", Some("off"))];
        assert_eq!(said(assignment), expected);
        let exposure = r#"{"event_type":"[Experiment] Exposure","user_id":"u",
            "event_properties":{"[Experiment] Flag Key":"a","[Experiment] Variant":"on"}}"#;
        assert_eq!(said(exposure), [one(Kind::Exposure, "a", Some("on"))]);
        let page = r#"{"event_type":"$exposure","user_id":"u","event_properties":{"flag_key":"a"}}"#;
        assert_eq!(said(page), [one(Kind::PageExposure, "a", None)]);
        assert_eq!(said(r#"{"event_type":"other","user_id":"u"}"#), [one(Kind::Exposure, "other", None)]);
    }
}
