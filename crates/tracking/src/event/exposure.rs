//! Exposures: one event for each variant that a user is shown.

use evaluation_core::{Object, User, Value, VariantRef, Variants};

use super::{Event, EventType, InsertIds, changes, is_mutex, property};
use crate::canonical::given_key;

pub(super) fn events(user: &User, variants: &Variants, time: u64) -> Vec<Event> {
    let insert_ids = InsertIds::new(user, variants, time);
    let groups = groups(user);
    let tracked = variants.iter().filter(|(_, variant)| is_tracked(variant));
    tracked
        .map(|(flag, variant)| {
            let mut event = Event::new(EventType::Exposure, user, insert_ids.exposure(flag), time);
            event.event_properties = properties(flag, &variant);
            event.groups.clone_from(&groups);
            let mut set = Object::new();
            if let Some(shown) = shown(&variant).filter(|_| !is_mutex(&variant)) {
                set.insert(property(flag), shown);
            }
            event.user_properties = changes(set, Object::new());
            event
        })
        .collect()
}

/// Nobody is exposed to a default, and flags may say not to track.
fn is_tracked(variant: &VariantRef<'_>) -> bool {
    !variant.is_default() && variant.metadata().get("trackExposure") != Some(&Value::Bool(false))
}

fn properties(flag: &str, variant: &VariantRef<'_>) -> Object {
    let mut properties = Object::new();
    properties.insert("[Experiment] Flag Key", flag);
    if let Some(shown) = shown(variant) {
        properties.insert("[Experiment] Variant", shown);
    }
    if let Some(key) = variant.experiment_key().filter(|key| !key.is_empty()) {
        properties.insert("[Experiment] Experiment Key", key);
    }
    // Also where there is none: an empty object, as the Node SDK has it.
    properties.insert("metadata", variant.metadata().to_object());
    properties
}

/// What a variant is called: by its key, or else its value.
fn shown<'a>(variant: &VariantRef<'a>) -> Option<&'a str> {
    given_key(variant).or_else(|| variant.value().filter(|value| !value.is_empty()))
}

fn groups(user: &User) -> Option<Object> {
    let groups: Object = user
        .groups()
        .map(|(group_type, names)| {
            (group_type, Value::Array(names.iter().map(|name| Value::String(name.clone())).collect()))
        })
        .collect();
    (!groups.is_empty()).then_some(groups)
}
