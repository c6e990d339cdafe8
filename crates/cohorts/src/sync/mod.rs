//! Keeping cohorts in sync with the service: downloads that follow what flags need.
//!
//! Whoever has flags asks for their cohorts before they go live ([`CohortSync::load`]), and says behind that which ones
//! are still needed ([`CohortSync::retain`]). Between, all cohorts are asked for again at an interval, and those that
//! are missing more often.

mod body;
mod config;
mod download;
mod driver;
mod error;
mod handle;
mod keys;
mod log;
mod machine;
mod status;
mod watch;

pub use config::SyncConfig;
pub use error::DownloadError;
pub use handle::{CohortSync, CohortSyncBuilder};
pub use keys::{ProjectKeyError, ProjectKeys};
pub use status::{CohortCopy, CohortStatus};
pub use watch::CohortWatch;
