//! What every call to the service has in common, for endpoints here and in the layers above: a deadline for the whole
//! of it, a status that is looked at, a body of limited size, and errors that say which endpoint it was.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
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

/// True when a response says that it is an HTML page.
#[must_use]
pub fn is_page<B>(response: &Response<B>) -> bool {
    media_type(response.headers())
        .is_some_and(|kind| ["text/html", "application/xhtml+xml"].iter().any(|page| kind.eq_ignore_ascii_case(page)))
}

/// The content type of a response, without parameters. None if it has none that is text.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split_once(';').map_or(value, |(kind, _)| kind).trim())
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
    encoding: Encoding,
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
        let encoding = Encoding::of(endpoint, response.headers());
        Ok(Self { endpoint, body: response.into_body(), encoding, announced, limit, read: 0 })
    }

    /// The next chunk. None at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, TransportError>> {
        let chunk = poll_fn(|cx| Pin::new(&mut self.body).poll_next(cx)).await?;
        Some(chunk.map_err(|source| TransportError::Http { endpoint: self.endpoint, source }).and_then(|chunk| {
            self.read = self.read.saturating_add(chunk.len());
            if self.read > self.limit {
                return Err(TransportError::TooLarge { endpoint: self.endpoint, limit: self.limit });
            }
            self.encoding.check(&chunk)?;
            Ok(chunk)
        }))
    }
}

/// How much of a body shows whether it is compressed.
const BEGINNING: usize = 16;

/// The longest name of an encoding that an error quotes.
const LONGEST_NAME: usize = 20;

/// Finds out whether a body is compressed that should not be. A client removes the name of an encoding with the
/// encoding itself; but one that leaves the name behind does no harm, so the bytes decide.
#[derive(Debug)]
pub(crate) struct Encoding {
    endpoint: Endpoint,
    /// What the response names. None if there is nothing to find out, or nothing any more.
    name: Option<String>,
    beginning: Vec<u8>,
}

impl Encoding {
    pub(crate) fn of(endpoint: Endpoint, headers: &HeaderMap) -> Self {
        let name = headers.get(CONTENT_ENCODING).map(|name| name.to_str().unwrap_or_default().trim());
        let name = name.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity")).map(|name| {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-+._, ".contains(&byte);
            let is_short = name.len() <= LONGEST_NAME && name.bytes().all(is_name);
            if is_short { name.to_owned() } else { "an unknown encoding".to_owned() }
        });
        Self { endpoint, name, beginning: Vec::new() }
    }

    /// Takes in the next chunk.
    pub(crate) fn check(&mut self, chunk: &[u8]) -> Result<(), TransportError> {
        let Some(name) = &self.name else { return Ok(()) };
        let wanted = BEGINNING.saturating_sub(self.beginning.len()).min(chunk.len());
        self.beginning.extend_from_slice(chunk.get(..wanted).unwrap_or_default());
        // A letter that is cut in two is no error.
        let is_utf8 = std::str::from_utf8(&self.beginning).map_or_else(|error| error.error_len().is_none(), |_| true);
        let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
        if !is_utf8 || self.beginning.iter().any(is_control) {
            return Err(TransportError::Encoded { endpoint: self.endpoint, encoding: name.clone() });
        }
        if self.beginning.len() >= BEGINNING {
            self.name = None;
        }
        Ok(())
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
