//! Reading files, and reading them again when they change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::flags::{Invalid, Problem};
use crate::source::{Kind, Looker, Reading, Source};
use crate::state::{State, Taken};
use crate::stop::Stop;

/// Files are looked at this often, whether or not the system says that they changed.
const EVERY: Duration = Duration::from_secs(1);

/// The files that a server serves from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    pub(crate) flags: Option<PathBuf>,
    pub(crate) cohorts: Option<PathBuf>,
}

impl Files {
    /// Reads everything. Warnings go to the log.
    pub(crate) fn load(&self, state: &State) -> Result<(), Invalid> {
        for source in self.sources() {
            tell(state, &source, state.take(source.read())?);
        }
        Ok(())
    }

    /// Reads everything, and says nothing.
    pub(crate) fn load_quietly(&self, state: &State) -> Result<(), Invalid> {
        self.sources().try_for_each(|source| state.take(source.read()).map(drop))
    }

    fn sources(&self) -> impl Iterator<Item = Source> {
        let flags = self.flags.clone().map(|path| Source { kind: Kind::Flags, path });
        let cohorts = self.cohorts.clone().map(|path| Source { kind: Kind::Cohorts, path });
        flags.into_iter().chain(cohorts)
    }
}

/// Reads the files whenever they change. What is invalid is told once, and what was served before is kept. The last
/// writer wins: see [`State::take`].
///
/// They are read once more to begin with: what changed between the first reading and now is not lost.
pub(crate) async fn reload(state: Arc<State>, files: Files, stop: Stop) {
    // Each on its own: files of one that never rest do not hold up the other.
    join_all(files.sources().map(|source| follow(Arc::clone(&state), source, stop.clone()))).await;
}

async fn follow(state: Arc<State>, source: Source, mut stop: Stop) {
    let kind = source.kind;
    let mut looker = Looker::new(source);
    let woken = looker.woken();
    loop {
        let into = Arc::clone(&state);
        let looked = spawn_blocking(move || {
            if let Some(reading) = looker.read() {
                take(&into, looker.source(), reading);
            }
            looker
        });
        looker = tokio::select! {
            looked = looked => match looked {
                Ok(looker) => looker,
                Err(error) if error.is_cancelled() => return,
                Err(error) => {
                    tracing::error!(target: "experiment_server", %error, "{kind} are no longer read when they change");
                    return;
                }
            },
            () = stop.told() => return,
        };
        tokio::select! {
            () = woken.notified() => {}
            () = sleep(EVERY) => {}
            () = stop.told() => return,
        }
    }
}

fn take(state: &State, source: &Source, reading: Reading) {
    match state.take(reading) {
        Ok(Taken::Same) => {}
        Ok(taken) => {
            state.metrics.reloaded(true);
            tell(state, source, taken);
        }
        Err(invalid) => {
            state.metrics.reloaded(false);
            for problem in invalid.problems().iter().map(Problem::without_severity) {
                tracing::error!(target: "experiment_server", "{problem}");
            }
            let Source { kind, path } = source;
            tracing::error!(
                target: "experiment_server", path = %path.display(),
                "the {kind} are invalid: the {kind} that were served before are kept"
            );
        }
    }
}

fn tell(state: &State, source: &Source, taken: Taken) {
    let Source { kind, path } = source;
    let path = path.display();
    match taken {
        Taken::Same => {}
        Taken::Back => tracing::info!(target: "experiment_server", %path, "the {kind} are valid again, and as before"),
        Taken::New(warnings) => {
            for warning in warnings.iter().map(Problem::without_severity) {
                tracing::warn!(target: "experiment_server", "{warning}");
            }
            let snapshot = state.snapshot();
            let count = match kind {
                Kind::Flags => snapshot.flags.set.len(),
                Kind::Cohorts => snapshot.cohorts.served.len(),
            };
            tracing::info!(target: "experiment_server", %path, "{kind} loaded: {count} are served");
        }
    }
}
