//! Events: received ones, and those that the service would track for remote evaluation.

mod log;
mod tracked;
mod upload;

pub(crate) use log::EventLog;
pub use log::{Event, EventSource};
pub(crate) use tracked::{assignment, exposures};
pub(crate) use upload::{Rejected, Upload};
