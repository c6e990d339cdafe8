//! Remote evaluation: the service decides.

mod builder;
mod client;

pub use builder::RemoteEvaluationClientBuilder;
pub use client::RemoteEvaluationClient;
pub use transport::VariantsOptions as FetchOptions;
