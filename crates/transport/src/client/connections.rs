//! Kept connections, and what happens when one of them turns out to be dead.
//!
//! A kept connection may have died without a word: a NAT or a load balancer forgot it, or the other
//! side was frozen. The service may also close it at the moment it is used again. Neither says
//! anything about the service, so [`Connections`] sends the same request over a fresh connection: at
//! once when the kept one breaks, and beside it when the kept one stays silent. It then drops all
//! other idle connections, because they most likely died with it.
//!
//! [`DefaultClient`](super::DefaultClient) sends every request through this module. It does not retry
//! failed calls: `crate::retry` does, with pauses between the attempts.

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{Extensions, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{Builder, Client, Error};
use tokio::time::{Instant, sleep};

use super::connect::Connector;
use super::io::LinkUse;
use super::options::SendOptions;
use crate::task::lock;

type Pool = Client<Connector, Full<Bytes>>;

/// A kept connection may stay silent for this part of a request's timeout, so that most of it is
/// left for a fresh one.
const SHARE_OF_TIMEOUT: u32 = 4;

/// The part for a service that proved to be alive and slow.
const SHARE_WHEN_SLOW: u32 = 2;

/// How many times `first_byte` a kept connection may stay silent for a service that proved to be
/// alive and slow.
const FACTOR_WHEN_SLOW: u32 = 4;

/// The connections of one client.
pub(super) struct Connections {
    builder: Builder,
    connector: Connector,
    /// Opens a connection for each request, and keeps none.
    fresh: Pool,
    kept: Mutex<Generation>,
    /// How long a kept connection may stay silent after a request.
    first_byte: Duration,
    /// When two connections last raced for a response, the kept one won: it was alive, and the
    /// service slow. Patience then grows, because a slow service must not get every request twice.
    slow: AtomicBool,
}

/// Kept connections that are dropped together.
#[derive(Clone)]
struct Generation {
    number: u64,
    pool: Pool,
}

impl Connections {
    /// Connections that `connector` opens and `builder` keeps.
    pub(super) fn new(builder: Builder, connector: Connector, first_byte: Duration) -> Self {
        let fresh = builder.clone().pool_max_idle_per_host(0).build(connector.clone());
        let kept = Mutex::new(Generation { number: 0, pool: builder.build(connector.clone()) });
        Self { builder, connector, fresh, kept, first_byte, slow: AtomicBool::new(false) }
    }

    /// Sends a request, over a kept connection if there is one that works. The response comes with
    /// the watch that its body reports to.
    pub(super) async fn send(
        self: Arc<Self>,
        mut request: Request<Bytes>,
    ) -> Result<(Response<Incoming>, Watch), Error> {
        let options = SendOptions::of(&request);
        if options.own_connection {
            return self.send_fresh(request).await;
        }
        let may_repeat = options.idempotent || matches!(*request.method(), Method::GET | Method::HEAD);
        let again = may_repeat.then(|| request.clone());
        let silence = self.silence(options.timeout);
        let generation = lock(&self.kept).clone();
        let mut link = CapturedLink::new(capture_connection(&mut request));
        let mut watch = Watch::new(&self, generation.number, silence);
        let mut first = pin!(generation.pool.request(request.map(Full::new)));

        let sent = tokio::select! {
            biased;
            sent = &mut first => Some(sent),
            () = link.silent_for(silence) => None,
        };
        if let Some(sent) = sent {
            watch.reused = link.is_reused();
            return match (sent, again) {
                (Ok(response), Some(again)) if watch.reused && is_goodbye(&response) => {
                    watch.retire();
                    self.send_fresh(again).await
                }
                (Ok(response), _) => Ok((response, watch)),
                (Err(error), again) => {
                    watch.retire();
                    match again {
                        Some(again) if watch.reused && link.is_unanswered() => self.send_fresh(again).await,
                        _ => Err(error),
                    }
                }
            };
        }

        // The connection is a kept one that stays silent. From here on, dropping this future, which
        // a timeout does, retires all kept connections.
        watch.reused = true;
        let Some(again) = again else {
            return first.await.map(|response| (response, watch));
        };
        let mut second = pin!(self.send_fresh(again));
        tokio::select! {
            biased;
            sent = &mut first => match sent {
                Ok(response) => {
                    self.slow.store(true, Ordering::Relaxed);
                    Ok((response, watch))
                }
                Err(_) => {
                    watch.retire();
                    second.await
                }
            },
            sent = &mut second => match sent {
                Ok(response) => {
                    self.slow.store(false, Ordering::Relaxed);
                    watch.retire();
                    Ok(response)
                }
                // The service takes no new connections; the kept one may still get a response.
                Err(error) => match first.await {
                    Ok(response) => Ok((response, watch)),
                    Err(_) => Err(error),
                },
            },
        }
    }

    async fn send_fresh(&self, request: Request<Bytes>) -> Result<(Response<Incoming>, Watch), Error> {
        let response = self.fresh.request(request.map(Full::new)).await?;
        Ok((response, Watch::nothing()))
    }

    /// How long a kept connection may stay silent after a request of this timeout.
    fn silence(&self, timeout: Option<Duration>) -> Duration {
        let slow = self.slow.load(Ordering::Relaxed);
        let (factor, share) = if slow { (FACTOR_WHEN_SLOW, SHARE_WHEN_SLOW) } else { (1, SHARE_OF_TIMEOUT) };
        let silence = self.first_byte.saturating_mul(factor);
        timeout.map_or(silence, |timeout| silence.min(timeout / share))
    }

    /// Drops the idle connections of a generation, unless that happened already. Requests that are
    /// under way go on.
    fn retire(&self, number: u64) {
        let mut kept = lock(&self.kept);
        if kept.number != number {
            return;
        }
        let next = Generation { number: number.wrapping_add(1), pool: self.builder.build(self.connector.clone()) };
        let retired = std::mem::replace(&mut *kept, next);
        drop(kept);
        drop(retired);
        tracing::debug!(target: "experiment::transport", "a kept connection is dead; all idle connections are dropped");
    }
}

/// The service's last word on a kept connection that it closes for having been idle too long.
fn is_goodbye<B>(response: &Response<B>) -> bool {
    let closes = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"close");
    response.status() == StatusCode::REQUEST_TIMEOUT && response.headers().get_all(CONNECTION).iter().any(closes)
}

