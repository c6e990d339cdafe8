//! The client for local evaluation.

use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "cohorts")]
use cohorts::CohortStore;
#[cfg(feature = "cohorts")]
use cohorts::sync::{CohortSync, CohortWatch};
use evaluation_core::{Diagnostic, Explanation, FlagSet, User, Variants};
use transport::StatusWatch;
use transport::updater::{StartError, Updater};

use super::builder::Bootstrap;
use super::inner::Inner;
use super::{CloseReport, FlagChanges, LocalEvaluationClientBuilder, LocalStatus};
#[cfg(feature = "tracking")]
use super::{EventsReport, EventsStatus};
use crate::config::ConfigError;
use crate::evaluate::{Evaluate, EvaluateOptions};

/// Keeps the flags of a deployment here, and decides by them at once.
///
/// A cheap handle: clones share everything. Evaluation never waits, may be called from any thread, and needs no
/// runtime. What runs in the background stops with [`LocalEvaluationClient::close`], or when the last handle is dropped.
///
/// ```no_run
/// use experiment::{LocalEvaluationClient, User};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = LocalEvaluationClient::builder("server-…").stream_updates(true).build()?;
/// client.start().await?;
/// let variants = client.evaluate(&User::with_user_id("user-1"));
/// if variants.is_on("new-nav") {
///     println!("the new navigation");
/// }
/// client.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LocalEvaluationClient {
    inner: Arc<Inner>,
}

impl LocalEvaluationClient {
    /// A client to set up, for the deployment of this key.
    pub fn builder(deployment_key: impl Into<String>) -> LocalEvaluationClientBuilder {
        LocalEvaluationClientBuilder::new(Some(deployment_key.into()))
    }

    /// A client to set up that fetches nothing: it decides by the flags and the cohorts that it is given. What says how
    /// they are fetched says nothing to it, and starting it only begins what metrics are told. Exposures and assignments
    /// are sent as by any other, if they are tracked.
    ///
    /// ```
    /// use experiment::{LocalEvaluationClient, User};
    ///
    /// let flags = r#"[{"key": "new-nav", "variants": {"on": {"value": "on"}}, "segments": [{"variant": "on"}]}]"#;
    /// let client = LocalEvaluationClient::offline_builder().bootstrap_json(flags).build()?;
    /// assert!(client.evaluate(&User::with_user_id("user-1")).is_on("new-nav"));
    /// # Ok::<(), experiment::ConfigError>(())
    /// ```
    pub fn offline_builder() -> LocalEvaluationClientBuilder {
        LocalEvaluationClientBuilder::new(None)
    }

    /// A client that decides by these flags, a JSON list or an object by key, and fetches nothing.
    ///
    /// # Errors
    /// When the flags cannot be read.
    pub fn offline(json: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::offline_builder().bootstrap(Bootstrap::Json("offline", json.as_ref().to_vec())).build()
    }

