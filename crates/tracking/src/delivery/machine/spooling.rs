//! What is to be written to disk when.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Entry, Machine};
use crate::event::Event;
use crate::outcome::{DropCause, Outcome};

/// How long an event that is pending may be in memory only.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// What the disk knows, and what it has to be told.
#[derive(Debug, Default)]
pub(super) struct Spooling {
    /// Events before this one are written, or were tried to be.
    synced: u64,
    /// While something is being written: what `synced` becomes then.
    writing: Option<u64>,
    /// How many writings there were.
    writings: u64,
    /// Of a writing that nobody heard of again: events from `synced` to here may be on disk.
    unsure: u64,
    at: Option<Duration>,
    /// Events on disk of which the disk does not know that they are settled.
    kept: HashSet<u64>,
    /// Events on disk that are settled, and the ones of them that are being written as such.
    settled: Vec<u64>,
    telling: Vec<u64>,
}

/// What is to be written at once.
#[derive(Debug)]
pub(crate) struct Sync {
    number: u64,
    pub(crate) events: Vec<(u64, Arc<Event>)>,
    pub(crate) settled: Vec<u64>,
}

impl Spooling {
    /// The first event that may be in memory only.
    pub(super) fn synced(&self) -> u64 {
        self.synced
    }

    pub(super) fn keeps(&self, seq: u64) -> bool {
        self.kept.contains(&seq)
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.at.is_some()
    }

    /// There is something to write, not much later than now.
    pub(super) fn want(&mut self, now: Duration) {
        self.at = self.at.or(Some(now.saturating_add(SYNC_INTERVAL)));
    }

    /// What is there to write is to be written now.
    pub(super) fn hurry(&mut self, now: Duration) {
        self.at = self.at.map(|at| at.min(now));
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.at.filter(|_| self.writing.is_none())
    }

    /// True when the disk knows of all of these that are settled.
    pub(super) fn is_told(&self, is_meant: impl Fn(u64) -> bool) -> bool {
        !self.settled.iter().chain(&self.telling).any(|seq| is_meant(*seq))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.settled.is_empty() && self.telling.is_empty() && self.writing.is_none()
    }

    pub(super) fn settle(&mut self, seq: u64, outcome: Outcome) {
        // What is being written, or was perhaps, will be there as well.
        let end = self.writing.unwrap_or(self.unsure);
        let may_be_there = self.kept.remove(&seq) || (self.synced..end).contains(&seq);
        if may_be_there && outcome != Outcome::Spooled {
            self.settled.push(seq);
        }
    }

    /// What was being written was perhaps not: it is written again.
    pub(super) fn reset(&mut self, now: Duration) {
        if let Some(end) = self.writing.take() {
            self.unsure = end;
            self.settled.append(&mut self.telling);
            self.at = Some(now);
        }
    }
}

impl Machine {
    /// What is to be written now. Whoever asks writes it, one at a time.
    pub(crate) fn next_sync(&mut self, now: Duration) -> Option<Sync> {
        if !self.policy.spool || self.spooling.writing.is_some() {
            return None;
        }
        // What is to be sent waits for nothing else, and somebody who waits for it does not either.
        let first_unsynced = self.queue.partition_point(|entry| entry.seq < self.spooling.synced);
        let held_up = self.due > first_unsynced || (!self.waiters.is_empty() && !self.spooling.settled.is_empty());
        if !self.spooling.settled.is_empty() {
            self.spooling.want(now);
        }
        if !held_up && self.spooling.at.is_none_or(|at| at > now) {
            return None;
        }
        self.spooling.at = None;
        self.spooling.writing = Some(self.next_seq);
        let events: Vec<_> = self.unsynced().map(|entry| (entry.seq, Arc::clone(&entry.event))).collect();
        let settled = std::mem::take(&mut self.spooling.settled);
        if events.is_empty() && settled.is_empty() {
            self.synced([], now);
            return None;
        }
        self.spooling.telling.clone_from(&settled);
        self.spooling.writings = self.spooling.writings.wrapping_add(1);
        Some(Sync { number: self.spooling.writings, events, settled })
    }

    /// True unless it was given up since, and may be behind another one by now.
    pub(crate) fn is_awaited(&self, sync: &Sync) -> bool {
        self.spooling.writing.is_some() && self.spooling.writings == sync.number
    }

    /// It was written: these events are on disk now.
    pub(crate) fn synced(&mut self, kept: impl IntoIterator<Item = u64>, now: Duration) {
        let end = self.spooling.writing.take().unwrap_or(self.next_seq);
        let start = self.spooling.synced;
        self.spooling.synced = end;
        self.spooling.telling.clear();
        // What was settled meanwhile is to be said by now.
        let pending: HashSet<u64> = self.held().map(|entry| entry.seq).filter(|seq| *seq >= start).collect();
        self.spooling.kept.extend(kept.into_iter().filter(|seq| pending.contains(seq)));
        if self.queue.back().is_some_and(|entry| entry.seq >= end) {
            self.spooling.want(now);
        }
    }

    /// Says whether events are written at all from now on.
    pub(crate) fn set_spool(&mut self, on: bool, now: Duration) {
        self.policy.spool = on;
        if !on {
            self.spooling = Spooling { writings: self.spooling.writings, ..Spooling::default() };
        } else if self.unsynced().next().is_some() {
            self.spooling.want(now);
        }
    }

    /// All events that are pending.
    fn held(&self) -> impl Iterator<Item = &Entry> {
        let flight = self.flight.iter().flat_map(|flight| &flight.entries);
        let waiting = self.waiting.values().flat_map(|batch| &batch.entries);
        flight.chain(waiting).chain(&self.queue)
    }

    /// Those that may be in memory only: of the queue, or of all where there was no spool before.
    fn unsynced(&self) -> impl Iterator<Item = &Entry> {
        self.held().filter(|entry| entry.seq >= self.spooling.synced)
    }

    /// Writes what is not written yet as soon as may be. True when there is nothing left to write.
    pub(crate) fn sync_all(&mut self, now: Duration) -> bool {
        if !self.spooling.settled.is_empty() {
            self.spooling.want(now);
        }
        self.spooling.hurry(now);
        !self.policy.spool || (self.unsynced().next().is_none() && self.spooling.is_idle())
    }

    /// Takes in what an earlier run left on disk, to be sent at once. Gives each its place, in order.
    pub(crate) fn recover_events(&mut self, now: Duration, events: Vec<Event>) -> std::ops::Range<u64> {
        let first = self.next_seq;
        let count = super::count(&events);
        self.stats.recovered = self.stats.recovered.saturating_add(count);
        self.stats.pending = self.stats.pending.saturating_add(count);
        let mut entries: Vec<_> = events.into_iter().map(|event| self.entry(event)).collect();
        self.waiters.iter_mut().for_each(|waiter| waiter.extend(first..self.next_seq));
        self.spooling.kept.extend(entries.iter().map(|entry| entry.seq));
        // The oldest go first where there are too many.
        let capacity = u64::try_from(self.policy.capacity).unwrap_or(u64::MAX);
        let excess = usize::try_from(self.stats.pending.saturating_sub(capacity)).unwrap_or(usize::MAX);
        let kept = entries.split_off(excess.min(entries.len()));
        self.drop_all(entries, DropCause::QueueFull);
        self.wait(now, false, kept);
        first..self.next_seq
    }
}
