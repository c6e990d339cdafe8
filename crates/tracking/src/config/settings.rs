//! Options that were checked.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use serde_json::{Map, Value, json};
use transport::ServerZone;
use transport::options::{positive, request_url, zone};

use super::{ConfigError, DeliveryOptions};

/// How many events the service takes at once.
const MOST_EVENTS: usize = 2000;

/// What an upload may weigh, a little below what the service takes: 1 MB, or 20 MB at the endpoint for batches.
const MAX_BYTES: usize = 950_000;
const MAX_BATCH_BYTES: usize = 19_000_000;

/// The key of an analytics project. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ApiKey(String);

impl ApiKey {
    pub(crate) fn new(key: &str) -> Result<Self, ConfigError> {
        let key = key.trim();
        if key.is_empty() { Err(ConfigError::NoApiKey) } else { Ok(Self(key.to_owned())) }
    }

    /// The key itself, for the one place that sends it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// Options of a delivery, checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) url: Uri,
    pub(crate) flush_interval: Duration,
    pub(crate) flush_size: usize,
    /// How many events one upload holds at most.
    pub(crate) chunk_events: usize,
    /// How many bytes one upload has at most.
    pub(crate) chunk_bytes: usize,
    /// How often an event is sent at most.
    pub(crate) attempts: u32,
    pub(crate) request_timeout: Duration,
    pub(crate) min_id_length: u32,
    pub(crate) opt_out: bool,
    pub(crate) capacity: usize,
    pub(crate) close_timeout: Duration,
    pub(crate) spool: Option<(PathBuf, u64)>,
    /// What every event has besides its own: the end of a JSON object.
    pub(crate) common: String,
}

impl Settings {
    /// Checks options. The zone is what counts where they name none, and was told of by whoever has it.
    pub(crate) fn new(options: &DeliveryOptions, zone: ServerZone) -> Result<Self, ConfigError> {
        let zone = options.server_zone.inspect(|own| zone::tell(*own)).unwrap_or(zone);
        let flush_size = positive("flushQueueSize", options.flush_queue_size)?;
        let url = match options.server_url.trim() {
            "" => zone.analytics_url(options.use_batch),
            url => url,
        };
        let url = request_url("serverUrl", url)?;
        Ok(Self {
            chunk_bytes: if url.path().ends_with("/batch") { MAX_BATCH_BYTES } else { MAX_BYTES },
            url,
            flush_interval: positive("flushIntervalMillis", options.flush_interval)?,
            flush_size,
            chunk_events: flush_size.min(MOST_EVENTS),
            attempts: options.flush_max_retries.max(1),
            request_timeout: positive("requestTimeoutMillis", options.request_timeout)?,
            min_id_length: options.min_id_length,
            opt_out: options.opt_out,
            capacity: positive("queueCapacity", options.queue_capacity)?,
            close_timeout: positive("closeTimeoutMillis", options.close_timeout)?,
            spool: match &options.spool_folder {
                Some(folder) => Some((folder.clone(), positive("spoolMaxBytes", options.spool_max_bytes)?)),
                None => None,
            },
            common: common(options),
        })
    }
}

/// Only what is set is said.
fn common(options: &DeliveryOptions) -> String {
    let mut members = Map::new();
    members.insert("library".to_owned(), crate::LIBRARY.into());
    if let Some(plan) = options.plan.as_ref().and_then(|plan| serde_json::to_value(plan).ok()) {
        members.insert("plan".to_owned(), plan);
    }
    if let Some(metadata) = &options.ingestion_metadata {
        let mut named = Map::new();
        for (name, value) in [("source_name", &metadata.source_name), ("source_version", &metadata.source_version)] {
            if let Some(value) = value {
                named.insert(name.to_owned(), json!(value));
            }
        }
        members.insert("ingestion_metadata".to_owned(), Value::Object(named));
    }
    Value::Object(members).to_string().split_off(1)
}
