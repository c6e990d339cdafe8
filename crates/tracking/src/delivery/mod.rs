//! Sends events to the service.

mod core;
mod driver;
mod machine;
mod reply;
mod supervisor;
mod tracker;
mod upload;

pub(crate) use machine::Notice;

pub use tracker::{HttpTracker, HttpTrackerBuilder};
