//! Options of local evaluation.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
#[cfg(feature = "tracking")]
use tracking::{AssignmentConfig, ExposureConfig};
use transport::options::{ShownUrl, millis, named, positive, zone};
use transport::updater::{Mode, UpdaterConfig};
use transport::{ServerZone, Urls};

#[cfg(feature = "cohorts")]
use super::CohortSyncConfig;
use super::common::CONNECTION_IDLE_TIMEOUT;
use super::{ConfigError, ProxyConfig};
#[cfg(feature = "logging")]
use crate::logging::LogLevel;

/// Options of local evaluation. In files they have the names of the Node SDK, and times are in milliseconds:
///
/// ```
/// use experiment::LocalEvaluationConfig;
///
/// let config: LocalEvaluationConfig = serde_json::from_str(r#"{"serverZone": "eu", "streamUpdates": true}"#)?;
/// assert_eq!(config.flag_config_polling_interval.as_secs(), 30);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LocalEvaluationConfig {
    /// Where the project's data is. Decides the URLs unless they are given. In files `us` or `eu`. Default: `us`.
    #[serde(with = "zone")]
    pub server_zone: ServerZone,
    /// Where flags are asked for. Default: empty, which means by the zone.
    pub server_url: String,
    /// How often flags are asked for while there is no stream. Default: 30 s.
    #[serde(rename = "flagConfigPollingIntervalMillis", with = "millis")]
    pub flag_config_polling_interval: Duration,
    /// How long such a request may take. Default: 10 s.
    #[serde(rename = "flagConfigPollerRequestTimeoutMillis", with = "millis")]
    pub flag_config_poller_request_timeout: Duration,
    /// Whether flags come by a stream, with polls while there is none. Default: no.
    pub stream_updates: bool,
    /// Where flags are streamed from. Default: empty, which means by the zone.
    pub stream_server_url: String,
    /// How long a stream may take until its first flags are here. Default: 1.5 s.
    #[serde(rename = "streamFlagConnTimeoutMillis", with = "millis")]
    pub stream_flag_conn_timeout: Duration,
    /// Cohort sync. Default: none, which means that users bring their own `cohort_ids`.
    #[cfg(feature = "cohorts")]
    pub cohort_sync_config: Option<CohortSyncConfig>,
    /// Tracking of assignments: each evaluation is told of. Default: none. Other SDKs call it deprecated.
    #[cfg(feature = "tracking")]
    pub assignment_config: Option<AssignmentConfig>,
    /// Tracking of exposures: evaluations that ask for it are told of. Default: none.
    #[cfg(feature = "tracking")]
    pub exposure_config: Option<ExposureConfig>,
    /// How long starting may take, all attempts together. Default: 60 s.
    #[serde(rename = "startTimeoutMillis", with = "millis")]
    pub start_timeout: Duration,
    /// How large a set of flags may be, in bytes of JSON. Default: 64 MiB.
    pub max_flags_bytes: usize,
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

/// What the options for URLs are called.
const NAMES: [(&str, &str); 3] =
    [("flags", "serverUrl"), ("stream", "streamServerUrl"), ("cohorts", "cohortServerUrl")];

impl LocalEvaluationConfig {
    pub(crate) fn urls(&self) -> Result<Urls, ConfigError> {
        let urls = Urls::builder(self.server_zone).flags(&self.server_url).stream(&self.stream_server_url);
        #[cfg(feature = "cohorts")]
        let urls = urls.cohorts(self.cohort_sync_config.as_ref().map_or("", |config| &config.cohort_server_url));
        Ok(urls.build().map_err(|error| named(error, &NAMES))?)
    }

