//! Bodies of responses.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use super::HttpError;

/// The body of a response, chunk by chunk as it arrives.
pub struct BodyStream {
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, HttpError>> + Send>>,
}

impl BodyStream {
    /// A body of the chunks that a stream gives.
    pub fn new(chunks: impl Stream<Item = Result<Bytes, HttpError>> + Send + 'static) -> Self {
        Self { chunks: Box::pin(chunks) }
    }

    /// A body that is there already.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self::new(Once(Some(bytes.into())))
    }

    /// A body of nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(Once(None))
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.as_mut().poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.chunks.size_hint()
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream").finish_non_exhaustive()
    }
}

/// One chunk, or none.
struct Once(Option<Bytes>);

impl Stream for Once {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}