    /// The same from a file.
    ///
    /// # Errors
    /// When the file or its flags cannot be read.
    pub fn offline_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::offline_builder().bootstrap(Bootstrap::File("offline_file", path.as_ref().to_owned())).build()
    }

    /// A client that decides by these flags and these cohorts, and fetches nothing.
    ///
    /// ```no_run
    /// use experiment::LocalEvaluationClient;
    /// use experiment::cohorts::read_folder;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let folder = read_folder("cohorts")?;
    /// for problem in &folder.problems {
    ///     eprintln!("left out: {problem}");
    /// }
    /// let cohorts = folder.cohorts.iter().collect();
    /// let client = LocalEvaluationClient::offline_with_cohorts(std::fs::read("flags.json")?, cohorts)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the flags cannot be read.
    #[cfg(feature = "cohorts")]
    pub fn offline_with_cohorts(json: impl AsRef<[u8]>, cohorts: CohortStore) -> Result<Self, ConfigError> {
        let flags = Bootstrap::Json("offline_with_cohorts", json.as_ref().to_vec());
        Self::offline_builder().bootstrap(flags).cohorts(cohorts).build()
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// Starts to keep the flags fresh, and waits until the first ones are here. Does nothing once they are, or if the
    /// client is offline and has no metrics; several may wait at a time, and it may be called again behind a failure or a close.
    ///
    /// # Errors
    /// When there are no flags in time, all attempts failed, or the deployment key is refused. Nothing is left running
    /// then, unless it was started in the background. Dropping the future ends nothing: for less time there is
    /// `start_timeout`, and who gives up calls [`LocalEvaluationClient::close`].
    pub async fn start(&self) -> Result<(), StartError> {
        self.inner.logs.follow(self.inner.start()).await
    }

    /// Starts to keep the flags fresh, and keeps trying until it is closed. Meanwhile the client decides by the flags it
    /// was given to begin with.
    ///
    /// # Errors
    /// When this is called outside of a Tokio runtime, unless the client is offline: then only metrics are told nothing.
    pub fn start_in_background(&self) -> Result<(), StartError> {
        self.inner.logs.run(|| self.inner.start_in_background())
    }

    /// Stops what keeps flags and cohorts fresh, sends the events that are still to be sent, and waits for the end of all
    /// that: a few seconds at most, or as long as sending may take by its options. The flags stay as they are. Idle
    /// connections are kept for the time that the HTTP client keeps them.
    pub async fn close(&self) -> CloseReport {
        self.inner.logs.follow(self.inner.close()).await
    }

    /// Sends the exposures and assignments that wait, again where that fails, and tells what came of it. Takes no longer
    /// than closing may.
    #[cfg(feature = "tracking")]
    pub async fn flush(&self) -> EventsReport {
        self.inner.logs.follow(self.inner.tracked.flush()).await
    }

    /// The variants of all flags for a user, defaults included. None before there are flags.
    #[must_use]
    pub fn evaluate(&self, user: &User) -> Variants {
        self.decide(user, &[], false)
    }

    /// The same with options.
    #[must_use]
    pub fn evaluate_with(&self, user: &User, options: &EvaluateOptions) -> Variants {
        let keys: Vec<&str> = options.flag_keys.iter().map(String::as_str).collect();
        #[cfg(feature = "tracking")]
        let exposure = options.tracks_exposure;
        #[cfg(not(feature = "tracking"))]
        let exposure = false;
        self.decide(user, &keys, exposure)
    }

    /// True when evaluations may become events.
    pub(crate) fn tracks(&self) -> bool {
        #[cfg(feature = "tracking")]
        return self.inner.tracked.is_on();
        #[cfg(not(feature = "tracking"))]
        false
    }

    fn decide(&self, user: &User, keys: &[&str], exposure: bool) -> Variants {
        let inner = &*self.inner;
        if inner.logs.is_verbose() || exposure || self.tracks() {
            return inner.logs.run(|| inner.decide(user, keys, exposure));
        }
        inner.decide(user, keys, exposure)
    }

    /// Tracks that a user is shown what was decided before, as evaluating with
    /// [`EvaluateOptions::tracks_exposure`] does at once: for code that shows it later, or not at all.
    #[cfg(feature = "tracking")]
    pub fn track_exposure(&self, user: &User, variants: &Variants) {
        self.inner.logs.run(|| self.inner.tracked.expose(user, variants));
    }

    /// Tells how a flag is decided for a user, by the flags and cohorts that are in place. Nothing is tracked. None when
    /// there is no such flag.
    ///
    /// ```
    /// use experiment::{LocalEvaluationClient, User};
    ///
    /// let client = LocalEvaluationClient::offline(
    ///     r#"[{"key": "new-nav", "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on"}]}]"#,
    /// )?;
    /// let why = client.explain(&User::with_user_id("user-1"), "new-nav").map(|why| why.to_string());
    /// assert_eq!(why.as_deref(), Some("new-nav: on, by segment 0\n  segment 0 matches everyone\n"));
    /// # Ok::<(), experiment::ConfigError>(())
    /// ```
    #[must_use]
    pub fn explain(&self, user: &User, flag: &str) -> Option<Explanation> {
        self.inner.store.load().explain(user, flag)
    }

    /// The flags that are in place, which stay as they are when newer ones come.
    #[must_use]
    pub fn flags(&self) -> FlagSet {
        self.inner.store.load().flags.clone()
    }

    /// What became of evaluations as exposures and assignments.
    #[cfg(feature = "tracking")]
    #[must_use]
    pub fn stats(&self) -> EventsStatus {
        self.inner.tracked.stats()
    }

    /// How the client is doing.
    #[must_use]
    pub fn status(&self) -> LocalStatus {
        self.inner.status()
    }

    /// Follows what keeps the flags fresh. None for an offline client.
    #[must_use]
    pub fn watch_status(&self) -> Option<StatusWatch> {
        self.inner.updater.as_ref().map(Updater::watch)
    }

    /// Listens for changes of flags, from now on.
    #[must_use]
    pub fn changes(&self) -> FlagChanges {
        self.inner.store.changes()
    }

    /// Listens for downloads of cohorts that end, well or not, from now on; see [`LocalStatus::cohorts`]. None without
    /// cohort sync.
    #[cfg(feature = "cohorts")]
    #[must_use]
    pub fn watch_cohorts(&self) -> Option<CohortWatch> {
        self.inner.store.sync().map(CohortSync::watch)
    }

    /// What is wrong with the flags that are in place.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.inner.store.load().flags.diagnostics().to_vec()
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

impl std::fmt::Debug for LocalEvaluationClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalEvaluationClient").field("status", &self.status()).finish()
    }
}
