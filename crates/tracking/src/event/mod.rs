//! Events: what is tracked, in the form in which the service takes it.

mod assignment;
mod exposure;
mod insert_id;

use std::fmt;

use evaluation_core::{Object, User, Value, Variants};
use serde::{Deserialize, Serialize};

pub(crate) use insert_id::InsertIds;

/// A day, in milliseconds: what insert ids count in, and how long a repeat is known as one.
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1000;

/// What an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventType {
    /// All variants that a user got in one evaluation.
    #[serde(rename = "[Experiment] Assignment")]
    Assignment,
    /// One variant that a user was shown.
    #[serde(rename = "[Experiment] Exposure")]
    Exposure,
}

/// An event: that a user got variants. Serialises to what the service takes.
///
/// Its `Debug` shows no id and no property.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// What it tells.
    pub event_type: EventType,
    /// The user's id, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The device's id, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Which flags and variants.
    pub event_properties: Object,
    /// What changes in the user: `$set` and `$unset`.
    pub user_properties: Object,
    /// The groups of the user; exposures only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Object>,
    /// What the service knows repeats by. The same for one user, result and day, whichever process says it.
    pub insert_id: String,
    /// When it was evaluated, in milliseconds since 1970.
    pub time: u64,
    /// The properties of the user that flags were decided by, if that is asked for: country, platform and so on.
    #[serde(flatten)]
    pub evaluated: Object,
}

impl Event {
    /// The event of all variants that an evaluation gave, at a time in milliseconds since 1970.
    ///
    /// ```
    /// use evaluation_core::{User, Variant, Variants};
    /// use tracking::Event;
    ///
    /// let user = User::builder().user_id("u1").device_id("d1").build();
    /// let variants: Variants = [("nav", Variant::new("on"))].into_iter().collect();
    /// let event = Event::assignment(&user, &variants, 1_700_000_000_000);
    /// assert_eq!(event.event_properties.get("nav.variant"), Some(&"on".into()));
    /// assert!(event.insert_id.ends_with(" 19675"));
    /// ```
    #[must_use]
    pub fn assignment(user: &User, variants: &Variants, time: u64) -> Self {
        assignment::event(user, variants, time)
    }

    /// The events of the variants that a user is shown, one for each flag: not for defaults, nor for flags that say not
    /// to track exposures.
    #[must_use]
    pub fn exposures(user: &User, variants: &Variants, time: u64) -> Vec<Self> {
        exposure::events(user, variants, time)
    }

    /// Adds the properties of the user that flags were decided by, under the names that the service has for them.
    #[must_use]
    pub fn with_evaluated(mut self, user: &User) -> Self {
        assignment::add_evaluated(&mut self, user);
        self
    }

    /// One without properties.
    fn new(event_type: EventType, user: &User, insert_id: String, time: u64) -> Self {
        Self {
            event_type,
            user_id: user.user_id().map(str::to_owned),
            device_id: user.device_id().map(str::to_owned),
            event_properties: Object::new(),
            user_properties: Object::new(),
            groups: None,
            insert_id,
            time,
            evaluated: Object::new(),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("event_type", &self.event_type).field("time", &self.time).finish_non_exhaustive()
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assignment => "assignment",
            Self::Exposure => "exposure",
        })
    }
}

/// What an event changes in the user. Both members are there even where they are empty.
fn changes(set: Object, unset: Object) -> Object {
    [("$set", Value::Object(set)), ("$unset", Value::Object(unset))].into_iter().collect()
}

/// The user's property of a flag.
fn property(flag: &str) -> String {
    format!("[Experiment] {flag}")
}

fn is_mutex(variant: &evaluation_core::VariantRef<'_>) -> bool {
    variant.metadata().get("flagType").and_then(Value::as_str) == Some("mutual-exclusion-group")
}

#[cfg(test)]
mod tests;
