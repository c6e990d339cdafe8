//! Options of remote evaluation.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use transport::options::{ShownUrl, millis, named, positive, zone};
use transport::{RetryPolicy, ServerZone, Urls};

use super::common::CONNECTION_IDLE_TIMEOUT;
use super::{ConfigError, ProxyConfig};
#[cfg(feature = "logging")]
use crate::logging::LogLevel;

/// Options of remote evaluation. In files they have the names of the Node SDK, and times are in milliseconds:
///
/// ```
/// use experiment::RemoteEvaluationConfig;
///
/// let config: RemoteEvaluationConfig = serde_json::from_str(r#"{"serverZone": "eu", "fetchTimeoutMillis": 500}"#)?;
/// assert_eq!(config.fetch_retries, 8);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RemoteEvaluationConfig {
    /// Where the project's data is. Decides the URL unless one is given. In files `us` or `eu`. Default: `us`.
    #[serde(with = "zone")]
    pub server_zone: ServerZone,
    /// Where variants are asked for. Default: empty, which means by the zone.
    pub server_url: String,
    /// How long the first attempt may take. Default: 10 s.
    #[serde(rename = "fetchTimeoutMillis", with = "millis")]
    pub fetch_timeout: Duration,
    /// How many attempts may follow the first. Default: 8.
    pub fetch_retries: u32,
    /// The pause before the second attempt. Default: 500 ms.
    #[serde(rename = "fetchRetryBackoffMinMillis", with = "millis")]
    pub fetch_retry_backoff_min: Duration,
    /// The longest pause. Default: 10 s.
    #[serde(rename = "fetchRetryBackoffMaxMillis", with = "millis")]
    pub fetch_retry_backoff_max: Duration,
    /// What each pause is multiplied by to give the next. Default: 1.5.
    pub fetch_retry_backoff_scalar: f64,
    /// How long each later attempt may take. Default: 10 s.
    #[serde(rename = "fetchRetryTimeoutMillis", with = "millis")]
    pub fetch_retry_timeout: Duration,
    /// The longest pause that the service may ask for by `Retry-After`. Default: 10 s.
    #[serde(rename = "fetchRetryAfterMaxMillis", with = "millis")]
    pub fetch_retry_after_max: Duration,
    /// Which proxy connections go through. Default: as the environment says.
    pub proxy: ProxyConfig,
    /// How long a connection is kept that is not in use. Default: 20 s, less than balancers and NATs
    /// commonly remember one. Zero: none is kept.
    #[serde(rename = "connectionIdleTimeoutMillis", with = "millis")]
    pub connection_idle_timeout: Duration,
    /// How much the client tells its logger; without one, the standard error output. Default: none, which is `error`
    /// where there is a logger, and else that logs are those of the process alone.
    #[cfg(feature = "logging")]
    pub log_level: Option<LogLevel>,
    /// The older name for a log level of `debug`, whatever the log level is. Default: no.
    #[cfg(feature = "logging")]
    pub debug: bool,
}

impl RemoteEvaluationConfig {
    /// What is recommended for servers that have somebody waiting: half a second, and one more attempt at once.
    #[must_use]
    pub fn server() -> Self {
        Self::with_policy(&RetryPolicy::server())
    }

    fn with_policy(policy: &RetryPolicy) -> Self {
        Self {
            server_zone: ServerZone::default(),
            server_url: String::new(),
            fetch_timeout: policy.timeout,
            fetch_retries: policy.retries,
            fetch_retry_backoff_min: policy.backoff_min,
            fetch_retry_backoff_max: policy.backoff_max,
            fetch_retry_backoff_scalar: policy.backoff_scalar,
            fetch_retry_timeout: policy.retry_timeout,
            fetch_retry_after_max: policy.retry_after_max,
            proxy: ProxyConfig::default(),
            connection_idle_timeout: CONNECTION_IDLE_TIMEOUT,
            #[cfg(feature = "logging")]
            log_level: None,
            #[cfg(feature = "logging")]
            debug: false,
        }
    }

    pub(crate) fn urls(&self) -> Result<Urls, ConfigError> {
        let urls = Urls::builder(self.server_zone).variants(&self.server_url).build();
        Ok(urls.map_err(|error| named(error, &[("variants", "serverUrl")]))?)
    }

