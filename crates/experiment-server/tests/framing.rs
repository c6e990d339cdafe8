//! Requests whose end or host can be read in two ways, over raw sockets, on both ports.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{FLAGS, PATIENCE, raw_at};
use experiment_server::{Fault, Route, Server};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Both ports have it.
const GOOD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn server() -> Server {
    Server::builder().flags_json(FLAGS).admin_listen(([127, 0, 0, 1], 0).into()).start().await.unwrap()
}

fn ports(server: &Server) -> [SocketAddr; 2] {
    [server.address(), server.admin_address().unwrap()]
}

/// The reason of the refusal that is the last response, once its form is checked, and what comes before it.
fn refusal(answer: &str) -> (String, &str) {
    let status = answer.rfind(" 400 Bad Request\r\n").unwrap_or_else(|| panic!("no refusal: {answer:?}"));
    let start = status - "HTTP/1.1".len();
    let (head, body) = answer[start..].split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.contains("\r\nconnection: close"), "{answer}");
    assert!(head.contains("\r\ncontent-type: application/json"), "{answer}");
    let json: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
    assert_eq!(json["code"], 400, "{answer}");
    (json["error"].as_str().unwrap().to_owned(), &answer[..start])
}

/// Sends a request with a good one after it, and wants a refusal and nothing else.
async fn refused(server: &Server, request: &str, why: &str) {
    for port in ports(server) {
        let answer = raw_at(port, format!("{request}{GOOD}").into()).await;
        let (reason, before) = refusal(&answer);
        assert_eq!(before, "", "{request:?}");
        assert!(reason.contains(why), "{request:?}: {reason}");
    }
}

#[tokio::test]
async fn framing_that_can_be_read_in_two_ways() {
    let server = server().await;
    for (headers, why) in [
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "`Transfer-Encoding` is repeated"),
        ("Transfer-Encoding: chunked\r\ntransfer-ENCODING: identity", "`Transfer-Encoding` is repeated"),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "`chunked`"),
        ("Transfer-Encoding: identity, chunked", "`chunked`"),
        ("Transfer-Encoding: gzip, chunked", "`chunked`"),
        ("Transfer-Encoding: chunked, chunked", "`chunked`"),
        ("Transfer-Encoding: xchunked", "`chunked`"),
        ("Transfer-Encoding: chunked;a", "`chunked`"),
        ("Transfer-Encoding:", "`chunked`"),
        ("Transfer-Encoding : chunked", "whitespace"),
        ("Transfer-Encoding:\r\n chunked", "`chunked`"),
        ("A: b\r\n Transfer-Encoding: chunked", "second line"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", "beside"),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", "beside"),
        ("Content-Length: 5\r\nContent-Length: 6", "another length"),
        ("Content-Length: 5, 5", "one number"),
        ("Content-Length: +5", "one number"),
        ("Content-Length: 5 5", "one number"),
        ("Content-Length: 18446744073709551615", "one number"),
        ("Content-Length: 99999999999999999999999", "one number"),
        ("A: b\nContent-Length: 5", "CR LF"),
        ("A: b\rContent-Length: 5", "CR LF"),
        ("no colon", "colon"),
    ] {
        let request = format!("POST /healthz HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n0\r\n\r\n");
        refused(&server, &request, why).await;
    }
    refused(&server, "POST /healthz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.0").await;
    refused(&server, "GET /healthz HTTP/1.1\nHost: localhost\n\n", "CR LF").await;
    refused(&server, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\n", "CR LF").await;
}