    pub(crate) fn updater(&self) -> Result<UpdaterConfig, ConfigError> {
        let mut config = UpdaterConfig::default();
        config.mode = match self.stream_updates {
            true if cfg!(feature = "streaming") => Mode::Streaming,
            true => return Err(ConfigError::NoStreaming),
            false => Mode::Polling,
        };
        config.poll_interval = positive("flagConfigPollingIntervalMillis", self.flag_config_polling_interval)?;
        let timeout = self.flag_config_poller_request_timeout;
        config.poll_timeout = positive("flagConfigPollerRequestTimeoutMillis", timeout)?;
        config.connect_timeout = positive("streamFlagConnTimeoutMillis", self.stream_flag_conn_timeout)?;
        config.start_timeout = positive("startTimeoutMillis", self.start_timeout)?;
        positive("maxFlagsBytes", self.max_flags_bytes)?;
        Ok(config)
    }
}

impl Default for LocalEvaluationConfig {
    fn default() -> Self {
        Self {
            server_zone: ServerZone::default(),
            server_url: String::new(),
            flag_config_polling_interval: Duration::from_secs(30),
            flag_config_poller_request_timeout: Duration::from_secs(10),
            stream_updates: false,
            stream_server_url: String::new(),
            stream_flag_conn_timeout: Duration::from_millis(1500),
            #[cfg(feature = "cohorts")]
            cohort_sync_config: None,
            #[cfg(feature = "tracking")]
            assignment_config: None,
            #[cfg(feature = "tracking")]
            exposure_config: None,
            start_timeout: Duration::from_secs(60),
            max_flags_bytes: 64 << 20,
            proxy: ProxyConfig::default(),
            connection_idle_timeout: CONNECTION_IDLE_TIMEOUT,
            #[cfg(feature = "logging")]
            log_level: None,
            #[cfg(feature = "logging")]
            debug: false,
        }
    }
}

