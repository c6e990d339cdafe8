//! How events are sent.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How events are sent. The defaults are those of the Node SDK where it has any.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeliveryOptions {
    /// Where the project's data is: `us` or `eu`. Decides the URL unless one is given. Default: none, which means where
    /// that of the client is, or else `us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_zone: Option<String>,
    /// Where events are sent: the whole URL. Default: empty, which means by the zone.
    pub server_url: String,
    /// Whether they go to the endpoint for many events at once, which takes larger uploads. Default: no.
    pub use_batch: bool,
    /// How long the first event waits for others to be sent with. Default: 10 s.
    #[serde(rename = "flushIntervalMillis", with = "millis")]
    pub flush_interval: Duration,
    /// How many events wait at most before they are sent, and how many one upload holds at most, up to the 2,000 that the
    /// service takes. Default: 200.
    pub flush_queue_size: usize,
    /// How often an event is sent at most before it is given up. The pauses between grow from 1 s to 30 s, so that the
    /// default lasts through an outage of about three minutes. Default: 12.
    pub flush_max_retries: u32,
    /// How long an upload may take. Default: 10 s.
    #[serde(rename = "requestTimeoutMillis", with = "millis")]
    pub request_timeout: Duration,
    /// How short ids may be. The service itself would leave out those of fewer than 5 characters. Default: 1.
    pub min_id_length: u32,
    /// Whether nothing is to be sent. Events are then counted as dropped. Default: no.
    pub opt_out: bool,
    /// The tracking plan that events belong to. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What brings the events in. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingestion_metadata: Option<IngestionMetadata>,
    /// How many events are kept that are not sent yet. Beyond that, the oldest are dropped. Default: 20,000.
    pub queue_capacity: usize,
    /// How long flushing and closing may take. Default: 10 s.
    #[serde(rename = "closeTimeoutMillis", with = "millis")]
    pub close_timeout: Duration,
    /// A folder in which events are kept that are not sent yet, so that they outlast the process. One tracker at a time
    /// can use it. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spool_folder: Option<PathBuf>,
    /// How large the files in that folder may become together, in bytes. What does not fit is kept in memory only.
    /// Default: 16 MiB.
    pub spool_max_bytes: u64,
}

impl Default for DeliveryOptions {
    fn default() -> Self {
        Self {
            server_zone: None,
            server_url: String::new(),
            use_batch: false,
            flush_interval: Duration::from_secs(10),
            flush_queue_size: 200,
            flush_max_retries: 12,
            request_timeout: Duration::from_secs(10),
            min_id_length: 1,
            opt_out: false,
            plan: None,
            ingestion_metadata: None,
            queue_capacity: 20_000,
            close_timeout: Duration::from_secs(10),
            spool_folder: None,
            spool_max_bytes: 16 << 20,
        }
    }
}

impl fmt::Debug for DeliveryOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL with a password in it will be refused, but is not shown either.
        let url = if self.server_url.contains('@') { "(withheld)" } else { &self.server_url };
        f.debug_struct("DeliveryOptions")
            .field("server_zone", &self.server_zone)
            .field("server_url", &url)
            .field("use_batch", &self.use_batch)
            .field("flush_interval", &self.flush_interval)
            .field("flush_queue_size", &self.flush_queue_size)
            .field("flush_max_retries", &self.flush_max_retries)
            .field("request_timeout", &self.request_timeout)
            .field("min_id_length", &self.min_id_length)
            .field("opt_out", &self.opt_out)
            .field("plan", &self.plan)
            .field("ingestion_metadata", &self.ingestion_metadata)
            .field("queue_capacity", &self.queue_capacity)
            .field("close_timeout", &self.close_timeout)
            .field("spool_folder", &self.spool_folder)
            .field("spool_max_bytes", &self.spool_max_bytes)
            .finish()
    }
}

/// The tracking plan that events belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Plan {
    /// The plan's branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The plan's source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The plan's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The id of the plan's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// What brings the events in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct IngestionMetadata {
    /// The source's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// The source's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_version: Option<String>,
}

/// Times as files hold them: whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
