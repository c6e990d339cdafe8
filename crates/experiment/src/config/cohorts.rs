//! Options of cohort sync.

use std::fmt;
use std::time::Duration;

use cohorts::sync::{ProjectKeys, SyncConfig};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use transport::options::{Members, OptionError, ShownUrl, millis, positive};

use super::ConfigError;

/// The shortest interval between refreshes; what is set below it counts as this.
const SHORTEST: Duration = Duration::from_secs(60);

/// Options of cohort sync: with them, the cohorts that flags ask about are downloaded and kept up to date, and who is in
/// them is looked up. Without, users bring their own `cohort_ids`.
///
/// Written to a file, it holds the keys as they are.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CohortSyncConfig {
    /// The API key of the analytics project that the cohorts are in. Required.
    pub api_key: String,
    /// The secret key of that project. Required.
    pub secret_key: String,
    /// The most members that a cohort may have; the service does not send larger ones. Default: 2,147,483,647.
    pub max_cohort_size: u64,
    /// From one refresh of all cohorts to the next. Default, and at least: 60 s.
    #[serde(rename = "cohortPollingIntervalMillis", with = "millis")]
    pub cohort_polling_interval: Duration,
    /// How long one download may take. Default: 20 s.
    #[serde(rename = "cohortRequestTimeoutMillis", with = "millis")]
    pub cohort_request_timeout: Duration,
    /// How long flags wait for cohorts that they are the first to ask about, where they take the place of others; then they
    /// go live without, and the cohorts are taken in when they come. Zero means that they do not wait. The first flags of
    /// a client wait for longer, those behind a bootstrap included. Default: 5 s.
    #[serde(rename = "cohortChangeTimeoutMillis", with = "millis")]
    pub cohort_change_timeout: Duration,
    /// Where cohorts are asked for. Default: empty, which means by the zone.
    pub cohort_server_url: String,
}

impl CohortSyncConfig {
    /// The keys of a project, with the defaults for all else.
    pub fn new(api_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            api_key: api_key.into(),
            secret_key: secret_key.into(),
            max_cohort_size: 2_147_483_647,
            cohort_polling_interval: Duration::from_secs(60),
            cohort_request_timeout: Duration::from_secs(20),
            cohort_change_timeout: Duration::from_secs(5),
            cohort_server_url: String::new(),
        }
    }

    /// Sets the most members that a cohort may have.
    #[must_use]
    pub fn with_max_cohort_size(mut self, members: u64) -> Self {
        self.max_cohort_size = members;
        self
    }

    /// Sets how often cohorts are refreshed. Less than 60 s counts as that.
    #[must_use]
    pub fn with_cohort_polling_interval(mut self, interval: Duration) -> Self {
        self.cohort_polling_interval = interval;
        self
    }

    /// Sets how long one download may take.
    #[must_use]
    pub fn with_cohort_request_timeout(mut self, timeout: Duration) -> Self {
        self.cohort_request_timeout = timeout;
        self
    }

    /// Sets how long flags that take the place of others wait for their new cohorts.
    #[must_use]
    pub fn with_cohort_change_timeout(mut self, timeout: Duration) -> Self {
        self.cohort_change_timeout = timeout;
        self
    }

    /// Sets where cohorts are asked for.
    #[must_use]
    pub fn with_cohort_server_url(mut self, url: impl Into<String>) -> Self {
        self.cohort_server_url = url.into();
        self
    }

    fn read(given: Value) -> Result<Self, OptionError> {
        let mut members = Members::of("cohortSyncConfig", given)?;
        let keys = Self::new(members.need::<String>("apiKey")?, members.need::<String>("secretKey")?);
        let interval = members.take("cohortPollingIntervalMillis")?.map(Duration::from_millis);
        let timeout = members.take("cohortRequestTimeoutMillis")?.map(Duration::from_millis);
        let change = members.take("cohortChangeTimeoutMillis")?.map(Duration::from_millis);
        let config = Self {
            max_cohort_size: members.take("maxCohortSize")?.unwrap_or(keys.max_cohort_size),
            cohort_polling_interval: interval.unwrap_or(keys.cohort_polling_interval),
            cohort_request_timeout: timeout.unwrap_or(keys.cohort_request_timeout),
            cohort_change_timeout: change.unwrap_or(keys.cohort_change_timeout),
            cohort_server_url: members.take("cohortServerUrl")?.unwrap_or_default(),
            ..keys
        };
        members.end()?;
        Ok(config)
    }

    pub(crate) fn keys(&self) -> Result<ProjectKeys, ConfigError> {
        Ok(ProjectKeys::new(&self.api_key, &self.secret_key)?)
    }

    pub(crate) fn sync(&self) -> Result<SyncConfig, ConfigError> {
        let mut config = SyncConfig::default();
        config.max_cohort_size = positive("maxCohortSize", self.max_cohort_size)?;
        config.request_timeout = positive("cohortRequestTimeoutMillis", self.cohort_request_timeout)?;
        config.change_patience = self.cohort_change_timeout;
        config.polling_interval = self.cohort_polling_interval;
        if config.polling_interval < SHORTEST {
            let given = config.polling_interval;
            tracing::warn!(
                target: "experiment", ?given,
                "`cohortPollingIntervalMillis` is less than a minute, and counts as that"
            );
            config.polling_interval = SHORTEST;
        }
        Ok(config)
    }
}

