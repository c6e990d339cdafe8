//! The flags that are decided by: read by anyone at any time, replaced as a whole.

use std::collections::HashSet;
#[cfg(feature = "cohorts")]
use std::sync::OnceLock;
use std::sync::{Arc, Mutex, MutexGuard};

use arc_swap::ArcSwap;
use bytes::Bytes;
#[cfg(feature = "cohorts")]
use cohorts::sync::CohortSync;
use evaluation_core::Severity;
use tokio::sync::broadcast;
use tokio::task::spawn_blocking;
use transport::task::lock;
use transport::{Applied, ApplyError, BoxFuture, FlagSink};

use super::snapshot::Snapshot;
use super::{FlagChanges, FlagOrigin};

/// How many changes are kept for listeners that are slow.
const CHANGES: usize = 64;

/// From this size on, sets are compiled where they hold up no other task.
const LARGE: usize = 256 << 10;

pub(super) struct Store {
    current: ArcSwap<Snapshot>,
    /// Held by who puts another snapshot in place.
    writer: Mutex<()>,
    changes: broadcast::Sender<Arc<[String]>>,
    /// What keeps cohorts in sync. They are part of each snapshot.
    #[cfg(feature = "cohorts")]
    sync: OnceLock<CohortSync>,
}

impl Store {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self {
            current: ArcSwap::from_pointee(snapshot),
            writer: Mutex::new(()),
            changes: broadcast::Sender::new(CHANGES),
            #[cfg(feature = "cohorts")]
            sync: OnceLock::new(),
        }
    }

    /// Says what is wrong with the flags to begin with.
    pub(super) fn tell_of_the_first(&self) {
        let first = self.load();
        self.tell(&first, &Snapshot::default());
    }

    /// Says what is wrong with flags, unless it was so before.
    fn tell(&self, snapshot: &Snapshot, before: &Snapshot) {
        tell(snapshot, before);
        #[cfg(feature = "cohorts")]
        if self.sync.get().is_none() {
            let known = before.cohort_ids();
            let statuses = snapshot.cohort_statuses();
            let missing = statuses.iter().filter(|cohort| !cohort.is_there() && !known.contains(&*cohort.id));
            for cohort in missing.take(TOLD) {
                let id = &*cohort.id;
                tracing::warn!(target: "experiment", cohort = id, "flags ask about a cohort that is not there: nobody is in it");
            }
        }
    }

    /// What is decided by now. Never waits.
    pub(super) fn load(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.current.load()
    }

    pub(super) fn changes(&self) -> FlagChanges {
        FlagChanges::new(self.changes.subscribe())
    }

    /// Puts flags in place, and with them the cohorts that are there; those that they do not need are dropped.
    fn put(&self, snapshot: Snapshot) -> usize {
        let writing = self.writing();
        let before = self.current.load_full();
        #[cfg(feature = "cohorts")]
        let snapshot = match self.sync.get() {
            Some(sync) => {
                sync.retain(snapshot.cohort_ids());
                snapshot.with_cohorts(sync.cohorts())
            }
            None => snapshot.with_cohorts_of(&before),
        };
        let flags = snapshot.flags.len();
        self.tell(&snapshot, &before);
        let changed = snapshot.changed_from(&before);
        self.current.store(Arc::new(snapshot));
        drop(writing);
        if !changed.is_empty() {
            tracing::debug!(target: "experiment", flags, changed = changed.len(), "flags changed");
            // No one may be listening.
            let _ = self.changes.send(changed.into());
        }
        flags
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        lock(&self.writer)
    }
}

#[cfg(feature = "cohorts")]
impl Store {
    /// Looks cohorts up from now on, which this keeps in sync.
    pub(super) fn keep_in_sync(&self, sync: CohortSync) {
        // There is one for each store.
        let _ = self.sync.set(sync);
        self.take_cohorts();
    }

    /// Puts the cohorts in place that are there now, beside the flags as they are.
    pub(super) fn take_cohorts(&self) {
        if let Some(sync) = self.sync.get() {
            let _writing = self.writing();
            let before = self.current.load_full();
            self.current.store(Arc::new(Snapshot::clone(&before).with_cohorts(sync.cohorts())));
        }
    }

    pub(super) fn sync(&self) -> Option<&CohortSync> {
        self.sync.get()
    }
}

/// The store as the sink of an updater.
#[derive(Clone)]
pub(super) struct Sink(pub(super) Arc<Store>);

impl FlagSink for Sink {
    fn apply(&self, body: Bytes) -> BoxFuture<'_, Result<Applied, ApplyError>> {
        Box::pin(async move {
            let snapshot = read(body).await?;
            #[cfg(feature = "cohorts")]
            if let Some(sync) = self.0.sync() {
                // Flags of a bootstrap are no reason to hurry the first start.
                if self.0.load().origin == FlagOrigin::Poll {
                    sync.load_for_change(snapshot.cohort_ids()).await;
                } else {
                    sync.load(snapshot.cohort_ids()).await;
                }
            }
            Ok(Applied::new(self.0.put(snapshot)))
        })
    }
}

async fn read(body: Bytes) -> Result<Snapshot, ApplyError> {
    let small = body.len() < LARGE;
    let read = move || Snapshot::read(&body, FlagOrigin::Poll).map_err(ApplyError::malformed);
    if small {
        return read();
    }
    match spawn_blocking(read).await {
        Ok(read) => read,
        Err(error) if error.is_panic() => Err(ApplyError::Panicked),
        Err(error) => Err(ApplyError::other(error)),
    }
}

/// How many findings are told one by one.
const TOLD: usize = 20;

/// Says what is wrong with flags, unless it was so before.
fn tell(snapshot: &Snapshot, before: &Snapshot) {
    let found = snapshot.flags.diagnostics();
    let known = before.cohort_ids();
    if !snapshot.looks_cohorts_up() && snapshot.cohort_ids().iter().any(|id| !known.contains(id)) {
        tracing::warn!(
            target: "experiment",
            "flags ask about cohorts, and cohort sync is off: only the `cohort_ids` that users bring count"
        );
    }
    if found.is_empty() {
        return;
    }
    let known: HashSet<String> = before.flags.diagnostics().iter().map(ToString::to_string).collect();
    let mut new = found.iter().filter(|diagnostic| !known.contains(&diagnostic.to_string()));
    for diagnostic in new.by_ref().take(TOLD) {
        match diagnostic.severity {
            Severity::Error => {
                tracing::error!(target: "experiment", %diagnostic, "a flag cannot be used and is left out");
            }
            Severity::Warning => tracing::warn!(target: "experiment", %diagnostic, "a flag is hardly as it was meant"),
        }
    }
    let (errors, warnings): (Vec<_>, Vec<_>) = new.partition(|diagnostic| diagnostic.severity == Severity::Error);
    let more = errors.len() + warnings.len();
    if !errors.is_empty() {
        tracing::error!(target: "experiment", more, "more is wrong with the flags: see the diagnostics");
    } else if more > 0 {
        tracing::warn!(target: "experiment", more, "more about the flags is hardly as it was meant: see the diagnostics");
    }
}
