//! Where flags and cohorts come from: files, and watching them.

mod files;
mod watch;

pub(crate) use files::{read_cohorts, read_flags};
pub(crate) use watch::{Watched, watch};
