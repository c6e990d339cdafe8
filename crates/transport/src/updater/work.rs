//! The work under way: at most one stream, one poll and one body being taken in.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::failure::Failure;
use super::machine::{Action, Input};
use super::source::{FlagSource, FlagStream, Polled, SourceError, StreamItem};
use crate::BoxFuture;
use crate::sink::{Applied, ApplyError, FlagSink};
use crate::task::caught;

/// Holds futures and nothing else: dropping it cancels everything.
pub(super) struct Work {
    source: Arc<dyn FlagSource>,
    sink: Arc<dyn FlagSink>,
    opening: Option<BoxFuture<'static, Result<FlagStream, SourceError>>>,
    stream: Option<FlagStream>,
    poll: Option<BoxFuture<'static, Result<Polled, SourceError>>>,
    apply: Option<BoxFuture<'static, Result<Applied, ApplyError>>>,
    /// Whose turn it is to be asked first, so that a busy stream keeps nobody waiting.
    turn: usize,
}

impl Work {
    pub(super) fn new(source: Arc<dyn FlagSource>, sink: Arc<dyn FlagSink>) -> Self {
        Self { source, sink, opening: None, stream: None, poll: None, apply: None, turn: 0 }
    }

    /// Begins or cancels work. Gives back what is not work.
    pub(super) fn carry_out(&mut self, action: Action) -> Option<Action> {
        match action {
            Action::OpenStream => {
                let source = Arc::clone(&self.source);
                self.opening = Some(Box::pin(async move { source.stream().await }));
            }
            Action::CloseStream => (self.opening, self.stream) = (None, None),
            Action::Poll { etag } => {
                let source = Arc::clone(&self.source);
                self.poll = Some(Box::pin(async move { source.poll(etag).await }));
            }
            Action::CancelPoll => self.poll = None,
            Action::Apply(body) => self.apply = Some(self.applying(body)),
            Action::CancelApply => self.apply = None,
            other => return Some(other),
        }
        None
    }

    fn applying(&self, body: Bytes) -> BoxFuture<'static, Result<Applied, ApplyError>> {
        let sink = Arc::clone(&self.sink);
        Box::pin(async move { sink.apply(body).await })
    }

    /// The next thing that happens. If it is a panic, all work is gone.
    pub(super) async fn next(&mut self) -> Input {
        caught(poll_fn(|cx| self.poll_next(cx))).await.unwrap_or_else(|_| {
            // What may be left half done is dropped at once.
            self.clear();
            Input::Panicked
        })
    }

    fn clear(&mut self) {
        (self.opening, self.stream, self.poll, self.apply) = (None, None, None, None);
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        for offset in 0..3 {
            let polled = match self.turn.wrapping_add(offset) % 3 {
                0 => self.poll_apply(cx),
                1 => self.poll_stream(cx),
                _ => self.poll_poll(cx),
            };
            if polled.is_ready() {
                self.turn = self.turn.wrapping_add(offset).wrapping_add(1);
                return polled;
            }
        }
        Poll::Pending
    }

    fn poll_apply(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        let Some(Poll::Ready(result)) = self.apply.as_mut().map(|apply| apply.as_mut().poll(cx)) else {
            return Poll::Pending;
        };
        self.apply = None;
        Poll::Ready(Input::Applied(result))
    }

    fn poll_poll(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        let Some(Poll::Ready(result)) = self.poll.as_mut().map(|poll| poll.as_mut().poll(cx)) else {
            return Poll::Pending;
        };
        self.poll = None;
        Poll::Ready(Input::PollDone(result.map_err(Failure::Poll)))
    }

    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<Input> {
        if let Some(Poll::Ready(opened)) = self.opening.as_mut().map(|opening| opening.as_mut().poll(cx)) {
            self.opening = None;
            return Poll::Ready(match opened {
                Ok(stream) => {
                    self.stream = Some(stream);
                    Input::StreamOpened
                }
                Err(error) => Input::StreamFailed(Failure::Stream(error)),
            });
        }
        let Some(Poll::Ready(item)) = self.stream.as_mut().map(|stream| stream.as_mut().poll_next(cx)) else {
            return Poll::Pending;
        };
        let failure = match item {
            Some(Ok(StreamItem::Alive)) => return Poll::Ready(Input::StreamBytes),
            Some(Ok(StreamItem::Flags(body))) => return Poll::Ready(Input::StreamFlags(body)),
            Some(Err(error)) => Failure::Stream(error),
            None => Failure::Ended,
        };
        self.stream = None;
        Poll::Ready(Input::StreamFailed(failure))
    }
}
