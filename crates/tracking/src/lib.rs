//! Exposure and assignment events of the experiment SDK: made, deduplicated, and delivered in batches.
//!
//! [`Tracking`] is handed what users get, leaves out repeats, and makes [`Event`]s of the rest. A [`Tracker`] takes them
//! over: [`HttpTracker`], which sends them to the service, or one of your own.
//!
//! ```no_run
//! use evaluation_core::{User, Variant, Variants};
//! use tracking::{AssignmentConfig, Tracking};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let assignments = Tracking::assignments(AssignmentConfig::new("key of the analytics project")).build()?;
//! let variants: Variants = [("new-nav", Variant::new("on"))].into_iter().collect();
//! assignments.track(&User::with_user_id("user-1"), &variants);
//! let report = assignments.close().await;
//! println!("{} sent, {} dropped: {:?}", report.sent, report.dropped, report.last_error);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! The thread that evaluates looks up a fingerprint of the result; for a repeat that is all. Of what is new it makes
//! events and puts them into a queue of limited length, without ever waiting. A task takes them from there. What it does
//! when is decided by a state machine that knows neither clock nor network; its accounts always add up.
//!
//! # What holds everywhere
//!
//! No key, id or property is in any log, error or `Debug`. An insert id stays the same however often an event is sent, so
//! that the service counts it once.

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

/// The examples of the README file, tested as they stand.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
