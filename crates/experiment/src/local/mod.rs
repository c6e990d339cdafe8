//! Local evaluation: flags come here, and are decided here.

mod bootstrap;
mod builder;
mod changes;
mod client;
mod inner;
mod snapshot;
mod status;
mod store;
#[cfg(feature = "tracking")]
mod tracked;

pub use builder::LocalEvaluationClientBuilder;
pub use changes::{FlagChanges, FlagsChanged};
pub use client::LocalEvaluationClient;
pub use status::{CloseReport, FlagOrigin, LocalStatus};
#[cfg(feature = "tracking")]
pub use tracked::{EventsReport, EventsStatus};
