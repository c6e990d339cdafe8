//! Proxies: requests sent to them, and tunnels through them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod common;

use std::process::Command;

use common::{DEADLINE, answer, client, finish, listen, read_head, service_at, within};
use tokio::io::AsyncWriteExt;
use transport::{ClientError, DefaultClient, HttpError, Proxy, TransportError, UrlProblem};

fn through(proxy: &str) -> Proxy {
    Proxy::Explicit(proxy.replace("http://", "http://me:hush@"))
}

/// `me:hush` in base64, in lower case as heads are read.
const AUTHORIZATION: &str = "\r\nproxy-authorization: basic bwu6ahvzaa==\r\n";

#[tokio::test]
async fn plain_requests_are_sent_to_the_proxy_with_the_whole_url() {
    let (proxy, asked) = answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await;
    let service = service_at("http://flags.invalid:81/x", client().proxy(through(&proxy)));
    within(service.flags(None, DEADLINE)).await.unwrap();
    let head = within(asked).await.unwrap();
    assert!(head.starts_with("get http://flags.invalid:81/x/sdk/v2/flags?v=0 http/1.1\r\n"), "{head}");
    assert!(head.contains(AUTHORIZATION), "{head}");
}

/// What runs within [`the_environment_decides_unless_told`], in a process with an environment of its own.
#[tokio::test]
async fn in_an_environment_with_a_proxy() {
    let Ok(direct) = std::env::var("TRANSPORT_TEST_DIRECT") else { return };
    let status = async |url: &str, proxy| {
        let service = service_at(url, DefaultClient::builder().proxy(proxy));
        within(service.flags(None, DEADLINE)).await.unwrap_err().status()
    };
    assert_eq!(status("http://flags.invalid", Proxy::FromEnvironment).await, Some(418));
    // `NO_PROXY` names it.
    assert_eq!(status(&direct, Proxy::FromEnvironment).await, Some(404));
    assert_eq!(status(&direct, Proxy::Off).await, Some(404));
    assert_eq!(status("http://flags.invalid", Proxy::Off).await, None);
}

#[tokio::test]
async fn the_environment_decides_unless_told() {
    let (proxy, asked) = answer("HTTP/1.1 418 I'm a teapot\r\ncontent-length: 0\r\n\r\n").await;
    let (listener, direct) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            read_head(&mut socket).await;
            socket.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            finish(socket).await;
        }
    });
    let child = std::thread::spawn(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "in_an_environment_with_a_proxy"])
            .env("HTTP_PROXY", proxy)
            .env("NO_PROXY", "127.0.0.1")
            .env("TRANSPORT_TEST_DIRECT", direct)
            .output()
            .unwrap()
    });
    let head = within(asked).await.unwrap();
    assert!(head.starts_with("get http://flags.invalid/sdk/v2/flags?v=0 "), "{head}");
    let output = within(tokio::task::spawn_blocking(|| child.join().unwrap())).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn a_proxy_that_nobody_listens_at_is_told_as_such() {
    let (listener, proxy) = listen().await;
    drop(listener);
    let service = service_at("http://flags.invalid", client().proxy(through(&proxy)));
    let error = within(service.flags(None, DEADLINE)).await.unwrap_err();
    let TransportError::Http { source: HttpError::Connect { host, .. }, .. } = &error else { panic!("{error:?}") };
    assert_eq!(host, "127.0.0.1");
    assert!(!format!("{error:?}").contains("hush"));
}

#[tokio::test]
async fn an_address_of_a_proxy_that_cannot_be_right_is_refused_with_the_reason() {
    for (address, problem) in [
        ("http://me:hush@proxy:808O", UrlProblem::Port),
        ("http://me:hush@proxy:0", UrlProblem::Port),
        ("proxy:port", UrlProblem::Port),
        ("http://me:hush@", UrlProblem::NoHost),
        ("http://", UrlProblem::NoHost),
        ("", UrlProblem::NoHost),
        ("http://pro xy:3128", UrlProblem::Whitespace),
        ("http://pro{xy}:3128", UrlProblem::Host),
        ("http://me:hu/sh@proxy:3128", UrlProblem::Port),
        ("http://me/hush@proxy:3128", UrlProblem::Malformed),
        ("socks5://me:hush@proxy:1080", UrlProblem::Scheme),
        ("ftp://proxy", UrlProblem::Scheme),
        ("http//proxy:80", UrlProblem::Relative),
    ] {
        let proxy = Proxy::Explicit(address.to_owned());
        let error = DefaultClient::builder().proxy(proxy.clone()).build().unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&problem.to_string()), "{address}: {text}");
        assert!(!format!("{text} {proxy:?}").contains("hush"), "{address}: {text}");
        assert!(matches!(error, ClientError::Proxy { problem: found, .. } if found == problem), "{address}: {error:?}");
    }
}

