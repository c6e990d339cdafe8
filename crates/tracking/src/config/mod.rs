//! Options, as builders set them and as files hold them.

mod delivery;
mod error;
mod settings;

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use transport::options::{Members, OptionError};

pub use delivery::{DeliveryOptions, IngestionMetadata, Plan};
pub use error::ConfigError;
pub(crate) use settings::{ApiKey, Settings};

/// How many results are remembered, unless told otherwise.
const CACHE_CAPACITY: u64 = 65_536;

/// Options of tracking assignments. In files they have the names of the Node SDK, all in one object, and times are in
/// milliseconds:
///
/// ```
/// use tracking::AssignmentConfig;
///
/// let config: AssignmentConfig = serde_json::from_str(r#"{"apiKey": "…", "flushIntervalMillis": 1000}"#)?;
/// assert_eq!((config.cache_capacity, config.delivery.flush_queue_size), (65_536, 200));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AssignmentConfig {
    /// The key of the analytics project. Not that of a deployment.
    pub api_key: String,
    /// How many results are remembered, so that repeats are not sent. Default: 65,536.
    pub cache_capacity: u64,
    /// Whether events tell the properties of the user that flags were decided by: country, platform, the user's own
    /// properties and so on. Default: no.
    pub send_evaluated_props: bool,
    /// How events are sent.
    #[serde(flatten)]
    pub delivery: DeliveryOptions,
}

impl AssignmentConfig {
    /// The defaults, with the key of an analytics project.
    pub fn new(api_key: impl Into<String>) -> Self {
        Self {
            api_key: api_key.into(),
            cache_capacity: CACHE_CAPACITY,
            send_evaluated_props: false,
            delivery: DeliveryOptions::default(),
        }
    }

    /// Sets how many results are remembered.
    #[must_use]
    pub fn with_cache_capacity(mut self, results: u64) -> Self {
        self.cache_capacity = results;
        self
    }

    /// Says whether events tell the properties of the user that flags were decided by.
    #[must_use]
    pub fn with_send_evaluated_props(mut self, send: bool) -> Self {
        self.send_evaluated_props = send;
        self
    }

    /// Sets how events are sent.
    #[must_use]
    pub fn with_delivery(mut self, delivery: DeliveryOptions) -> Self {
        self.delivery = delivery;
        self
    }

    fn read(given: Value) -> Result<Self, OptionError> {
        let mut members = Members::of("assignmentConfig", given)?;
        Ok(Self {
            api_key: members.take("apiKey")?.unwrap_or_default(),
            cache_capacity: members.take("cacheCapacity")?.unwrap_or(CACHE_CAPACITY),
            send_evaluated_props: members.take("sendEvaluatedProps")?.unwrap_or_default(),
            delivery: members.rest()?,
        })
    }
}

/// Written by hand, so that errors do not quote what was given.
impl<'de> Deserialize<'de> for AssignmentConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Debug for AssignmentConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssignmentConfig")
            .field("cache_capacity", &self.cache_capacity)
            .field("send_evaluated_props", &self.send_evaluated_props)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

/// Options of tracking exposures. In files they have the names of the Node SDK, all in one object, and times are in
/// milliseconds:
///
/// ```
/// use tracking::ExposureConfig;
///
/// let config: ExposureConfig = serde_json::from_str(r#"{"apiKey": "…", "serverZone": "EU", "useBatch": true}"#)?;
/// assert_eq!(config.delivery.flush_interval.as_secs(), 10);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExposureConfig {
    /// The key of the analytics project. Not that of a deployment.
    pub api_key: String,
    /// How many results are remembered, so that repeats are not sent. Default: 65,536.
    pub cache_capacity: u64,
    /// How events are sent.
    #[serde(flatten)]
    pub delivery: DeliveryOptions,
}

impl ExposureConfig {
    /// The defaults, with the key of an analytics project.
    pub fn new(api_key: impl Into<String>) -> Self {
        Self { api_key: api_key.into(), cache_capacity: CACHE_CAPACITY, delivery: DeliveryOptions::default() }
    }

    /// Sets how many results are remembered.
    #[must_use]
    pub fn with_cache_capacity(mut self, results: u64) -> Self {
        self.cache_capacity = results;
        self
    }

    /// Sets how events are sent.
    #[must_use]
    pub fn with_delivery(mut self, delivery: DeliveryOptions) -> Self {
        self.delivery = delivery;
        self
    }

    fn read(given: Value) -> Result<Self, OptionError> {
        let mut members = Members::of("exposureConfig", given)?;
        Ok(Self {
            api_key: members.take("apiKey")?.unwrap_or_default(),
            cache_capacity: members.take("cacheCapacity")?.unwrap_or(CACHE_CAPACITY),
            delivery: members.rest()?,
        })
    }
}

/// Written by hand, so that errors do not quote what was given.
impl<'de> Deserialize<'de> for ExposureConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Debug for ExposureConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExposureConfig")
            .field("cache_capacity", &self.cache_capacity)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
