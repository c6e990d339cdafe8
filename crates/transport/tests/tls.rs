//! TLS, with an authority of our own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]
#![cfg(any(feature = "native-roots", feature = "webpki-roots"))]

mod common;

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use common::tls::Authority;
use common::{DEADLINE, client, listen, service_at, within};
use http::Version;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use transport::{ClientError, FlagsResponse, HttpError, TransportError};

/// Serves one connection, each request with the version of HTTP that it came by. Gives whether TLS came to be.
async fn serve(acceptor: TlsAcceptor) -> (String, JoinHandle<bool>) {
    let (listener, url) = listen().await;
    let task = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let Ok(socket) = acceptor.accept(socket).await else { return false };
        let answer = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
            assert_eq!(request.headers()["authorization"], "Api-Key server-hush");
            let version = if request.version() == Version::HTTP_2 { "2" } else { "1.1" };
            Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from(version))))
        });
        if socket.get_ref().1.alpn_protocol() == Some(b"h2") {
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(socket), answer).await;
        } else {
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answer).await;
        }
        true
    });
    (url.replace("http://127.0.0.1", "https://localhost"), task)
}

#[tokio::test]
async fn the_version_is_what_both_sides_like_best() {
    let authority = Authority::new();
    for (protocols, version) in
        [(&["h2", "http/1.1"][..], "2"), (&["http/1.1"], "1.1"), (&[], "1.1"), (&["http/1.1", "h2"], "1.1")]
    {
        for roots in [authority.pem().into_bytes(), authority.der()] {
            let (url, server) = serve(authority.acceptor(protocols)).await;
            let service = service_at(&url, client().add_root_certificates(roots));
            for _ in 0..2 {
                let flags = within(service.flags(None, DEADLINE)).await.unwrap();
                let FlagsResponse::Flags { body, .. } = flags else { panic!("{flags:?}") };
                assert_eq!(body, version, "{protocols:?}");
            }
            drop(service);
            assert!(within(server).await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_host_may_be_an_address() {
    let authority = Authority::new();
    let (url, server) = serve(authority.acceptor(&[])).await;
    let url = url.replace("localhost", "127.0.0.1");
    let service = service_at(&url, client().add_root_certificates(authority.der()).built_in_roots(false));
    within(service.flags(None, DEADLINE)).await.unwrap();
    drop(service);
    assert!(within(server).await.unwrap());
}

#[tokio::test]
async fn who_is_not_trusted_gets_nothing() {
    let (trusted, other) = (Authority::new(), Authority::new());
    let (url, server) = serve(other.acceptor(&["h2"])).await;
    let service = service_at(&url, client().add_root_certificates(trusted.pem()));
    let error = within(service.flags(None, DEADLINE)).await.unwrap_err();
    let TransportError::Http { source: HttpError::Tls { host, .. }, .. } = &error else { panic!("{error:?}") };
    assert_eq!(host, "localhost");
    assert!(!within(server).await.unwrap());
}

#[tokio::test]
async fn with_nothing_to_trust_only_plain_http_works() {
    let nothing = || client().built_in_roots(false);
    let error = nothing().build().unwrap().prepare_tls().unwrap_err();
    assert!(matches!(error, ClientError::NoRoots { .. }) && error.to_string().contains("`ca-certificates`"), "{error}");

    let error = within(service_at("https://localhost:1", nothing()).flags(None, DEADLINE)).await.unwrap_err();
    let expected =
        matches!(&error, TransportError::Http { source: HttpError::Client(ClientError::NoRoots { .. }), .. });
    assert!(expected && !error.is_retryable(), "{error:?}");

    let (url, _) = common::answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await;
    assert!(within(service_at(&url, nothing()).flags(None, DEADLINE)).await.is_ok());
}

#[test]
fn what_is_no_certificate_is_refused() {
    let pem = Authority::new().pem();
    let broken = pem.replace("MII", "!!!");
    for bytes in [&b""[..], b"no certificate", b"-----BEGIN NOTHING-----", broken.as_bytes()] {
        let error = client().add_root_certificates(bytes).build().unwrap_err();
        assert!(matches!(error, ClientError::Certificate), "{error:?}");
    }
    assert!(client().add_root_certificates([pem.clone(), pem].concat()).build().is_ok());
}

#[cfg(feature = "webpki-roots")]
#[test]
fn built_in_roots_are_enough() {
    assert!(client().build().unwrap().prepare_tls().is_ok());
}

/// Two of them in a program make taking the default a panic, so none is ever taken or set.
#[tokio::test]
async fn the_default_provider_of_the_process_is_left_alone() {
    let authority = Authority::new();
    client().add_root_certificates(authority.der()).build().unwrap().prepare_tls().unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[tokio::test]
async fn quiet_connections_are_asked_whether_they_live() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["h2"]);
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut socket = acceptor.accept(socket).await.unwrap();
        let mut preface = [0; 24];
        socket.read_exact(&mut preface).await.unwrap();
        // Our settings, all as they are by default. The request is never answered.
        socket.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
        loop {
            // Length, kind, flags and stream of a frame. Kind 6 is a ping.
            let mut head = [0; 9];
            socket.read_exact(&mut head).await.unwrap();
            if head[3] == 6 {
                return;
            }
            let length = usize::from(head[1]) << 8 | usize::from(head[2]);
            socket.read_exact(&mut vec![0; length]).await.unwrap();
        }
    });
    let client = client().add_root_certificates(authority.pem()).keep_alive(Some(Duration::from_millis(10)));
    let service = service_at(&url.replace("http://127.0.0.1", "https://localhost"), client);
    tokio::select! {
        flags = service.flags(None, DEADLINE) => panic!("{flags:?}"),
        asked = within(server) => asked.unwrap(),
    }
}
