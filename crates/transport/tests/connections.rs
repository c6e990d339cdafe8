//! Kept connections that are dead, or die as they are used again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod common;
#[path = "common/fault_proxy.rs"]
mod fault_proxy;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::{DEADLINE, client, service_at, within};
use fault_proxy::FaultProxy;
use futures_util::StreamExt;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use transport::{DefaultClient, DefaultClientBuilder, HttpClient, HttpError, SendOptions, Service, TransportError};

/// The server preset's timeout of a fetch.
const SHORT: Duration = Duration::from_millis(500);

/// A healthy HTTP/1.1 service that answers everything with an empty list.
struct Healthy {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    /// How long it thinks about each answer, in milliseconds.
    delay: Arc<AtomicU64>,
    tasks: JoinSet<()>,
}

impl Healthy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, delay) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        let (counted, delayed) = (requests.clone(), delay.clone());
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (counted, delayed) = (counted.clone(), delayed.clone());
                connections.spawn(async move {
                    let answer = service_fn(move |_: Request<Incoming>| {
                        counted.fetch_add(1, Ordering::SeqCst);
                        let delay = Duration::from_millis(delayed.load(Ordering::SeqCst));
                        async move {
                            tokio::time::sleep(delay).await;
                            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("[]"))))
                        }
                    });
                    let io = TokioIo::new(socket);
                    drop(hyper::server::conn::http1::Builder::new().serve_connection(io, answer).await);
                });
            }
        });
        Self { address, requests, delay, tasks }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Healthy {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}

/// A service behind a proxy, and a pool of so many connections to it that are kept.
async fn pool_of(connections: usize, client: DefaultClientBuilder) -> (Healthy, FaultProxy, Service) {
    let healthy = Healthy::start().await;
    let proxy = FaultProxy::before(healthy.address);
    let service = service_at(&proxy.url(), client);
    // Each of them is busy while the others begin.
    healthy.delay.store(100, Ordering::SeqCst);
    let mut calls = JoinSet::new();
    for _ in 0..connections {
        let service = service.clone();
        calls.spawn(async move { service.flags(None, DEADLINE).await.unwrap() });
    }
    within(calls.join_all()).await;
    assert_eq!(proxy.connections(), connections);
    healthy.delay.store(0, Ordering::SeqCst);
    (healthy, proxy, service)
}

async fn flags(service: &Service, timeout: Duration) -> Result<Duration, TransportError> {
    let begin = Instant::now();
    within(service.flags(None, timeout)).await.map(|_| begin.elapsed())
}

#[tokio::test]
async fn a_pool_of_silently_dead_connections_fails_no_call() {
    let (_healthy, proxy, service) = pool_of(20, client()).await;
    proxy.silence_open_connections();
    for call in 0..10 {
        let result = flags(&service, SHORT).await;
        assert!(result.is_ok(), "call {call}: {result:?}");
    }
    // One more for the request that met a dead connection, and one that is kept from then on.
    assert_eq!(proxy.connections(), 22);
}

#[tokio::test]
async fn calls_side_by_side_over_dead_connections_all_succeed() {
    let (_healthy, proxy, service) = pool_of(20, client()).await;
    proxy.silence_open_connections();
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let service = service.clone();
        calls.spawn(async move { service.flags(None, Duration::from_secs(2)).await.map(drop) });
    }
    for result in within(calls.join_all()).await {
        assert!(result.is_ok(), "{result:?}");
    }
}

#[tokio::test]
async fn with_a_long_timeout_a_dead_connection_costs_the_first_byte_timeout() {
    let (_healthy, proxy, service) = pool_of(1, client().first_byte_timeout(Duration::from_millis(100))).await;
    proxy.silence_open_connections();
    let took = flags(&service, DEADLINE).await.unwrap();
    assert!(took >= Duration::from_millis(100) && took < DEADLINE / 4, "{took:?}");
    // The dead connection is no longer in the pool.
    flags(&service, DEADLINE).await.unwrap();
    assert_eq!(proxy.connections(), 3);
}

#[tokio::test]
async fn a_connection_closed_as_it_is_reused_costs_no_attempt() {
    let (healthy, proxy, service) = pool_of(1, client()).await;
    proxy.close_after(1);
    for call in 0..6 {
        let result = flags(&service, SHORT).await;
        assert!(result.is_ok(), "call {call}: {result:?}");
    }
    assert_eq!(healthy.requests(), 7, "the service got each call once");
}

