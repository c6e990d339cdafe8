//! Remote evaluation that is waited for.

use std::sync::Arc;

use evaluation_core::{User, Variants};
use transport::TransportError;

use super::Worker;
use crate::config::ConfigError;
use crate::remote::{FetchOptions, RemoteEvaluationClientBuilder};

/// Asks the service which variants a user gets, and waits for the answer.
///
/// A cheap handle, for any number of threads at once; see [`RemoteEvaluationClient`](crate::RemoteEvaluationClient).
#[derive(Debug, Clone)]
pub struct RemoteEvaluationClient {
    // Dropped before the thread it works on.
    client: crate::RemoteEvaluationClient,
    worker: Arc<Worker>,
}

impl RemoteEvaluationClient {
    /// The variants of all flags for a user, defaults included. It tries as often as the options say.
    ///
    /// # Errors
    /// With the last attempt's error, when all have failed or trying again would not help.
    pub fn fetch(&self, user: &User) -> Result<Variants, TransportError> {
        self.fetch_with(user, &FetchOptions::default())
    }

    /// The same for some flags only, or with word on what the service is to track.
    ///
    /// # Errors
    /// As [`RemoteEvaluationClient::fetch`].
    pub fn fetch_with(&self, user: &User, options: &FetchOptions) -> Result<Variants, TransportError> {
        let (client, user, options) = (self.client.clone(), user.clone(), options.clone());
        self.worker.wait(async move { client.fetch_with(&user, &options).await })
    }
}

impl RemoteEvaluationClientBuilder {
    /// The client for programs without async, on a thread of its own.
    ///
    /// # Errors
    /// As `build`, and when there can be no thread.
    pub fn build_blocking(self) -> Result<RemoteEvaluationClient, ConfigError> {
        let worker = Worker::new().map_err(ConfigError::Thread)?;
        let client = worker.enter(|| self.build())?;
        Ok(RemoteEvaluationClient { client, worker: Arc::new(worker) })
    }
}
