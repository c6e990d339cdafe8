//! How events are sent.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use transport::ServerZone;
use transport::options::{ShownUrl, millis, zone};

/// How events are sent. The defaults are those of the Node SDK where it has any.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeliveryOptions {
    /// Where the project's data is. Decides the URL unless one is given. Default: none, which means where that of the
    /// client is, or else the United States.
    #[serde(with = "zone::optional", skip_serializing_if = "Option::is_none")]
    pub server_zone: Option<ServerZone>,
    /// Where events are sent: the whole URL. Default: empty, which means by the zone.
    pub server_url: String,
    /// Whether they go to the zone's endpoint for many events at once, which takes larger uploads. Says nothing where a URL
    /// is given: one that ends with `/batch` is taken for such an endpoint. Default: no.
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

impl DeliveryOptions {
    /// Sets where the project's data is.
    #[must_use]
    pub fn with_server_zone(mut self, zone: ServerZone) -> Self {
        self.server_zone = Some(zone);
        self
    }

    /// Sets where events are sent: the whole URL.
    #[must_use]
    pub fn with_server_url(mut self, url: impl Into<String>) -> Self {
        self.server_url = url.into();
        self
    }

    /// Says whether they go to the endpoint for many events at once.
    #[must_use]
    pub fn with_use_batch(mut self, batch: bool) -> Self {
        self.use_batch = batch;
        self
    }

    /// Sets how long the first event waits for others.
    #[must_use]
    pub fn with_flush_interval(mut self, interval: Duration) -> Self {
        self.flush_interval = interval;
        self
    }

    /// Sets how many events wait at most, and how many one upload holds.
    #[must_use]
    pub fn with_flush_queue_size(mut self, events: usize) -> Self {
        self.flush_queue_size = events;
        self
    }

    /// Sets how often an event is sent at most before it is given up.
    #[must_use]
    pub fn with_flush_max_retries(mut self, attempts: u32) -> Self {
        self.flush_max_retries = attempts;
        self
    }

    /// Sets how long an upload may take.
    #[must_use]
    pub fn with_request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets how short ids may be.
    #[must_use]
    pub fn with_min_id_length(mut self, characters: u32) -> Self {
        self.min_id_length = characters;
        self
    }

    /// Says whether nothing is to be sent.
    #[must_use]
    pub fn with_opt_out(mut self, opt_out: bool) -> Self {
        self.opt_out = opt_out;
        self
    }

    /// Sets the tracking plan that events belong to.
    #[must_use]
    pub fn with_plan(mut self, plan: Plan) -> Self {
        self.plan = Some(plan);
        self
    }

    /// Sets what brings the events in.
    #[must_use]
    pub fn with_ingestion_metadata(mut self, metadata: IngestionMetadata) -> Self {
        self.ingestion_metadata = Some(metadata);
        self
    }

    /// Sets how many events are kept that are not sent yet.
    #[must_use]
    pub fn with_queue_capacity(mut self, events: usize) -> Self {
        self.queue_capacity = events;
        self
    }

    /// Sets how long flushing and closing may take.
    #[must_use]
    pub fn with_close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// Sets a folder in which events are kept that are not sent yet.
    #[must_use]
    pub fn with_spool_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spool_folder = Some(folder.into());
        self
    }

    /// Sets how large the files in that folder may become together, in bytes.
    #[must_use]
    pub fn with_spool_max_bytes(mut self, bytes: u64) -> Self {
        self.spool_max_bytes = bytes;
        self
    }
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
        f.debug_struct("DeliveryOptions")
            .field("server_zone", &self.server_zone)
            .field("server_url", &ShownUrl(&self.server_url))
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

impl Plan {
    /// Sets the plan's branch.
    #[must_use]
    pub fn with_branch(mut self, branch: impl Into<String>) -> Self {
        self.branch = Some(branch.into());
        self
    }

    /// Sets the plan's source.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Sets the plan's version.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets the id of the plan's version.
    #[must_use]
    pub fn with_version_id(mut self, version_id: impl Into<String>) -> Self {
        self.version_id = Some(version_id.into());
        self
    }
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

impl IngestionMetadata {
    /// Sets the source's name.
    #[must_use]
    pub fn with_source_name(mut self, name: impl Into<String>) -> Self {
        self.source_name = Some(name.into());
        self
    }

    /// Sets the source's version.
    #[must_use]
    pub fn with_source_version(mut self, version: impl Into<String>) -> Self {
        self.source_version = Some(version.into());
        self
    }
}
