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
    /// Cohorts that are not there.
    missing: VecDeque<Arc<str>>,
    /// Cohorts that are there, and may have changed.
    refresh: VecDeque<Arc<str>>,
    /// Downloads under way, also such as nobody needs any more.
    running: BTreeMap<Arc<str>, Kind>,
    refresh_at: Option<Time>,
}

/// A cohort that some flag needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    /// When the copy that is there last was known to be what the service has.
    pub(super) current: Option<Time>,
    /// What that copy says of its last change; 0 if it does not.
    modified: i64,
    queued: bool,
    /// True once a download came to an end.
    pub(super) tried: bool,
    /// How many downloads failed in a row.
    pub(super) failures: u32,
    pub(super) error: Option<Arc<DownloadError>>,
    /// When it is asked for again, if it is missing.
    retry_at: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Missing,
    Refresh,
}

/// A download to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) id: Arc<str>,
    /// What the copy that is there says of its last change; 0 if there is none.
    pub(super) modified: i64,
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
            missing: VecDeque::new(),
            refresh: VecDeque::new(),
            running: BTreeMap::new(),
            refresh_at: None,
        }
    }

    /// Flags are about to need these too. Those that are missing are asked for at once.
    pub(super) fn need<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>) {
        for id in ids {
            if !self.cohorts.contains_key(id) {
                self.cohorts.insert(id.into(), Entry::default());
            }
            self.queue(id);
        }
    }

    /// Flags need these and no others. The first refresh comes one interval from now, unless it was due already.
    pub(super) fn retain(&mut self, ids: &BTreeSet<&str>, now: Time) {
        self.cohorts.retain(|id, _| ids.contains(&**id));
        self.missing.retain(|id| ids.contains(&**id));
        self.refresh.retain(|id| ids.contains(&**id));
        self.refresh_at.get_or_insert(now.saturating_add(self.config.polling_interval));
    }

    /// True when each of these is there, or was asked for in vain.
    pub(super) fn is_settled<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> bool {
        ids.into_iter().all(|id| self.cohorts.get(id).is_none_or(|cohort| cohort.tried || cohort.current.is_some()))
    }

    /// The cohorts that flags need, ordered by id.
    pub(super) fn cohorts(&self) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        self.cohorts.iter()
    }

    /// True when a download for this one is still wanted.
    pub(super) fn is_needed(&self, id: &str) -> bool {
        self.cohorts.contains_key(id)
    }

    /// What is to be downloaded now.
    pub(super) fn next(&mut self, now: Time) -> Vec<Job> {
        self.queue_due(now);
        let mut jobs = Vec::new();
        while let Some((id, kind)) = self.pick() {
            let Some(cohort) = self.cohorts.get_mut(&id) else { continue };
            cohort.queued = false;
            self.running.insert(Arc::clone(&id), kind);
            jobs.push(Job { modified: cohort.modified, id });
        }
        jobs
    }

    /// A download ended.
    pub(super) fn finished(&mut self, id: &str, outcome: Outcome, now: Time) -> Option<Notice> {
        self.running.remove(id);
        let cohort = self.cohorts.get_mut(id)?;
        // Its copy was dropped meanwhile, and then needed again.
        if cohort.current.is_none() && matches!(outcome, Outcome::Unchanged) {
            self.queue(id);
            return None;
        }
        cohort.tried = true;
        if let Outcome::Failed(error) = outcome {
            cohort.failures = cohort.failures.saturating_add(1);
            let delay = if error.is_retryable() {
                self.config.missing_retry(cohort.failures)
            } else {
                self.config.polling_interval
            };
            cohort.retry_at = cohort.current.is_none().then(|| now.saturating_add(delay));
            cohort.error = Some(error);
            return Some(Notice::Failed { first: cohort.failures == 1 });
        }
        if let Outcome::Arrived { modified } = outcome {
            cohort.modified = modified;
        }
        cohort.current = Some(now);
        cohort.retry_at = None;
        cohort.error = None;
        let failures = std::mem::take(&mut cohort.failures);
        (failures > 0).then_some(Notice::Recovered { failures })
    }

    /// Downloads under way are gone, however they went. They are begun again.
    pub(super) fn lost(&mut self) {
        for (id, kind) in std::mem::take(&mut self.running) {
            self.queue_as(&id, kind);
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
        let due = self.cohorts.iter().filter(|(_, cohort)| refresh || cohort.retry_at.is_some_and(|at| at <= now));
        let due: Vec<Arc<str>> = due.map(|(id, _)| Arc::clone(id)).collect();
        for id in due {
            if refresh && self.cohorts.get(&id).is_some_and(|cohort| cohort.current.is_some()) {
                self.queue_as(&id, Kind::Refresh);
            } else {
                self.queue(&id);
            }
        }
    }

    /// Asks for a cohort if it is missing and not asked for already.
    fn queue(&mut self, id: &str) {
        if self.cohorts.get(id).is_some_and(|cohort| cohort.current.is_none()) {
            self.queue_as(id, Kind::Missing);
        }
    }

    fn queue_as(&mut self, id: &str, kind: Kind) {
        let Some(cohort) = self.cohorts.get_mut(id) else { return };
        cohort.retry_at = None;
        if cohort.queued || self.running.contains_key(id) {
            return;
        }
        cohort.queued = true;
        let id = Arc::from(id);
        match kind {
            Kind::Missing => self.missing.push_back(id),
            Kind::Refresh => self.refresh.push_back(id),
        }
    }

    /// The next to be downloaded, if there is room: of the kind with fewer under way, and one place always free of
    /// refreshing.
    fn pick(&mut self) -> Option<(Arc<str>, Kind)> {
        let refresh = self.running.values().filter(|kind| **kind == Kind::Refresh).count();
        let missing = self.running.len() - refresh;
        if self.running.len() >= self.config.parallel {
            return None;
        }
        let may_refresh = refresh + 1 < self.config.parallel && !self.refresh.is_empty();
        if may_refresh && (refresh < missing || self.missing.is_empty()) {
            return self.refresh.pop_front().map(|id| (id, Kind::Refresh));
        }
        self.missing.pop_front().map(|id| (id, Kind::Missing))
    }
}

#[cfg(test)]
mod tests;
