//! Metrics: what a client tells of itself, for whatever collects that.
//!
//! A [`LocalEvaluationClient`](crate::LocalEvaluationClient) that is given [`Metrics`] tells them how it is doing, and a
//! sample of its evaluations. With the feature `metrics`, `Recorder` is an implementation for the crate `metrics`, and so
//! for all exporters that it has.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use experiment::metrics::{EvaluationSample, Metrics, Report, ReportOptions};
//! use experiment::{LocalEvaluationClient, User};
//!
//! #[derive(Default)]
//! struct Evaluations(AtomicU64);
//!
//! impl Metrics for Evaluations {
//!     fn report(&self, report: &Report) {
//!         println!("{} flags, {:?}", report.status.flags, report.status.age());
//!     }
//!
//!     fn evaluation(&self, sample: &EvaluationSample) {
//!         self.0.fetch_add(u64::from(sample.weight), Ordering::Relaxed);
//!     }
//! }
//!
//! let evaluations = Arc::new(Evaluations::default());
//! let client = LocalEvaluationClient::builder("server-key")
//!     .metrics(evaluations.clone())
//!     .metrics_options(ReportOptions::default().with_sample_every(1))
//!     .build()?;
//! let _ = client.evaluate(&User::with_user_id("user-1"));
//! assert_eq!(evaluations.0.load(Ordering::Relaxed), 1);
//! # Ok::<(), experiment::ConfigError>(())
//! ```

mod meter;
#[cfg(feature = "metrics")]
mod recorder;
mod sample;

use std::time::Duration;

pub(crate) use meter::{Meter, Occasion};
#[cfg(feature = "metrics")]
pub use recorder::Recorder;

use crate::local::LocalStatus;

/// Takes what a client tells of itself. It is called by the client's task and by whoever evaluates with the client, closes
/// it or drops it, and has to be quick; a panic of it is logged and passed over.
pub trait Metrics: Send + Sync {
    /// Takes how the client is doing: from its start to its close, whenever its state changes or flags come, and at
    /// least as often as [`ReportOptions::interval`] says.
    ///
    /// Once more when a client is dropped that was not closed, or its runtime is shut down: its state is
    /// [`Stopped`](crate::State::Stopped) then. What becomes of the events that still wait at that time is not told.
    fn report(&self, report: &Report);

    /// Takes one evaluation out of [`ReportOptions::sample_every`].
    fn evaluation(&self, sample: &EvaluationSample) {
        let _ = sample;
    }
}

/// How a client is doing. Counts are of all since it was made; those of [`LocalStatus::updater`] begin anew when the
/// runtime that it was started on is gone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// What its updater is at, where its flags came from and how old they are, and its cohorts.
    pub status: LocalStatus,
    /// What became of its evaluations as events.
    #[cfg(feature = "tracking")]
    pub events: crate::local::EventsStatus,
    /// What was told before, for whoever counts by differences: nothing, or the client's last report, without the one
    /// before that. A count that is smaller than it was began anew.
    pub previous: Option<Box<Report>>,
}

/// An evaluation, and how many it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvaluationSample {
    /// How long deciding took.
    pub duration: Duration,
    /// How many flags yielded a variant.
    pub variants: usize,
    /// How many evaluations this one stands for.
    pub weight: u32,
}

/// How often metrics are told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportOptions {
    /// The longest time between two reports; less than 100 ms counts as that. Default: 10 s.
    pub interval: Duration,
    /// Of how many evaluations one is told, by chance; 0 means none. Default: 1,024, so that the clock, which takes about
    /// as long as a flag, is seldom asked.
    pub sample_every: u32,
}

impl ReportOptions {
    /// Sets the longest time between two reports.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets of how many evaluations one is told.
    #[must_use]
    pub fn with_sample_every(mut self, evaluations: u32) -> Self {
        self.sample_every = evaluations;
        self
    }
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(10), sample_every: 1024 }
    }
}
