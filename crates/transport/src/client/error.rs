//! What can go wrong between a request and the bytes of its response.

use std::time::Duration;

use super::{BoxError, ClientError};

/// Why a request got no response, or only a part of one. Never holds headers, bodies, or more of a URL than its host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection came to be. `source` says why.
    #[error("no connection to {host}: check the address, and that this machine can reach it")]
    #[non_exhaustive]
    Connect {
        /// The host that was connected to: the server's, or the proxy's.
        host: String,
        /// What the operating system said.
        source: BoxError,
    },
    /// No connection came to be in time.
    #[error("no connection to {host} within {after:?}")]
    #[non_exhaustive]
    ConnectTimeout {
        /// The host that was to be reached.
        host: String,
        /// How long it was tried.
        after: Duration,
    },
    /// The connection could not be made safe. `source` says why, such as an unknown certificate authority.
    #[error("no safe connection to {host}: if its certificate is from an authority of your own, add that as a root")]
    #[non_exhaustive]
    Tls {
        /// The host whose certificate was asked for.
        host: String,
        /// What TLS said.
        source: BoxError,
    },
    /// The proxy did not let the connection through. `source` says why.
    #[error("the proxy {proxy} did not connect to {host}: check its address, its user and its rules")]
    #[non_exhaustive]
    Proxy {
        /// The host of the proxy.
        proxy: String,
        /// The host that was to be reached.
        host: String,
        /// What the proxy said.
        source: BoxError,
    },
    /// The proxy's address has a scheme that cannot be used.
    #[error("proxies of the scheme `{scheme}` cannot be used: give an `http` or `https` one")]
    #[non_exhaustive]
    ProxyScheme {
        /// The scheme of its address.
        scheme: String,
    },
    /// The client cannot do what is asked of it: TLS without anything to trust, or without TLS.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The request cannot be sent as it is. `source` says why.
    #[error("the request cannot be sent")]
    #[non_exhaustive]
    Request {
        /// What is wrong with it.
        source: BoxError,
    },
    /// The connection broke before the head of the response was there.
    #[error("the connection broke before the response came")]
    #[non_exhaustive]
    Broken {
        /// What happened to it.
        source: BoxError,
    },
    /// The connection broke within the body.
    #[error("the connection broke within the response")]
    #[non_exhaustive]
    Body {
        /// What happened to it.
        source: BoxError,
    },
    /// The body says that it is gzip, and is not.
    #[error("the response is not the gzip that it says it is")]
    #[non_exhaustive]
    Gzip {
        /// What is wrong with it.
        source: BoxError,
    },
    /// Anything else, from a client that is not ours.
    #[error("the HTTP client failed")]
    #[non_exhaustive]
    Other {
        /// What it said.
        source: BoxError,
    },
}

impl HttpError {
    /// No connection came to be: for clients of your own.
    pub fn connect(host: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Connect { host: host.into(), source: source.into() }
    }

    /// The connection broke before the head of the response was there: for clients of your own.
    pub fn broken(source: impl Into<BoxError>) -> Self {
        Self::Broken { source: source.into() }
    }

    /// The connection broke within the body: for clients of your own.
    pub fn body(source: impl Into<BoxError>) -> Self {
        Self::Body { source: source.into() }
    }

    /// Anything else: for clients of your own.
    pub fn other(source: impl Into<BoxError>) -> Self {
        Self::Other { source: source.into() }
    }

    /// True unless the same would happen again however often it is tried.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::ProxyScheme { .. } | Self::Client(_) | Self::Request { .. })
    }

    /// True when it took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::ConnectTimeout { .. })
    }
}
