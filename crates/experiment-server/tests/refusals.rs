//! Requests that make no sense: the documented status, a reason in JSON, and no harm done.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::{api_key, ask, base64, basic, get, post, raw, server};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};
use http::Method;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const VARIANTS: &str = "/sdk/v2/vardata?v=0";

async fn still_well(server: &Server) {
    let good = get(server, VARIANTS, &[("x-amp-exp-user", &base64(r#"{"user_id": "u1"}"#))]).await;
    assert_eq!(good.status, 200);
}

#[tokio::test]
async fn wrong_keys_are_401() {
    let server = server().await;
    let paths = [
        VARIANTS,
        "/v1/vardata?user_id=u",
        "/sdk/v2/flags",
        "/v1/flags",
        "/sdk/stream/v1/flags",
        "/sdk/v2/memberships/a/b",
    ];
    for path in paths {
        for wrong in ["Api-Key wrong", "Bearer local-deployment-key", "Api-Key", ""] {
            let reason = get(&server, path, &[("authorization", wrong)]).await.refusal(401);
            assert!(reason.contains("deployment key") && !reason.contains("wrong"), "{path}: {reason}");
        }
    }
    for wrong in [&api_key(DEFAULT_DEPLOYMENT_KEY), "Basic %", "Basic d3Jvbmc6a2V5"] {
        let answer = get(&server, "/sdk/v1/cohort/c1", &[("authorization", wrong)]).await;
        assert!(answer.headers.contains_key("www-authenticate"), "{wrong}");
        answer.refusal(401);
    }
    still_well(&server).await;
}

#[tokio::test]
async fn users_that_cannot_be_read_are_400() {
    let server = server().await;
    for (header, reason) in [
        ("%%%", "X-Amp-Exp-User is not base64"),
        (&base64("{\"user_id\": "), "X-Amp-Exp-User holds no user"),
        (&base64("[1]"), "not a JSON object, but a JSON list"),
        (&base64("{}"), "neither a user_id nor a device_id"),
        (&base64(r#"{"user_id": ""}"#), "neither a user_id nor a device_id"),
    ] {
        let told = get(&server, VARIANTS, &[("x-amp-exp-user", header)]).await.refusal(400);
        assert!(told.contains(reason), "{header}: {told}");
    }
    assert!(get(&server, VARIANTS, &[]).await.refusal(400).contains("there is no user"));
    assert!(post(&server, VARIANTS, &[], "{\"user_id\"").await.refusal(400).contains("the body holds no user"));
    let deep =
        format!("{{\"user_id\": \"u\", \"user_properties\": {}{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    post(&server, VARIANTS, &[], deep).await.refusal(400);
    let user = base64(r#"{"user_id": "u1"}"#);
    for keys in ["%", &base64("{}"), &base64("[1]")] {
        let headers = [("x-amp-exp-user", user.as_str()), ("x-amp-exp-flag-keys", keys)];
        assert!(get(&server, VARIANTS, &headers).await.refusal(400).contains("X-Amp-Exp-Flag-Keys"));
    }
    still_well(&server).await;
}

#[tokio::test]
async fn malformed_queries_are_400() {
    let server = server().await;
    for path in [
        "/sdk/v2/vardata?v=%",
        "/sdk/v2/flags?v=%zz",
        "/v1/flags?flag_keys=%ff",
        "/v1/vardata?user_id=u&context=%7B",
        "/v1/vardata?user_id=u&context=7",
        "/v1/vardata",
    ] {
        get(&server, path, &[("x-amp-exp-user", &base64(r#"{"user_id": "u1"}"#))]).await.refusal(400);
    }
    let authorization = basic();
    for query in ["maxCohortSize=many", "maxCohortSize=-1", "lastModified=99999999999999999999", "lastModified=%"] {
        let path = format!("/sdk/v1/cohort/c1?{query}");
        get(&server, &path, &[("authorization", &authorization)]).await.refusal(400);
    }
    still_well(&server).await;
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_not_done_is_405() {
    let server = server().await;
    assert!(get(&server, "/sdk/v3/flags", &[]).await.refusal(404).contains("/sdk/v3/flags"));
    assert!(get(&server, "/sdk/v1/cohort/none", &[("authorization", &basic())]).await.refusal(404).contains("`none`"));
    assert!(post(&server, "/sdk/v2/flags", &[], "").await.refusal(405).contains("POST"));
    assert!(get(&server, "/2/httpapi", &[]).await.refusal(405).contains("GET"));
    still_well(&server).await;
}

#[tokio::test]
async fn events_that_cannot_be_read_are_told_as_the_service_does() {
    let server = server().await;
    for (body, reason) in [
        ("{", "Invalid JSON request body"),
        ("[]", "Invalid JSON request body"),
        (r#"{"events": [{}]}"#, "Request missing required field"),
        (r#"{"api_key": "wrong", "events": [{}]}"#, "Invalid API key"),
        (r#"{"api_key": "local-api-key", "events": [{}]}"#, "Invalid field values on some events"),
    ] {
        for path in ["/2/httpapi", "/batch"] {
            let told = ask(&server.url(), Method::POST, path, &[], body).await.refusal(400);
            assert!(told.starts_with(reason), "{body}: {told}");
        }
    }
    assert_eq!(server.event_count(), 0);
}

#[tokio::test]
async fn large_bodies_are_413_and_large_heads_431() {
    let server = server().await;
    let large = "x".repeat(10 << 20);
    assert!(post(&server, VARIANTS, &[], large.clone()).await.refusal(413).contains("larger"));
    assert_eq!(
        ask(&server.url(), Method::POST, "/2/httpapi", &[], large.clone()).await.refusal(413),
        "Payload too large"
    );
    let answer =
        raw(&server, format!("GET {VARIANTS} HTTP/1.1\r\nhost: a\r\nx-amp-exp-user: {large}\r\n\r\n").into()).await;
    assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains("\"code\":431"), "{answer}");
    let answer = raw(&server, format!("GET /{large} HTTP/1.1\r\nhost: a\r\n\r\n").into()).await;
    assert!(answer.starts_with("HTTP/1.1 4") && answer.contains("\"error\":"), "{answer}");
    let answer = raw(&server, b"\x16\x03\x01 this is TLS, or so\r\n\r\n".to_vec()).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"error\":"), "{answer}");
    still_well(&server).await;
}

#[tokio::test]
async fn what_cannot_be_decoded_is_refused_with_a_reason() {
    let server = server().await;
    let gzip = post(&server, "/2/httpapi", &[("content-encoding", "gzip")], "\u{1f}").await;
    assert!(gzip.refusal(415).contains("content encoding"));
    get(&server, "/sdk/v1/cohort/%ff", &[("authorization", &basic())]).await.refusal(400);
    get(&server, "/sdk/v1/cohort/%ff", &[]).await.refusal(401);
    get(&server, "/sdk/v2/memberships/a/%ff", &[]).await.refusal(400);
    still_well(&server).await;
}

#[tokio::test]
async fn a_cut_request_does_no_harm() {
    let server = server().await;
    for part in ["GET /sdk", "POST /2/httpapi HTTP/1.1\r\ncontent-length: 100\r\n\r\nhalf"] {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        socket.write_all(part.as_bytes()).await.unwrap();
        drop(socket);
    }
    still_well(&server).await;
}