#[tokio::test]
async fn a_post_that_is_not_idempotent_is_sent_once_and_its_timeout_drops_the_dead_connections() {
    let healthy = Healthy::start().await;
    let proxy = FaultProxy::before(healthy.address);
    let client = client().build().unwrap();
    let patience = Duration::from_millis(200);
    let post = || {
        let mut request = Request::post(proxy.url()).body(Bytes::from("{}")).unwrap();
        request.extensions_mut().insert(SendOptions::new().with_timeout(patience));
        client.send(request)
    };
    let read = async |response: Response<transport::BodyStream>| response.into_body().count().await;
    read(within(post()).await.unwrap()).await;
    proxy.silence_open_connections();
    assert!(tokio::time::timeout(patience, post()).await.is_err(), "a dead connection brings no response");
    assert_eq!((healthy.requests(), proxy.requests().len()), (1, 2));
    read(within(post()).await.unwrap()).await;
    assert_eq!((healthy.requests(), proxy.connections()), (2, 2));
}

/// Posts what may be posted twice, and reads the whole response.
async fn post(client: &DefaultClient, proxy: &FaultProxy, path: &str) -> Result<(), HttpError> {
    let mut request = Request::post(format!("{}{path}", proxy.url())).body(Bytes::from("{}")).unwrap();
    request.extensions_mut().insert(SendOptions::new().with_idempotent(true));
    within(client.send(request)).await?.into_body().count().await;
    Ok(())
}

#[tokio::test]
async fn a_post_is_not_repeated_once_a_part_of_its_response_came() {
    let healthy = Healthy::start().await;
    let proxy = FaultProxy::before(healthy.address);
    let client = client().build().unwrap();
    post(&client, &proxy, "/a").await.unwrap();
    proxy.reply("/b", "HTTP/1.1 20");
    assert!(post(&client, &proxy, "/b").await.is_err());
    assert_eq!(proxy.requests_of("/b"), 1);
    // Without a byte of it, the same request is sent again at once.
    post(&client, &proxy, "/a").await.unwrap();
    proxy.close_after(1);
    post(&client, &proxy, "/c").await.unwrap();
    assert_eq!(proxy.requests_of("/c"), 2);
}

#[tokio::test]
async fn the_goodbye_of_an_idle_connection_is_not_taken_for_a_response() {
    let (_healthy, proxy, service) = pool_of(1, client()).await;
    // What HAProxy sends when it closes an idle connection, which may cross a request.
    let (first, goodbye) = (proxy.connections(), "HTTP/1.1 408 Request Time-out\r\nconnection: close\r\n\r\n");
    proxy.reply_once("/sdk", goodbye);
    assert!(flags(&service, DEADLINE).await.is_ok());
    assert_eq!(proxy.connections(), first + 1);
    // On a fresh connection it is the service's own word.
    proxy.silence_open_connections();
    let service = service_at(&proxy.url(), client());
    proxy.reply_once("/sdk", goodbye);
    assert_eq!(flags(&service, DEADLINE).await.unwrap_err().status(), Some(408));
}

#[tokio::test]
async fn a_slow_service_does_not_get_every_request_twice() {
    let long = Duration::from_secs(10);
    for (first_byte, timeout, latencies) in [
        (30, DEADLINE, [100; 8]),
        (1000, SHORT, [200; 8]),
        (1000, SHORT, [300; 8]),
        (1000, SHORT, [400; 8]),
        (30, long, [300; 8]),
        (1000, SHORT, [150, 250, 100, 300, 200, 120, 280, 220]),
    ] {
        let client = client().first_byte_timeout(Duration::from_millis(first_byte));
        let (healthy, proxy, service) = pool_of(1, client).await;
        let before = healthy.requests();
        for latency in latencies {
            healthy.delay.store(latency, Ordering::SeqCst);
            // A machine that is busy may take longer than the timeout allows.
            drop(flags(&service, timeout).await);
        }
        let sent = healthy.requests() - before;
        let once = latencies.len();
        assert!(sent <= once + 2, "{latencies:?}, {timeout:?}: {once} calls, {sent} requests");
        assert!(proxy.connections() <= 5, "{latencies:?}, {timeout:?}: {} connections", proxy.connections());
    }
}

#[tokio::test]
async fn after_one_slow_response_a_dead_connection_costs_no_more_than_before() {
    let (healthy, proxy, service) = pool_of(1, client().first_byte_timeout(Duration::from_millis(200))).await;
    healthy.delay.store(1000, Ordering::SeqCst);
    flags(&service, DEADLINE).await.unwrap();
    healthy.delay.store(0, Ordering::SeqCst);
    for _ in 0..20 {
        flags(&service, DEADLINE).await.unwrap();
    }
    proxy.silence_open_connections();
    let took = flags(&service, DEADLINE).await.unwrap();
    assert!(took < Duration::from_millis(700), "{took:?}");
}

