//! What is sent when: a state machine without a clock, without chance and without I/O.
//!
//! Every event that comes in is in exactly one place: in the queue, in a batch that waits to be sent again, in the one
//! upload under way, or settled. Times are counted from any one moment.

mod flush;
mod replies;
mod spooling;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::delivery::reply::Reply;
use crate::event::Event;
use crate::outcome::{DeliveryError, DropCause, Outcome};
use crate::stats::EventStats;
use flush::Waiter;
use spooling::Spooling;
pub(crate) use spooling::Sync;

/// The pause behind a failure; it doubles with each up to the longest.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long throttled events are left alone.
const THROTTLED: Duration = Duration::from_secs(30);

/// The longest that a service may ask us to leave it alone.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// What a machine has to know beforehand.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) capacity: usize,
    pub(crate) flush_size: usize,
    pub(crate) flush_interval: Duration,
    pub(crate) chunk_events: usize,
    pub(crate) attempts: u32,
    pub(crate) opt_out: bool,
    pub(crate) spool: bool,
}

/// An event on its way.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its place among all events of this machine, from 0.
    pub(crate) seq: u64,
    pub(crate) event: Arc<Event>,
    /// How often it was sent in vain.
    pub(crate) attempts: u32,
}

/// Events that wait to be sent again.
#[derive(Debug)]
struct Batch {
    at: Duration,
    /// When its own pause is over: somebody's hurry may make it go earlier, but that does not count as a try.
    due: Duration,
    /// The service asked for the wait: nobody's hurry makes it shorter.
    firm: bool,
    entries: VecDeque<Entry>,
}

/// The upload under way.
#[derive(Debug)]
struct Flight {
    entries: Vec<Entry>,
    /// When it would have been sent without anybody's hurry.
    due: Duration,
    /// Failing counts as a try.
    counts: bool,
}

/// Events of which it is known what became of them.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) entries: Vec<Entry>,
    pub(crate) outcome: Outcome,
}

/// What is worth a line in a log.
#[derive(Debug, Clone)]
pub(crate) enum Notice {
    Failed { error: Option<DeliveryError>, repeated: bool },
    Recovered { failures: u32 },
    Dropped { cause: DropCause, events: usize, repeated: bool },
}

#[derive(Debug)]
pub(crate) struct Machine {
    policy: Policy,
    /// Events that were not sent yet, in order.
    queue: VecDeque<Entry>,
    /// How many of them are to be sent now.
    due: usize,
    /// When the others will be.
    flush_at: Option<Duration>,
    /// By the first event that each had when it was made.
    waiting: BTreeMap<u64, Batch>,
    flight: Option<Flight>,
    /// How many events one upload holds. Becomes smaller for good where that is too much.
    chunk_events: usize,
    /// Nothing is sent before, and whether the service asked for that.
    pause: Option<(Duration, bool)>,
    /// Failures in a row that concern all uploads.
    failures: u32,
    /// Failures since the service last took events, of which the log was told.
    series: u32,
    failed_at: Option<Duration>,
    next_seq: u64,
    stats: EventStats,
    last_error: Option<DeliveryError>,
    /// The causes that the log was told of, and whether they were there again since something arrived.
    told: HashMap<DropCause, bool>,
    waiters: Vec<Waiter>,
    next_waiter: u64,
    spooling: Spooling,
    settled: Vec<Settled>,
    notices: Vec<Notice>,
}

