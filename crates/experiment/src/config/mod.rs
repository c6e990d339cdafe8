//! Options, as builders set them and as files hold them.

#[cfg(feature = "cohorts")]
mod cohorts;
mod common;
mod local;
#[cfg(feature = "remote")]
mod remote;

#[cfg(feature = "cohorts")]
pub use cohorts::CohortSyncConfig;
pub use common::{ConfigError, ProxyConfig};
pub(crate) use common::{ShownUrl, client, millis, named, positive, zone};
pub use local::LocalEvaluationConfig;
#[cfg(feature = "remote")]
pub use remote::RemoteEvaluationConfig;
