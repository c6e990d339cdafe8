//! Reading files again when they change.

use std::path::PathBuf;
use std::sync::Arc;

use crate::flags::{Invalid, Problem};
use crate::source::Watched;
use crate::state::State;
use crate::stop::Stop;

/// The files that a server serves from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    pub(crate) flags: Option<PathBuf>,
    pub(crate) cohorts: Option<PathBuf>,
}

impl Files {
    /// Reads everything. Warnings go to the log.
    pub(crate) fn load(&self, state: &State) -> Result<(), Invalid> {
        self.load_flags(state)?;
        self.load_cohorts(state)
    }

    /// Reads everything, and says nothing.
    pub(crate) fn load_quietly(&self, state: &State) -> Result<(), Invalid> {
        if let Some(path) = &self.flags {
            state.load_flags(path)?;
        }
        self.load_cohorts(state)
    }

    fn load_flags(&self, state: &State) -> Result<(), Invalid> {
        let Some(path) = &self.flags else { return Ok(()) };
        let (changed, warnings) = state.load_flags(path)?;
        if changed {
            for warning in warnings {
                tracing::warn!(target: "experiment_server", "{warning}");
            }
            let flags = state.snapshot().flags.set.len();
            tracing::info!(target: "experiment_server", path = %path.display(), flags, "flags loaded");
        }
        Ok(())
    }

    fn load_cohorts(&self, state: &State) -> Result<(), Invalid> {
        let Some(path) = &self.cohorts else { return Ok(()) };
        state.load_cohorts(path)
    }
}

/// Reads the files whenever they change. What is invalid is told once, and what was served before is kept.
pub(crate) async fn reload(state: Arc<State>, files: Files, mut watched: Watched, mut stop: Stop) {
    let mut told: [Vec<Problem>; 2] = Default::default();
    loop {
        tokio::select! {
            changed = watched.changed() => if !changed { return },
            () = stop.told() => return,
        }
        let (into, from) = (Arc::clone(&state), files.clone());
        // Fails only if the runtime is going away.
        let read = tokio::task::spawn_blocking(move || [from.load_flags(&into), from.load_cohorts(&into)]).await;
        let Ok(results) = read else { return };
        for (told, result) in told.iter_mut().zip(results) {
            tell(&state, told, result);
        }
    }
}

fn tell(state: &State, told: &mut Vec<Problem>, result: Result<(), Invalid>) {
    let problems = result.err().map(|invalid| invalid.problems).unwrap_or_default();
    if problems == *told {
        return;
    }
    state.metrics.reloaded(problems.is_empty());
    for problem in &problems {
        tracing::error!(target: "experiment_server", "{problem}");
    }
    if problems.is_empty() {
        tracing::info!(target: "experiment_server", "the files are valid again");
    } else {
        tracing::error!(target: "experiment_server", "the files are invalid: what was served before is kept");
    }
    *told = problems;
}
