//! Something else responds in the service's place: errors name what was received, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod common;

use std::error::Error;
use std::time::Duration;

use common::{DEADLINE, answer, client, service_at, within};
use evaluation_core::User;
use futures_util::StreamExt;
use transport::updater::{Failure, SourceError, StreamItem};
use transport::{Chain, TransportError, VariantsOptions};

/// Never to be quoted.
const SECRET: &str = "hush";

const FLAG: &str = r#"{"key": "hush", "variants": {"on": {"key": "on"}}, "segments": []}"#;

fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The message of an error with its causes, after checking that it says nothing twice and quotes nothing.
fn told(error: &(dyn Error + 'static)) -> String {
    let chain = Chain(error).to_string();
    let mut messages = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        messages.push(error.to_string());
        next = error.source();
    }
    for (index, message) in messages.iter().enumerate() {
        assert!(messages[..index].iter().all(|outer| !outer.contains(message.as_str())), "twice: {messages:?}");
    }
    for word in [SECRET, "column 0", "line 0", "error: error"] {
        assert!(!chain.contains(word) && !format!("{error:?}").contains(SECRET), "{word}: {chain}\n{error:?}");
    }
    chain
}

async fn variants(reply: Vec<u8>) -> Result<usize, TransportError> {
    let (url, _server) = answer(reply).await;
    let service = service_at(&url, client());
    let options = VariantsOptions::default();
    let user = User::with_user_id("u");
    within(service.variants(&user, &options, DEADLINE)).await.map(|variants| variants.len())
}

