//! What answers do.

use std::collections::HashSet;
use std::time::Duration;

use transport::between;

use super::{Entry, Flight, LONGEST_PAUSE, Machine, Notice, RETRY_AFTER_MAX, SHORTEST_PAUSE, THROTTLED};
use crate::delivery::reply::{Reply, Throttled, Verdict};
use crate::outcome::{DeliveryError, DropCause, Outcome};

impl Machine {
    /// Only so many events of the upload fit. The others come next.
    pub(crate) fn fitted(&mut self, now: Duration, fit: usize) {
        let Some(mut flight) = self.flight.take() else { return };
        let rest = flight.entries.split_off(fit.min(flight.entries.len()));
        self.wait_until(now, flight.due, false, rest);
        if !flight.entries.is_empty() {
            self.flight = Some(flight);
        }
    }

    /// The first event of the upload alone is larger than an upload may be.
    pub(crate) fn too_large(&mut self, now: Duration) {
        let Some(Flight { mut entries, due, .. }) = self.flight.take() else { return };
        let rest = entries.split_off(entries.len().min(1));
        self.drop_all(entries, DropCause::TooLarge);
        self.wait_until(now, due, false, rest);
    }

    /// The upload was answered, or will not be. `error` is what there is to tell of it, unless all went well.
    pub(crate) fn reply(
        &mut self,
        now: Duration,
        reply: Reply,
        error: Option<DeliveryError>,
        random: &mut dyn FnMut() -> u64,
    ) {
        // What was given up has nobody who waits for an answer.
        let Some(flight) = self.flight.take() else { return };
        self.last_error.clone_from(&error);
        match reply.verdict {
            Verdict::Taken => {
                self.reached();
                self.recover();
                self.settle(flight.entries, Outcome::Sent);
            }
            Verdict::Failed => self.failed(now, flight, reply.retry_after, error, random),
            Verdict::RefusedKey => {
                self.reached();
                self.drop_all(flight.entries, DropCause::RefusedKey);
            }
            Verdict::InvalidUpload => {
                self.reached();
                self.drop_all(flight.entries, DropCause::Invalid);
            }
            Verdict::Invalid(places) if places.iter().any(|place| *place < flight.entries.len()) => {
                self.reached();
                let places: HashSet<usize> = places.into_iter().collect();
                let (refused, good) = apart(flight.entries, |place, _| places.contains(&place));
                self.drop_all(refused, DropCause::Invalid);
                self.wait(now, false, good);
            }
            // Nobody says which, so that none is given up before its attempts are used up.
            Verdict::Invalid(_) => self.failed(now, flight, reply.retry_after, error, random),
            Verdict::TooLarge => {
                self.reached();
                self.split(now, flight.entries);
            }
            Verdict::Throttled(throttled) => self.throttled(now, flight, &throttled, reply.retry_after, error, random),
        }
    }

    /// Nothing arrives: all is left alone for a while, and the events of this upload for as long as they themselves have
    /// earned.
    fn failed(
        &mut self,
        now: Duration,
        flight: Flight,
        retry_after: Option<Duration>,
        error: Option<DeliveryError>,
        random: &mut dyn FnMut() -> u64,
    ) {
        let Flight { entries, due, counts } = flight;
        self.notices.push(Notice::Failed { error, repeated: self.series > 0 });
        self.series = self.series.saturating_add(1);
        self.failed_at = Some(now);
        self.failures = self.failures.saturating_add(u32::from(counts)).max(1);
        let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
        let pause = backoff(self.failures, random());
        self.pause = Some((now.saturating_add(pause.max(asked)), asked > pause));
        if !counts {
            // Its own pause goes on.
            let at = now.saturating_add(pause.max(asked)).max(due);
            return self.wait_until(at, due, asked > pause, entries);
        }
        let entries = self.tried(entries);
        let attempts = entries.first().map_or(1, |entry| entry.attempts);
        let wait = backoff(attempts, random()).max(pause).max(asked);
        self.wait(now.saturating_add(wait), asked > pause, entries);
    }

    fn split(&mut self, now: Duration, entries: Vec<Entry>) {
        if entries.len() <= 1 {
            return self.drop_all(entries, DropCause::TooLarge);
        }
        self.chunk_events = self.chunk_events.min(entries.len() / 2).max(1);
        self.wait(now, false, entries);
    }

    fn throttled(
        &mut self,
        now: Duration,
        flight: Flight,
        throttled: &Throttled,
        retry_after: Option<Duration>,
        error: Option<DeliveryError>,
        random: &mut dyn FnMut() -> u64,
    ) {
        let names = |names: &[String], id: Option<&str>| id.is_some_and(|id| names.iter().any(|name| name == id));
        let Flight { entries, due, counts } = flight;
        let all = entries.len();
        let places: HashSet<usize> = throttled.events.iter().copied().collect();
        // By the places that they had in the upload.
        let (waiting, others) = apart(entries, |place, _| places.contains(&place));
        let is_over = |_, entry: &Entry| {
            let event = &entry.event;
            names(&throttled.users, event.user_id.as_deref()) || names(&throttled.devices, event.device_id.as_deref())
        };
        let (over, waiting) = apart(waiting, is_over);
        let (also_over, others) = apart(others, is_over);
        if others.len() == all {
            // It is the whole project that sends too much.
            return self.failed(now, Flight { entries: others, due, counts }, retry_after, error, random);
        }
        self.reached();
        self.drop_all(over.into_iter().chain(also_over).collect(), DropCause::OverQuota);
        let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
        let waiting = if counts { self.tried(waiting) } else { waiting };
        self.wait(now.saturating_add(THROTTLED.max(asked)), true, waiting);
        self.wait(now.saturating_add(asked), !asked.is_zero(), others);
    }

    /// Counts an attempt, and gives up what has had enough of them.
    fn tried(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        entries.iter_mut().for_each(|entry| entry.attempts = entry.attempts.saturating_add(1));
        let attempts = self.policy.attempts;
        let (over, good) = apart(entries, |_, entry| entry.attempts >= attempts);
        self.drop_all(over, DropCause::RetriesUsedUp);
        good
    }

    /// The service is there.
    fn reached(&mut self) {
        self.failures = 0;
        self.pause = None;
    }

    /// It takes events, too. What was dropped between two uploads that it took belongs to one series.
    fn recover(&mut self) {
        let failures = std::mem::take(&mut self.series);
        if failures > 0 {
            self.notices.push(Notice::Recovered { failures });
        }
        self.told.retain(|_, again| std::mem::take(again));
    }
}

/// The pause behind so many failures, varied by a quarter either way.
fn backoff(failures: u32, random: u64) -> Duration {
    let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
    let pause = SHORTEST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE);
    between(pause * 3 / 4, pause * 5 / 4, random)
}

/// Those that are meant, and the others, both in order.
fn apart(entries: Vec<Entry>, is_meant: impl Fn(usize, &Entry) -> bool) -> (Vec<Entry>, Vec<Entry>) {
    let (meant, others): (Vec<_>, Vec<_>) =
        entries.into_iter().enumerate().partition(|(place, entry)| is_meant(*place, entry));
    let entries = |numbered: Vec<(usize, Entry)>| numbered.into_iter().map(|(_, entry)| entry).collect();
    (entries(meant), entries(others))
}
