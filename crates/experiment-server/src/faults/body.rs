//! A body that does not come to its end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::End;
use crate::net::Control;
use crate::stop::Stop;

/// What was sent has to be on its way before the connection breaks.
const SETTLE: Duration = Duration::from_millis(10);

/// The first bytes of a body, and then its fault.
pub(crate) struct FaultyBody {
    inner: Body,
    left: usize,
    end: End,
    /// True if a stall lasts no longer than the body behind it.
    follows: bool,
    control: Arc<Control>,
    settling: Option<Pin<Box<Sleep>>>,
    /// What a stall ends with.
    stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
    ended: bool,
}

impl FaultyBody {
    pub(crate) fn new(
        inner: Body,
        bytes: usize,
        end: End,
        follows: bool,
        control: Arc<Control>,
        mut stop: Stop,
    ) -> Self {
        let stopped = Box::pin(async move { stop.told().await });
        Self { inner, left: bytes, end, follows, control, settling: None, stopped, ended: false }
    }

    /// Nothing comes until the server stops, or until the stream behind this one is ended.
    fn poll_stall(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while self.follows && !self.ended {
            match Pin::new(&mut self.inner).poll_frame(context) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(ended) => {
                    self.ended = true;
                    return Poll::Ready(ended);
                }
                Poll::Pending => break,
            }
        }
        match self.stopped.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(cut()))),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn cut() -> axum::Error {
    axum::Error::new(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the script of faults"))
}

impl http_body::Body for FaultyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.left > 0 {
            let frame = match Pin::new(&mut self.inner).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => frame,
                other => return other,
            };
            return match frame.into_data() {
                Ok(mut data) => {
                    data.truncate(self.left);
                    self.left -= data.len();
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                Err(frame) => Poll::Ready(Some(Ok(frame))),
            };
        }
        if self.end == End::Stall {
            return self.poll_stall(context);
        }
        let settling = self.settling.get_or_insert_with(|| Box::pin(sleep(SETTLE)));
        if settling.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        if self.end == End::Reset {
            self.control.reset();
        }
        Poll::Ready(Some(Err(cut())))
    }

    // The whole length, so that the answer promises more than comes.
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
