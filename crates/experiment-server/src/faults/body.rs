//! A body that does not come to its end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::End;
use crate::net::Control;

/// What was sent has to be on its way before the connection breaks.
const SETTLE: Duration = Duration::from_millis(10);

/// The first bytes of a body, and then its fault.
pub(crate) struct FaultyBody {
    inner: Body,
    left: usize,
    end: End,
    control: Arc<Control>,
    settling: Option<Pin<Box<Sleep>>>,
}

impl FaultyBody {
    pub(crate) fn new(inner: Body, bytes: usize, end: End, control: Arc<Control>) -> Self {
        Self { inner, left: bytes, end, control, settling: None }
    }
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
            // Dropped with the connection.
            return Poll::Pending;
        }
        let settling = self.settling.get_or_insert_with(|| Box::pin(sleep(SETTLE)));
        if settling.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        if self.end == End::Reset {
            self.control.reset();
        }
        let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the script of faults");
        Poll::Ready(Some(Err(axum::Error::new(cut))))
    }

    // The whole length, so that the answer promises more than comes.
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