/// The connection that a request goes out by, once there is one.
struct CapturedLink {
    capture: CaptureConnection,
    seen: Option<Seen>,
}

struct Seen {
    link: LinkUse,
    reused: bool,
    /// How many bytes had come by the connection before the request.
    received: u64,
}

impl CapturedLink {
    fn new(capture: CaptureConnection) -> Self {
        Self { capture, seen: None }
    }

    /// Ends once a kept connection was silent for so long after the request. Never ends for a fresh
    /// connection.
    async fn silent_for(&mut self, silence: Duration) {
        drop(self.capture.wait_for_connection_metadata().await);
        if self.is_reused() {
            sleep(silence).await;
        } else {
            pending::<()>().await;
        }
    }

    /// True when the connection has served a request before this one.
    fn is_reused(&mut self) -> bool {
        if self.seen.is_none() {
            let mut extras = Extensions::new();
            if let Some(connected) = &*self.capture.connection_metadata() {
                connected.get_extras(&mut extras);
            }
            self.seen = extras.remove::<LinkUse>().map(|link| Seen {
                reused: link.begin_request() > 0,
                received: link.received(),
                link,
            });
        }
        self.seen.as_ref().is_some_and(|seen| seen.reused)
    }

    /// True unless a part of a response may have come. HTTP/2 mixes the bytes of all requests, so
    /// there the question is whether a head came, and it did not when this is asked.
    fn is_unanswered(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.link.is_http2() || seen.link.received() == seen.received)
    }
}

/// Watches what a kept connection does with a request and its response, and retires all kept
/// connections when it turns out to be dead: when it breaks, and when the caller gives up after it
/// was silent for long enough.
pub(super) struct Watch {
    connections: Option<Arc<Connections>>,
    generation: u64,
    silence: Duration,
    /// When something last came.
    heard: Instant,
    reused: bool,
}

impl Watch {
    fn new(connections: &Arc<Connections>, generation: u64, silence: Duration) -> Self {
        let connections = Some(Arc::clone(connections));
        Self { connections, generation, silence, heard: Instant::now(), reused: false }
    }

    /// Watches nothing: for a connection that is not kept.
    fn nothing() -> Self {
        Self { connections: None, generation: 0, silence: Duration::MAX, heard: Instant::now(), reused: false }
    }

    /// Takes note of bytes of the body.
    pub(super) fn hear(&mut self) {
        if self.connections.is_some() {
            self.heard = Instant::now();
        }
    }

    /// Takes note of the end of the body: the connection works.
    pub(super) fn finish(&mut self) {
        self.connections = None;
    }

    /// Takes note that the connection broke.
    pub(super) fn retire(&mut self) {
        if let Some(connections) = self.connections.take()
            && self.reused
        {
            connections.retire(self.generation);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.connections.is_some() && self.reused && self.heard.elapsed() >= self.silence {
            self.retire();
        }
    }
}
