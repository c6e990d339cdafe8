//! One call: a request, its response, and the body in full.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{CONTENT_LENGTH, HeaderMap, RETRY_AFTER};
use http::{Request, Response, StatusCode};

use super::Endpoint;
use crate::client::BodyStream;
use crate::error::TransportError;
use crate::service::Service;

/// Refuses all other statuses than 200 and the one that is expected beside it.
pub(super) fn check<B>(
    endpoint: Endpoint,
    response: &Response<B>,
    also: Option<StatusCode>,
) -> Result<(), TransportError> {
    let status = response.status();
    if status == StatusCode::OK || Some(status) == also {
        return Ok(());
    }
    let retry_after = retry_after(response.headers());
    Err(match status.as_u16() {
        status @ (401 | 403) => TransportError::Unauthorized { endpoint, status, retry_after },
        status => TransportError::Status { endpoint, status, retry_after },
    })
}

/// Seconds only: who says a date would need our clock to be right.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Sets a deadline for all that a call does.
pub(super) async fn within<T>(
    endpoint: Endpoint,
    timeout: Duration,
    call: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    match tokio::time::timeout(timeout, call).await {
        Ok(result) => result,
        Err(_) => Err(TransportError::Timeout { endpoint, after: timeout }),
    }
}

impl Service {
    /// Sends a request, without looking at the status of the response.
    pub(super) async fn send(
        &self,
        endpoint: Endpoint,
        request: Request<Bytes>,
    ) -> Result<Response<BodyStream>, TransportError> {
        self.client.send(request).await.map_err(|source| TransportError::Http { endpoint, source })
    }

    /// Reads a body to its end.
    pub(super) async fn read(
        &self,
        endpoint: Endpoint,
        response: Response<BodyStream>,
    ) -> Result<Bytes, TransportError> {
        let limit = self.max_body;
        let too_large = || TransportError::TooLarge { endpoint, limit };
        let announced = announced(response.headers());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut body = response.into_body();
        // What is announced is not believed beyond this.
        let mut read = BytesMut::with_capacity(announced.unwrap_or(0).min(1024 * 1024));
        while let Some(chunk) = poll_fn(|cx| Pin::new(&mut body).poll_next(cx)).await {
            let chunk = chunk.map_err(|source| TransportError::Http { endpoint, source })?;
            if chunk.len() > limit - read.len() {
                return Err(too_large());
            }
            read.extend_from_slice(&chunk);
        }
        Ok(read.freeze())
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
