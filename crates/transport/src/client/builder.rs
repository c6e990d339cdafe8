//! Building the client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;

use super::connect::Connector;
#[cfg(feature = "_tls")]
use super::tls::{Tls, certificates};
use super::{BoxError, DefaultClient, Proxy};
use crate::urls::UrlProblem;

/// The time between two TCP probes of a connection that did not answer one.
const PROBE: Duration = Duration::from_secs(10);

/// How many TCP probes have to stay unanswered until the connection counts as dead.
const PROBES: u32 = 3;

/// Builds a [`DefaultClient`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct DefaultClientBuilder {
    connect_timeout: Duration,
    pub(super) pool_idle_timeout: Duration,
    pub(super) first_byte_timeout: Duration,
    pub(super) keep_alive: Option<Duration>,
    pub(super) gzip: bool,
    proxy: Proxy,
    #[cfg(feature = "_tls")]
    roots: Vec<Vec<u8>>,
    #[cfg(feature = "_tls")]
    built_in_roots: bool,
}

impl DefaultClientBuilder {
    /// Sets how long connecting may take: name, socket, tunnel and TLS together. 10 seconds unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long the client keeps a connection that is not in use. Default: 20 seconds, which is
    /// less than balancers and NATs commonly remember an idle connection. Zero: the client keeps none.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool_idle_timeout = timeout;
        self
    }

    /// Sets how long a reused connection may stay silent after a request before the client sends the
    /// same request over a fresh connection beside it, and takes the response that comes first.
    /// Default: 1 second, and at most a quarter of the request's own timeout. A service that commonly
    /// takes longer gets the time that it takes, and a body gets a second for each 64 KiB.
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.first_byte_timeout = timeout;
        self
    }

    /// Sets how often the client probes whether a quiet connection still lives: by TCP, and by HTTP/2
    /// pings while it waits for a response. Default: 30 seconds. `None`: never.
    pub fn keep_alive(mut self, every: Option<Duration>) -> Self {
        self.keep_alive = every;
        self
    }

    /// Says whether responses are asked for in gzip. They are unless told. Streams of events never are.
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = gzip;
        self
    }

    /// Sets which proxy connections go through. What the environment says, unless set.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Trusts certificates besides the usual: one in DER, or any number in PEM. For a company's own authority.
    #[cfg(feature = "_tls")]
    pub fn add_root_certificates(mut self, pem_or_der: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem_or_der.into());
        self
    }

    /// Says whether the usual certificates are trusted: those of the operating system, or those built in, as the
    /// features are. They are unless told.
    #[cfg(feature = "_tls")]
    pub fn built_in_roots(mut self, trusted: bool) -> Self {
        self.built_in_roots = trusted;
        self
    }

    /// The client. Nothing is connected to yet, and roots of the operating system are not read before they are needed.
    ///
    /// # Errors
    /// When the address of the proxy or a certificate cannot be used.
    pub fn build(self) -> Result<DefaultClient, ClientError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Shared among the addresses of a name, so that a dead one leaves time for the others.
        tcp.set_connect_timeout(Some(self.connect_timeout));
        tcp.set_keepalive(self.keep_alive);
        tcp.set_keepalive_interval(self.keep_alive.map(|_| PROBE));
        tcp.set_keepalive_retries(self.keep_alive.map(|_| PROBES));
        let connector = Connector {
            tcp,
            proxies: Arc::new(self.proxy.proxies().map_err(|problem| ClientError::Proxy { problem })?),
            timeout: self.connect_timeout,
            #[cfg(feature = "_tls")]
            tls: Arc::new(self.tls()?),
        };
        Ok(DefaultClient::new(&self, connector))
    }

    #[cfg(feature = "_tls")]
    fn tls(&self) -> Result<Tls, ClientError> {
        let read = |bytes: &Vec<u8>| certificates(bytes).ok_or(ClientError::Certificate);
        let roots = self.roots.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Tls::new(roots.concat(), self.built_in_roots))
    }
}

impl Default for DefaultClientBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            pool_idle_timeout: Duration::from_secs(20),
            first_byte_timeout: Duration::from_secs(1),
            keep_alive: Some(Duration::from_secs(30)),
            gzip: true,
            proxy: Proxy::default(),
            #[cfg(feature = "_tls")]
            roots: Vec::new(),
            #[cfg(feature = "_tls")]
            built_in_roots: true,
        }
    }
}

impl fmt::Debug for DefaultClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultClientBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("first_byte_timeout", &self.first_byte_timeout)
            .field("keep_alive", &self.keep_alive)
            .field("gzip", &self.gzip)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

/// Why there is no client, or none for `https`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address of the proxy cannot be used. The message does not quote it, since it may hold a password.
    #[error(
        "the proxy's address {problem}: give one like `http://proxy.example:3128`, with percent-encoding where a user \
        or a password holds special characters"
    )]
    #[non_exhaustive]
    Proxy {
        /// What is wrong with the address.
        problem: UrlProblem,
    },
    /// What was given as a certificate is none that could be a root.
    #[error("a root certificate cannot be read: give certificates in PEM, or one in DER")]
    Certificate,
    /// Nothing is trusted, so no server could be. `source` says why, if the operating system did.
    #[error(
        "no root certificates were found: install the operating system's (often the package `ca-certificates`), \
        turn on the feature `rustls-webpki-roots` of the crate `experiment`, or add your own"
    )]
    #[non_exhaustive]
    NoRoots {
        /// What kept them from being read.
        source: BoxError,
    },
    /// The crate was built without TLS.
    #[error(
        "https needs TLS, which was left out: turn on the feature `rustls-native-roots` or `rustls-webpki-roots` of \
        the crate `experiment`"
    )]
    NoTls,
}
