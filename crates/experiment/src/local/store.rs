//! The flags that are decided by: read by anyone at any time, replaced as a whole.

use std::collections::HashSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use evaluation_core::Severity;
use tokio::sync::broadcast;
use tokio::task::spawn_blocking;
use transport::{Applied, ApplyError, BoxFuture, FlagSink};

use super::snapshot::Snapshot;
use super::{FlagChanges, FlagOrigin};

/// How many changes are kept for listeners that are slow.
const CHANGES: usize = 64;

/// From this size on, sets are compiled where they hold up no other task.
const LARGE: usize = 256 << 10;

pub(super) struct Store {
    current: ArcSwap<Snapshot>,
    changes: broadcast::Sender<Arc<[String]>>,
}

impl Store {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        tell(&snapshot, &Snapshot::default());
        Self { current: ArcSwap::from_pointee(snapshot), changes: broadcast::Sender::new(CHANGES) }
    }

    /// What is decided by now. Never waits.
    pub(super) fn load(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.current.load()
    }

    pub(super) fn changes(&self) -> FlagChanges {
        FlagChanges::new(self.changes.subscribe())
    }

    fn put(&self, snapshot: Snapshot, before: &Snapshot) -> usize {
        let flags = snapshot.flags.len();
        tell(&snapshot, before);
        let changed = snapshot.changed_from(before);
        self.current.store(Arc::new(snapshot));
        if !changed.is_empty() {
            tracing::debug!(target: "experiment", flags, changed = changed.len(), "flags changed");
            // No one may be listening.
            let _ = self.changes.send(changed.into());
        }
        flags
    }

    fn take(&self, body: &[u8]) -> Result<Applied, ApplyError> {
        let snapshot = Snapshot::read(body, FlagOrigin::Poll).map_err(ApplyError::malformed)?;
        Ok(Applied::new(self.put(snapshot, &self.current.load())))
    }
}

/// The store as the sink of an updater.
#[derive(Clone)]
pub(super) struct Sink(pub(super) Arc<Store>);

impl FlagSink for Sink {
    fn apply(&self, body: Bytes) -> BoxFuture<'_, Result<Applied, ApplyError>> {
        Box::pin(async move {
            if body.len() < LARGE {
                return self.0.take(&body);
            }
            let store = Arc::clone(&self.0);
            match spawn_blocking(move || store.take(&body)).await {
                Ok(taken) => taken,
                Err(error) if error.is_panic() => Err(ApplyError::Panicked("while flags were compiled".into())),
                Err(error) => Err(ApplyError::other(error)),
            }
        })
    }
}

/// How many findings are told one by one.
const TOLD: usize = 20;

/// Says what is wrong with flags, unless it was so before.
fn tell(snapshot: &Snapshot, before: &Snapshot) {
    let found = snapshot.flags.diagnostics();
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
    let more = new.count();
    if more > 0 {
        tracing::error!(target: "experiment", more, "more is wrong with the flags: see the diagnostics");
    }
}
