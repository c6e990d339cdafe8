//! Local evaluation: flags come here, and are decided here.

mod bootstrap;
mod builder;
mod changes;
mod client;
mod snapshot;
mod status;
mod store;

pub use builder::LocalEvaluationClientBuilder;
pub use changes::{FlagChanges, FlagsChanged};
pub use client::LocalEvaluationClient;
pub use status::{FlagOrigin, LocalStatus};
