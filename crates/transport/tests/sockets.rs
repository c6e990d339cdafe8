//! The client that comes with the crate, against servers that say word for word what they are told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod common;

use std::io::Write;
use std::time::Duration;

use common::{DEADLINE, answer, client, finish, listen, read_head, service_at, within};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt;
#[cfg(not(any(feature = "native-roots", feature = "webpki-roots")))]
use transport::ClientError;
use transport::{FlagsResponse, HttpError, TransportError};

async fn flags(url: &str) -> Result<Vec<u8>, TransportError> {
    match within(service_at(url, client()).flags(None, DEADLINE)).await? {
        FlagsResponse::Flags { body, .. } => Ok(body.to_vec()),
        other => panic!("{other:?}"),
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn with_length(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn flags_come_over_plain_http() {
    let (url, server) = answer(with_length("", b"[1]")).await;
    assert_eq!(flags(&format!("{url}/prefix/")).await.unwrap(), b"[1]");
    let head = within(server).await.unwrap();
    assert!(head.starts_with("get /prefix/sdk/v2/flags?v=0 http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nauthorization: api-key server-hush\r\n"), "{head}");
    assert!(head.contains("\r\naccept-encoding: gzip\r\n"), "{head}");
}

#[tokio::test]
async fn gzip_is_undone() {
    let text = "[1, 2, 3]".repeat(10_000);
    let (url, _) = answer(with_length("content-encoding: gzip\r\n", &gzip(&text))).await;
    assert_eq!(flags(&url).await.unwrap(), text.as_bytes());
}

#[tokio::test]
async fn gzip_is_not_asked_for_when_it_is_turned_off() {
    let (url, server) = answer(with_length("content-encoding: gzip\r\n", b"[as it came]")).await;
    let flags = within(service_at(&url, client().gzip(false)).flags(None, DEADLINE)).await.unwrap();
    assert!(matches!(flags, FlagsResponse::Flags { body, .. } if body == "[as it came]"));
    assert!(!within(server).await.unwrap().contains("accept-encoding"));
}

#[tokio::test]
async fn a_body_is_limited_by_what_it_becomes() {
    let bomb = gzip(&"0".repeat(65 << 20));
    assert!(bomb.len() < 1 << 20);
    let (url, _) = answer(with_length("content-encoding: gzip\r\n", &bomb)).await;
    let error = flags(&url).await.unwrap_err();
    assert!(matches!(error, TransportError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn bodies_that_end_early_are_errors() {
    for reply in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n[1".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1, 2\r\n".to_vec(),
    ] {
        let (url, _) = answer(reply).await;
        let error = flags(&url).await.unwrap_err();
        let TransportError::Http { source, .. } = &error else { panic!("{error:?}") };
        assert!(matches!(source, HttpError::Body { .. }) && error.is_retryable(), "{error:?}");
    }
    let coded = gzip("[1, 2, 3]");
    let (url, _) = answer(with_length("content-encoding: gzip\r\n", &coded[..coded.len() - 1])).await;
    let error = flags(&url).await.unwrap_err();
    assert!(matches!(error, TransportError::Http { source: HttpError::Gzip { .. }, .. }), "{error:?}");
}

#[tokio::test]
async fn answers_that_are_no_http_are_errors() {
    for reply in ["", "HTTP/1.1 2", "SSH-2.0-OpenSSH\r\n\r\n"] {
        let (url, _) = answer(reply).await;
        let error = flags(&url).await.unwrap_err();
        assert!(matches!(error, TransportError::Http { source: HttpError::Broken { .. }, .. }), "{error:?}");
        assert!(error.is_retryable() && !error.is_timeout());
    }
}

#[tokio::test]
async fn a_reset_is_an_error() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        // What was sent is left unread, so that closing resets the connection.
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n[1").await.unwrap();
        within(socket.readable()).await.unwrap();
    });
    let error = flags(&url).await.unwrap_err();
    assert!(matches!(error, TransportError::Http { .. }) && error.is_retryable(), "{error:?}");
    within(server).await.unwrap();
}

#[tokio::test]
async fn a_port_that_nobody_listens_at_is_told_with_the_host() {
    let (listener, url) = listen().await;
    drop(listener);
    let error = flags(&url).await.unwrap_err();
    let TransportError::Http { source: HttpError::Connect { host, .. }, .. } = &error else { panic!("{error:?}") };
    assert_eq!(host, "127.0.0.1");
}

#[tokio::test]
async fn a_head_that_drips_is_given_up_at_the_deadline() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_head(&mut socket).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ").await.unwrap();
        // Byte after byte until nobody listens: a timeout that begins again with each byte would never end.
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while socket.write_all(b"x").await.is_ok() {
            ticks.tick().await;
        }
    });
    let timeout = Duration::from_millis(200);
    let error = within(service_at(&url, client()).flags(None, timeout)).await.unwrap_err();
    assert!(matches!(error, TransportError::Timeout { after, .. } if after == timeout), "{error:?}");
    within(server).await.unwrap();
}

#[tokio::test]
async fn connections_are_used_again() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let reply = with_length("", b"[1]");
        read_head(&mut socket).await;
        socket.write_all(&reply).await.unwrap();
        let second = read_head(&mut socket).await;
        socket.write_all(b"HTTP/1.1 304 Not Modified\r\n\r\n").await.unwrap();
        finish(socket).await;
        second
    });
    let service = service_at(&url, client());
    within(service.flags(None, DEADLINE)).await.unwrap();
    assert_eq!(within(service.flags(Some("\"v1\""), DEADLINE)).await.unwrap(), FlagsResponse::NotModified);
    drop(service);
    assert!(within(server).await.unwrap().contains("\r\nif-none-match: \"v1\"\r\n"));
}

