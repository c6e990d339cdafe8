//! Which cohorts are downloaded when: without clock and without I/O.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::{DownloadError, SyncConfig};

/// Times, counted from where whoever runs it says.
pub(super) type Time = Duration;

/// Keeps account of the cohorts that flags need: which are there, which are on their way, and when each is asked for
/// again. Of each cohort there is one download at a time.
#[derive(Debug)]
pub(super) struct Machine {
    config: SyncConfig,
    cohorts: BTreeMap<Arc<str>, Entry>,
    /// What waits for a place, by kind.
    new: VecDeque<Arc<str>>,
    again: VecDeque<Arc<str>>,
    /// Downloads under way, also such as nobody needs any more.
    running: BTreeMap<Arc<str>, Kind>,
    refresh_at: Option<Time>,
}

/// A cohort that some flag needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    /// True when flags that are live need it, and not only such as wait for it.
    pub(super) live: bool,
    /// When the copy that is there last was known to be what the service has.
    pub(super) current: Option<Time>,
    /// What that copy says of its last change; 0 if it does not.
    modified: i64,
    queued: bool,
    /// How often it was tried in a row, with but short pauses between.
    attempts: u32,
    /// True once that came to an end, or nobody waits for it any more.
    settled: bool,
    /// How many such rows failed in a row.
    pub(super) failures: u32,
    pub(super) error: Option<Arc<DownloadError>>,
    /// When it is asked for again, if that is not with the next refresh.
    retry_at: Option<Time>,
    /// How often it was asked for without that being taken back. Of no account once it is live.
    claims: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Somebody may wait for it.
    New,
    /// A copy is there, or it could not be had before.
    Again,
}

/// A download to begin: one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) id: Arc<str>,
    /// What the copy that is there says of its last change. None if there is no copy.
    pub(super) modified: Option<i64>,
}

/// How a download ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// With a copy that says this of its last change.
    Arrived {
        modified: i64,
    },
    /// The copy that is there still stands.
    Unchanged,
    Failed(Arc<DownloadError>),
}

/// Something worth a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    Failed { first: bool },
    Recovered { failures: u32 },
}

impl Machine {
    pub(super) fn new(config: SyncConfig) -> Self {
        Self {
            config,
            cohorts: BTreeMap::new(),
            new: VecDeque::new(),
            again: VecDeque::new(),
            running: BTreeMap::new(),
            refresh_at: None,
        }
    }

