//! What users are shown, and when.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tracking::{Clock, Event, Tracker};
use transport::task::lock;

use super::KEPT;

/// What a user was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exposure {
    /// The user's id; empty if there is none.
    pub user_id: String,
    /// The user's device id; empty if there is none.
    pub device_id: String,
    /// The flag.
    pub flag: String,
    /// The variant's key, or its value if it has none.
    pub variant: String,
    /// When, in milliseconds since 1970 by the client's clock.
    pub time_ms: u64,
}

impl Exposure {
    pub(super) fn is_of(&self, id: &str) -> bool {
        self.user_id == id || self.device_id == id
    }
}

pub(super) struct TestClock(pub(super) AtomicU64);

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Keeps events.
#[derive(Default)]
pub(super) struct Recorder(pub(super) Mutex<VecDeque<Event>>);

impl Tracker for Recorder {
    fn track(&self, events: Vec<Event>) {
        let mut kept = lock(&self.0);
        kept.extend(events);
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }
}

pub(super) fn exposure(event: &Event) -> Option<Exposure> {
    let event = serde_json::to_value(event).ok()?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let properties = event.get("event_properties")?;
    Some(Exposure {
        user_id: text(event.get("user_id")),
        device_id: text(event.get("device_id")),
        flag: text(properties.get("[Experiment] Flag Key")),
        variant: text(properties.get("[Experiment] Variant")),
        time_ms: event.get("time").and_then(Value::as_u64).unwrap_or_default(),
    })
}
