//! Options, as builders set them and as files hold them.

#[cfg(feature = "cohorts")]
mod cohorts;
mod common;
mod error;
mod local;
#[cfg(feature = "remote")]
mod remote;
mod setters;

#[cfg(feature = "cohorts")]
pub use cohorts::CohortSyncConfig;
pub use common::ProxyConfig;
pub(crate) use common::client;
pub use error::ConfigError;
pub use local::LocalEvaluationConfig;
#[cfg(feature = "remote")]
pub use remote::RemoteEvaluationConfig;
pub(crate) use setters::common_setters;
