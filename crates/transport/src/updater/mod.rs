//! Keeping flags fresh: by a stream, with polls while there is none, or by polls alone.
//!
//! [`machine`] decides what happens when, and knows neither clock nor network. [`Updater`] carries it out: it asks a
//! [`FlagSource`] and hands complete sets to a [`FlagSink`](crate::FlagSink).

mod config;
mod driver;
mod failure;
mod handle;
mod log;
pub mod machine;
mod source;
mod work;

pub use config::{Mode, UpdaterConfig};
pub use failure::{Failure, StartError};
pub use handle::{Updater, UpdaterBuilder};
pub use source::{ErrorClass, FlagSource, FlagStream, Polled, SourceError, StreamItem};