#[tokio::test]
async fn an_upload_over_a_slow_uplink_is_sent_once() {
    let healthy = Healthy::start().await;
    let client = client().first_byte_timeout(Duration::from_millis(30)).build().unwrap();
    for length in [0, 200 << 10, 400 << 10] {
        // The service has the last byte when it begins to think.
        healthy.delay.store(if length == 0 { 0 } else { 500 }, Ordering::SeqCst);
        let mut request = Request::post(format!("http://{}", healthy.address)).body(Bytes::from(vec![b'x'; length]));
        request.as_mut().unwrap().extensions_mut().insert(SendOptions::new().with_idempotent(true));
        let response = within(client.send(request.unwrap())).await.unwrap();
        response.into_body().count().await;
    }
    assert_eq!(healthy.requests(), 3);
}

#[tokio::test]
async fn a_get_is_sent_again_even_when_its_response_had_begun() {
    for begun in ["HTTP/1.1 20", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let (healthy, proxy, service) = pool_of(1, client()).await;
        let before = healthy.requests();
        proxy.reply_once("/sdk", begun);
        let result = flags(&service, DEADLINE).await;
        assert!(result.is_ok(), "{begun:?}: {result:?}");
        assert_eq!(healthy.requests() - before, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_several_threads_too_a_post_is_not_repeated_once_a_part_of_its_response_came() {
    let healthy = Healthy::start().await;
    let proxy = FaultProxy::before(healthy.address);
    let client = client().build().unwrap();
    proxy.reply("/b", "HTTP/1.1 20");
    for round in 1..=300 {
        post(&client, &proxy, "/a").await.unwrap();
        assert!(post(&client, &proxy, "/b").await.is_err(), "round {round}");
        assert_eq!(proxy.requests_of("/b"), round);
    }
}

#[cfg(any(feature = "native-roots", feature = "webpki-roots"))]
mod http2 {
    use std::pin::Pin;

    use http_body::Frame;
    use http_body_util::StreamBody;
    use hyper_util::rt::TokioExecutor;

    use super::*;
    use crate::common::tls::Authority;

    type Body = StreamBody<Pin<Box<dyn futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>>;

    /// A service by TLS and HTTP/2 behind a proxy. A stream of it stays open.
    async fn service(client: DefaultClientBuilder) -> (FaultProxy, Service, JoinSet<()>) {
        let authority = Authority::new();
        let acceptor = authority.acceptor(&["h2"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = FaultProxy::before(listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let Ok(socket) = acceptor.accept(socket).await else { return };
                    let answer = service_fn(|request: Request<Incoming>| async move {
                        let (text, open) = match request.uri().path() {
                            "/sdk/stream/v1/flags" => ("data: []\n\n", true),
                            _ => ("[]", false),
                        };
                        let first = futures_util::stream::iter([Ok(Frame::data(Bytes::from(text)))]);
                        let body: Body = StreamBody::new(if open {
                            Box::pin(first.chain(futures_util::stream::pending()))
                        } else {
                            Box::pin(first)
                        });
                        Ok::<_, Infallible>(Response::new(body))
                    });
                    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    drop(server.serve_connection(TokioIo::new(socket), answer).await);
                });
            }
        });
        let client = client.add_root_certificates(authority.pem()).built_in_roots(false);
        let service = service_at(&proxy.url().replace("http://127.0.0.1", "https://localhost"), client);
        (proxy, service, tasks)
    }

    #[tokio::test]
    async fn a_dead_connection_costs_no_call() {
        let (proxy, service, _tasks) = service(client().first_byte_timeout(Duration::from_millis(100))).await;
        flags(&service, DEADLINE).await.unwrap();
        proxy.silence_open_connections();
        flags(&service, SHORT.saturating_mul(4)).await.unwrap();
        flags(&service, SHORT).await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_closed_as_it_is_reused_costs_no_attempt() {
        let (proxy, service, _tasks) = service(client()).await;
        for _ in 0..4 {
            flags(&service, SHORT.saturating_mul(4)).await.unwrap();
            proxy.close_all();
        }
    }

    #[cfg(feature = "streaming")]
    #[tokio::test]
    async fn a_stream_has_a_connection_of_its_own() {
        let (proxy, service, _tasks) = service(client()).await;
        flags(&service, DEADLINE).await.unwrap();
        assert_eq!(proxy.connections(), 1);
        let mut stream = within(service.flag_stream(DEADLINE)).await.unwrap();
        assert!(within(stream.next()).await.unwrap().is_ok());
        assert_eq!(proxy.connections(), 2);
        flags(&service, DEADLINE).await.unwrap();
        assert_eq!(proxy.connections(), 2, "polls share theirs");
        let _renewed = within(service.flag_stream(DEADLINE)).await.unwrap();
        assert_eq!(proxy.connections(), 3, "a renewed stream shares none with the one before");
        proxy.silence(1);
        flags(&service, DEADLINE).await.unwrap();
    }
}
