//! Setting a client for remote evaluation up.

use std::sync::Arc;
use std::time::Duration;

use transport::options::zone;
use transport::{DeploymentKey, HttpClient, Service};

use super::RemoteEvaluationClient;
use crate::config::{ConfigError, RemoteEvaluationConfig, client, common_setters};
#[cfg(feature = "logging")]
use crate::logging::Logging;
use crate::logs::Logs;

/// Sets a [`RemoteEvaluationClient`] up. Defaults are those of [`RemoteEvaluationConfig`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RemoteEvaluationClientBuilder {
    deployment_key: String,
    config: RemoteEvaluationConfig,
    client: Option<Arc<dyn HttpClient>>,
    #[cfg(feature = "logging")]
    logging: Logging,
}

common_setters!(RemoteEvaluationClientBuilder);

impl RemoteEvaluationClientBuilder {
    pub(super) fn new(deployment_key: String) -> Self {
        Self {
            deployment_key,
            config: RemoteEvaluationConfig::default(),
            client: None,
            #[cfg(feature = "logging")]
            logging: Logging::default(),
        }
    }

    /// Sets all options at once, as they come from a file or from [`RemoteEvaluationConfig::server`].
    pub fn config(mut self, config: RemoteEvaluationConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets where variants are asked for.
    pub fn server_url(mut self, url: impl Into<String>) -> Self {
        self.config.server_url = url.into();
        self
    }

    /// Sets how long the first attempt may take.
    pub fn fetch_timeout(mut self, timeout: Duration) -> Self {
        self.config.fetch_timeout = timeout;
        self
    }

    /// Sets how many attempts may follow the first.
    pub fn fetch_retries(mut self, retries: u32) -> Self {
        self.config.fetch_retries = retries;
        self
    }

    /// Sets the pause before the second attempt, the longest pause, and what each is multiplied by to give the next.
    pub fn fetch_retry_backoff(mut self, min: Duration, max: Duration, scalar: f64) -> Self {
        self.config.fetch_retry_backoff_min = min;
        self.config.fetch_retry_backoff_max = max;
        self.config.fetch_retry_backoff_scalar = scalar;
        self
    }

    /// Sets how long each later attempt may take.
    pub fn fetch_retry_timeout(mut self, timeout: Duration) -> Self {
        self.config.fetch_retry_timeout = timeout;
        self
    }

    /// Sets the longest pause that the service may ask for by `Retry-After`.
    pub fn fetch_retry_after_max(mut self, longest: Duration) -> Self {
        self.config.fetch_retry_after_max = longest;
        self
    }

    /// The client. Nothing is connected to before it is asked for something.
    ///
    /// # Errors
    /// When an option makes no sense. The error names it.
    pub fn build(self) -> Result<RemoteEvaluationClient, ConfigError> {
        let logs = self.logs();
        logs.run(|| self.client(logs.clone()))
    }

    fn client(self, logs: Logs) -> Result<RemoteEvaluationClient, ConfigError> {
        zone::tell(self.config.server_zone);
        let key = DeploymentKey::new(&self.deployment_key)?;
        let (urls, policy) = (self.config.urls()?, self.config.policy()?);
        let (proxy, idle) = (&self.config.proxy, self.config.connection_idle_timeout);
        let client = client(self.client, proxy, idle, urls.variants.is_https())?;
        Ok(RemoteEvaluationClient::new(Service::builder(client, key).urls(urls).build(), policy, logs))
    }
}

impl std::fmt::Debug for RemoteEvaluationClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteEvaluationClientBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
