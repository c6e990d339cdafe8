//! An [OpenFeature](https://openfeature.dev) provider over the `experiment` SDK: flags are decided here, by local
//! evaluation, and read through the vendor-neutral API.
//!
//! ```
//! use experiment::LocalEvaluationClient;
//! use experiment_openfeature::ExperimentProvider;
//! use experiment_openfeature::open_feature::{EvaluationContext, OpenFeature};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Offline here; `LocalEvaluationClient::builder(deployment_key)` fetches flags and keeps them fresh.
//! let client = LocalEvaluationClient::offline(
//!     r#"[{"key": "new-nav", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on"}]}]"#,
//! )?;
//! let mut api = OpenFeature::singleton_mut().await;
//! api.set_provider(ExperimentProvider::new(client)).await;
//!
//! let user = EvaluationContext::default().with_targeting_key("user-1").with_custom_field("country", "Norway");
//! let shown = api.create_client().get_bool_value("new-nav", Some(&user), None).await.unwrap_or(false);
//! assert!(shown);
//! # Ok(())
//! # }
//! ```
//!
//! What becomes of contexts, values, reasons and errors, and what of OpenFeature's specification is met where, stands
//! in the crate's README.

mod context;
mod details;
mod events;
mod lifecycle;
mod provider;
mod read;

pub use events::{PROVIDER_FATAL, ProviderEvent, ProviderEvents};
/// The OpenFeature SDK that the provider is for.
pub use open_feature;
pub use provider::{ExperimentProvider, NO_VALUE};

/// The examples of the README file, tested as they stand.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