impl Machine {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            queue: VecDeque::new(),
            due: 0,
            flush_at: None,
            waiting: BTreeMap::new(),
            flight: None,
            chunk_events: policy.chunk_events,
            pause: None,
            failures: 0,
            series: 0,
            failed_at: None,
            next_seq: 0,
            stats: EventStats::default(),
            last_error: None,
            told: HashMap::new(),
            waiters: Vec::new(),
            next_waiter: 0,
            spooling: Spooling::default(),
            settled: Vec::new(),
            notices: Vec::new(),
            policy,
        }
    }

    /// Takes events in. True if there is something to do earlier than before.
    pub(crate) fn push(&mut self, now: Duration, events: Vec<Event>) -> bool {
        let (due, was_timed, was_spooling) = (self.due, self.flush_at.is_some(), self.spooling.is_wanted());
        let mut over = Vec::new();
        let count = count(&events);
        self.stats.handed_over = self.stats.handed_over.saturating_add(count);
        self.stats.pending = self.stats.pending.saturating_add(count);
        if self.policy.opt_out {
            let entries = events.into_iter().map(|event| self.entry(event)).collect();
            self.settle(entries, Outcome::Dropped(DropCause::OptedOut));
            return false;
        }
        let mut excess = self.stats.pending.saturating_sub(u64::try_from(self.policy.capacity).unwrap_or(u64::MAX));
        for event in events {
            let entry = self.entry(event);
            if excess == 0 {
                self.push_back(now, entry);
                continue;
            }
            excess = excess.saturating_sub(1);
            match self.pop_oldest() {
                Some(oldest) => {
                    over.push(oldest);
                    self.push_back(now, entry);
                }
                // All that was there is being sent.
                None => over.push(entry),
            }
        }
        self.drop_all(over, DropCause::QueueFull);
        if self.queue.len().saturating_sub(self.due) >= self.policy.flush_size {
            self.release();
        } else if self.queue.len() > self.due && self.flush_at.is_none() {
            self.flush_at = Some(now.saturating_add(self.policy.flush_interval));
        }
        self.due > due || self.flush_at.is_some() != was_timed || self.spooling.is_wanted() != was_spooling
    }

    /// The next upload, if one is to be sent now. Whoever asks sends it.
    pub(crate) fn next_upload(&mut self, now: Duration) -> Option<Vec<Entry>> {
        if self.flight.is_some() {
            return None;
        }
        if self.flush_at.is_some_and(|at| at <= now) {
            self.release();
        }
        if self.pause.is_some_and(|(until, _)| now < until) {
            return None;
        }
        self.pause = None;
        let flight = match self.next_waiting(now) {
            Some(key) => self.take_waiting(now, key)?,
            None => Flight { entries: self.take_queued(), due: now, counts: true },
        };
        if flight.entries.is_empty() {
            return None;
        }
        Some(self.flight.insert(flight).entries.clone())
    }

    /// When there is something to do without anything having happened.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let sync = self.spooling.next_deadline();
        if self.flight.is_some() {
            return sync;
        }
        let due = (self.sendable() > 0).then_some(Duration::ZERO);
        let waiting = self.waiting.values().map(|batch| batch.at).min();
        let send = [due, waiting].into_iter().flatten().min();
        let send = send.map(|at| self.pause.map_or(at, |(until, _)| at.max(until)));
        [sync, send, self.flush_at].into_iter().flatten().min()
    }

    /// True while an upload is under way.
    pub(crate) fn is_flying(&self) -> bool {
        self.flight.is_some()
    }

    /// True when there is nothing left to do, nor anybody who waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.stats.pending == 0 && self.spooling.is_idle() && self.waiters.is_empty()
    }

    pub(crate) fn stats(&self) -> EventStats {
        self.stats.clone()
    }

    pub(crate) fn pending(&self) -> u64 {
        self.stats.pending
    }

    /// What became of events, and what a log should be told, since this was last asked.
    pub(crate) fn take_news(&mut self) -> (Vec<Settled>, Vec<Notice>) {
        (std::mem::take(&mut self.settled), std::mem::take(&mut self.notices))
    }

    /// Gives everything up. Who waits for it is told so.
    pub(crate) fn give_up(&mut self, cause: DropCause) {
        let entries = self.take_all();
        self.lose(entries, cause);
    }

    /// Leaves on disk what is there, and drops the rest.
    fn lose(&mut self, entries: Vec<Entry>, cause: DropCause) {
        let (kept, lost): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| self.spooling.keeps(entry.seq));
        self.settle(kept, Outcome::Spooled);
        self.drop_all(lost, cause);
    }

    /// Sending panicked, which counts as a failure of what was being sent.
    pub(crate) fn panicked(&mut self, now: Duration, error: DeliveryError, random: &mut dyn FnMut() -> u64) {
        self.reply(now, Reply::none(None), Some(error), random);
        self.spooling.reset(now);
    }

    /// The upload under way will have no answer: it is sent again, and does not count as tried.
    pub(crate) fn ground(&mut self, now: Duration) {
        self.land(now);
        self.spooling.reset(now);
    }

    /// What is under way waits again.
    fn land(&mut self, now: Duration) {
        if let Some(Flight { entries, due, .. }) = self.flight.take() {
            self.wait_until(now, due, false, entries);
        }
    }

    fn entry(&mut self, event: Event) -> Entry {
        let seq = self.next_seq;
        self.next_seq = seq.saturating_add(1);
        Entry { seq, event: Arc::new(event), attempts: 0 }
    }

    fn push_back(&mut self, now: Duration, entry: Entry) {
        self.queue.push_back(entry);
        if self.policy.spool {
            self.spooling.want(now);
        }
    }

    /// From now on, what is in the queue is to be sent.
    fn release(&mut self) {
        self.due = self.queue.len();
        self.flush_at = None;
    }

    /// Takes out the oldest event that is not being sent.
    fn pop_oldest(&mut self) -> Option<Entry> {
        let queued = self.queue.front().map(|entry| entry.seq);
        match self.waiting.first_key_value().map(|(key, _)| *key) {
            Some(key) if queued.is_none_or(|queued| key < queued) => self.pop_waiting(key),
            _ => {
                self.due = self.due.saturating_sub(1);
                self.queue.pop_front()
            }
        }
    }

    fn pop_waiting(&mut self, key: u64) -> Option<Entry> {
        let batch = self.waiting.get_mut(&key)?;
        let entry = batch.entries.pop_front();
        if batch.entries.is_empty() {
            self.waiting.remove(&key);
        }
        entry
    }

    /// The batch whose turn it is. While the service fails, those come first that were tried least, so that no batch uses
    /// up its attempts for all; else those that have waited longest.
    fn next_waiting(&self, now: Duration) -> Option<u64> {
        let ready = self.waiting.iter().filter(|(_, batch)| batch.at <= now);
        if self.failures == 0 {
            return ready.min_by_key(|(_, batch)| batch.at).map(|(key, _)| *key);
        }
        let tried = |batch: &Batch| batch.entries.front().map_or(0, |entry| entry.attempts);
        let (key, batch) = ready.min_by_key(|(_, batch)| tried(batch))?;
        (tried(batch) == 0 || self.sendable() == 0).then_some(*key)
    }

    fn take_waiting(&mut self, now: Duration, key: u64) -> Option<Flight> {
        let mut batch = self.waiting.remove(&key)?;
        let rest = batch.entries.split_off(self.chunk_events.min(batch.entries.len()));
        if let Some(first) = rest.front() {
            self.waiting.insert(first.seq, Batch { entries: rest, ..batch });
        }
        Some(Flight { entries: batch.entries.into(), due: batch.due, counts: batch.due <= now })
    }

    fn take_queued(&mut self) -> Vec<Entry> {
        let taken = self.sendable().min(self.chunk_events);
        self.due = self.due.saturating_sub(taken);
        self.queue.drain(..taken).collect()
    }

    /// How many events of the queue may be sent now: with a spool only those that are in it.
    fn sendable(&self) -> usize {
        if !self.policy.spool {
            return self.due;
        }
        let synced = self.queue.partition_point(|entry| entry.seq < self.spooling.synced());
        self.due.min(synced)
    }

    /// Lets events wait until they are sent again.
    fn wait(&mut self, at: Duration, firm: bool, entries: Vec<Entry>) {
        self.wait_until(at, at, firm, entries);
    }

    fn wait_until(&mut self, at: Duration, due: Duration, firm: bool, entries: Vec<Entry>) {
        if let Some(first) = entries.first() {
            self.waiting.insert(first.seq, Batch { at, due, firm, entries: entries.into() });
        }
    }

    fn take_all(&mut self) -> Vec<Entry> {
        let mut all = self.flight.take().map(|flight| flight.entries).unwrap_or_default();
        all.extend(std::mem::take(&mut self.waiting).into_values().flat_map(|batch| batch.entries));
        all.extend(self.queue.drain(..));
        (self.due, self.flush_at) = (0, None);
        all
    }

    /// Gives events up, and has the log told: louder for the first of a kind.
    fn drop_all(&mut self, entries: Vec<Entry>, cause: DropCause) {
        if entries.is_empty() {
            return;
        }
        let repeated = self.told.insert(cause, true).is_some();
        self.notices.push(Notice::Dropped { cause, events: entries.len(), repeated });
        self.settle(entries, Outcome::Dropped(cause));
    }

    /// Books what became of events.
    fn settle(&mut self, entries: Vec<Entry>, outcome: Outcome) {
        if entries.is_empty() {
            return;
        }
        let count = count(&entries);
        self.stats.pending = self.stats.pending.saturating_sub(count);
        match outcome {
            Outcome::Sent => self.stats.sent = self.stats.sent.saturating_add(count),
            Outcome::Dropped(cause) => self.stats.dropped.add(cause, count),
            Outcome::Spooled => self.stats.spooled = self.stats.spooled.saturating_add(count),
        }
        for entry in &entries {
            self.waiters.iter_mut().for_each(|waiter| waiter.note(entry.seq, outcome));
            self.spooling.settle(entry.seq, outcome);
        }
        self.settled.push(Settled { entries, outcome });
    }
}

fn count<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod waiting;
