//! What is known about the past.

use std::time::Duration;

use crate::status::{Origin, Status};
use crate::updater::failure::Failure;

/// Times, counts and the last failure. It outlives stops.
#[derive(Debug)]
pub(super) struct Record {
    status: Status<Duration>,
    started: Duration,
    failed_since_start: bool,
    /// Failures in a row, of the stream and of polls.
    stream_failures: u32,
    poll_failures: u32,
    connections: u64,
    pub(super) restarts: u64,
    /// True while the last set that a stream brought is in place.
    pub(super) in_step: bool,
    /// True once the stream has brought flags since the start.
    pub(super) was_live: bool,
    /// True while the poller is refused.
    pub(super) refused: bool,
    /// True once nothing was heard for too long.
    pub(super) stale: bool,
}

impl Record {
    pub(super) fn started(&mut self, now: Duration) {
        self.started = now;
        self.failed_since_start = false;
        self.was_live = false;
        (self.stream_failures, self.poll_failures, self.status.failures) = (0, 0, 0);
    }

    /// A number for a new connection.
    pub(super) fn next_connection(&mut self) -> u64 {
        self.connections = self.connections.wrapping_add(1);
        self.connections
    }

    pub(super) fn status(&self) -> Status<Duration> {
        let mut status = self.status.clone();
        status.restarts = self.restarts;
        status
    }

    /// When the flags become stale, unless they are already.
    pub(super) fn stale_at(&self, after: Duration) -> Option<Duration> {
        let from = self.status.last_current.unwrap_or_default().max(self.started);
        (!self.stale).then(|| from.saturating_add(after))
    }

    pub(super) fn contact(&mut self, now: Duration) {
        self.status.last_contact = Some(now);
    }

    /// The flags in place were what the service had at that time.
    pub(super) fn current(&mut self, at: Duration) {
        if self.status.last_current.is_none_or(|before| before < at) {
            self.status.last_current = Some(at);
            self.stale = false;
        }
    }

    pub(super) fn updated(&mut self, now: Duration, origin: Origin) {
        self.status.origin = Some(origin);
        self.status.last_update = Some(now);
        self.status.updates = self.status.updates.saturating_add(1);
    }

    pub(super) fn reconnected(&mut self) {
        self.status.reconnects = self.status.reconnects.saturating_add(1);
    }

    /// A stream was lost that had worked, which begins no series.
    pub(super) fn lost(&mut self, failure: &Failure) {
        self.status.last_error = Some(failure.clone());
        self.status.failures = self.status.failures.saturating_add(1);
        self.failed_since_start = true;
    }

    /// True when the source had failed the last time too.
    pub(super) fn failed(&mut self, origin: Origin, failure: &Failure) -> bool {
        self.lost(failure);
        let failures = self.failures(origin);
        *failures = failures.saturating_add(1);
        *failures > 1
    }

    /// How often the source had failed before, if it had.
    pub(super) fn works(&mut self, origin: Origin) -> Option<u32> {
        self.status.failures = 0;
        let failures = std::mem::take(self.failures(origin));
        (failures > 0).then_some(failures)
    }

    pub(super) fn last_error_since_start(&self) -> Option<Failure> {
        self.status.last_error.clone().filter(|_| self.failed_since_start)
    }

    fn failures(&mut self, origin: Origin) -> &mut u32 {
        match origin {
            Origin::Stream => &mut self.stream_failures,
            Origin::Poll => &mut self.poll_failures,
        }
    }
}

impl Default for Record {
    fn default() -> Self {
        Self {
            status: Status::new(),
            started: Duration::ZERO,
            failed_since_start: false,
            stream_failures: 0,
            poll_failures: 0,
            connections: 0,
            restarts: 0,
            in_step: false,
            was_live: false,
            refused: false,
            stale: false,
        }
    }
}
