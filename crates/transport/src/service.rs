//! The service, as one deployment sees it.

use std::fmt;
use std::sync::Arc;

use crate::client::HttpClient;
use crate::key::DeploymentKey;
use crate::urls::Urls;

/// What we call ourselves in requests.
pub const LIBRARY: &str = concat!("experiment-rust-server/", env!("CARGO_PKG_VERSION"));

/// How large a response, or one event of a stream, may be unless told otherwise.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// The service as one deployment sees it: its endpoints, over a client and with a key. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    pub(crate) client: Arc<dyn HttpClient>,
    pub(crate) key: DeploymentKey,
    pub(crate) urls: Urls,
    pub(crate) max_body: usize,
}

impl Service {
    /// The service of a deployment in the United States, with the chance to say otherwise.
    pub fn builder(client: Arc<dyn HttpClient>, key: DeploymentKey) -> ServiceBuilder {
        ServiceBuilder { service: Self { client, key, urls: Urls::default(), max_body: MAX_BODY } }
    }

    /// Where its endpoints are.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        &self.urls
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("urls", &self.urls).field("max_body", &self.max_body).finish_non_exhaustive()
    }
}

/// Builds a [`Service`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ServiceBuilder {
    service: Service,
}

impl ServiceBuilder {
    /// Sets where its endpoints are.
    pub fn urls(mut self, urls: Urls) -> Self {
        self.service.urls = urls;
        self
    }

    /// Sets how large a response, or one event of a stream, may be, in bytes and after decoding. 64 MiB unless set.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.service.max_body = bytes;
        self
    }

    /// The service.
    #[must_use]
    pub fn build(self) -> Service {
        self.service
    }
}
