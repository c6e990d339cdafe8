//! Clients for programs without async: the same, on a thread of their own.
//!
//! ```no_run
//! use experiment::{LocalEvaluationClient, User};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = LocalEvaluationClient::builder("server-…").stream_updates(true).build_blocking()?;
//! client.start()?;
//! if client.evaluate(&User::with_user_id("user-1")).is_on("new-nav") {
//!     println!("the new navigation");
//! }
//! client.close();
//! # Ok(())
//! # }
//! ```
//!
//! They may be called from anywhere, also from within async code, which then waits; there the clients that are not of this
//! module are the better ones. Callbacks of a client, such as that for outcomes of events, may evaluate and start; they are
//! part of what flushing and closing wait for, and had better not do these. An offline client waits for nothing, and needs
//! none of this.
//!
//! Code that is tested without a network takes an [`Evaluate`](crate::Evaluate), or a `Fetch` of this module.

#[cfg(feature = "remote")]
mod fetch;
mod local;
#[cfg(feature = "remote")]
mod remote;
mod worker;

#[cfg(feature = "remote")]
pub use fetch::Fetch;
pub use local::{FlagChanges, LocalEvaluationClient};
#[cfg(feature = "remote")]
pub use remote::RemoteEvaluationClient;

pub(crate) use worker::Worker;
