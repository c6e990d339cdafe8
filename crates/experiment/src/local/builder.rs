//! Setting a client for local evaluation up.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fmt, fs};

#[cfg(feature = "cohorts")]
use cohorts::CohortStore;
#[cfg(feature = "cohorts")]
use cohorts::sync::{CohortSync, SyncConfig};
#[cfg(feature = "tracking")]
use tracking::{AssignmentConfig, Event, ExposureConfig, Outcome, Tracker};
#[cfg(feature = "cohorts")]
use transport::Urls;
use transport::options::zone;
use transport::updater::{FlagSource, Mode, Updater, UpdaterConfig};
use transport::{DeploymentKey, HttpClient, Service, ServiceSource};

use super::inner::Inner;
use super::snapshot::Snapshot;
use super::store::{Sink, Store};
#[cfg(feature = "tracking")]
use super::tracked::TrackingSetup;
use super::{FlagOrigin, LocalEvaluationClient, bootstrap};
#[cfg(feature = "cohorts")]
use crate::config::CohortSyncConfig;
use crate::config::{ConfigError, LocalEvaluationConfig, client, common_setters};
#[cfg(feature = "logging")]
use crate::logging::Logging;
use crate::logs::Logs;
use crate::metrics::{Meter, Metrics, ReportOptions};

/// Sets a [`LocalEvaluationClient`] up. Defaults are those of [`LocalEvaluationConfig`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct LocalEvaluationClientBuilder {
    /// None for an offline client.
    deployment_key: Option<String>,
    config: LocalEvaluationConfig,
    bootstrap: Option<Bootstrap>,
    #[cfg(feature = "cohorts")]
    cohorts: Option<CohortStore>,
    client: Option<Arc<dyn HttpClient>>,
    adjust: Option<Arc<Adjust<UpdaterConfig>>>,
    #[cfg(feature = "cohorts")]
    adjust_cohorts: Option<Arc<Adjust<SyncConfig>>>,
    #[cfg(feature = "tracking")]
    tracking: TrackingSetup,
    metrics: Option<Arc<dyn Metrics>>,
    metrics_options: ReportOptions,
    #[cfg(feature = "logging")]
    logging: Logging,
}

type Adjust<T> = dyn Fn(&mut T) + Send + Sync;

