//! Being woken by the system when files may have changed. Nothing depends on it but how soon a change is noticed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Config, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::look::{Identity, Look};

/// Wakes when something may have changed where a look came by.
#[derive(Default)]
pub(super) struct Watch {
    pub(super) woken: Arc<Notify>,
    watched: BTreeMap<PathBuf, Option<Identity>>,
    /// Set when a watched folder itself went away: another one of its name is not watched.
    lost: Arc<AtomicBool>,
    watcher: Option<RecommendedWatcher>,
    told: bool,
}

impl Watch {
    /// Watches what a look came by. False if that was watched already; then nothing can have changed unnoticed.
    pub(super) fn renew(&mut self, look: &Look) -> bool {
        if !self.lost.swap(false, Ordering::Relaxed) && self.watched == look.watched {
            return false;
        }
        self.watched.clone_from(&look.watched);
        match self.watcher(look) {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => {
                self.watcher = None;
                self.tell(&error);
            }
        }
        true
    }

    fn watcher(&mut self, look: &Look) -> notify::Result<RecommendedWatcher> {
        let (woken, lost) = (Arc::clone(&self.woken), Arc::clone(&self.lost));
        let way = look.way.clone();
        let watched: Vec<PathBuf> = look.watched.keys().cloned().collect();
        let on_event = move |event: notify::Result<Event>| {
            let Ok(event) = event else { return woken.notify_one() };
            if event.paths.iter().any(|path| watched.contains(path)) && goes_away(event.kind) {
                lost.store(true, Ordering::Relaxed);
                woken.notify_one();
            } else if is_change(event.kind) && (event.paths.is_empty() || event.paths.iter().any(|at| way.concerns(at)))
            {
                woken.notify_one();
            }
        };
        let mut watcher = RecommendedWatcher::new(on_event, Config::default())?;
        for path in look.watched.keys() {
            if let Err(error) = watch(&mut watcher, path) {
                self.tell(&error);
            }
        }
        Ok(watcher)
    }

    fn tell(&mut self, error: &notify::Error) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(
                target: "experiment_server", %error,
                "files cannot be watched: they are looked at every second, so changes take longer to be noticed"
            );
        }
    }
}

/// Not a folder that went away meanwhile: the next look finds that out.
fn watch(watcher: &mut RecommendedWatcher, path: &Path) -> notify::Result<()> {
    match watcher.watch(path, RecursiveMode::NonRecursive) {
        Err(error) if matches!(error.kind, ErrorKind::PathNotFound) => Ok(()),
        Err(error) if matches!(&error.kind, ErrorKind::Io(io) if io.kind() == std::io::ErrorKind::NotFound) => Ok(()),
        result => result,
    }
}

fn goes_away(kind: EventKind) -> bool {
    matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)))
}

/// Reading is none, but the end of writing is.
fn is_change(kind: EventKind) -> bool {
    !kind.is_access() || kind == EventKind::Access(AccessKind::Close(AccessMode::Write))
}
