//! What every call to the service has in common, for endpoints here and in the layers above: a deadline for the whole
//! of it, a status that is looked at, a body of limited size, and errors that say which endpoint it was.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{CONTENT_LENGTH, HeaderMap, RETRY_AFTER};
use http::{Request, Response};

use crate::client::{BodyStream, HttpClient, SendOptions};
use crate::endpoints::Endpoint;
use crate::error::TransportError;
use crate::redirect::Redirects;
use crate::task::has_timers;

/// Sets a deadline for all that a call does.
///
/// # Errors
/// What the call fails with, [`TransportError::Timeout`], or [`TransportError::NoRuntime`].
pub async fn within<T, E: From<TransportError>>(
    endpoint: Endpoint,
    timeout: Duration,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    if !has_timers() {
        return Err(TransportError::NoRuntime { endpoint }.into());
    }
    match tokio::time::timeout(timeout, call).await {
        Ok(result) => result,
        Err(_) => Err(TransportError::Timeout { endpoint, after: timeout }.into()),
    }
}

/// Sends a request and follows redirects: up to five, none from `https` to `http`, and to another
/// origin only what holds nothing confidential besides the key, without the key. Does not look at the
/// status of the response otherwise.
///
/// # Errors
/// When no response came, or a redirect was not followed.
pub async fn send(
    client: &dyn HttpClient,
    endpoint: Endpoint,
    options: SendOptions,
    request: Request<Bytes>,
) -> Result<Response<BodyStream>, TransportError> {
    let began = Instant::now();
    let mut redirects = Redirects::of(request);
    loop {
        let mut request = redirects.request();
        // What earlier hops took is gone.
        let timeout = options.timeout.map(|timeout| timeout.saturating_sub(began.elapsed()));
        request.extensions_mut().insert(SendOptions { timeout, ..options });
        let sent = client.send(request).await;
        let response = sent.map_err(|source| TransportError::Http { endpoint, source })?;
        match redirects.follow(&response) {
            Ok(true) => {}
            Ok(false) => return Ok(response),
            Err(problem) => return Err(TransportError::Redirect { endpoint, problem }),
        }
    }
}

/// The error for a response of a status that was not wanted.
#[must_use]
pub fn refusal<B>(endpoint: Endpoint, response: &Response<B>) -> TransportError {
    let retry_after = retry_after(response.headers());
    match response.status().as_u16() {
        status @ (401 | 403) => TransportError::Unauthorized { endpoint, status, retry_after },
        status => TransportError::Status { endpoint, status, retry_after },
    }
}

/// The error for a request that cannot be made.
pub fn unusable(endpoint: Endpoint) -> impl Fn(http::Error) -> TransportError {
    move |error| TransportError::Request { endpoint, source: error.into() }
}

/// Seconds only: who says a date would need our clock to be right.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Reads a body to its end, of at most so many bytes.
///
/// # Errors
/// When it is larger, or breaks off.
pub async fn read(endpoint: Endpoint, response: Response<BodyStream>, limit: usize) -> Result<Bytes, TransportError> {
    let mut body = LimitedBody::new(endpoint, response, limit)?;
    // What is announced is not believed beyond this.
    let mut read = BytesMut::with_capacity(body.announced.unwrap_or(0).min(1024 * 1024));
    while let Some(chunk) = body.next().await {
        read.extend_from_slice(&chunk?);
    }
    Ok(read.freeze())
}

/// A body chunk by chunk, of at most so many bytes in all.
#[derive(Debug)]
pub struct LimitedBody {
    endpoint: Endpoint,
    body: BodyStream,
    announced: Option<usize>,
    limit: usize,
    read: usize,
}

impl LimitedBody {
    /// The body of a response.
    ///
    /// # Errors
    /// When a larger one is announced.
    pub fn new(endpoint: Endpoint, response: Response<BodyStream>, limit: usize) -> Result<Self, TransportError> {
        let announced = announced(response.headers());
        if announced.is_some_and(|length| length > limit) {
            return Err(TransportError::TooLarge { endpoint, limit });
        }
        Ok(Self { endpoint, body: response.into_body(), announced, limit, read: 0 })
    }

    /// The next chunk. None at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        let chunk = poll_fn(|cx| Pin::new(&mut self.body).poll_next(cx)).await?;
        Some(chunk.map_err(|source| TransportError::Http { endpoint: self.endpoint, source }).and_then(|chunk| {
            self.read = self.read.saturating_add(chunk.len());
            if self.read > self.limit {
                return Err(TransportError::TooLarge { endpoint: self.endpoint, limit: self.limit });
            }
            Ok(chunk)
        }))
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
