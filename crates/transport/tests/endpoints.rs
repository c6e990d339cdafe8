//! What is asked of the service, and what is made of its answers, over a client that answers from memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod common;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use common::{Canned, DEADLINE, response, service};
use evaluation_core::User;
use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use transport::{
    DeploymentKey, FlagsResponse, HttpError, LIBRARY, RetryPolicy, ServerZone, Service, TransportError, Urls,
    VariantsOptions, retrying,
};

const VARIANTS: &str = r#"{
    "checkout": {"key": "treatment", "value": "treatment", "payload": {"cta": "Buy"}, "metadata": {"deployed": true}},
    "limit": {"value": 7, "later": "unknown"}
}"#;

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

fn decoded(request: &Request<Bytes>, header: &str) -> Value {
    serde_json::from_slice(&STANDARD.decode(&request.headers()[header]).unwrap()).unwrap()
}

#[tokio::test]
async fn variants_are_asked_for_by_header() {
    let client = Canned::new([response(200, &[], VARIANTS)]);
    // `>` and `?` in these places give `+` and `/` in the standard alphabet.
    let user = User::builder().user_id("ü>>?>>?").user_property("seats", 5).build();
    let variants = service(client.clone()).variants(&user, &VariantsOptions::default(), DEADLINE).await.unwrap();
    assert_eq!(variants.get("checkout").unwrap().value(), Some("treatment"));
    assert_eq!(variants.get("limit").unwrap().value(), Some("7"));

    let request = client.request();
    assert_eq!(request.method(), Method::GET);
    assert_eq!(request.uri(), "https://api.lab.amplitude.com/sdk/v2/vardata?v=0");
    assert_eq!(names(request.headers()), ["authorization", "x-amp-exp-user"]);
    assert_eq!(request.headers()["authorization"], "Api-Key server-hush");
    assert_eq!(
        decoded(&request, "x-amp-exp-user"),
        json!({"user_id": "ü>>?>>?", "user_properties": {"seats": 5}, "library": LIBRARY})
    );
    assert!(request.body().is_empty());
}

#[tokio::test]
async fn one_byte_order_mark_before_variants_is_skipped() {
    for (body, is_read) in [("\u{feff}", true), ("\u{feff}\u{feff}", false), (" \u{feff}", false)] {
        let client = Canned::new([response(200, &[], format!("{body}{VARIANTS}").leak())]);
        let answer = service(client).variants(&User::with_user_id("u"), &VariantsOptions::default(), DEADLINE).await;
        assert_eq!(answer.is_ok_and(|variants| variants.contains("limit")), is_read, "{body:?}");
    }
}

#[tokio::test]
async fn options_are_sent_only_when_they_are_set() {
    let user = User::with_user_id("u");
    for (options, headers) in [
        (VariantsOptions::default().with_flag_keys([""; 0]), vec![]),
        (
            VariantsOptions::default().with_tracks_assignment(true).with_tracks_exposure(false),
            vec![("x-amp-exp-track", "track"), ("x-amp-exp-exposure-track", "no-track")],
        ),
        (
            VariantsOptions::default().with_tracks_assignment(false).with_tracks_exposure(true),
            vec![("x-amp-exp-track", "no-track"), ("x-amp-exp-exposure-track", "track")],
        ),
        (VariantsOptions::default().with_flag_keys(["a", "b"]), vec![("x-amp-exp-flag-keys", "WyJhIiwiYiJd")]),
    ] {
        let client = Canned::new([response(200, &[], "{}")]);
        service(client.clone()).variants(&user, &options, DEADLINE).await.unwrap();
        let request = client.request();
        assert_eq!(request.headers().len(), 2 + headers.len(), "{options:?}");
        for (name, value) in headers {
            assert_eq!(request.headers()[name], value, "{options:?}");
        }
    }
}

#[tokio::test]
async fn a_user_that_is_too_large_for_a_header_is_sent_as_a_body() {
    let base = json!({"user_id": "", "library": "mine"}).to_string().len();
    for (length, method) in [(5000, Method::GET), (5001, Method::POST)] {
        let client = Canned::new([response(200, &[], "{}")]);
        let user = User::builder().user_id("u".repeat(length - base)).library("mine").build();
        service(client.clone()).variants(&user, &VariantsOptions::default(), DEADLINE).await.unwrap();
        let request = client.request();
        assert_eq!(request.method(), method);
        if method == Method::GET {
            assert_eq!(decoded(&request, "x-amp-exp-user")["library"], "mine");
        } else {
            assert_eq!(names(request.headers()), ["authorization", "content-type"]);
            assert_eq!(request.headers()["content-type"], "application/json");
            assert_eq!(request.body().len(), length);
            assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap()["library"], "mine");
        }
    }
}

