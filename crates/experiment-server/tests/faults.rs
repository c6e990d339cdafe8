//! Every fault of the script, as a client meets it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use common::{PATIENCE, Stream, api_key, flags_named, get, open, server};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Fault, Route, Server};
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A poll over a bare socket: what came, and how it ended.
async fn poll(server: &Server) -> (String, Result<(), ErrorKind>) {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    let key = api_key(DEFAULT_DEPLOYMENT_KEY);
    let request = format!("GET /sdk/v2/flags HTTP/1.1\r\nhost: a\r\nauthorization: {key}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let ended = timeout(PATIENCE, socket.read_to_end(&mut answer)).await.unwrap();
    (String::from_utf8(answer).unwrap(), ended.map(drop).map_err(|error| error.kind()))
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn another_status() {
    let server = server().await;
    let faults = [Fault::status(503), Fault::too_many_requests(Duration::from_millis(1500)), Fault::status(7)];
    server.faults().script(Route::Flags, faults);
    assert_eq!(get(&server, "/sdk/v2/flags", &[]).await.refusal(503), "by the script of faults");
    let throttled = get(&server, "/sdk/v2/flags", &[]).await;
    assert_eq!((throttled.status.as_u16(), &throttled.headers["retry-after"]), (429, &"2".parse().unwrap()));
    get(&server, "/sdk/v2/flags", &[]).await.refusal(500);
    assert_eq!(get(&server, "/sdk/v2/flags", &[]).await.status, 200);
}

#[tokio::test]
async fn an_empty_refusal_is_sent_as_it_was_made() {
    let server = server().await;
    server.faults().once(Route::Flags, Fault::too_many_requests(Duration::from_secs(3)).with_body(""));
    let answer = get(&server, "/sdk/v2/flags", &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.len(), &answer.headers["retry-after"]),
        (429, 0, &"3".parse().unwrap())
    );
}

#[tokio::test]
async fn another_body() {
    let server = server().await;
    let made =
        Fault::status(400).with_body("{\"code\": 400}").with_header(http::header::SERVER, "made".parse().unwrap());
    server.faults().script(Route::Flags, [Fault::body("<html>"), made]);
    let garbage = get(&server, "/sdk/v2/flags", &[]).await;
    assert_eq!((garbage.status.as_u16(), garbage.text().as_str()), (200, "<html>"));
    assert_eq!(garbage.headers["content-type"], "application/json");
    let made = get(&server, "/sdk/v2/flags", &[]).await;
    assert_eq!((made.status.as_u16(), made.text().as_str()), (400, "{\"code\": 400}"));
    assert_eq!(made.headers["server"], "made");
}

#[tokio::test]
async fn a_slow_answer() {
    let server = server().await;
    server.faults().once(Route::Flags, Fault::none().after(Duration::from_millis(80)));
    let started = Instant::now();
    assert_eq!(get(&server, "/sdk/v2/flags", &[]).await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_reset() {
    let server = server().await;
    server.faults().once(Route::Flags, Fault::reset());
    let (answer, ended) = poll(&server).await;
    assert_eq!((answer.as_str(), ended), ("", Err(ErrorKind::ConnectionReset)));
    assert_eq!(server.requests().last().unwrap().status, None);
}

#[tokio::test]
async fn a_stall_lasts_until_the_client_gives_up() {
    let server = server().await;
    server.faults().always(Route::Flags, Fault::stall());
    let url = server.url();
    let asked = async { timeout(Duration::from_millis(100), open(&url, Method::GET, "/sdk/v2/flags", &[], "")).await };
    let (waited, came) = tokio::join!(asked, server.until(PATIENCE, |server| server.requests().len() == 1));
    assert!(waited.is_err() && came);
    assert_eq!(server.requests()[0].status, None);
}

#[tokio::test]
async fn stopping_waits_for_no_fault() {
    let day = Duration::from_secs(86_400);
    for (route, path, fault) in [
        (Route::Flags, "/sdk/v2/flags", Fault::stall()),
        (Route::Flags, "/sdk/v2/flags", Fault::none().after(day)),
        (Route::Flags, "/sdk/v2/flags", Fault::stall_after(10)),
        (Route::Stream, "/sdk/stream/v1/flags", Fault::stall_after(10)),
    ] {
        let server = server().await;
        server.faults().once(route, fault.clone());
        let url = server.url();
        let asking = tokio::spawn(async move {
            let mut response = open(&url, Method::GET, path, &[], "").await.map_err(drop)?;
            while let Some(frame) = http_body_util::BodyExt::frame(&mut response).await {
                frame.map_err(drop)?;
            }
            Ok::<(), ()>(())
        });
        assert!(server.until(PATIENCE, |server| server.requests().len() == 1).await);
        let started = Instant::now();
        server.shutdown().await;
        assert!(started.elapsed() < Duration::from_secs(3), "{fault:?}");
        // Only a stream may come to its end there.
        assert_eq!(asking.await.unwrap().is_ok(), route == Route::Stream, "{fault:?}");
    }
}

#[tokio::test]
async fn a_half_request_does_not_hold_up_stopping() {
    let server = server().await;
    let mut head = TcpStream::connect(server.address()).await.unwrap();
    head.write_all(b"GET / HTTP/1.1\r\nhost").await.unwrap();
    let mut body = TcpStream::connect(server.address()).await.unwrap();
    body.write_all(b"POST /batch HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf").await.unwrap();
    assert!(server.until(PATIENCE, |server| server.requests().len() == 1).await);
    let started = Instant::now();
    tokio::join!(server.shutdown(), server.shutdown());
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_stalled_stream_can_be_ended_and_cut() {
    let server = server().await;
    server.faults().script(Route::Stream, [Fault::stall_after(10), Fault::stall_after(10)]);
    let mut stream = Stream::open(&server).await;
    server.end_streams();
    assert_eq!(stream.next().await, Ok(None));
    let mut stream = Stream::open(&server).await;
    server.cut_streams();
    assert!(stream.next().await.is_err());
}

#[tokio::test]
async fn a_truncated_body() {
    let server = server().await;
    let whole = get(&server, "/sdk/v2/flags", &[]).await.text();
    server.faults().script(Route::Flags, [Fault::cut_after(10), Fault::reset_after(10), Fault::cut_after(0)]);
    let (cut, ended) = poll(&server).await;
    assert_eq!((body(&cut), ended), (&whole[..10], Ok(())));
    assert!(cut.contains(&format!("content-length: {}\r\n", whole.len())), "{cut}");
    let (reset, ended) = poll(&server).await;
    assert_eq!((body(&reset), ended), (&whole[..10], Err(ErrorKind::ConnectionReset)));
    let (empty, ended) = poll(&server).await;
    assert_eq!((body(&empty), ended), ("", Ok(())));
}

#[tokio::test]
async fn a_body_that_stalls() {
    let server = server().await;
    server.faults().once(Route::Flags, Fault::stall_after(10));
    let mut response = open(&server.url(), Method::GET, "/sdk/v2/flags", &[], "").await.unwrap();
    let first = http_body_util::BodyExt::frame(&mut response).await.unwrap().unwrap();
    assert_eq!(first.data_ref().unwrap().len(), 10);
    let second = timeout(Duration::from_millis(100), http_body_util::BodyExt::frame(&mut response)).await;
    assert!(second.is_err());
    // Nor does a compressed body come to its end.
    server.faults().once(Route::Flags, Fault::stall_after(10));
    let gzip = [("accept-encoding", "gzip")];
    let mut response = open(&server.url(), Method::GET, "/sdk/v2/flags", &gzip, "").await.unwrap();
    let rest = async { while http_body_util::BodyExt::frame(&mut response).await.is_some() {} };
    assert!(timeout(Duration::from_millis(100), rest).await.is_err());
}

#[tokio::test]
async fn a_stream_that_breaks_in_a_message() {
    let server = Server::builder().flags_json(flags_named(&["a"])).start().await.unwrap();
    server.faults().script(Route::Stream, [Fault::cut_after(20), Fault::status(501), Fault::reset_after(20)]);
    let mut half = Stream::open(&server).await;
    assert!(half.next().await.is_err());
    let refused = open(&server.url(), Method::GET, "/sdk/stream/v1/flags", &[], "").await.unwrap();
    assert_eq!(refused.status(), 501);
    assert!(Stream::open(&server).await.next().await.is_err());
    assert_eq!(Stream::open(&server).await.keys().await, ["a"]);
}

#[tokio::test]
async fn faults_of_one_route_leave_the_others_alone() {
    let server = server().await;
    server.faults().always(Route::Stream, Fault::status(500));
    assert_eq!(get(&server, "/sdk/v2/flags", &[]).await.status, 200);
    server.faults().clear();
    assert_eq!(Stream::open(&server).await.keys().await.len(), 3);
}
