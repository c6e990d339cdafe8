//! Exposure and assignment events of the experiment SDK: made, deduplicated, and delivered in batches.

mod canonical;
mod clock;
mod config;
mod dedupe;
mod delivery;
mod event;
mod log;
mod outcome;
mod spool;
mod stats;
mod tracker;
mod tracking;

#[doc(no_inline)]
pub use transport::BoxFuture;

pub use clock::{Clock, SystemClock};
pub use config::{AssignmentConfig, ConfigError, DeliveryOptions, ExposureConfig, IngestionMetadata, Plan};
pub use delivery::{HttpTracker, HttpTrackerBuilder};
pub use event::{Event, EventType};
pub use outcome::{DeliveryError, DropCause, Outcome, OutcomeCallback};
pub use spool::SpoolReport;
pub use stats::{Dropped, EventStats, FlushReport, TrackingStats};
pub use tracker::Tracker;
pub use tracking::{Tracking, TrackingBuilder};

/// What we call ourselves in events.
pub const LIBRARY: &str = concat!("amplitude-experiment-rust/", env!("CARGO_PKG_VERSION"));