/// Flags to begin with, and what the option is called that they were given by.
#[derive(Clone)]
pub(super) enum Bootstrap {
    Json(&'static str, Vec<u8>),
    File(&'static str, PathBuf),
}

common_setters!(LocalEvaluationClientBuilder);

impl LocalEvaluationClientBuilder {
    pub(super) fn new(deployment_key: Option<String>) -> Self {
        Self {
            deployment_key,
            config: LocalEvaluationConfig::default(),
            bootstrap: None,
            #[cfg(feature = "cohorts")]
            cohorts: None,
            client: None,
            adjust: None,
            #[cfg(feature = "cohorts")]
            adjust_cohorts: None,
            #[cfg(feature = "tracking")]
            tracking: TrackingSetup::default(),
            metrics: None,
            metrics_options: ReportOptions::default(),
            #[cfg(feature = "logging")]
            logging: Logging::default(),
        }
    }

    /// Sets all options at once, as they come from a file.
    pub fn config(mut self, config: LocalEvaluationConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets where flags are asked for.
    pub fn server_url(mut self, url: impl Into<String>) -> Self {
        self.config.server_url = url.into();
        self
    }

    /// Says whether flags come by a stream, with polls while there is none.
    pub fn stream_updates(mut self, stream: bool) -> Self {
        self.config.stream_updates = stream;
        self
    }

    /// Sets where flags are streamed from.
    pub fn stream_server_url(mut self, url: impl Into<String>) -> Self {
        self.config.stream_server_url = url.into();
        self
    }

    /// Sets how long a stream may take until its first flags are here.
    pub fn stream_flag_conn_timeout(mut self, timeout: Duration) -> Self {
        self.config.stream_flag_conn_timeout = timeout;
        self
    }

    /// Sets how often flags are asked for while there is no stream.
    pub fn flag_config_polling_interval(mut self, interval: Duration) -> Self {
        self.config.flag_config_polling_interval = interval;
        self
    }

    /// Sets how long such a request may take.
    pub fn flag_config_poller_request_timeout(mut self, timeout: Duration) -> Self {
        self.config.flag_config_poller_request_timeout = timeout;
        self
    }

    /// Keeps the cohorts that flags ask about in sync, and looks up who is in them.
    #[cfg(feature = "cohorts")]
    pub fn cohort_sync(mut self, config: CohortSyncConfig) -> Self {
        self.config.cohort_sync_config = Some(config);
        self
    }

    /// Decides by these cohorts, which stay as they are: for clients that keep none in sync, such as offline ones.
    #[cfg(feature = "cohorts")]
    pub fn cohorts(mut self, cohorts: CohortStore) -> Self {
        self.cohorts = Some(cohorts);
        self
    }

    /// Tracks exposures: evaluations with [`EvaluateOptions::tracks_exposure`](crate::EvaluateOptions::tracks_exposure)
    /// are told to the analytics project.
    #[cfg(feature = "tracking")]
    pub fn exposure_tracking(mut self, config: ExposureConfig) -> Self {
        self.config.exposure_config = Some(config);
        self
    }

    /// Tracks assignments: all evaluations are told to the analytics project.
    #[cfg(feature = "tracking")]
    pub fn assignment_tracking(mut self, config: AssignmentConfig) -> Self {
        self.config.assignment_config = Some(config);
        self
    }

    /// Tracks exposures by a tracker of your own, whatever the options say of sending them.
    #[cfg(feature = "tracking")]
    pub fn exposure_tracker(mut self, tracker: Arc<dyn Tracker>) -> Self {
        self.tracking.exposures = Some(tracker);
        self
    }

    /// Tracks assignments by a tracker of your own, whatever the options say of sending them.
    #[cfg(feature = "tracking")]
    pub fn assignment_tracker(mut self, tracker: Arc<dyn Tracker>) -> Self {
        self.tracking.assignments = Some(tracker);
        self
    }

    /// Has a function told what became of each event that was to be sent.
    #[cfg(feature = "tracking")]
    pub fn on_event_outcome(mut self, told: impl Fn(&Event, &Outcome) + Send + Sync + 'static) -> Self {
        self.tracking.told = Some(Arc::new(told));
        self
    }

    /// Sets how long starting may take, all attempts together.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.config.start_timeout = timeout;
        self
    }

    /// Sets how large a set of flags may be, in bytes of JSON.
    pub fn max_flags_bytes(mut self, bytes: usize) -> Self {
        self.config.max_flags_bytes = bytes;
        self
    }

    /// Gives flags to decide by until the first ones come: a JSON list, or an object by key. The first
    /// set that comes replaces them all. To an offline client none come.
    pub fn bootstrap_json(self, json: impl Into<Vec<u8>>) -> Self {
        self.bootstrap(Bootstrap::Json("bootstrap", json.into()))
    }

    /// The same from a file, which is read by `build`.
    pub fn bootstrap_file(self, path: impl Into<PathBuf>) -> Self {
        self.bootstrap(Bootstrap::File("bootstrap_file", path.into()))
    }

    pub(super) fn bootstrap(mut self, flags: Bootstrap) -> Self {
        self.bootstrap = Some(flags);
        self
    }

    /// Has metrics told how the client is doing.
    pub fn metrics(mut self, metrics: Arc<dyn Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Sets how often metrics are told.
    pub fn metrics_options(mut self, options: ReportOptions) -> Self {
        self.metrics_options = options;
        self
    }

    /// Sets what has no option of its own: how often and when the stream and the polls are tried again. What this is
    /// given has been set by the options already.
    pub fn updater(mut self, adjust: impl Fn(&mut UpdaterConfig) + Send + Sync + 'static) -> Self {
        self.adjust = Some(Arc::new(adjust));
        self
    }

    /// Sets what has no option of its own, or goes below its least: how often and when cohorts are tried again. What this
    /// is given has been set by the options already.
    #[cfg(feature = "cohorts")]
    pub fn cohort_downloads(mut self, adjust: impl Fn(&mut SyncConfig) + Send + Sync + 'static) -> Self {
        self.adjust_cohorts = Some(Arc::new(adjust));
        self
    }

    /// The client. It decides by what it was given to begin with, and fetches nothing before it is started.
    ///
    /// # Errors
    /// When an option makes no sense, or the flags to begin with cannot be read. The error names the option.
    pub fn build(self) -> Result<LocalEvaluationClient, ConfigError> {
        let logs = self.logs();
        logs.run(|| self.client(logs.clone()))
    }

    fn client(&self, logs: Logs) -> Result<LocalEvaluationClient, ConfigError> {
        zone::tell(self.config.server_zone);
        match &self.deployment_key {
            Some(key) => self.online(key, logs),
            None => self.offline(logs),
        }
    }

    fn online(&self, key: &str, logs: Logs) -> Result<LocalEvaluationClient, ConfigError> {
        let key = DeploymentKey::new(key)?;
        let (urls, mut config) = (self.config.urls()?, self.config.updater()?);
        if let Some(adjust) = &self.adjust {
            adjust(&mut config);
        }
        let streams = config.mode == Mode::Streaming;
        if streams && !cfg!(feature = "streaming") {
            return Err(ConfigError::NoStreaming);
        }
        let snapshot = self.snapshot(FlagOrigin::Bootstrap)?;
        let mut used = vec![&urls.flags];
        used.extend(streams.then_some(&urls.stream));
        #[cfg(feature = "cohorts")]
        used.extend(self.config.cohort_sync_config.as_ref().map(|_| &urls.cohorts));
        let tls = used.iter().any(|url| url.is_https()) || self.sends_events_by_tls();
        let client = client(self.client.clone(), &self.config.proxy, self.config.connection_idle_timeout, tls)?;
        let store = Arc::new(Store::new(snapshot));
        #[cfg(feature = "cohorts")]
        if let Some(sync) = &self.config.cohort_sync_config {
            self.keep_in_sync(&store, sync, &client, &urls, config.start_timeout.min(config.apply_timeout))?;
        }
        let mut inner = self.inner(Arc::clone(&store), &client, logs)?;
        let service = Service::builder(client, key).urls(urls).max_body(self.config.max_flags_bytes).build();
        let source = ServiceSource::new(service).with_poll_timeout(config.poll_timeout);
        // The updater keeps the time of a stream's opening itself, and says so in its errors.
        #[cfg(feature = "streaming")]
        let source = source.with_stream_timeout(config.poll_timeout.max(config.connect_timeout));
        let updater = Updater::builder(Arc::new(source) as Arc<dyn FlagSource>, Arc::new(Sink(store))).config(config);
        inner.updater = Some(updater.build());
        Ok(LocalEvaluationClient::new(inner))
    }

    /// One that has its flags and cohorts. Events are sent.
    fn offline(&self, logs: Logs) -> Result<LocalEvaluationClient, ConfigError> {
        let store = Arc::new(Store::new(self.snapshot(FlagOrigin::Offline)?));
        let (idle, tls) = (self.config.connection_idle_timeout, self.sends_events_by_tls());
        let client = client(self.client.clone(), &self.config.proxy, idle, tls)?;
        self.inner(store, &client, logs).map(LocalEvaluationClient::new)
    }

    fn sends_events_by_tls(&self) -> bool {
        #[cfg(feature = "tracking")]
        return self.tracking.sends_by_tls(&self.config);
        #[cfg(not(feature = "tracking"))]
        false
    }

    /// What both kinds have.
    fn inner(&self, store: Arc<Store>, client: &Arc<dyn HttpClient>, logs: Logs) -> Result<Inner, ConfigError> {
        #[cfg(feature = "tracking")]
        let tracked = self.tracking.build(&self.config, client)?;
        #[cfg(not(feature = "tracking"))]
        let _ = client;
        store.tell_of_the_first();
        Ok(Inner {
            store,
            updater: None,
            #[cfg(feature = "tracking")]
            tracked,
            meter: Meter::new(self.metrics.clone(), self.metrics_options.clone()),
            logs,
            transition: Mutex::default(),
        })
    }

    /// What is decided by to begin with.
    fn snapshot(&self, origin: FlagOrigin) -> Result<Snapshot, ConfigError> {
        let read = |option, json: &[u8]| {
            bootstrap::read(json, origin).map_err(|error| ConfigError::Bootstrap { option, source: error.into() })
        };
        let snapshot = match &self.bootstrap {
            None => Snapshot::default(),
            Some(Bootstrap::Json(option, json)) => read(option, json)?,
            Some(Bootstrap::File(option, path)) => {
                let json = fs::read(path).map_err(|source| ConfigError::File { path: path.clone(), source })?;
                read(option, &json)?
            }
        };
        #[cfg(feature = "cohorts")]
        if let Some(cohorts) = &self.cohorts {
            return Ok(snapshot.with_cohorts(cohorts.clone()));
        }
        Ok(snapshot)
    }
}

#[cfg(feature = "cohorts")]
impl LocalEvaluationClientBuilder {
    fn keep_in_sync(
        &self,
        store: &Arc<Store>,
        sync: &CohortSyncConfig,
        client: &Arc<dyn HttpClient>,
        urls: &Urls,
        deadline: Duration,
    ) -> Result<(), ConfigError> {
        let mut config = sync.sync()?;
        if let Some(adjust) = &self.adjust_cohorts {
            adjust(&mut config);
        }
        // A cohort that does not come fails no start: its flags go live before the deadline.
        config.patience_max = config.patience_max.min(deadline / 4 * 3);
        // The store holds what keeps its cohorts in sync.
        let changed = Arc::downgrade(store);
        let sync = CohortSync::builder(Arc::clone(client), sync.keys()?, urls.cohorts.clone())
            .config(config)
            .on_change(move || changed.upgrade().iter().for_each(|store| store.take_cohorts()));
        store.keep_in_sync(sync.build());
        Ok(())
    }
}

impl fmt::Debug for LocalEvaluationClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEvaluationClientBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
