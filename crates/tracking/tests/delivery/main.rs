//! Tracking over a service in memory, in virtual time where time matters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod faults;
mod lifecycle;
mod load;
mod logs;
mod results;
mod service;
mod spool;
