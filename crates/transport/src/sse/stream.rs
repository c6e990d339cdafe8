//! Events out of a body.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use evaluation_core::Received;
use eventsource_stream::EventStreamError;
use futures_core::Stream;
use http::Response;

use super::beginning::Beginning;
use super::lines::LineBuffer;
use crate::call::{Encoding, is_page, media_type};
use crate::client::BodyStream;
use crate::endpoints::Endpoint;
use crate::error::TransportError;
use crate::updater::StreamItem;

const ENDPOINT: Endpoint = Endpoint::FlagStream;

/// A stream of flags. Ends after an error, and when the service closes it.
///
/// Events are taken whatever their name; ids and pauses that the service proposes are passed over. Whatever comes yields
/// an item, if only a part of an event came, so that a long time without one means that nothing came.
pub struct EventStream {
    events: Pin<Box<eventsource_stream::EventStream<Lines>>>,
    alive: Arc<AtomicBool>,
    ended: bool,
}

impl EventStream {
    /// Reads events from a body. An event of more than `max_event` bytes is an error.
    #[must_use]
    pub fn new(body: BodyStream, max_event: usize) -> Self {
        Self::of_body(Response::new(body), max_event, true)
    }

    /// Reads events from a response. One that says that it is an HTML page is an error at once; what says neither that
    /// nor that it is a stream of events is judged by its beginning.
    pub(crate) fn of_response(response: Response<BodyStream>, max_event: usize) -> Result<Self, TransportError> {
        if is_page(&response) {
            return Err(not_events(Received::Html));
        }
        let is_declared =
            media_type(response.headers()).is_some_and(|kind| kind.eq_ignore_ascii_case("text/event-stream"));
        Ok(Self::of_body(response, max_event, is_declared))
    }

    fn of_body(response: Response<BodyStream>, max_event: usize, is_declared: bool) -> Self {
        let alive = Arc::new(AtomicBool::new(false));
        let lines = Lines {
            encoding: Encoding::of(ENDPOINT, response.headers()),
            beginning: Beginning::new(is_declared),
            body: response.into_body(),
            buffer: LineBuffer::new(max_event),
            limit: max_event,
            alive: alive.clone(),
            too_large: false,
        };
        Self { events: Box::pin(eventsource_stream::EventStream::new(lines)), alive, ended: false }
    }
}

impl Stream for EventStream {
    type Item = Result<StreamItem, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let item = match self.events.as_mut().poll_next(cx) {
            Poll::Pending if self.alive.swap(false, Ordering::Relaxed) => Some(Ok(StreamItem::Alive)),
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => None,
            Poll::Ready(Some(Ok(event))) => Some(Ok(match event.data.as_str() {
                "" | " " => StreamItem::Alive,
                _ => StreamItem::Flags(Bytes::from(event.data)),
            })),
            Poll::Ready(Some(Err(EventStreamError::Transport(error)))) => Some(Err(error)),
            Poll::Ready(Some(Err(EventStreamError::Utf8(_) | EventStreamError::Parser(_)))) => {
                Some(Err(not_events(Received::Binary)))
            }
        };
        self.ended = !matches!(item, Some(Ok(_)));
        if item.is_some() {
            // The item says it already.
            self.alive.store(false, Ordering::Relaxed);
        }
        Poll::Ready(item)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("ended", &self.ended).finish_non_exhaustive()
    }
}

fn not_events(received: Received) -> TransportError {
    TransportError::NotEvents { endpoint: ENDPOINT, received }
}

/// Whole lines of a body, one at a time.
struct Lines {
    encoding: Encoding,
    beginning: Beginning,
    body: BodyStream,
    buffer: LineBuffer,
    limit: usize,
    /// Set with each chunk that comes.
    alive: Arc<AtomicBool>,
    /// The event after the lines at hand is too large.
    too_large: bool,
}

impl Lines {
    /// The next whole line. The parser would wait for the rest of a letter that has none, and keep all that comes.
    fn line(&mut self) -> Option<Result<Bytes, TransportError>> {
        let line = self.buffer.pop()?;
        let is_text = std::str::from_utf8(&line).is_ok();
        Some(if is_text { Ok(line) } else { Err(not_events(Received::Binary)) })
    }
}

impl Stream for Lines {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(line) = self.line() {
            return Poll::Ready(Some(line));
        }
        if self.too_large {
            return Poll::Ready(Some(Err(TransportError::TooLarge { endpoint: ENDPOINT, limit: self.limit })));
        }
        let chunk = match ready!(Pin::new(&mut self.body).poll_next(cx)) {
            Some(Ok(chunk)) => chunk,
            Some(Err(source)) => return Poll::Ready(Some(Err(TransportError::Http { endpoint: ENDPOINT, source }))),
            None => return Poll::Ready(self.beginning.finish().err().map(|received| Err(not_events(received)))),
        };
        let checked = self.encoding.check(&chunk).and_then(|()| self.beginning.check(&chunk).map_err(not_events));
        if let Err(error) = checked {
            return Poll::Ready(Some(Err(error)));
        }
        self.alive.store(true, Ordering::Relaxed);
        self.too_large = self.buffer.push(&chunk).is_err();
        // Where nothing is whole yet, what came has to be told nevertheless: `EventStream` does so on its way out, and
        // is back here for the next line or chunk.
        cx.waker().wake_by_ref();
        match self.line() {
            Some(line) => Poll::Ready(Some(line)),
            None => Poll::Pending,
        }
    }
}