impl fmt::Debug for LocalEvaluationConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("LocalEvaluationConfig");
        #[cfg(feature = "cohorts")]
        shown.field("cohort_sync_config", &self.cohort_sync_config);
        #[cfg(feature = "tracking")]
        shown.field("assignment_config", &self.assignment_config).field("exposure_config", &self.exposure_config);
        shown
            .field("server_zone", &self.server_zone)
            .field("server_url", &ShownUrl(&self.server_url))
            .field("flag_config_polling_interval", &self.flag_config_polling_interval)
            .field("flag_config_poller_request_timeout", &self.flag_config_poller_request_timeout)
            .field("stream_updates", &self.stream_updates)
            .field("stream_server_url", &ShownUrl(&self.stream_server_url))
            .field("stream_flag_conn_timeout", &self.stream_flag_conn_timeout)
            .field("start_timeout", &self.start_timeout)
            .field("max_flags_bytes", &self.max_flags_bytes)
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
        let config = LocalEvaluationConfig { server_url: url, ..Default::default() };
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(config.urls().is_err());
    }

    /// What people put where a key, or a URL with a password, belongs.
    #[test]
    fn keys_are_not_shown() {
        let given = |option: &str, given: &str| {
            let json = format!("{{\"{option}\": {given}}}");
            let error = serde_json::from_str::<LocalEvaluationConfig>(&json).unwrap_err().to_string();
            assert!(error.contains(&format!("`{option}")), "{error}");
            assert!(!error.contains("hush") && !error.contains("8675309"), "{error}");
        };
        let (cohorts, tracking) = (cfg!(feature = "cohorts"), cfg!(feature = "tracking"));
        let options = [
            ("proxy", true),
            ("cohortSyncConfig", cohorts),
            ("exposureConfig", tracking),
            ("assignmentConfig", tracking),
        ];
        for (option, _) in options.into_iter().filter(|(_, built_in)| *built_in) {
            for json in ["\"hush\"", "8675309", "[\"hush\"]", "true"] {
                given(option, json);
            }
        }
        #[cfg(feature = "cohorts")]
        given("cohortSyncConfig", r#"{"apiKey": "a", "secretKey": 8675309}"#);
        #[cfg(feature = "tracking")]
        given("exposureConfig", r#"{"apiKey": 8675309}"#);
        given("serverZone", "8675309");
    }

    #[test]
    fn zones_are_read_by_name_in_any_case() {
        for (name, zone) in [
            ("us", ServerZone::Us),
            ("US", ServerZone::Us),
            ("", ServerZone::Us),
            ("Eu", ServerZone::Eu),
            ("europe", ServerZone::Unrecognized),
        ] {
            let config: LocalEvaluationConfig =
                serde_json::from_str(&format!("{{\"serverZone\": \"{name}\"}}")).unwrap();
            assert_eq!(config.server_zone, zone, "{name}");
            let written = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<LocalEvaluationConfig>(&written).unwrap(), config, "{name}");
        }
    }

    #[test]
    fn every_option_is_read_by_its_name() {
        let json = r#"{
            "serverZone": "EU", "serverUrl": "http://localhost:1", "flagConfigPollingIntervalMillis": 1,
            "flagConfigPollerRequestTimeoutMillis": 2, "streamUpdates": true, "streamServerUrl": "",
            "streamFlagConnTimeoutMillis": 3, "startTimeoutMillis": 4, "maxFlagsBytes": 5,
            "proxy": {"url": "http://localhost:2"}, "connectionIdleTimeoutMillis": 6
        }"#;
        let config: LocalEvaluationConfig = serde_json::from_str(json).unwrap();
        assert!(config.stream_updates);
        #[cfg(feature = "streaming")]
        assert_eq!(config.updater().unwrap().mode, Mode::Streaming);
        #[cfg(not(feature = "streaming"))]
        assert!(matches!(config.updater(), Err(ConfigError::NoStreaming)));
        let polling = LocalEvaluationConfig { stream_updates: false, ..config.clone() };
        let updater = polling.updater().unwrap();
        assert_eq!(updater.mode, Mode::Polling);
        let times = [updater.poll_interval, updater.poll_timeout, updater.connect_timeout, updater.start_timeout];
        assert_eq!(times, [1, 2, 3, 4].map(Duration::from_millis));
        let urls = config.urls().unwrap();
        assert_eq!(urls.flags.to_string(), "http://localhost:1");
        assert_eq!(urls.stream.to_string(), "https://stream.lab.eu.amplitude.com");
        assert_eq!(config.connection_idle_timeout, Duration::from_millis(6));
        assert_eq!((config.max_flags_bytes, &config.proxy), (5, &ProxyConfig::Url("http://localhost:2".to_owned())));
        assert_eq!(
            serde_json::from_str::<LocalEvaluationConfig>(&serde_json::to_string(&config).unwrap()).unwrap(),
            config
        );
    }

    #[cfg(feature = "logging")]
    #[test]
    fn levels_of_logs_have_the_names_of_other_sdks() {
        let config: LocalEvaluationConfig = serde_json::from_str(r#"{"logLevel": 2, "debug": true}"#).unwrap();
        assert_eq!((config.log_level, config.debug), (Some(LogLevel::Warn), true));
        assert!(serde_json::to_string(&config).unwrap().contains(r#""logLevel":"warn","debug":true"#));
    }

    #[test]
    fn urls_that_are_none_are_refused_by_their_names() {
        for option in ["serverUrl", "streamServerUrl"] {
            let config: LocalEvaluationConfig = serde_json::from_str(&format!("{{\"{option}\": \"host\"}}")).unwrap();
            let error = config.urls().unwrap_err().to_string();
            assert!(error.contains(&format!("`{option}`")), "{error}");
        }
    }

    #[test]
    fn times_of_nothing_are_refused_by_their_names() {
        for option in [
            "flagConfigPollingIntervalMillis",
            "flagConfigPollerRequestTimeoutMillis",
            "streamFlagConnTimeoutMillis",
            "startTimeoutMillis",
            "maxFlagsBytes",
        ] {
            let config: LocalEvaluationConfig = serde_json::from_str(&format!("{{\"{option}\": 0}}")).unwrap();
            assert!(config.updater().unwrap_err().to_string().contains(option), "{option}");
        }
    }
}
