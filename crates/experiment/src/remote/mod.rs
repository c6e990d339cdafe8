//! Remote evaluation: the service decides.

mod builder;
mod client;
mod fetch;
mod log;

pub use builder::RemoteEvaluationClientBuilder;
pub use client::RemoteEvaluationClient;
pub use fetch::Fetch;
pub use transport::VariantsOptions as FetchOptions;
