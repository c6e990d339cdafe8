//! The updater over a source and a sink in memory, in virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod fakes;
mod run;
mod start;
