//! Where events go.

use transport::BoxFuture;

use crate::event::Event;
use crate::stats::{EventStats, FlushReport};

/// Takes events and sees to it that they arrive somewhere. [`HttpTracker`](crate::HttpTracker) sends them to the service;
/// implement this to send them elsewhere. Repeats are left out before.
///
/// ```
/// use std::sync::Mutex;
///
/// use tracking::{Event, Tracker};
///
/// #[derive(Default)]
/// struct Pipeline(Mutex<Vec<Event>>);
///
/// impl Tracker for Pipeline {
///     fn track(&self, events: Vec<Event>) {
///         if let Ok(mut kept) = self.0.lock() {
///             kept.extend(events);
///         }
///     }
/// }
/// ```
pub trait Tracker: Send + Sync + 'static {
    /// Takes events over. Called in the thread that evaluates: it must not wait for anything.
    fn track(&self, events: Vec<Event>);

    /// Sends what is pending, and tells what came of it. Default: nothing, for trackers that hold nothing back.
    fn flush(&self) -> BoxFuture<'_, FlushReport> {
        Box::pin(async { FlushReport::default() })
    }

    /// Sends what is pending, gives up what cannot be sent in time, and tells what came of it. Default: flushes.
    fn close(&self) -> BoxFuture<'_, FlushReport> {
        self.flush()
    }

    /// What became of all events so far. Default: nothing is counted.
    fn stats(&self) -> EventStats {
        EventStats::default()
    }
}
