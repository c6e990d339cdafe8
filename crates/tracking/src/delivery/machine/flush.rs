//! Who waits for events to be settled.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::{Entry, Machine, SHORTEST_PAUSE};
use crate::outcome::{DropCause, Outcome};
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
        if !self.concerns(seq) {
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

    /// Whether an event is one of those waited for.
    fn concerns(&self, seq: u64) -> bool {
        seq < self.end || self.recovered.contains(&seq)
    }

    /// Has it wait for what an earlier run left.
    pub(super) fn extend(&mut self, recovered: Range<u64>) {
        let count = recovered.end.saturating_sub(recovered.start);
        self.report.pending = self.report.pending.saturating_add(count);
        self.recovered = recovered;
    }
}

impl Machine {
    /// Sends what is pending as soon as may be, and keeps count for somebody who waits for that. However many are in a
    /// hurry, some pause remains behind a failure.
    pub(crate) fn begin_flush(&mut self, now: Duration) -> u64 {
        self.release();
        let soon = self.failed_at.map_or(now, |at| now.max(at.saturating_add(SHORTEST_PAUSE)));
        if let Some((until, false)) = &mut self.pause {
            *until = soon.min(*until);
        }
        for batch in self.waiting.values_mut().filter(|batch| !batch.firm) {
            batch.at = batch.at.min(soon);
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
        let Some(waiter) = self.waiters.iter().find(|waiter| waiter.id == id) else { return true };
        waiter.report.pending == 0 && self.spooling.is_told(|seq| waiter.concerns(seq))
    }

    /// Gives up what somebody waits for. What came later stays.
    pub(crate) fn give_up_flush(&mut self, id: u64, now: Duration, cause: DropCause) {
        let Some(waiter) = self.waiters.iter().find(|waiter| waiter.id == id) else { return };
        let (end, recovered) = (waiter.end, waiter.recovered.clone());
        let is_meant = |entry: &Entry| entry.seq < end || recovered.contains(&entry.seq);
        if self.flight.as_ref().is_some_and(|flight| flight.entries.iter().any(is_meant)) {
            self.land(now);
        }
        let mut lost = Vec::new();
        for (_, batch) in std::mem::take(&mut self.waiting) {
            let (meant, others): (Vec<_>, Vec<_>) = batch.entries.into_iter().partition(is_meant);
            lost.extend(meant);
            self.wait_until(batch.at, batch.due, batch.firm, others);
        }
        let due = self.queue.iter().take(self.due).filter(|entry| !is_meant(entry)).count();
        let (meant, others): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.queue).into_iter().partition(is_meant);
        lost.extend(meant);
        (self.queue, self.due) = (others, due);
        self.lose(lost, cause);
    }

    /// Ends a wait.
    pub(crate) fn end_flush(&mut self, id: u64) -> FlushReport {
        let place = self.waiters.iter().position(|waiter| waiter.id == id);
        let report = place.map(|place| self.waiters.swap_remove(place).report).unwrap_or_default();
        FlushReport { last_error: self.last_error.clone(), ..report }
    }
}
