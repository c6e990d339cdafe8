//! The latest events, bounded by their number and by their size.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// How many bytes of events are kept at most.
const BYTES: usize = 64 << 20;

/// An event that came in, or that remote evaluation gave rise to.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// How it came.
    pub source: EventSource,
    /// When it came, in milliseconds since 1970.
    pub received_ms: u64,
    /// The event as it was sent.
    #[serde(rename = "event", serialize_with = "raw")]
    json: Arc<RawValue>,
}

/// How an event came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventSource {
    /// Sent to `/2/httpapi`.
    HttpApi,
    /// Sent to `/batch`.
    Batch,
    /// What the service tracks for a remote evaluation, as its headers ask.
    RemoteEvaluation,
}

impl Event {
    /// The event's JSON, as it was sent.
    #[must_use]
    pub fn json(&self) -> &str {
        self.json.get()
    }

    /// The event's JSON, read.
    #[must_use]
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(self.json()).unwrap_or_default()
    }
}

impl fmt::Debug for Event {
    // Events hold users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("source", &self.source)
            .field("received_ms", &self.received_ms)
            .finish_non_exhaustive()
    }
}

fn raw<S: Serializer>(json: &Arc<RawValue>, serializer: S) -> Result<S::Ok, S::Error> {
    (**json).serialize(serializer)
}

/// The latest events, and how many there were.
#[derive(Debug)]
pub(crate) struct EventLog {
    capacity: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Event>,
    bytes: usize,
    total: u64,
}

impl EventLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, kept: Mutex::default() }
    }

    /// Takes events in. The oldest go when there are too many.
    pub(crate) fn add(&self, source: EventSource, events: impl IntoIterator<Item = Box<RawValue>>) {
        let received_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64);
        let mut kept = self.lock();
        for json in events {
            kept.total += 1;
            kept.bytes += json.get().len();
            kept.events.push_back(Event { source, received_ms, json: json.into() });
            while kept.events.len() > self.capacity || kept.bytes > BYTES {
                let Some(oldest) = kept.events.pop_front() else { break };
                kept.bytes -= oldest.json().len();
            }
        }
    }

    /// The events that are kept, the oldest first.
    pub(crate) fn all(&self) -> Vec<Event> {
        self.lock().events.iter().cloned().collect()
    }

    /// The latest so many, the oldest of them first.
    pub(crate) fn latest(&self, limit: usize) -> Vec<Event> {
        let kept = self.lock();
        kept.events.iter().skip(kept.events.len().saturating_sub(limit)).cloned().collect()
    }

    /// How many came since the start, kept or not.
    pub(crate) fn total(&self) -> u64 {
        self.lock().total
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.lock();
        kept.events.clear();
        kept.bytes = 0;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn the_latest_are_kept_and_all_are_counted() {
        let log = EventLog::new(2);
        log.add(EventSource::Batch, ["1", "2", "3"].map(event));
        assert_eq!(log.all().iter().map(Event::json).collect::<Vec<_>>(), ["2", "3"]);
        assert_eq!(log.latest(1).iter().map(Event::json).collect::<Vec<_>>(), ["3"]);
        assert_eq!(log.total(), 3);
        log.clear();
        assert_eq!((log.all().len(), log.total()), (0, 3));
    }

    #[test]
    fn large_events_push_out_more_of_the_old() {
        let log = EventLog::new(1000);
        let large = format!("\"{}\"", "x".repeat(BYTES / 4));
        log.add(EventSource::HttpApi, (0..10).map(|_| event(&large)));
        assert_eq!((log.all().len(), log.total()), (3, 10));
    }
}
