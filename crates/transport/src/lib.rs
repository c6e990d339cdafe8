//! All HTTP and server-sent events of the experiment SDK: one client, the service's endpoints on it, and retries.
//!
//! [`Service`] asks the service for variants, for flags and for the stream of flags. It speaks through an
//! [`HttpClient`], of which [`DefaultClient`] is the one that comes with the crate:
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use evaluation_core::User;
//! use transport::{DefaultClient, DeploymentKey, Service, VariantsOptions};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Arc::new(DefaultClient::builder().build()?);
//! let service = Service::builder(client, DeploymentKey::new("server-…")?).build();
//! let user = User::with_user_id("user-1");
//! let variants = service.variants(&user, &VariantsOptions::default(), Duration::from_secs(1)).await?;
//! println!("{variants:?}");
//! # Ok(())
//! # }
//! ```
//!
//! # What holds everywhere
//!
//! Every call has a deadline for the whole of it, and every body a limit on its size. Keys, users and the values of
//! headers are in no error, no log and no `Debug`. Types of other crates are not in the API, but for those of
//! `evaluation-core`, the few that an [`HttpClient`] is made of: [`http`], [`Bytes`] and [`Stream`], and those of serde
//! that [`options`] are read by.

pub mod call;
mod client;
mod endpoints;
mod error;
mod key;
pub mod options;
mod redirect;
mod retry;
mod service;
mod sink;
mod source;
#[cfg(feature = "streaming")]
mod sse;
mod status;
pub mod task;
pub mod updater;
mod urls;
mod zone;

#[doc(no_inline)]
pub use bytes::Bytes;
#[doc(no_inline)]
pub use futures_core::Stream;
#[doc(no_inline)]
pub use http;

pub use client::{
    BodyStream, BoxError, BoxFuture, ClientError, DefaultClient, DefaultClientBuilder, HttpClient, HttpError, Proxy,
    SendOptions,
};
pub use endpoints::{Endpoint, FlagsResponse, VariantsOptions};
pub use error::{Chain, RedirectProblem, ResponseJsonError, TransportError};
pub use key::{DeploymentKey, KeyError};
pub use retry::{Attempt, RetryPolicy, Retryable, between, retrying};
pub use service::{LIBRARY, Service, ServiceBuilder};
pub use sink::{Applied, ApplyError, FlagSink};
pub use source::ServiceSource;
#[cfg(feature = "streaming")]
pub use sse::EventStream;
pub use status::{Origin, State, Status, StatusWatch};
pub use urls::{BaseUrl, UrlError, UrlProblem, Urls, UrlsBuilder};
pub use zone::ServerZone;

/// The examples of the README file, tested as they stand.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