#[cfg(any(feature = "native-roots", feature = "webpki-roots"))]
mod tunnels {
    use std::time::Duration;

    use tokio::net::TcpStream;

    use super::common::tls::Authority;
    use super::*;

    /// A proxy that takes one tunnel, answers in these parts, and then passes bytes on. Gives what it was asked.
    async fn tunnel_to(server: String, parts: &'static [&'static str]) -> (String, tokio::task::JoinHandle<String>) {
        let (listener, url) = listen().await;
        let task = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.set_nodelay(true).unwrap();
            let head = read_head(&mut socket).await;
            for part in parts {
                socket.write_all(part.as_bytes()).await.unwrap();
                // Time for the other side to read each part by itself.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
            }
            match TcpStream::connect(&server).await {
                Ok(mut server) => drop(tokio::io::copy_bidirectional(&mut socket, &mut server).await),
                Err(_) => finish(socket).await,
            }
            head
        });
        (url, task)
    }

    #[tokio::test]
    async fn https_goes_through_a_tunnel_however_its_answer_is_split() {
        for parts in [
            &["HTTP/1.1 200 Connection established\r\n\r\n"][..],
            &["HT", "TP/1.1 2", "00 OK\r", "\nvia: x\r\n\r", "\n"],
            &["HTTP/1.0 200 OK\r\nproxy-agent: ", "x\r\n\r\n"],
        ] {
            let authority = Authority::new();
            let acceptor = authority.acceptor(&["http/1.1"]);
            let (listener, server) = listen().await;
            let answered = tokio::spawn(async move {
                let (socket, _) = listener.accept().await.unwrap();
                let mut socket = acceptor.accept(socket).await.unwrap();
                let head = read_head(&mut socket).await;
                socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await.unwrap();
                let _ = socket.shutdown().await;
                head
            });
            let address = server.replace("http://", "");
            let (proxy, asked) = tunnel_to(address.clone(), parts).await;
            // The name is known to the proxy only.
            let port = address.rsplit_once(':').unwrap().1;
            let client = client().add_root_certificates(authority.pem()).proxy(through(&proxy));
            let service = service_at(&format!("https://localhost:{port}"), client);
            within(service.flags(None, DEADLINE)).await.unwrap();
            drop(service);
            let connect = within(asked).await.unwrap();
            assert!(connect.starts_with(&format!("connect localhost:{port} http/1.1\r\n")), "{connect}");
            assert!(connect.contains(AUTHORIZATION) && !connect.contains("api-key"), "{connect}");
            let head = within(answered).await.unwrap();
            assert!(head.starts_with("get /sdk/v2/flags?v=0 ") && !head.contains("proxy-authorization"), "{head}");
        }
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_is_told_as_such() {
        for reply in [
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "nonsense\r\n\r\n",
            "",
        ] {
            let (proxy, _) = answer(reply).await;
            let client = client().add_root_certificates(Authority::new().pem()).proxy(through(&proxy));
            let error = within(service_at("https://flags.invalid", client).flags(None, DEADLINE)).await.unwrap_err();
            let TransportError::Http { source: HttpError::Proxy { proxy, host, .. }, .. } = &error else {
                panic!("{error:?}")
            };
            assert_eq!((proxy.as_str(), host.as_str()), ("127.0.0.1", "flags.invalid"));
            assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_proxy_that_says_nothing_is_given_up() {
        let (listener, proxy) = listen().await;
        let timeout = Duration::from_millis(50);
        let client = client()
            .connect_timeout(timeout)
            .add_root_certificates(Authority::new().pem())
            .proxy(Proxy::Explicit(proxy));
        let error = within(service_at("https://flags.invalid", client).flags(None, DEADLINE)).await.unwrap_err();
        let TransportError::Http { source: HttpError::ConnectTimeout { after, .. }, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(*after == timeout && error.is_timeout() && error.is_retryable());
        drop(listener);
    }
}