#[tokio::test]
async fn what_came_in_place_of_variants_is_named() {
    for (body, said) in [
        ("", ", but an empty text"),
        ("<!DOCTYPE html><title>hush</title>", ", but an HTML page"),
        ("hush is blocked", ", but a text that is no JSON"),
        (r#"{"error": "hush"}"#, ", but a JSON object with an `error` member"),
        (r#"{"code": 401, "error": {"message": "hush"}}"#, ", but a JSON object with an `error` member"),
        (r#"{"message": "hush"}"#, ", but a JSON object with a `message` member"),
        (r#""hush""#, ", but a JSON string"),
        ("null", ", but the JSON value null"),
        ("[]", ", but an empty JSON list"),
        (&format!("[{FLAG}]"), ", but a JSON list of flags"),
        (&format!("{{\"hush\": {FLAG}}}"), ", but a JSON object of flags by key: put the flags into a list"),
        (r#"{"cohortId": "hush", "memberIds": []}"#, ", but a cohort"),
        (r#"{"hush": {"key": "on""#, ": it ends too early, at line 1 column 21"),
        ("{\n\"hush\":\n", ": it ends too early, at line 3 column 1"),
        ("{\n]", ": key must be a string at line 2 column 1"),
    ] {
        let error = variants(response("content-type: application/json\r\n", body.as_bytes())).await.unwrap_err();
        assert!(matches!(error, TransportError::Malformed { .. }) && error.is_retryable(), "{body}: {error:?}");
        let expected = format!("variants: not a JSON object of variants by flag key{said}: check the URL");
        assert!(told(&error).starts_with(&expected), "{body}: {error}");
    }
    assert_eq!(variants(response("", b"{}")).await.unwrap(), 0);
}

#[tokio::test]
async fn an_encoding_that_was_not_requested_is_named() {
    let brotli = b"\x0b\x05\x80{\"a\":{\"key\":\"on\"}}\x03";
    for name in ["br", "deflate", "zstd", "compress", "br, gzip"] {
        let error = variants(response(&format!("content-encoding: {name}\r\n"), brotli)).await.unwrap_err();
        assert!(matches!(error, TransportError::Encoded { .. }) && error.is_retryable(), "{error:?}");
        let said = told(&error);
        let expected = format!("variants: the response is compressed with {name}, which the client did not request");
        assert!(said.starts_with(&expected), "{said}");
    }
    let long = "hush".repeat(9);
    let error = variants(response(&format!("content-encoding: {long}\r\n"), brotli)).await.unwrap_err();
    assert!(told(&error).contains("an unknown encoding"), "{error}");
    let error = variants(response("content-encoding: gzip\r\n", b"<html>hush</html>")).await.unwrap_err();
    assert!(told(&error).ends_with("the response is not the gzip that it says it is: it is an HTML page"), "{error}");
    // Nobody says so, but the bytes do.
    for (body, said) in [
        (&b"\x1f\x8b\x08\x00\x00"[..], "data compressed with gzip"),
        (b"\x28\xb5\x2f\xfd\x00", "data compressed with zstd"),
        (brotli, "bytes that are no text"),
    ] {
        let error = variants(response("", body)).await.unwrap_err();
        assert!(told(&error).contains(said), "{error}");
    }
    // A server or a client that leaves the name behind without the encoding does no harm.
    for name in ["br", "identity", ""] {
        let reply = response(&format!("content-encoding: {name}\r\n"), br#"{"a": {"key": "on"}}"#);
        assert_eq!(variants(reply).await.unwrap(), 1, "{name}");
    }
}

/// The error of a stream that something else responds to, though the connection stays open.
#[cfg(feature = "streaming")]
async fn stream_error(reply: Vec<u8>) -> TransportError {
    use common::{finish, listen, read_head};
    use tokio::io::AsyncWriteExt;

    let (listener, url) = listen().await;
    let (done, until_done) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_head(&mut socket).await;
        socket.write_all(&reply).await.unwrap();
        let _ = until_done.await;
        finish(socket).await;
    });
    let service = service_at(&url, client());
    let error = within(async {
        let mut events = match service.flag_stream(Duration::from_secs(10)).await {
            Ok(events) => events,
            Err(error) => return error,
        };
        loop {
            match events.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => return error,
                None => panic!("the stream ended without an error"),
            }
        }
    })
    .await;
    drop(done);
    within(server).await.unwrap();
    error
}

#[cfg(feature = "streaming")]
#[tokio::test]
async fn what_came_in_place_of_a_stream_is_named_at_once() {
    let endless = |kind: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{kind}\r\n{body}").into_bytes();
    let flags = format!("[{FLAG}]");
    for (kind, body, said) in [
        ("content-type: text/html\r\n", "", "an HTML page"),
        ("content-type: Text/HTML; charset=utf-8\r\n", "data: []\n\n", "an HTML page"),
        ("content-type: text/event-stream\r\n", "<html>hush", "an HTML page"),
        ("content-type: text/event-stream\r\n", r#"{"error": "hush"}"#, "a JSON object with an `error` member"),
        ("content-type: application/json\r\n", r#"{"error": "hush"}"#, "a JSON object with an `error` member"),
        ("content-type: application/json\r\n", r#"{"message": "hush"}"#, "a JSON object with a `message` member"),
        ("content-type: application/json\r\n", flags.as_str(), "a JSON list of flags"),
        ("content-type: text/plain\r\n", "blocked: hush\n", "a text that is no JSON"),
        ("", "\u{feff}\n<!doctype html>", "an HTML page"),
        ("", "hush", "a text that is no JSON"),
        ("", "\"hush\"", "a JSON string"),
    ] {
        let error = stream_error(endless(kind, body)).await;
        let expected = format!("flag stream: the response is not a stream of events, but {said}: check the URL");
        assert!(told(&error).starts_with(&expected), "{kind}{body}: {error}");
        assert!(error.is_retryable(), "{error}");
        // And once more as the updater tells it.
        let said = told(&Failure::Stream(SourceError::from(error)));
        assert!(said.contains("not a stream of events, but"), "{said}");
    }
    for name in ["br", "gzip"] {
        let head = format!("content-encoding: {name}\r\n");
        let mut reply = endless(&head, "");
        reply.extend_from_slice(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03data");
        let error = stream_error(reply).await;
        assert!(told(&error).contains(&format!("compressed with {name}, which")), "{error}");
    }
    let error = stream_error(response("content-type: application/json\r\n", b"")).await;
    assert!(told(&error).contains("not a stream of events, but an empty text"), "{error}");
}

#[cfg(feature = "streaming")]
#[tokio::test]
async fn a_stream_without_the_right_content_type_is_read_if_it_holds_events() {
    for kind in ["", "content-type: application/json\r\n", "content-type: text/plain; charset=utf-8\r\n"] {
        let (url, _server) = answer(response(kind, b"\n: hello\n\ndata: [1]\n\n")).await;
        let mut events = within(service_at(&url, client()).flag_stream(DEADLINE)).await.unwrap();
        let found = within(async {
            while let Some(item) = events.next().await {
                if matches!(item, Ok(StreamItem::Flags(_))) {
                    return true;
                }
            }
            false
        });
        assert!(found.await, "{kind}");
    }
}