#[tokio::test]
async fn chunks_that_can_be_read_in_two_ways() {
    let server = server().await;
    for body in [
        "0x1\r\na\r\n0\r\n\r\n",
        "1\na\r\n0\r\n\r\n",
        "1;a\nb\r\n0\r\n\r\n",
        "0;a\nb\r\n\r\n",
        "1\r\na\n0\r\n\r\n",
        "0\r\nA: b\n\r\n",
        "\r\n",
    ] {
        let request = format!("POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        refused(&server, &request, "body cannot be read").await;
    }
}

#[tokio::test]
async fn hosts_that_are_not_one_host() {
    let server = server().await;
    for (hosts, why) in [
        ("Host: localhost\r\nHost: localhost\r\n", "`Host` is repeated"),
        ("Host: localhost\r\nhost: evil.example\r\n", "`Host` is repeated"),
        ("", "`Host` is missing"),
        ("Host:\r\n", "one host"),
        ("Host: localhost, evil.example\r\n", "one host"),
        ("Host: localhost,evil.example\r\n", "one host"),
        ("Host: localhost:port\r\n", "one host"),
        ("Host: localhost:70000\r\n", "one host"),
        ("Host: localhost/a\r\n", "one host"),
        ("Host: http://localhost\r\n", "one host"),
        ("Host: [::1\r\n", "one host"),
        ("Host: user@localhost\r\n", "user part"),
        ("Host: localhost@evil.example\r\n", "user part"),
        ("Host : localhost\r\n", "whitespace"),
    ] {
        refused(&server, &format!("GET /healthz HTTP/1.1\r\n{hosts}\r\n"), why).await;
    }
}

#[tokio::test]
async fn targets_that_name_another_host() {
    let server = server().await;
    for (line, why) in [
        ("GET http://evil.example/healthz", "another host"),
        ("GET http://localhost:3001/healthz", "another host"),
        ("GET https://localhost:80/healthz", "another host"),
        ("GET http://[::1]/healthz", "another host"),
        ("GET http://localhost.evil.example/healthz", "another host"),
        ("GET http://user@localhost/healthz", "user part"),
        ("GET http://localhost@evil.example/healthz", "user part"),
        ("GET http://localhost:80@evil.example/healthz", "user part"),
        ("GET http://user:secret@localhost/healthz", "user part"),
        ("GET http:///healthz", "no host"),
        ("GET ftp://localhost/healthz", "neither a path"),
        ("GET user@localhost/healthz", "neither a path"),
        ("GET localhost:80", "neither a path"),
        ("GET *", "neither a path"),
        ("CONNECT localhost:80", "CONNECT"),
        ("CONNECT evil.example:443", "CONNECT"),
    ] {
        refused(&server, &format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n"), why).await;
    }
    refused(&server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1").await;
}

#[tokio::test]
async fn requests_with_one_reading_work() {
    let server = server().await;
    let close = "Connection: close\r\n\r\n";
    for port in ports(&server) {
        for request in [
            "GET /healthz HTTP/1.1\r\nHost: LOCALHOST\r\n".to_owned(),
            "GET /healthz HTTP/1.1\r\nhOsT:localhost:\r\n".to_owned(),
            format!("GET /healthz HTTP/1.1\r\nHost: {port}\r\n"),
            "GET /healthz HTTP/1.1\r\nHost: [::1]:3000\r\n".to_owned(),
            "GET /healthz HTTP/1.0\r\n".to_owned(),
            format!("GET http://{port}/healthz HTTP/1.1\r\nHost: {port}\r\n"),
            "GET HTTP://LocalHost/healthz HTTP/1.1\r\nHost: localhost:80\r\n".to_owned(),
            "GET http://localhost:80/healthz?a=b@c HTTP/1.1\r\nHost: localhost\r\n".to_owned(),
            "GET https://localhost:443/healthz HTTP/1.1\r\nHost: localhost\r\n".to_owned(),
            "GET http://[0:0::1]:80/healthz HTTP/1.1\r\nHost: [::1]\r\n".to_owned(),
            "\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 0\r\n".to_owned(),
        ] {
            let answer = raw_at(port, format!("{request}{close}").into()).await;
            assert!(answer.contains(" 200 OK\r\n"), "{request:?}: {answer}");
        }
        let chunked = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: Chunked\r\n\r\n\
                       4;a=b\r\n\r\n\r\n\r\n0\r\nA: b\r\n\r\n";
        let sized = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n\n\n\n\n";
        let last = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{close}");
        let answer = raw_at(port, format!("{chunked}{sized}{GOOD}{last}").into()).await;
        assert_eq!(answer.matches("HTTP/1.1 200 OK\r\n").count(), 4, "{answer}");
    }
}

#[tokio::test]
async fn responses_to_earlier_requests_come_first() {
    let server = server().await;
    server.faults().once(Route::Other, Fault::none().after(Duration::from_millis(100)));
    let answer = raw_at(server.address(), format!("{GOOD}{GOOD}GET / HTTP/1.1\r\n\r\n{GOOD}").into()).await;
    let (reason, before) = refusal(&answer);
    assert!(reason.contains("missing"), "{reason}");
    assert_eq!(before.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answer}");
    assert_eq!(server.requests().len(), 2);
    // Nor does the server speak HTTP/1.1 to those who do not.
    let old = "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let answer = raw_at(server.address(), format!("{old}GET * HTTP/1.0\r\n\r\n").into()).await;
    let (_, before) = refusal(&answer);
    assert!(before.contains(" 200 OK\r\n"), "{before}");
}

#[tokio::test]
async fn a_stream_ends_for_a_malformed_request_behind_it() {
    const STREAM: &str = "GET /sdk/stream/v1/flags HTTP/1.1\r\nHost: localhost\r\n\
                          Authorization: Api-Key local-deployment-key\r\n\r\n";
    const TWO_HOSTS: &str = "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
    let server = server().await;
    for at_once in [true, false] {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        let mut answer = Vec::new();
        if at_once {
            socket.write_all(format!("{STREAM}{TWO_HOSTS}{GOOD}").as_bytes()).await.unwrap();
        } else {
            socket.write_all(STREAM.as_bytes()).await.unwrap();
            while !String::from_utf8_lossy(&answer).contains("data: ") {
                let read = timeout(PATIENCE, socket.read_buf(&mut answer)).await.unwrap().unwrap();
                assert!(read > 0, "{answer:?}");
            }
            socket.write_all(format!("{TWO_HOSTS}{GOOD}").as_bytes()).await.unwrap();
        }
        timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("the stream ends").unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let (reason, before) = refusal(&answer);
        assert!(reason.contains("Host"), "{reason}");
        // The stream ended as a whole response.
        assert!(before.starts_with("HTTP/1.1 200 OK\r\n") && before.ends_with("\r\n0\r\n\r\n"), "{before}");
        assert!(before.contains("data: "), "{before}");
    }
    // Good requests behind it leave it open.
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(format!("{STREAM}{GOOD}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("data: ") {
        timeout(PATIENCE, socket.read_buf(&mut answer)).await.unwrap().unwrap();
    }
    let flags = FLAGS.replace("Norway", "Chile");
    assert_ne!(flags, FLAGS);
    server.set_flags(flags).unwrap();
    while !String::from_utf8_lossy(&answer).contains("Chile") {
        let read = timeout(PATIENCE, socket.read_buf(&mut answer)).await.unwrap().unwrap();
        assert!(read > 0, "{answer:?}");
    }
}

#[tokio::test]
async fn a_head_may_come_byte_by_byte() {
    let server = server().await;
    for (request, status) in [(GOOD, "200 OK"), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request")] {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.set_nodelay(true).unwrap();
        for byte in request.bytes() {
            // The refusal may come before the end.
            if socket.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let mut answer = [0; 1024];
        let read = timeout(PATIENCE, socket.read(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{status}: {answer}");
    }
}