#[tokio::test]
async fn connections_that_nobody_uses_are_not_kept_beyond_their_time() {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let mut sockets = Vec::new();
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().await.unwrap();
            read_head(&mut socket).await;
            socket.write_all(&with_length("", b"[1]")).await.unwrap();
            // Both are open until the end, so that only the client's wish parts them.
            sockets.push(socket);
        }
    });
    let service = service_at(&url, client().pool_idle_timeout(Duration::ZERO));
    for _ in 0..2 {
        within(service.flags(None, DEADLINE)).await.unwrap();
    }
    within(server).await.unwrap();
}

#[cfg(feature = "streaming")]
#[tokio::test]
async fn streams_come_event_by_event_and_never_in_gzip() {
    use futures_util::StreamExt;
    use transport::updater::StreamItem;

    let (listener, url) = listen().await;
    let (next, mut waiting) = tokio::sync::mpsc::unbounded_channel();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let first = read_head(&mut socket).await;
        socket.write_all(b"HTTP/1.1 302 Found\r\nlocation: /moved\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        // Each request for a stream has a connection of its own.
        let (mut socket, _) = listener.accept().await.unwrap();
        let second = read_head(&mut socket).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").await.unwrap();
        while let Some(text) = within(waiting.recv()).await {
            socket.write_all(text).await.unwrap();
        }
        finish(socket).await;
        [first, second]
    });
    let mut events = within(service_at(&url, client()).flag_stream(DEADLINE)).await.unwrap();
    for (text, item) in [
        (&b"data: [1]\n\n"[..], StreamItem::Flags("[1]".into())),
        (b"data:  \n\n", StreamItem::Alive),
        (b"data: [2", StreamItem::Alive),
        (b"]\n\n", StreamItem::Flags("[2]".into())),
    ] {
        next.send(text).unwrap();
        assert_eq!(within(events.next()).await.unwrap().unwrap(), item);
    }
    drop(next);
    assert!(within(events.next()).await.is_none());
    drop(events);
    let [first, second] = within(server).await.unwrap();
    assert!(first.starts_with("get /sdk/stream/v1/flags http/1.1\r\n"), "{first}");
    assert!(second.starts_with("get /moved http/1.1\r\n") && second.contains("authorization"), "{second}");
    assert!(!first.contains("accept-encoding") && !second.contains("accept-encoding"));
}

#[cfg(not(any(feature = "native-roots", feature = "webpki-roots")))]
#[tokio::test]
async fn https_without_tls_names_the_features() {
    let error = flags("https://127.0.0.1:1").await.unwrap_err();
    let TransportError::Http { source: HttpError::Client(error @ ClientError::NoTls), .. } = &error else {
        panic!("{error:?}")
    };
    assert!(error.to_string().contains("`rustls-native-roots`"), "{error}");
}
