//! Options, as builders set them and as files hold them.

mod delivery;
mod error;
mod settings;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Map<String, Value>")]
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
}

impl TryFrom<Map<String, Value>> for AssignmentConfig {
    type Error = serde_json::Error;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, Self::Error> {
        Ok(Self {
            api_key: take(&mut members, "apiKey")?.unwrap_or_default(),
            cache_capacity: take(&mut members, "cacheCapacity")?.unwrap_or(CACHE_CAPACITY),
            send_evaluated_props: take(&mut members, "sendEvaluatedProps")?.unwrap_or_default(),
            delivery: serde_json::from_value(Value::Object(members))?,
        })
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
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Map<String, Value>")]
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
}

impl TryFrom<Map<String, Value>> for ExposureConfig {
    type Error = serde_json::Error;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, Self::Error> {
        Ok(Self {
            api_key: take(&mut members, "apiKey")?.unwrap_or_default(),
            cache_capacity: take(&mut members, "cacheCapacity")?.unwrap_or(CACHE_CAPACITY),
            delivery: serde_json::from_value(Value::Object(members))?,
        })
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

/// Takes a member out and reads it; the rest are the delivery's.
fn take<T: for<'de> Deserialize<'de>>(
    members: &mut Map<String, Value>,
    option: &'static str,
) -> Result<Option<T>, serde_json::Error> {
    let read = |value| serde_json::from_value(value).map_err(|_| unreadable(option));
    members.remove(option).map(read).transpose()
}

/// What serde itself says quotes what was given, which may be a key.
fn unreadable(option: &'static str) -> serde_json::Error {
    serde::de::Error::custom(format_args!("`{option}` is not of the type that it has to be"))
}

#[cfg(test)]
mod tests;
