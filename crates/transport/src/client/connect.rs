//! Connecting: to the server or to a proxy, through a tunnel if need be, with TLS if need be.

use std::fmt;
use std::future::{Ready, ready};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use tower_service::Service;

#[cfg(not(feature = "_tls"))]
use super::ClientError;
use super::io::{BoxIo, Link};
use super::proxy::{Proxies, usable};
#[cfg(feature = "_tls")]
use super::tls::Tls;
use super::{BoxFuture, HttpError};

/// Makes connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) tcp: HttpConnector,
    pub(super) proxies: Arc<Proxies>,
    /// For all that it takes until requests can be sent.
    pub(super) timeout: Duration,
    #[cfg(feature = "_tls")]
    pub(super) tls: Arc<Tls>,
}

impl Connector {
    async fn connect(self, to: Uri) -> Result<Link, HttpError> {
        let link = self.link(&to);
        match tokio::time::timeout(self.timeout, link).await {
            Ok(link) => link,
            Err(_) => Err(HttpError::ConnectTimeout { host: host(&to), after: self.timeout }),
        }
    }

    async fn link(&self, to: &Uri) -> Result<Link, HttpError> {
        let secure = is_https(to);
        if secure {
            self.check_tls()?;
        }
        let proxy = self.proxies.intercept(to);
        let io = match &proxy {
            None => self.open(to).await?,
            Some(proxy) if secure => self.tunnel(proxy, to).await?,
            Some(proxy) => self.reach(proxy).await?,
        };
        if secure {
            let (io, http2) = self.secure(io, to, true).await?;
            return Ok(Link::new(io, false, http2));
        }
        Ok(Link::new(io, proxy.is_some(), false))
    }

    /// A tunnel through a proxy.
    async fn tunnel(&self, proxy: &Intercept, to: &Uri) -> Result<BoxIo, HttpError> {
        let opened = Opened(Some(TokioIo::new(self.reach(proxy).await?)));
        let mut tunnel = Tunnel::new(proxy.uri().clone(), opened);
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        match tunnel.call(to.clone()).await {
            Ok(io) => Ok(io.into_inner()),
            Err(error) => Err(HttpError::Proxy { proxy: host(proxy.uri()), host: host(to), source: error.into() }),
        }
    }

    /// A connection to a proxy.
    async fn reach(&self, proxy: &Intercept) -> Result<BoxIo, HttpError> {
        if !usable(proxy) {
            return Err(HttpError::ProxyScheme { scheme: proxy.uri().scheme_str().unwrap_or_default().to_owned() });
        }
        let io = self.open(proxy.uri()).await?;
        if !is_https(proxy.uri()) {
            return Ok(io);
        }
        self.check_tls()?;
        Ok(self.secure(io, proxy.uri(), false).await?.0)
    }

    async fn open(&self, to: &Uri) -> Result<BoxIo, HttpError> {
        match self.tcp.clone().call(to.clone()).await {
            Ok(io) => Ok(Box::new(io.into_inner())),
            Err(error) => Err(HttpError::Connect { host: host(to), source: error.into() }),
        }
    }

    #[cfg(feature = "_tls")]
    fn check_tls(&self) -> Result<(), HttpError> {
        self.tls.check().map_err(Into::into)
    }

    /// TLS over a connection, and whether both sides want HTTP/2.
    #[cfg(feature = "_tls")]
    async fn secure(&self, io: BoxIo, to: &Uri, http2: bool) -> Result<(BoxIo, bool), HttpError> {
        self.tls.secure(io, to.host().unwrap_or_default(), http2).await
    }

    #[cfg(not(feature = "_tls"))]
    fn check_tls(&self) -> Result<(), HttpError> {
        Err(ClientError::NoTls.into())
    }

    #[cfg(not(feature = "_tls"))]
    async fn secure(&self, _: BoxIo, _: &Uri, _: bool) -> Result<(BoxIo, bool), HttpError> {
        Err(ClientError::NoTls.into())
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Link>;
    type Error = Carried;
    type Future = BoxFuture<'static, Result<TokioIo<Link>, Carried>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Carried>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.clone().connect(to);
        Box::pin(async { connecting.await.map(TokioIo::new).map_err(Carried::new) })
    }
}

/// A connection that is there already, for a tunnel to be made of.
struct Opened(Option<TokioIo<BoxIo>>);

impl Service<Uri> for Opened {
    type Response = TokioIo<BoxIo>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<BoxIo>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| io::Error::other("the connection was taken")))
    }
}

/// An error on its way through a client that gives back only references to it.
pub(super) struct Carried(Mutex<Option<HttpError>>);

impl Carried {
    fn new(error: HttpError) -> Self {
        Self(Mutex::new(Some(error)))
    }

    /// The error, the first time.
    pub(super) fn take(&self) -> Option<HttpError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carried")
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl std::error::Error for Carried {}

fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

fn host(uri: &Uri) -> String {
    uri.host().unwrap_or_default().to_owned()
}