/// Written by hand, so that errors do not quote what was given.
impl<'de> Deserialize<'de> for CohortSyncConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Debug for CohortSyncConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CohortSyncConfig")
            .field("max_cohort_size", &self.max_cohort_size)
            .field("cohort_polling_interval", &self.cohort_polling_interval)
            .field("cohort_request_timeout", &self.cohort_request_timeout)
            .field("cohort_change_timeout", &self.cohort_change_timeout)
            .field("cohort_server_url", &ShownUrl(&self.cohort_server_url))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use transport::ServerZone;

    use super::*;
    use crate::config::LocalEvaluationConfig;

    fn read(json: &str) -> serde_json::Result<CohortSyncConfig> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_option_is_read_by_its_name() {
        let config = read(
            r#"{"apiKey": "a", "secretKey": "s", "maxCohortSize": 5, "cohortPollingIntervalMillis": 90000,
                "cohortRequestTimeoutMillis": 7000, "cohortChangeTimeoutMillis": 0, "cohortServerUrl": "http://localhost:1"}"#,
        )
        .unwrap();
        let sync = config.sync().unwrap();
        assert_eq!((sync.max_cohort_size, sync.polling_interval), (5, Duration::from_secs(90)));
        assert_eq!((sync.request_timeout, sync.change_patience), (Duration::from_secs(7), Duration::ZERO));
        assert_eq!(read(&serde_json::to_string(&config).unwrap()).unwrap(), config);
        assert_eq!(read(r#"{"apiKey": "a", "secretKey": "s"}"#).unwrap(), CohortSyncConfig::new("a", "s"));
        let local = LocalEvaluationConfig { cohort_sync_config: Some(config), ..LocalEvaluationConfig::default() };
        assert_eq!(local.urls().unwrap().cohorts.to_string(), "http://localhost:1");
        let eu = LocalEvaluationConfig { server_zone: ServerZone::Eu, ..LocalEvaluationConfig::default() };
        assert_eq!(eu.urls().unwrap().cohorts.to_string(), "https://cohort-v2.lab.eu.amplitude.com");
    }

    #[test]
    fn an_interval_below_a_minute_counts_as_one() {
        let config = CohortSyncConfig::new("a", "s").with_cohort_polling_interval(Duration::from_secs(1));
        assert_eq!(config.sync().unwrap().polling_interval, Duration::from_secs(60));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_name() {
        assert!(read(r#"{"apiKey": "a"}"#).unwrap_err().to_string().contains("secretKey"));
        let unknown = read(r#"{"apiKey": "a", "secretKey": "s", "maxSize": 1}"#).unwrap_err().to_string();
        assert!(unknown.contains("`maxSize`") && unknown.contains("`maxCohortSize`"), "{unknown}");
        let said = |error: crate::ConfigError| error.to_string();
        assert!(said(CohortSyncConfig::new("", "s").keys().unwrap_err()).contains("`apiKey`"));
        assert!(said(CohortSyncConfig::new("a", " ").keys().unwrap_err()).contains("`secretKey`"));
        let config = CohortSyncConfig::new("a", "s");
        assert!(said(config.clone().with_max_cohort_size(0).sync().unwrap_err()).contains("`maxCohortSize`"));
        let timeout = config.with_cohort_request_timeout(Duration::ZERO).sync().unwrap_err();
        assert!(said(timeout).contains("`cohortRequestTimeoutMillis`"));
    }

    #[test]
    fn keys_are_not_shown() {
        let config = CohortSyncConfig::new("hush-api", "hush-secret").with_cohort_server_url("http://u:hush@host");
        assert!(!format!("{config:?}").contains("hush"));
        for json in [
            r#""hush""#,
            r#"{"apiKey": "hush", "secretKey": 8675309}"#,
            r#"{"apiKey": ["hush"], "secretKey": "hush"}"#,
            r#"{"apiKey": "hush", "secretKey": "hush", "maxCohortSize": "hush"}"#,
            r#"{"apiKey": "hush", "secretKey": "hush", "cohortServerUrl": 8675309}"#,
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains("`cohortSyncConfig"), "{error}");
            assert!(!error.contains("hush") && !error.contains("8675309"), "{error}");
        }
    }
}
