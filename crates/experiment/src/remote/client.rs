//! The client for remote evaluation.

use std::sync::Arc;

use evaluation_core::{User, Variants};
use transport::{RetryPolicy, Service, TransportError, retrying};

use super::log::Log;
use super::{FetchOptions, RemoteEvaluationClientBuilder};
use crate::logs::Logs;

/// Asks the service which variants a user gets.
///
/// A cheap handle, for any number of tasks at once. It has no tasks of its own, and nothing to close.
///
/// ```no_run
/// use experiment::{RemoteEvaluationClient, User};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = RemoteEvaluationClient::builder("server-…").build()?;
/// let variants = client.fetch(&User::with_user_id("user-1")).await?;
/// if variants.is_on("new-nav") {
///     println!("the new navigation");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RemoteEvaluationClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    service: Service,
    policy: RetryPolicy,
    log: Log,
    logs: Logs,
}

impl RemoteEvaluationClient {
    /// A client to set up, for the deployment of this key.
    pub fn builder(deployment_key: impl Into<String>) -> RemoteEvaluationClientBuilder {
        RemoteEvaluationClientBuilder::new(deployment_key.into())
    }

    pub(super) fn new(service: Service, policy: RetryPolicy, logs: Logs) -> Self {
        Self { inner: Arc::new(Inner { service, policy, log: Log::default(), logs }) }
    }

    /// The variants of all flags for a user, defaults included. It tries as often as the options say; dropping the
    /// future gives up.
    ///
    /// A variant that cannot be read is left out, logged, and reported by [`Variants::diagnostics`]; all others are there.
    ///
    /// # Errors
    /// With the last attempt's error, when all have failed or trying again would not help.
    pub async fn fetch(&self, user: &User) -> Result<Variants, TransportError> {
        self.fetch_with(user, &FetchOptions::default()).await
    }

    /// The same for some flags only, or with word on what the service is to track.
    ///
    /// # Errors
    /// As [`RemoteEvaluationClient::fetch`].
    pub async fn fetch_with(&self, user: &User, options: &FetchOptions) -> Result<Variants, TransportError> {
        let Inner { service, policy, log, logs } = &*self.inner;
        let fetch = async {
            log.asked(user);
            let fetched = retrying(policy, |attempt| service.variants(user, options, attempt.timeout)).await;
            log.fetched(user, &fetched);
            fetched
        };
        logs.follow(fetch).await
    }
}
