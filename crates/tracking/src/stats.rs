//! The accounts: what became of results and events.

use std::fmt;

use crate::outcome::{DeliveryError, DropCause};
use crate::spool::SpoolReport;

/// What became of all that was tracked.
///
/// Counts two things. A *result* is one evaluation that was handed over; a result that is new gives events: one
/// assignment, or as many exposures as there are variants to tell of, which may be none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackingStats {
    /// Results without any variant, of which there is nothing to tell.
    pub empty: u64,
    /// Results that were seen before within a day.
    pub deduplicated: u64,
    /// Results that were new.
    pub new: u64,
    /// What became of their events.
    pub events: EventStats,
}

impl TrackingStats {
    /// All results that were handed over.
    #[must_use]
    pub fn results(&self) -> u64 {
        self.empty.saturating_add(self.deduplicated).saturating_add(self.new)
    }
}

/// What became of events. `handed_over` and `recovered` together are always `sent`, `dropped`, `spooled` and `pending`
/// together. A [`Tracker`](crate::Tracker) of your own begins with the default and counts up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventStats {
    /// Events that were handed over.
    pub handed_over: u64,
    /// Events that an earlier run left on disk.
    pub recovered: u64,
    /// Events that the service took.
    pub sent: u64,
    /// Events that were given up, by cause.
    pub dropped: Dropped,
    /// Events that closing left on disk for the next start.
    pub spooled: u64,
    /// Events that are still to be sent.
    pub pending: u64,
    /// What the spool found and did, if there is one.
    pub spool: Option<SpoolReport>,
}

/// How many events were given up, by cause.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped([u64; DropCause::ALL.len()]);

impl Dropped {
    /// Those of a cause.
    #[must_use]
    pub fn by(&self, cause: DropCause) -> u64 {
        self.0.get(cause as usize).copied().unwrap_or_default()
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |total, count| total.saturating_add(*count))
    }

    /// Each cause with its count, where that is not 0.
    pub fn iter(&self) -> impl Iterator<Item = (DropCause, u64)> {
        let counts = *self;
        DropCause::ALL.iter().copied().map(move |cause| (cause, counts.by(cause))).filter(|(_, count)| *count > 0)
    }

    /// Counts events that were given up: for a [`Tracker`](crate::Tracker) of your own.
    ///
    /// ```
    /// use tracking::{DropCause, EventStats};
    ///
    /// let mut stats = EventStats::default();
    /// (stats.handed_over, stats.sent) = (10, 7);
    /// stats.dropped.add(DropCause::QueueFull, 3);
    /// assert_eq!(stats.dropped.total(), 3);
    /// ```
    pub fn add(&mut self, cause: DropCause, events: u64) {
        if let Some(count) = self.0.get_mut(cause as usize) {
            *count = count.saturating_add(events);
        }
    }
}

impl fmt::Debug for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// What flushing or closing came to, for the events that were pending when it began.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FlushReport {
    /// Events that the service took.
    pub sent: u64,
    /// Events that were given up.
    pub dropped: u64,
    /// Events that are left on disk for the next start.
    pub spooled: u64,
    /// Events that are still to be sent. None behind closing.
    pub pending: u64,
    /// What went wrong last, if anything did since the service last took events.
    pub last_error: Option<DeliveryError>,
}

impl FlushReport {
    /// True when nothing was given up and nothing is left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.dropped == 0 && self.spooled == 0 && self.pending == 0
    }
}
