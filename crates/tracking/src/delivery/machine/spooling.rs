//! What is to be written to disk when.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::Machine;
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

    /// True when the disk knows of all that is settled.
    pub(super) fn is_told(&self) -> bool {
        self.settled.is_empty() && self.telling.is_empty()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.is_told() && self.writing.is_none()
    }

    pub(super) fn settle(&mut self, seq: u64, outcome: Outcome) {
        if self.kept.remove(&seq) && outcome != Outcome::Spooled {
            self.settled.push(seq);
        }
    }

    /// What was being written was perhaps not: it is written again.
    pub(super) fn reset(&mut self, now: Duration) {
        if self.writing.take().is_some() {
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
        let events: Vec<_> =
            self.queue.iter().skip(first_unsynced).map(|entry| (entry.seq, Arc::clone(&entry.event))).collect();
        let settled = std::mem::take(&mut self.spooling.settled);
        if events.is_empty() && settled.is_empty() {
            self.synced([], now);
            return None;
        }
        self.spooling.telling.clone_from(&settled);
        Some(Sync { events, settled })
    }

    /// It was written: these events are on disk now.
    pub(crate) fn synced(&mut self, kept: impl IntoIterator<Item = u64>, now: Duration) {
        let end = self.spooling.writing.take().unwrap_or(self.next_seq);
        let start = self.spooling.synced;
        self.spooling.synced = end;
        self.spooling.telling.clear();
        // What was settled meanwhile has to be said, too.
        let pending: HashSet<u64> = self.queue.iter().map(|entry| entry.seq).filter(|seq| *seq >= start).collect();
        for seq in kept {
            if pending.contains(&seq) {
                self.spooling.kept.insert(seq);
            } else {
                self.spooling.settled.push(seq);
                self.spooling.want(now);
            }
        }
        if self.queue.back().is_some_and(|entry| entry.seq >= end) {
            self.spooling.want(now);
        }
    }

    /// Says whether events are written at all from now on.
    pub(crate) fn set_spool(&mut self, on: bool) {
        self.policy.spool = on;
        if !on {
            self.spooling = Spooling::default();
        }
    }

    /// Writes what is not written yet as soon as may be. True when there is nothing left to write.
    pub(crate) fn sync_all(&mut self, now: Duration) -> bool {
        if !self.spooling.settled.is_empty() {
            self.spooling.want(now);
        }
        self.spooling.hurry(now);
        let is_written = self.queue.back().is_none_or(|entry| entry.seq < self.spooling.synced);
        !self.policy.spool || (is_written && self.spooling.is_idle())
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
