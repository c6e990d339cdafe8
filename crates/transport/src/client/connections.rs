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
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::uri::Authority;
use http::{Extensions, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{Builder, Client, Error};
use tokio::time::{Instant, sleep};

use super::connect::Connector;
use super::io::LinkUse;
use super::latency::Latencies;
use super::options::SendOptions;
use crate::task::lock;

type Pool = Client<Connector, Full<Bytes>>;

/// A kept connection may stay silent for this part of a request's timeout, so that most of it is
/// left for a fresh one.
const SHARE_OF_TIMEOUT: u32 = 4;

/// The longest body that is sent over a kept connection, in bytes. A longer one takes so long that a
/// connection of its own costs nothing beside it, and that silence says nothing.
const LONGEST_BODY: usize = 256 << 10;

/// How many bytes of a body a slow uplink sends in a second: the connection takes them at once, and
/// the response waits for them.
const UPLINK: u64 = 64 << 10;

/// The connections of one client.
pub(super) struct Connections {
    builder: Builder,
    connector: Connector,
    /// Opens a connection for each request, and keeps none.
    fresh: Pool,
    kept: Mutex<Generation>,
    /// How long a kept connection may stay silent after a request.
    first_byte: Duration,
    /// A slow service must not get every request twice.
    latencies: Latencies,
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
        Self { builder, connector, fresh, kept, first_byte, latencies: Latencies::default() }
    }

    /// Sends a request, over a kept connection if there is one that works. The response comes with
    /// the watch that its body reports to.
    pub(super) async fn send(
        self: Arc<Self>,
        mut request: Request<Bytes>,
    ) -> Result<(Response<Incoming>, Watch), Error> {
        let options = SendOptions::of(&request);
        if options.own_connection || request.body().len() > LONGEST_BODY {
            return self.send_fresh(request).await;
        }
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let again = (options.idempotent || is_read).then(|| request.clone());
        let service = request.uri().authority().cloned();
        let shortest = self.shortest_silence(&request, options.timeout);
        let silence = shortest.max(self.latencies.expected(service.as_ref(), options.timeout));
        let generation = lock(&self.kept).clone();
        let mut link = CapturedLink::new(capture_connection(&mut request));
        let mut watch = Watch::new(&self, generation.number, shortest);
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
                (Ok(response), _) => {
                    self.learn(service.as_ref(), link.began());
                    Ok((response, watch))
                }
                (Err(error), again) => {
                    watch.retire();
                    match again {
                        Some(again) if watch.reused && (is_read || link.is_unanswered()) => {
                            self.send_fresh(again).await
                        }
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
        let began_again = Instant::now();
        let mut second = pin!(self.send_fresh(again));
        tokio::select! {
            biased;
            sent = &mut first => match sent {
                Ok(response) => {
                    self.learn(service.as_ref(), link.began());
                    Ok((response, watch))
                }
                Err(_) => {
                    watch.retire();
                    second.await
                }
            },
            sent = &mut second => match sent {
                Ok(response) => {
                    self.learn(service.as_ref(), Some(began_again));
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

    /// How long a kept connection may stay silent after a request to a service that is fast.
    fn shortest_silence(&self, request: &Request<Bytes>, timeout: Option<Duration>) -> Duration {
        let upload = Duration::from_millis((request.body().len() as u64).saturating_mul(1000) / UPLINK);
        let silence = self.first_byte.saturating_add(upload);
        timeout.map_or(silence, |timeout| silence.min(timeout / SHARE_OF_TIMEOUT))
    }

    fn learn(&self, service: Option<&Authority>, began: Option<Instant>) {
        if let Some(began) = began {
            self.latencies.learn(service, began.elapsed());
        }
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
    let is_close = |token: &[u8]| token.trim_ascii().eq_ignore_ascii_case(b"close");
    let closes = |value: &http::HeaderValue| value.as_bytes().split(|byte| *byte == b',').any(is_close);
    response.status() == StatusCode::REQUEST_TIMEOUT && response.headers().get_all(CONNECTION).iter().any(closes)
}

/// The connection that a request goes out by, once there is one.
struct CapturedLink {
    capture: CaptureConnection,
    seen: Option<Seen>,
    /// When the request had its connection.
    began: Option<Instant>,
}

struct Seen {
    link: LinkUse,
    reused: bool,
}

impl CapturedLink {
    fn new(capture: CaptureConnection) -> Self {
        Self { capture, seen: None, began: None }
    }

    /// Ends once nothing came by a kept connection for so long after the request. Never ends for a
    /// fresh connection. Bytes of other responses count too: they show that the connection lives.
    async fn silent_for(&mut self, silence: Duration) {
        drop(self.capture.wait_for_connection_metadata().await);
        self.began = Some(Instant::now());
        while self.is_reused() {
            let before = self.received();
            sleep(silence).await;
            // The pool may have moved the request to another connection.
            if self.is_reused() && self.received() == before {
                return;
            }
        }
        pending::<()>().await;
    }

    fn began(&self) -> Option<Instant> {
        self.began
    }

    /// True when the connection has served a request before this one.
    fn is_reused(&mut self) -> bool {
        let mut extras = Extensions::new();
        if let Some(connected) = &*self.capture.connection_metadata() {
            connected.get_extras(&mut extras);
        }
        if let Some(link) = extras.remove::<LinkUse>()
            && !self.seen.as_ref().is_some_and(|seen| seen.link.is(&link))
        {
            self.seen = Some(Seen { reused: link.begin_request() > 0, link });
        }
        self.seen.as_ref().is_some_and(|seen| seen.reused)
    }

    fn received(&self) -> u64 {
        self.seen.as_ref().map_or(0, |seen| seen.link.received())
    }

    /// True unless a part of a response may have come. HTTP/2 mixes the bytes of all requests, so
    /// there the question is whether a head came, and it did not when this is asked.
    fn is_unanswered(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.link.is_http2() || !seen.link.is_answered())
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
