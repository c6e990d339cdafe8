//! Assignments: one event for all variants of an evaluation.

use evaluation_core::{Object, User, Value, Variants};

use super::{Event, EventType, InsertIds, changes, is_mutex, property};
use crate::canonical::given_key;

pub(super) fn event(user: &User, variants: &Variants, time: u64) -> Event {
    let insert_id = InsertIds::new(user, variants, time).assignment();
    let mut event = Event::new(EventType::Assignment, user, insert_id, time);
    let (mut set, mut unset) = (Object::new(), Object::new());
    for (flag, variant) in variants.iter() {
        let Some(key) = given_key(&variant) else { continue };
        event.event_properties.insert(format!("{flag}.variant"), key);
        let metadata = variant.metadata();
        // The others take 0, false and an empty text for nothing at all, and so do we.
        let present = |name| metadata.get(name).filter(|value| !is_nothing(value));
        if let (Some(version), Some(segment)) = (present("flagVersion"), present("segmentName")) {
            let details = format!("v{} rule:{}", text(version), text(segment));
            event.event_properties.insert(format!("{flag}.details"), details);
        }
        // Groups that exclude one another are no property of the user.
        if is_mutex(&variant) {
            continue;
        }
        if variant.is_default() {
            unset.insert(property(flag), "-");
        } else {
            set.insert(property(flag), key);
        }
    }
    event.user_properties = changes(set, unset);
    event
}

/// Members of the user, and what the service calls them in events. What the library is, the delivery says.
pub(super) fn add_evaluated(event: &mut Event, user: &User) {
    for (name, text) in [
        ("country", user.country()),
        ("region", user.region()),
        ("city", user.city()),
        ("dma", user.dma()),
        ("language", user.language()),
        ("platform", user.platform()),
        ("app_version", user.version()),
        ("os_name", user.os()),
        ("device_manufacturer", user.device_manufacturer()),
        ("device_brand", user.device_brand()),
        ("device_model", user.device_model()),
        ("carrier", user.carrier()),
        ("ip", user.ip_address()),
    ] {
        if let Some(text) = text {
            event.evaluated.insert(name, text);
        }
    }
    // Ours go on top: a property of the user's own does not hide which variant it was.
    let ours = std::mem::take(&mut event.user_properties);
    event.user_properties = user.user_properties().iter().map(|(name, value)| (name, value.clone())).collect();
    event.user_properties.extend(ours);
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        value => value.as_f64() == Some(0.0),
    }
}

/// A value within a text.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
