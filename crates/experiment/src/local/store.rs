//! The flags that are decided by: read by anyone at any time, replaced as a whole.

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

    fn put(&self, snapshot: Snapshot) -> usize {
        let flags = snapshot.flags.len();
        let before = self.current.load_full();
        tell(&snapshot, &before);
        let changed = snapshot.changed_from(&before);
        self.current.store(Arc::new(snapshot));
        if !changed.is_empty() {
            tracing::debug!(target: "experiment", flags, changed = changed.len(), "flags changed");
            // No one may be listening.
            let _ = self.changes.send(changed.into());
        }
        flags
    }
}

impl FlagSink for Store {
    fn apply(&self, body: Bytes) -> BoxFuture<'_, Result<Applied, ApplyError>> {
        Box::pin(async move {
            let large = body.len() >= LARGE;
            let read = move || Snapshot::read(&body, FlagOrigin::Poll);
            let snapshot = if large { spawn_blocking(read).await.map_err(ApplyError::other)? } else { read() };
            Ok(Applied::new(self.put(snapshot.map_err(ApplyError::malformed)?)))
        })
    }
}

/// Says what is wrong with flags, unless it was so before.
fn tell(snapshot: &Snapshot, before: &Snapshot) {
    let known = before.flags.diagnostics();
    for diagnostic in snapshot.flags.diagnostics().iter().filter(|diagnostic| !known.contains(diagnostic)) {
        match diagnostic.severity {
            Severity::Error => {
                tracing::error!(target: "experiment", %diagnostic, "a flag cannot be used and is left out")
            }
            Severity::Warning => tracing::warn!(target: "experiment", %diagnostic, "a flag is hardly as it was meant"),
        }
    }
}
