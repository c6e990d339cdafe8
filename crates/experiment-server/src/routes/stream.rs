//! The flag stream.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::{HeaderMap, HeaderValue, header};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

use super::App;
use crate::metrics::Counted;
use crate::net::Control;
use crate::reply::Refusal;
use crate::snapshot::{Flags, Snapshot};
use crate::state::StreamEnd;
use crate::stop::Stop;

/// A message whose data is one space, which is how the service keeps streams alive.
const KEEP_ALIVE: Bytes = Bytes::from_static(b"data:  \n\n");

/// `/sdk/stream/v1/flags`: all flags at once, and again whenever they change.
pub(super) async fn stream(
    State(app): State<App>,
    Extension(control): Extension<Arc<Control>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    app.state.keys.allow_deployment(&headers).map_err(Refusal::unauthorized)?;
    let mut snapshots = app.state.subscribe();
    // The first message is due at once.
    snapshots.mark_changed();
    let source = Source {
        keep_alive: Box::pin(sleep(app.state.streams.keep_alive)),
        every: app.state.streams.keep_alive,
        end: app.state.streams.end.subscribe(),
        stop: app.stop.clone(),
        malformed: Box::pin(control.malformed()),
        sent: None,
        snapshots,
        _open: Open { counted: Some(Counted::new(&app.state.metrics.streams)), state: Arc::clone(&app.state) },
    };
    app.state.activity.notify_waiters();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, Body::from_stream(source.messages())).into_response())
}

/// What one stream is made of.
struct Source {
    snapshots: watch::Receiver<Snapshot>,
    sent: Option<Arc<Flags>>,
    keep_alive: Pin<Box<Sleep>>,
    every: Duration,
    end: watch::Receiver<StreamEnd>,
    stop: Stop,
    /// A request behind the one for the stream is malformed: its refusal can only follow the stream.
    malformed: Pin<Box<dyn Future<Output = ()> + Send>>,
    _open: Open,
}

/// Counts the stream for as long as it is open.
struct Open {
    counted: Option<Counted>,
    state: Arc<crate::state::State>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.counted = None;
        self.state.activity.notify_waiters();
    }
}

impl Source {
    fn messages(self) -> impl Stream<Item = io::Result<Bytes>> {
        stream::unfold(self, async |mut source| Some((source.next().await?, source)))
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            tokio::select! {
                // What was published before the end comes before it.
                biased;
                changed = self.snapshots.changed() => {
                    changed.ok()?;
                    let flags = Arc::clone(&self.snapshots.borrow_and_update().flags);
                    // Cohorts are published the same way, and so are flags that say the same: no messages.
                    let known = |sent: &Arc<Flags>| Arc::ptr_eq(sent, &flags) || sent.body == flags.body;
                    let is_known = self.sent.as_ref().is_some_and(known);
                    let message = flags.message.clone();
                    self.sent = Some(flags);
                    if is_known {
                        continue;
                    }
                    self.wind();
                    return Some(Ok(message));
                }
                () = self.stop.told() => return None,
                () = self.malformed.as_mut() => return None,
                changed = self.end.changed() => {
                    changed.ok()?;
                    let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "streams are cut");
                    return if self.end.borrow().abrupt { Some(Err(cut)) } else { None };
                }
                () = self.keep_alive.as_mut() => {
                    self.wind();
                    return Some(Ok(KEEP_ALIVE));
                }
            }
        }
    }

    fn wind(&mut self) {
        self.keep_alive.as_mut().reset(Instant::now() + self.every);
    }
}
