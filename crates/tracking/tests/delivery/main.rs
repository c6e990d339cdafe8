//! Tracking over a service in memory, in virtual time where time matters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod ending;
mod faults;
mod lifecycle;
mod lines;
mod load;
mod logs;
mod results;
mod runtimes;
mod service;
mod spool;