    /// Flags are about to need these too. Those that nobody needed before are asked for at once. Gives what that can be
    /// taken back by.
    pub(super) fn need<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>) -> Vec<Arc<str>> {
        ids.into_iter().map(|id| self.claim(id)).collect()
    }

    fn claim(&mut self, id: &str) -> Arc<str> {
        let known = self.cohorts.get_key_value(id).map(|(id, _)| Arc::clone(id));
        let is_new = known.is_none();
        let id = known.unwrap_or_else(|| id.into());
        let cohort = self.cohorts.entry(Arc::clone(&id)).or_default();
        cohort.claims = cohort.claims.saturating_add(1);
        if is_new {
            self.queue(&id);
        }
        id
    }

    /// Flags that were about to need these will not go live. What others asked for too stays.
    pub(super) fn withdraw(&mut self, claims: &[Arc<str>]) {
        for claim in claims {
            // What was dropped meanwhile and asked for anew is claimed by others alone.
            let is_same = self.cohorts.get_key_value(claim).is_some_and(|(id, _)| Arc::ptr_eq(id, claim));
            let Some(cohort) = self.cohorts.get_mut(claim).filter(|cohort| is_same && !cohort.live) else { continue };
            cohort.claims = cohort.claims.saturating_sub(1);
            if cohort.claims == 0 {
                self.cohorts.remove(claim);
            }
        }
        self.forget_unneeded();
    }

    /// The flags that are live now need these and no others. The first refresh comes one interval from now, unless it
    /// was due already.
    pub(super) fn retain(&mut self, ids: &BTreeSet<&str>, now: Time) {
        self.cohorts.retain(|id, cohort| {
            cohort.live = ids.contains(&**id);
            cohort.live
        });
        self.forget_unneeded();
        self.refresh_at.get_or_insert(now.saturating_add(self.config.polling_interval));
    }

    /// Which of these are neither there nor asked for in vain.
    pub(super) fn unsettled<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = &Arc<str>> {
        let known = ids.into_iter().filter_map(|id| self.cohorts.get_key_value(id));
        known.filter(|(_, cohort)| !cohort.settled).map(|(id, _)| id)
    }

    /// Nobody waits for these any longer.
    pub(super) fn give_up<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>) {
        for id in ids {
            if let Some(cohort) = self.cohorts.get_mut(id) {
                cohort.settled = true;
            }
        }
    }

    /// The cohorts that flags need, ordered by id.
    pub(super) fn cohorts(&self) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        self.cohorts.iter()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Entry> {
        self.cohorts.get(id)
    }

    /// What is to be downloaded now.
    pub(super) fn next(&mut self, now: Time) -> Vec<Job> {
        self.queue_due(now);
        let mut jobs = Vec::new();
        while let Some((id, kind)) = self.pick() {
            let Some(cohort) = self.cohorts.get_mut(&id) else { continue };
            cohort.queued = false;
            cohort.attempts = cohort.attempts.saturating_add(1);
            self.running.insert(Arc::clone(&id), kind);
            jobs.push(Job { modified: cohort.current.map(|_| cohort.modified), id });
        }
        jobs
    }

    /// A download ended. `random` is any number, evenly spread over all that there are.
    pub(super) fn finished(&mut self, id: &str, outcome: Outcome, now: Time, random: u64) -> Option<Notice> {
        self.running.remove(id);
        let cohort = self.cohorts.get_mut(id)?;
        // Its copy was dropped meanwhile, and then needed again.
        if cohort.current.is_none() && matches!(outcome, Outcome::Unchanged) {
            cohort.attempts = 0;
            self.queue(id);
            return None;
        }
        if let Outcome::Failed(error) = outcome {
            return cohort.failed(error, &self.config, now, self.refresh_at, random);
        }
        if let Outcome::Arrived { modified } = outcome {
            cohort.modified = modified;
        }
        cohort.settled = true;
        cohort.attempts = 0;
        cohort.current = Some(now);
        cohort.retry_at = None;
        cohort.error = None;
        let failures = std::mem::take(&mut cohort.failures);
        (failures > 0).then_some(Notice::Recovered { failures })
    }

    /// Downloads under way are gone, however they went. They are begun again.
    pub(super) fn lost(&mut self) {
        for id in std::mem::take(&mut self.running).into_keys() {
            if let Some(cohort) = self.cohorts.get_mut(&id) {
                cohort.attempts = cohort.attempts.saturating_sub(1);
            }
            self.queue(&id);
        }
    }

    /// When there is something to do next, if nothing else happens before.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        if self.cohorts.is_empty() {
            return None;
        }
        self.cohorts.values().filter_map(|cohort| cohort.retry_at).chain(self.refresh_at).min()
    }

    fn queue_due(&mut self, now: Time) {
        let refresh = self.refresh_at.is_some_and(|at| at <= now);
        if refresh {
            self.refresh_at = Some(now.saturating_add(self.config.polling_interval));
        }
        // What waits for a time of its own is not hurried by a refresh: the service may have asked for it.
        let is_due = |cohort: &Entry| cohort.retry_at.map_or(refresh, |at| at <= now);
        let due: Vec<Arc<str>> =
            self.cohorts.iter().filter(|(_, cohort)| is_due(cohort)).map(|(id, _)| Arc::clone(id)).collect();
        due.iter().for_each(|id| self.queue(id));
    }

    /// Has a cohort wait for its place, unless it does already or is on its way.
    fn queue(&mut self, id: &str) {
        let Some((id, _)) = self.cohorts.get_key_value(id) else { return };
        let id = Arc::clone(id);
        let Some(cohort) = self.cohorts.get_mut(&id) else { return };
        if cohort.queued || self.running.contains_key(&id) {
            return;
        }
        cohort.queued = true;
        cohort.retry_at = None;
        if cohort.settled { &mut self.again } else { &mut self.new }.push_back(id);
    }

    /// The next to be downloaded, if there is room: of the kind with fewer under way, and one place always free for what
    /// is new.
    fn pick(&mut self) -> Option<(Arc<str>, Kind)> {
        let again = self.running.values().filter(|kind| **kind == Kind::Again).count();
        let new = self.running.len() - again;
        if self.running.len() >= self.config.parallel {
            return None;
        }
        let may_again = again + 1 < self.config.parallel && !self.again.is_empty();
        if may_again && (again < new || self.new.is_empty()) {
            return self.again.pop_front().map(|id| (id, Kind::Again));
        }
        self.new.pop_front().map(|id| (id, Kind::New))
    }

    /// What is queued and needed no more gives its place up.
    fn forget_unneeded(&mut self) {
        self.new.retain(|id| self.cohorts.contains_key(id));
        self.again.retain(|id| self.cohorts.contains_key(id));
    }
}

impl Entry {
    fn failed(
        &mut self,
        error: Arc<DownloadError>,
        config: &SyncConfig,
        now: Time,
        refresh_at: Option<Time>,
        random: u64,
    ) -> Option<Notice> {
        let retryable = error.is_retryable();
        let retry_after = error.retry_after();
        self.error = Some(error);
        if retryable && self.attempts < config.attempts {
            self.retry_at = Some(now.saturating_add(config.pause(self.attempts, retry_after, random)));
            return None;
        }
        self.settled = true;
        self.attempts = 0;
        self.failures = self.failures.saturating_add(1);
        let granted = now.saturating_add(config.granted(retry_after));
        self.retry_at = if self.current.is_none() {
            let delay = if retryable { config.missing_retry(self.failures, random) } else { config.polling_interval };
            Some(now.saturating_add(delay).max(granted))
        } else {
            // What is there waits for the next refresh, or longer if the service asks for it.
            refresh_at.is_some_and(|at| at < granted).then_some(granted)
        };
        Some(Notice::Failed { first: self.failures == 1 })
    }
}

#[cfg(test)]
mod tests;
