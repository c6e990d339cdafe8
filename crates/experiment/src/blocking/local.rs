//! Local evaluation whose start and end are waited for.

use std::sync::Arc;
use std::time::Duration;

use evaluation_core::{Diagnostic, Explanation, FlagSet, User, Variants};
use tokio::time::timeout;
use transport::updater::StartError;

use super::Worker;
use crate::config::ConfigError;
use crate::evaluate::{Evaluate, EvaluateOptions};
use crate::local::{CloseReport, FlagsChanged, LocalEvaluationClientBuilder, LocalStatus};
#[cfg(feature = "tracking")]
use crate::local::{EventsReport, EventsStatus};

/// Keeps the flags of a deployment here, and decides by them at once.
///
/// A cheap handle: clones share everything. Evaluation never waits; see
/// [`LocalEvaluationClient`](crate::LocalEvaluationClient). When the last handle is dropped, what runs is stopped, which
/// may take a moment; events that are still to be sent are lost then, unless there is a spool: close before.
#[derive(Debug, Clone)]
pub struct LocalEvaluationClient {
    // Dropped before the thread it works on.
    client: crate::LocalEvaluationClient,
    worker: Arc<Worker>,
}

impl LocalEvaluationClient {
    /// Starts to keep the flags fresh, and waits until the first ones are here. Does nothing once they are; several may
    /// wait at a time, and it may be called again behind a failure or a close.
    ///
    /// # Errors
    /// When there are no flags in time, all attempts failed, or the deployment key is refused. Nothing is left running
    /// then, unless it was started in the background.
    pub fn start(&self) -> Result<(), StartError> {
        let client = self.client.clone();
        self.worker.wait(async move { client.start().await })
    }

    /// Starts to keep the flags fresh, and keeps trying until it is closed. Meanwhile the client decides by the flags it
    /// was given to begin with.
    pub fn start_in_background(&self) {
        // It fails only where there is no runtime.
        let _ = self.worker.enter(|| self.client.start_in_background());
    }

    /// Stops what keeps flags and cohorts fresh, sends the events that are still to be sent, and waits for the end of all
    /// that: a few seconds at most, or as long as sending may take by its options. The flags stay as they are.
    pub fn close(&self) -> CloseReport {
        let client = self.client.clone();
        self.worker.wait(async move { client.close().await })
    }

    /// Sends the exposures and assignments that wait, again where that fails, and tells what came of it. Takes no longer
    /// than closing may.
    #[cfg(feature = "tracking")]
    pub fn flush(&self) -> EventsReport {
        let client = self.client.clone();
        self.worker.wait(async move { client.flush().await })
    }

    /// The variants of all flags for a user, defaults included. None before there are flags.
    #[must_use]
    pub fn evaluate(&self, user: &User) -> Variants {
        self.evaluate_with(user, &EvaluateOptions::default())
    }

    /// The same with options.
    #[must_use]
    pub fn evaluate_with(&self, user: &User, options: &EvaluateOptions) -> Variants {
        if self.client.tracks() {
            // Events are sent by this thread, whoever calls.
            return self.worker.enter(|| self.client.evaluate_with(user, options));
        }
        self.client.evaluate_with(user, options)
    }

    /// Tracks that a user is shown what was decided before, as evaluating with
    /// [`EvaluateOptions::tracks_exposure`] does at once.
    #[cfg(feature = "tracking")]
    pub fn track_exposure(&self, user: &User, variants: &Variants) {
        self.worker.enter(|| self.client.track_exposure(user, variants));
    }

    /// Tells how a flag is decided for a user, by the flags and cohorts that are in place. Nothing is tracked. None when
    /// there is no such flag.
    #[must_use]
    pub fn explain(&self, user: &User, flag: &str) -> Option<Explanation> {
        self.client.explain(user, flag)
    }

    /// The flags that are in place, which stay as they are when newer ones come.
    #[must_use]
    pub fn flags(&self) -> FlagSet {
        self.client.flags()
    }

    /// What became of evaluations as exposures and assignments.
    #[cfg(feature = "tracking")]
    #[must_use]
    pub fn stats(&self) -> EventsStatus {
        self.client.stats()
    }

    /// How the client is doing.
    #[must_use]
    pub fn status(&self) -> LocalStatus {
        self.client.status()
    }

    /// Listens for changes of flags, from now on.
    #[must_use]
    pub fn changes(&self) -> FlagChanges {
        FlagChanges { changes: Some(self.client.changes()), worker: Arc::clone(&self.worker) }
    }

    /// What is wrong with the flags that are in place.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.client.diagnostics()
    }
}

impl Evaluate for LocalEvaluationClient {
    fn evaluate_with(&self, user: &User, options: &EvaluateOptions) -> Variants {
        Self::evaluate_with(self, user, options)
    }

    #[cfg(feature = "tracking")]
    fn track_exposure(&self, user: &User, variants: &Variants) {
        Self::track_exposure(self, user, variants);
    }
}

/// Listens for changes of flags.
#[derive(Debug)]
pub struct FlagChanges {
    /// None behind the end of the client.
    changes: Option<crate::FlagChanges>,
    worker: Arc<Worker>,
}

impl FlagChanges {
    /// Waits for the next change, and so long at most. None when there was none, or the client is gone.
    pub fn next(&mut self, at_most: Duration) -> Option<FlagsChanged> {
        let mut changes = self.changes.take()?;
        let (changes, next) = self.worker.wait(async move {
            let next = timeout(at_most, changes.next()).await;
            (changes, next)
        });
        if !matches!(next, Ok(None)) {
            self.changes = Some(changes);
        }
        next.ok().flatten()
    }
}

impl LocalEvaluationClientBuilder {
    /// The client for programs without async, on a thread of its own.
    ///
    /// # Errors
    /// As `build`, and when there can be no thread.
    pub fn build_blocking(self) -> Result<LocalEvaluationClient, ConfigError> {
        let worker = Worker::new().map_err(ConfigError::Thread)?;
        let client = worker.enter(|| self.build())?;
        Ok(LocalEvaluationClient { client, worker: Arc::new(worker) })
    }
}
