//! The events that the service tracks for a remote evaluation.

use evaluation_core::{User, Variants};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

/// One event with all variants.
pub(crate) fn assignment(user: &User, variants: &Variants) -> Option<Box<RawValue>> {
    if variants.is_empty() {
        return None;
    }
    let mut properties = Map::new();
    for (flag, variant) in variants.iter() {
        if let Some(key) = variant.key() {
            properties.insert(format!("{flag}.variant"), key.into());
        }
    }
    event("[Experiment] Assignment", user, properties)
}

/// One event for each variant that is no default and does not forbid it.
pub(crate) fn exposures(user: &User, variants: &Variants) -> Vec<Box<RawValue>> {
    let exposed = variants.iter().filter(|(_, variant)| {
        let metadata = variant.metadata();
        let forbidden = metadata.get("trackExposure").is_some_and(|track| *track == false.into());
        !forbidden && !metadata.is_true("default")
    });
    let events = exposed.filter_map(|(flag, variant)| {
        let mut properties = Map::new();
        properties.insert("[Experiment] Flag Key".to_owned(), flag.into());
        if let Some(key) = variant.key() {
            properties.insert("[Experiment] Variant".to_owned(), key.into());
        }
        event("[Experiment] Exposure", user, properties)
    });
    events.collect()
}

fn event(event_type: &str, user: &User, properties: Map<String, Value>) -> Option<Box<RawValue>> {
    let mut event = json!({"event_type": event_type, "event_properties": properties});
    for (name, id) in [("user_id", user.user_id()), ("device_id", user.device_id())] {
        if let (Some(id), Some(event)) = (id, event.as_object_mut()) {
            event.insert(name.to_owned(), id.into());
        }
    }
    // Texts and objects of texts can be written.
    to_raw_value(&event).ok()
}
