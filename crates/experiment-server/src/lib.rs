//! A local server that speaks Amplitude Experiment's wire protocol from a flags file.
//!
//! Any SDK in any language can be tried, developed against and tested with it, with no account and no network. The
//! binary serves a file; this library runs the same server inside another program, changes flags and cohorts from code,
//! shows requests and events, and makes things go wrong by script:
//!
//! ```
//! use std::time::Duration;
//!
//! use experiment_server::{Fault, Route, Server};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder()
//!     .flags_json(r#"[{"key": "new-nav", "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on"}]}]"#)
//!     .start()
//!     .await?;
//! server.faults().once(Route::Flags, Fault::status(503).after(Duration::from_millis(20)));
//! // … point a client at `server.url()` …
//! assert_eq!(server.open_streams(), 0);
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod admin;
mod base64;
mod builder;
mod events;
mod faults;
mod flags;
mod keys;
mod metrics;
mod net;
mod offline;
mod query;
mod reload;
mod reply;
mod requests;
mod route;
mod routes;
mod server;
mod snapshot;
mod source;
mod state;
mod stop;
mod unread;
mod user;

pub use builder::{ServerBuilder, StartError};
pub use cohorts::Cohort;
pub use events::{Event, EventSource};
pub use faults::{Fault, Faults};
pub use flags::{Invalid, Override, Problem, Subject};
pub use keys::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, DEFAULT_SECRET_KEY};
pub use offline::{ExplainError, check_cohorts, check_flags, explain};
pub use requests::Request;
pub use route::Route;
pub use routes::CorsError;
pub use server::{OverrideError, Server};

/// The examples of the README file, tested as they stand.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