#[tokio::test]
async fn fields_that_the_sdk_does_not_know_are_sent() {
    let sent = json!({"user_id": "u", "device_category": "mobile", "page": {"views": [1, 2]}, "version": 3, "library": LIBRARY});
    let built = User::builder().user_id("u").field("device_category", "mobile").field("version", 3);
    let built = built.field("page", evaluation_core::Value::from(json!({"views": [1, 2]}))).build();
    let (read, _) =
        User::from_json(r#"{"user_id": "u", "device_category": "mobile", "page": {"views": [1, 2]}, "version": 3}"#)
            .unwrap();
    for user in [built, read] {
        let client = Canned::new([response(200, &[], "{}")]);
        service(client.clone()).variants(&user, &VariantsOptions::default(), DEADLINE).await.unwrap();
        assert_eq!(decoded(&client.request(), "x-amp-exp-user"), sent);
        let large = user.to_builder().field("landing_url", "x".repeat(20_000)).build();
        let client = Canned::new([response(200, &[], "{}")]);
        service(client.clone()).variants(&large, &VariantsOptions::default(), DEADLINE).await.unwrap();
        let body: Value = serde_json::from_slice(client.request().body()).unwrap();
        assert_eq!((&body["device_category"], body["landing_url"].as_str().unwrap().len()), (&json!("mobile"), 20_000));
    }
}

#[tokio::test]
async fn only_200_is_success_and_the_key_is_named_when_it_is_refused() {
    for status in [201, 204, 304, 400, 401, 403, 404, 413, 429, 500, 501, 503] {
        let service = service(Canned::new([
            response(status, &[("retry-after", "7")], "{}"),
            response(status, &[("retry-after", "soon")], "[]"),
        ]));
        let user = User::with_user_id("u");
        let variants = service.variants(&user, &VariantsOptions::default(), DEADLINE).await.unwrap_err();
        let flags = service.flags(None, DEADLINE).await.unwrap_err();
        let auth = matches!(status, 401 | 403);
        for error in [&variants, &flags] {
            assert_eq!((error.status(), error.is_auth()), (Some(status), auth));
            assert_eq!(error.to_string().contains("deployment key"), auth, "{error}");
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
        assert_eq!(variants.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(flags.retry_after(), None);
    }
}

#[tokio::test]
async fn what_is_no_json_of_variants_is_told_by_place() {
    for body in ["", "[]", "{\"a\": ", "<html>secret</html>"] {
        let service = service(Canned::new([response(200, &[], body)]));
        let user = User::with_user_id("u");
        let error = service.variants(&user, &VariantsOptions::default(), DEADLINE).await.unwrap_err();
        assert!(matches!(error, TransportError::Malformed { .. }) && error.is_retryable(), "{error:?}");
    }
}

#[tokio::test]
async fn one_odd_variant_takes_down_no_other() {
    for odd in [
        "null",
        "7",
        "\"on\"",
        "true",
        "[]",
        "{}",
        "1e999",
        r#""\ud800""#,
        r#"{"key": 5}"#,
        r#"{"key": "\ud800"}"#,
        r#"{"key": "on", "metadata": []}"#,
        r#"{"key": "on", "value": 1e999}"#,
        r#"{"key": "on", "payload": {"deep": [1e999]}}"#,
        &format!(r#"{{"key": "on", "payload": {}{}}}"#, "[".repeat(200), "]".repeat(200)),
    ] {
        let body = format!(r#"{{"first": {{"key": "on"}}, "odd": {odd}, "last": {{"key": "off"}}}}"#);
        let client = Canned::new([response(200, &[], body.leak())]);
        let asked = service(client).variants(&User::with_user_id("u"), &VariantsOptions::default(), DEADLINE).await;
        let variants = asked.unwrap_or_else(|error| panic!("{odd}: {error}"));
        assert_eq!(variants.keys().collect::<Vec<_>>(), ["first", "last"], "{odd}");
        let said: Vec<_> = variants.diagnostics().iter().map(|said| said.flag.as_deref()).collect();
        assert_eq!(said, [Some("odd")], "{odd}");
    }
}

#[tokio::test]
async fn flags_are_asked_for_and_given_as_they_came() {
    let client = Canned::new([response(200, &[("etag", "\"v1\"")], "[1]")]);
    let urls = Urls::builder(ServerZone::Eu).flags("http://proxy:8000/amp/").build().unwrap();
    let service = Service::builder(client.clone(), DeploymentKey::new("k").unwrap()).urls(urls).build();
    let FlagsResponse::Flags { body, etag, .. } = service.flags(None, DEADLINE).await.unwrap() else { panic!() };
    assert_eq!((body.as_ref(), etag.as_deref()), (&b"[1]"[..], Some("\"v1\"")));

    let request = client.request();
    assert_eq!(
        (request.method(), request.uri().to_string().as_str()),
        (&Method::GET, "http://proxy:8000/amp/sdk/v2/flags?v=0")
    );
    assert_eq!(names(request.headers()), ["authorization", "x-amp-exp-library"]);
    assert_eq!(request.headers()["x-amp-exp-library"], LIBRARY);
}

#[tokio::test]
async fn flags_that_are_the_same_need_not_be_sent_again() {
    let client = Canned::new([response(304, &[], ""), response(304, &[], "")]);
    let service = service(client.clone());
    assert_eq!(service.flags(Some("\"v1\""), DEADLINE).await.unwrap(), FlagsResponse::NotModified);
    assert_eq!(client.request().headers()["if-none-match"], "\"v1\"");
    // Nobody asked whether they are the same.
    assert_eq!(service.flags(None, DEADLINE).await.unwrap_err().status(), Some(304));
}

#[tokio::test]
async fn what_is_too_large_is_refused_whether_it_is_announced_or_not() {
    for headers in [&[][..], &[("content-length", "6")]] {
        let client = Canned::new([response(200, headers, "123456"), response(200, &[], "12345")]);
        let service = Service::builder(client, DeploymentKey::new("k").unwrap()).max_body(5).build();
        let error = service.flags(None, DEADLINE).await.unwrap_err();
        assert!(matches!(error, TransportError::TooLarge { limit: 5, .. }) && !error.is_retryable(), "{error:?}");
        assert!(service.flags(None, DEADLINE).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_for_the_whole_of_it() {
    let silent = http::Response::new(transport::BodyStream::new(futures_util::stream::pending()));
    let service = service(Canned::new([silent]));
    for _ in ["no body", "no answer"] {
        let start = tokio::time::Instant::now();
        let error = service.flags(None, DEADLINE).await.unwrap_err();
        assert!(error.is_timeout() && error.is_retryable(), "{error:?}");
        assert_eq!(start.elapsed(), DEADLINE);
    }
}

#[tokio::test(start_paused = true)]
async fn retries_of_the_policy_go_over_the_service() {
    let busy = || response(503, &[("retry-after", "3")], "");
    let client = Canned::new([busy(), busy(), response(200, &[], VARIANTS)]);
    let (service, user, options) = (service(client.clone()), User::with_user_id("u"), VariantsOptions::default());
    let start = tokio::time::Instant::now();
    let policy = RetryPolicy::default();
    let variants = retrying(&policy, |attempt| service.variants(&user, &options, attempt.timeout));
    assert_eq!(variants.await.unwrap().len(), 2);
    assert_eq!((client.requests().len(), start.elapsed().as_secs()), (3, 6));
}

#[tokio::test]
async fn what_the_client_says_is_kept_as_the_source() {
    let service = service(Canned::failing(HttpError::connect("host", std::io::Error::other("refused"))));
    let error = service.flags(None, DEADLINE).await.unwrap_err();
    assert!(error.is_retryable());
    let mut chain = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        chain.push(error.to_string());
        next = error.source();
    }
    assert_eq!(chain.len(), 3);
    assert!(chain[0].starts_with("flags: ") && chain[1].contains("host") && chain[2] == "refused", "{chain:?}");
}

#[test]
fn a_service_shows_no_key() {
    let shown = format!("{:?}", service(Canned::new([])));
    assert!(!shown.contains("hush") && shown.contains("api.lab"), "{shown}");
}
