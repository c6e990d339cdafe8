//! Watching files: says that something changed, never what.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Config, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long files have to be quiet before they are read: writers seldom write at once.
const QUIET: Duration = Duration::from_millis(10);

/// Files that are never quiet are read all the same after this many changes.
const PATIENCE: usize = 5;

/// Where the system tells of no changes, files are looked at this often.
const POLL: Duration = Duration::from_secs(1);

/// Tells of changes to files for as long as it is kept.
pub(crate) struct Watched {
    changes: mpsc::Receiver<()>,
    _watcher: Box<dyn Watcher + Send>,
}

/// Watches a path, and for a file the folder that it stands in: editors and deployments put a new file in its place.
pub(crate) fn watch(paths: &[&Path]) -> notify::Result<Watched> {
    // One change waiting stands for any number of them.
    let (tell, changes) = mpsc::channel(1);
    let on_event = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // Full means that a change is told already; closed, that no one listens any more.
            let _ = tell.try_send(());
        }
    };
    let mut watcher: Box<dyn Watcher + Send> = match RecommendedWatcher::new(on_event.clone(), Config::default()) {
        Ok(watcher) => Box::new(watcher),
        Err(error) => {
            tracing::warn!(target: "experiment_server", %error, "the system cannot watch files, so they are looked at every second");
            let config = Config::default().with_poll_interval(POLL).with_compare_contents(true);
            Box::new(PollWatcher::new(on_event, config)?)
        }
    };
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in paths {
        if path.is_dir() {
            watcher.watch(path, RecursiveMode::Recursive)?;
            continue;
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if !folders.contains(&folder) {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            folders.push(folder);
        }
    }
    Ok(Watched { changes, _watcher: watcher })
}

impl Watched {
    /// Waits for a change, and until the files are quiet again. False when there is nothing to wait for any more.
    pub(crate) async fn changed(&mut self) -> bool {
        if self.changes.recv().await.is_none() {
            return false;
        }
        for _ in 0..PATIENCE {
            if timeout(QUIET, self.changes.recv()).await.is_err() {
                break;
            }
        }
        true
    }
}
