//! Who waits for events to be settled.

use std::ops::Range;
use std::time::Duration;

use super::Machine;
use crate::outcome::Outcome;
use crate::stats::FlushReport;

/// Somebody who waits for all events that were pending when the wait began.
#[derive(Debug)]
pub(super) struct Waiter {
    id: u64,
    /// The first event that does not concern it.
    end: u64,
    /// What was recovered meanwhile concerns it, too.
    recovered: Range<u64>,
    report: FlushReport,
}

impl Waiter {
    /// Notes what became of an event, if it is one of those waited for.
    pub(super) fn note(&mut self, seq: u64, outcome: Outcome) {
        if seq >= self.end && !self.recovered.contains(&seq) {
            return;
        }
        let count = match outcome {
            Outcome::Sent => &mut self.report.sent,
            Outcome::Dropped(_) => &mut self.report.dropped,
            Outcome::Spooled => &mut self.report.spooled,
        };
        *count = count.saturating_add(1);
        self.report.pending = self.report.pending.saturating_sub(1);
    }

    /// Has it wait for what an earlier run left.
    pub(super) fn extend(&mut self, recovered: Range<u64>) {
        let count = recovered.end.saturating_sub(recovered.start);
        self.report.pending = self.report.pending.saturating_add(count);
        self.recovered = recovered;
    }
}

impl Machine {
    /// Sends what is pending as soon as may be, and keeps count for somebody who waits for that.
    pub(crate) fn begin_flush(&mut self, now: Duration) -> u64 {
        self.release();
        if self.pause.is_some_and(|(_, firm)| !firm) {
            self.pause = None;
        }
        for batch in self.waiting.values_mut().filter(|batch| !batch.firm) {
            batch.at = batch.at.min(now);
        }
        self.spooling.hurry(now);
        let id = self.next_waiter;
        self.next_waiter = id.wrapping_add(1);
        let report = FlushReport { pending: self.stats.pending, ..FlushReport::default() };
        self.waiters.push(Waiter { id, end: self.next_seq, recovered: 0..0, report });
        id
    }

    /// True when nothing of what was pending still is, and the spool knows it.
    pub(crate) fn is_flushed(&self, id: u64) -> bool {
        let waiter = self.waiters.iter().find(|waiter| waiter.id == id);
        waiter.is_none_or(|waiter| waiter.report.pending == 0) && self.spooling.is_told()
    }

    /// Ends a wait.
    pub(crate) fn end_flush(&mut self, id: u64) -> FlushReport {
        let place = self.waiters.iter().position(|waiter| waiter.id == id);
        let report = place.map(|place| self.waiters.swap_remove(place).report).unwrap_or_default();
        FlushReport { last_error: self.last_error.clone(), ..report }
    }
}
