//! Carries out what the machine says, in one task with a few more for downloads.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use transport::task::{Random, caught, is_ending, lock, logged, until};

use super::download::Downloader;
use super::machine::{Job, Machine, Notice, Outcome, Time};
use super::{DownloadError, log};
use crate::store::{CohortStore, StoredCohort};

pub(super) type OnChange = dyn Fn() + Send + Sync;

/// What the task and the handles share.
pub(super) struct Shared {
    pub(super) downloader: Arc<Downloader>,
    pub(super) state: Mutex<State>,
    /// Told when the machine was given something to do.
    pub(super) wake: Notify,
    /// Told when downloads ended.
    pub(super) settled: watch::Sender<()>,
    pub(super) on_change: Arc<OnChange>,
    /// What the machine counts its time from.
    pub(super) epoch: Instant,
    pub(super) random: Random,
}

pub(super) struct State {
    pub(super) machine: Machine,
    pub(super) store: CohortStore,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn now(&self) -> Time {
        self.epoch.elapsed()
    }
}

/// How long to wait behind a panic.
const REST: Duration = Duration::from_secs(1);

type Downloaded = Result<Option<StoredCohort>, DownloadError>;

/// One run, until it is stopped.
pub(super) struct Driver {
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
    /// Dropping them gives them up.
    downloads: JoinSet<Downloaded>,
    /// Which cohort each of them is for.
    ids: HashMap<Id, Arc<str>>,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>, stopped: watch::Receiver<bool>) -> Self {
        Self { shared, stopped, downloads: JoinSet::new(), ids: HashMap::new() }
    }

    /// Runs until it is stopped, or nobody is left who could. A panic begins it anew.
    pub(super) async fn run(self) {
        let (shared, stopped) = (Arc::clone(&self.shared), self.stopped.clone());
        shared.state().machine.lost();
        let mut work = self;
        while caught(work.work()).await.is_err() {
            if is_ending() {
                return;
            }
            log::panicked();
            shared.state().machine.lost();
            work = Self::new(Arc::clone(&shared), stopped.clone());
            // Whatever it is, it may be there again at once.
            tokio::time::sleep(REST).await;
        }
    }

    async fn work(mut self) {
        let mut stopped = self.stopped.clone();
        // An error means that nobody is left.
        let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
        let mut stop = std::pin::pin!(stop);
        loop {
            let deadline = self.begin();
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(done) = self.downloads.join_next_with_id() => self.take(done),
                () = self.shared.wake.notified() => {}
                () = until(deadline.map(Instant::into_std)) => {}
            }
        }
        self.downloads.shutdown().await;
    }

    /// Begins the downloads that are due, and tells when to look again.
    fn begin(&mut self) -> Option<Instant> {
        let now = self.shared.now();
        let (jobs, deadline) = {
            let mut state = self.shared.state();
            (state.machine.next(now), state.machine.next_deadline())
        };
        for Job { id, modified } in jobs {
            let (downloader, asked) = (Arc::clone(&self.shared.downloader), Arc::clone(&id));
            let task = self.downloads.spawn(logged(async move { downloader.download(&asked, modified).await }));
            self.ids.insert(task.id(), id);
        }
        deadline.and_then(|at| self.shared.epoch.checked_add(at))
    }

    /// Takes in what ended, and what else did by now.
    fn take(&mut self, done: Result<(Id, Downloaded), JoinError>) {
        let mut changed = self.ended(done);
        while let Some(done) = self.downloads.try_join_next_with_id() {
            changed |= self.ended(done);
        }
        if changed {
            // Whatever it does, cohorts are kept in sync.
            if catch_unwind(AssertUnwindSafe(|| (self.shared.on_change)())).is_err() {
                log::panicked();
            }
        }
        self.shared.settled.send_replace(());
    }

    /// True when a cohort came that flags are decided by already.
    fn ended(&mut self, done: Result<(Id, Downloaded), JoinError>) -> bool {
        let (task, result) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Err(DownloadError::Panicked)),
        };
        let Some(id) = self.ids.remove(&task) else { return false };
        if result.is_err() && is_ending() {
            // It failed because the runtime goes. The next run begins it again.
            return false;
        }
        let now = self.shared.now();
        let (outcome, arrived) = match result {
            Ok(Some(cohort)) => (Outcome::Arrived { modified: cohort.last_modified() }, Some(Arc::new(cohort))),
            Ok(None) => (Outcome::Unchanged, None),
            Err(error) => (Outcome::Failed(Arc::new(error)), None),
        };
        let error = if let Outcome::Failed(error) = &outcome { Some(Arc::clone(error)) } else { None };
        let mut state = self.shared.state();
        let notice = state.machine.finished(&id, outcome, now, self.shared.random.next());
        let there = state.store.get(&id).is_some();
        let needed = state.machine.get(&id).map(|cohort| cohort.live);
        if let (Some(cohort), Some(_)) = (&arrived, needed) {
            state.store.insert_stored(Arc::clone(cohort));
        }
        drop(state);
        if let Some(cohort) = &arrived {
            log::arrived(&id, cohort);
        }
        match (notice, error) {
            (Some(Notice::Failed { first }), Some(error)) => log::failed(&id, there, first, &error),
            (Some(Notice::Recovered { failures }), _) => log::recovered(&id, failures),
            _ => {}
        }
        arrived.is_some() && needed == Some(true)
    }
}

/// Says that a run is over, however it went.
pub(super) struct Farewell {
    pub(super) shared: Arc<Shared>,
    pub(super) done: watch::Sender<bool>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.done.send_replace(true);
        // Whoever waits for a download begins another run.
        self.shared.settled.send_replace(());
    }
}