    pub(crate) fn policy(&self) -> Result<RetryPolicy, ConfigError> {
        let scalar = self.fetch_retry_backoff_scalar;
        if !(1.0..=1e6).contains(&scalar) {
            let (option, expected) = ("fetchRetryBackoffScalar", "a number from 1 on");
            return Err(ConfigError::OutOfRange { option, given: scalar, expected });
        }
        let mut policy = RetryPolicy::default();
        policy.timeout = positive("fetchTimeoutMillis", self.fetch_timeout)?;
        policy.retries = self.fetch_retries;
        policy.backoff_min = self.fetch_retry_backoff_min;
        policy.backoff_max = self.fetch_retry_backoff_max;
        policy.backoff_scalar = scalar;
        policy.retry_timeout = positive("fetchRetryTimeoutMillis", self.fetch_retry_timeout)?;
        policy.retry_after_max = self.fetch_retry_after_max;
        Ok(policy)
    }
}

impl Default for RemoteEvaluationConfig {
    fn default() -> Self {
        Self::with_policy(&RetryPolicy::default())
    }
}

impl fmt::Debug for RemoteEvaluationConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RemoteEvaluationConfig");
        shown
            .field("server_zone", &self.server_zone)
            .field("server_url", &ShownUrl(&self.server_url))
            .field("fetch_timeout", &self.fetch_timeout)
            .field("fetch_retries", &self.fetch_retries)
            .field("fetch_retry_backoff_min", &self.fetch_retry_backoff_min)
            .field("fetch_retry_backoff_max", &self.fetch_retry_backoff_max)
            .field("fetch_retry_backoff_scalar", &self.fetch_retry_backoff_scalar)
            .field("fetch_retry_timeout", &self.fetch_retry_timeout)
            .field("fetch_retry_after_max", &self.fetch_retry_after_max)
            .field("proxy", &self.proxy)
            .field("connection_idle_timeout", &self.connection_idle_timeout);
        #[cfg(feature = "logging")]
        shown.field("log_level", &self.log_level).field("debug", &self.debug);
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_password_is_not_shown() {
        let url = "http://user:hunter2@host".to_owned();
        let config = RemoteEvaluationConfig { server_url: url, ..Default::default() };
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(config.urls().is_err());
    }

    #[test]
    fn every_option_is_read_by_its_name() {
        let json = r#"{
            "serverZone": "EU", "serverUrl": "http://localhost:1", "fetchTimeoutMillis": 1, "fetchRetries": 2,
            "fetchRetryBackoffMinMillis": 3, "fetchRetryBackoffMaxMillis": 4, "fetchRetryBackoffScalar": 5,
            "fetchRetryTimeoutMillis": 6, "fetchRetryAfterMaxMillis": 7, "proxy": "off",
            "connectionIdleTimeoutMillis": 8
        }"#;
        let config: RemoteEvaluationConfig = serde_json::from_str(json).unwrap();
        let policy = config.policy().unwrap();
        assert_eq!(config.connection_idle_timeout, Duration::from_millis(8));
        assert_eq!(policy.timeout, Duration::from_millis(1));
        assert_eq!((policy.retries, policy.backoff_scalar), (2, 5.0));
        assert_eq!((policy.backoff_min, policy.backoff_max), (Duration::from_millis(3), Duration::from_millis(4)));
        assert_eq!(
            (policy.retry_timeout, policy.retry_after_max),
            (Duration::from_millis(6), Duration::from_millis(7))
        );
        assert_eq!(config.urls().unwrap().variants.to_string(), "http://localhost:1");
        assert_eq!(
            serde_json::from_str::<RemoteEvaluationConfig>(&serde_json::to_string(&config).unwrap()).unwrap(),
            config
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_name() {
        assert!(serde_json::from_str::<RemoteEvaluationConfig>(r#"{"fetchTimeout": 1}"#).is_err());
        let zero = RemoteEvaluationConfig { fetch_timeout: Duration::ZERO, ..Default::default() };
        assert!(zero.policy().unwrap_err().to_string().contains("`fetchTimeoutMillis`"));
        for scalar in [0.5, f64::NAN, f64::INFINITY] {
            let config = RemoteEvaluationConfig { fetch_retry_backoff_scalar: scalar, ..Default::default() };
            assert!(config.policy().unwrap_err().to_string().contains("`fetchRetryBackoffScalar`"), "{scalar}");
        }
        let url = RemoteEvaluationConfig { server_url: "localhost".to_owned(), ..Default::default() };
        assert!(url.urls().is_err());
    }

    #[test]
    fn the_zone_decides_the_url() {
        let eu = RemoteEvaluationConfig { server_zone: ServerZone::Eu, ..RemoteEvaluationConfig::server() };
        assert_eq!(eu.urls().unwrap().variants.to_string(), "https://api.lab.eu.amplitude.com");
        assert_eq!(eu.policy().unwrap(), RetryPolicy::server());
    }
}
