//! The client that comes with the crate.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, PROXY_AUTHORIZATION};
use http::{HeaderValue, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, Error as LegacyError};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::{Carried, Connector};
use super::connections::{Connections, Watch};
use super::gzip::Gunzip;
use super::{BodyStream, BoxFuture, ClientError, DefaultClientBuilder, HttpClient, HttpError};

/// How long an HTTP/2 connection may take to say that it lives.
const PING: Duration = Duration::from_secs(10);

/// An HTTP client with a pool of connections: HTTP/1.1 and HTTP/2, TLS, proxies, gzip. Cheap to clone;
/// clones share the pool.
///
/// Dead connections of the pool cost little. When a reused connection breaks before the response, or
/// stays silent for [`first_byte_timeout`](DefaultClientBuilder::first_byte_timeout), the client sends
/// the same request over a fresh connection and drops the idle ones. It does so for `GET` and `HEAD`,
/// and for requests whose [`SendOptions`](super::SendOptions) say that they are idempotent.
///
/// ```
/// use std::time::Duration;
/// use transport::{DefaultClient, Proxy};
///
/// let client = DefaultClient::builder().connect_timeout(Duration::from_secs(2)).proxy(Proxy::Off).build()?;
/// # Ok::<(), transport::ClientError>(())
/// ```
///
/// It has to be used within a Tokio runtime that does I/O and time.
#[derive(Clone)]
pub struct DefaultClient {
    connections: Arc<Connections>,
    connector: Connector,
    gzip: bool,
}

impl DefaultClient {
    /// A client with nothing set.
    pub fn builder() -> DefaultClientBuilder {
        DefaultClientBuilder::default()
    }

    pub(super) fn new(builder: &DefaultClientBuilder, connector: Connector) -> Self {
        let mut pool = Client::builder(TokioExecutor::new());
        pool.pool_idle_timeout(builder.pool_idle_timeout)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(builder.keep_alive)
            .http2_keep_alive_timeout(PING);
        let connections = Arc::new(Connections::new(pool, connector.clone(), builder.first_byte_timeout));
        Self { connections, connector, gzip: builder.gzip }
    }

    /// Makes TLS ready now, rather than with the first request that needs it. Reads the roots of the operating system,
    /// so call it where blocking for some milliseconds is no harm.
    ///
    /// # Errors
    /// When there is nothing to trust, or no TLS in the crate.
    pub fn prepare_tls(&self) -> Result<(), ClientError> {
        #[cfg(feature = "_tls")]
        return self.connector.tls.check();
        #[cfg(not(feature = "_tls"))]
        Err(ClientError::NoTls)
    }

    /// Asks for gzip where that is right. True when it did, so that what comes has to be decoded.
    fn ask_for_gzip(&self, headers: &mut HeaderMap) -> bool {
        let stream = headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"));
        let ask = self.gzip && !stream && !headers.contains_key(ACCEPT_ENCODING);
        if ask {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        ask
    }

    /// In a tunnel the proxy was told already, and the server must not be.
    fn authorize_proxy(&self, request: &mut Request<Bytes>) {
        if request.uri().scheme_str() != Some("http") {
            return;
        }
        let proxy = self.connector.proxies.intercept(request.uri());
        if let Some(auth) = proxy.as_ref().and_then(|proxy| proxy.basic_auth()) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, auth.clone());
        }
    }
}

impl HttpClient for DefaultClient {
    fn send(&self, mut request: Request<Bytes>) -> BoxFuture<'_, Result<Response<BodyStream>, HttpError>> {
        let asked = self.ask_for_gzip(request.headers_mut());
        self.authorize_proxy(&mut request);
        let sending = Arc::clone(&self.connections).send(request);
        Box::pin(async move {
            let (response, watch) = sending.await.map_err(failed)?;
            let (mut head, body) = response.into_parts();
            let body = Chunks { body, watch };
            let decode = asked && head.headers.get(CONTENT_ENCODING).is_some_and(is_gzip);
            if !decode {
                return Ok(Response::from_parts(head, BodyStream::new(body)));
            }
            head.headers.remove(CONTENT_ENCODING);
            head.headers.remove(CONTENT_LENGTH);
            Ok(Response::from_parts(head, BodyStream::new(Gunzip::new(body))))
        })
    }
}

impl fmt::Debug for DefaultClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultClient").field("gzip", &self.gzip).finish_non_exhaustive()
    }
}

fn is_gzip(encoding: &HeaderValue) -> bool {
    let encoding = encoding.as_bytes().trim_ascii();
    encoding.eq_ignore_ascii_case(b"gzip") || encoding.eq_ignore_ascii_case(b"x-gzip")
}

/// Our own error if the connector gave one, else what the client says.
fn failed(error: LegacyError) -> HttpError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(ours) = cause.downcast_ref::<Carried>().and_then(Carried::take) {
            return ours;
        }
        source = cause.source();
    }
    HttpError::Broken { source: error.into() }
}

/// The data of a body, without its trailers.
struct Chunks {
    body: Incoming,
    watch: Watch,
}

impl Stream for Chunks {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => {
                    self.watch.finish();
                    return Poll::Ready(None);
                }
                Some(Err(error)) => {
                    self.watch.retire();
                    return Poll::Ready(Some(Err(HttpError::Body { source: error.into() })));
                }
                Some(Ok(frame)) => {
                    self.watch.hear();
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}
