//! The endpoints, over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::{FLAGS, api_key, ask, base64, base64_url, basic, get, post, server};
use experiment_server::{Cohort, EventSource, Fault, Route, Server};
use http::Method;
use serde_json::{Value, json};

const VARIANTS: &str = "/sdk/v2/vardata?v=0";

#[tokio::test]
async fn a_user_comes_in_the_header_or_in_the_body() {
    let server = server().await;
    let user = r#"{"user_id": "u1>>>???", "country": "Norway"}"#;
    let expected = json!({
        "nav": {"key": "on", "value": "on", "payload": {"z": 1.0, "a": [1, 2]},
                "metadata": {"deployed": true, "experimentKey": "exp-1"}},
        "depends": {"key": "yes", "value": "yes", "metadata": {"deployed": true}},
        "plain": {"key": "on", "metadata": {"deployed": false}},
    });
    for encoded in [base64(user), base64_url(user)] {
        let answer = get(&server, VARIANTS, &[("x-amp-exp-user", &encoded)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, expected.clone()), "{encoded}");
        // The payload's text is the flag's own.
        assert!(answer.text().contains(r#"{"z":1.0,"a":[1,2]}"#), "{}", answer.text());
    }
    assert_eq!(post(&server, VARIANTS, &[], user).await.json(), expected);
    // The header counts for a POST without a body.
    assert_eq!(post(&server, VARIANTS, &[("x-amp-exp-user", &base64(user))], "").await.json(), expected);
}

#[tokio::test]
async fn flag_keys_choose_and_bring_their_dependencies() {
    let server = server().await;
    let user = base64(r#"{"device_id": "d1"}"#);
    let keys = |answer: Value| answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (wanted, expected) in [
        (r#"["depends"]"#, vec!["depends", "nav"]),
        (r#"["plain", "unknown"]"#, vec!["plain"]),
        ("[]", vec!["depends", "nav", "plain"]),
        // One odd key takes down no other.
        (r#"[null, "plain", 7, 1e999, "\ud800", ["nav"], {}]"#, vec!["plain"]),
    ] {
        let headers = [("x-amp-exp-user", user.as_str()), ("x-amp-exp-flag-keys", &base64_url(wanted))];
        assert_eq!(keys(get(&server, VARIANTS, &headers).await.json()), expected, "{wanted}");
    }
}

#[tokio::test]
async fn tracking_headers_decide_what_is_kept() {
    let server = server().await;
    let user = base64(r#"{"user_id": "u1", "country": "Norway"}"#);
    let mut seen = 0;
    for (track, exposure, expected) in [
        (None, None, vec!["[Experiment] Assignment"]),
        (Some("track"), Some("no-track"), vec!["[Experiment] Assignment"]),
        (Some("no-track"), None, vec![]),
        (Some("read-only"), Some("track"), vec!["[Experiment] Exposure"; 3]),
    ] {
        let mut headers = vec![("x-amp-exp-user", user.as_str())];
        headers.extend(track.map(|track| ("x-amp-exp-track", track)));
        headers.extend(exposure.map(|track| ("x-amp-exp-exposure-track", track)));
        get(&server, VARIANTS, &headers).await;
        let events = server.events();
        let new: Vec<Value> = events[seen..].iter().map(|event| event.value()["event_type"].clone()).collect();
        assert_eq!(new, expected, "{track:?} {exposure:?}");
        assert!(events[seen..].iter().all(|event| event.source == EventSource::RemoteEvaluation));
        seen = events.len();
    }
}

#[tokio::test]
async fn the_evaluation_api_tells_assigned_flags_only() {
    let server = server().await;
    let assigned = json!({
        "nav": {"key": "on", "payload": {"z": 1.0, "a": [1, 2]}, "expKey": "exp-1"},
        "depends": {"key": "yes"},
    });
    let context = "context=%7B%22user_id%22%3A%22other%22%2C%22country%22%3A%22Norway%22%7D";
    for path in [format!("/v1/vardata?user_id=u1&{context}"), format!("/v1/vardata?{context}")] {
        assert_eq!(get(&server, &path, &[]).await.json(), assigned, "{path}");
    }
    assert_eq!(server.events()[0].value()["user_id"], "u1");
    assert_eq!(post(&server, "/v1/vardata", &[], r#"{"user_id": "u1", "country": "Norway"}"#).await.json(), assigned);
    assert_eq!(get(&server, "/v1/vardata?device_id=d1", &[]).await.json(), json!({}));
    let one = get(&server, &format!("/v1/vardata?flag_keys=nav&{context}"), &[]).await.json();
    assert_eq!(one.as_object().unwrap().keys().collect::<Vec<_>>(), ["nav"]);
}

#[tokio::test]
async fn flags_are_served_as_they_were_written() {
    let server = server().await;
    let answer = get(&server, "/sdk/v2/flags?v=0", &[]).await;
    assert_eq!(answer.json(), serde_json::from_str::<Value>(FLAGS).unwrap());
    assert!(answer.text().contains(r#"{"z":1.0,"a":[1,2]}"#));
    let etag = answer.headers["etag"].to_str().unwrap();
    for given in [etag.to_owned(), format!("\"other\", W/{etag}")] {
        let again = get(&server, "/sdk/v2/flags", &[("if-none-match", &given)]).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{given}");
    }
    server.set_flags("[]").unwrap();
    let changed = get(&server, "/sdk/v2/flags", &[("if-none-match", etag)]).await;
    assert_eq!((changed.status.as_u16(), changed.text().as_str()), (200, "[]"));
}

#[tokio::test]
async fn the_flags_api_chooses_by_key() {
    let server = server().await;
    let keys = |answer: Value| answer.as_array().unwrap().iter().map(|flag| flag["key"].clone()).collect::<Vec<_>>();
    assert_eq!(keys(get(&server, "/v1/flags", &[]).await.json()), ["nav", "depends", "plain"]);
    assert_eq!(keys(get(&server, "/v1/flags?flag_keys=plain,nav,none", &[]).await.json()), ["nav", "plain"]);
}

#[tokio::test]
async fn cohorts_are_served_by_size_and_time() {
    let cohort = Cohort::new("c1", ["u1", "u2"]).with_last_modified(1000);
    let server = Server::builder().flags_json(FLAGS).cohort(cohort).start().await.unwrap();
    let authorization = [("authorization", basic())];
    let authorization = [("authorization", authorization[0].1.as_str())];
    let get = async |query: &str| get(&server, &format!("/sdk/v1/cohort/c1{query}"), &authorization).await;
    let answer = get("?maxCohortSize=2147483647").await.json();
    assert_eq!(answer["memberIds"], json!(["u1", "u2"]));
    assert_eq!(
        (&answer["size"], &answer["groupType"], &answer["lastModified"]),
        (&json!(2), &json!("User"), &json!(1000))
    );
    assert_eq!(get("?maxCohortSize=2&lastModified=999").await.status, 200);
    assert_eq!(get("?maxCohortSize=2&lastModified=1000").await.status, 204);
    assert!(get("?maxCohortSize=1").await.refusal(413).contains("2 members"));
    // A change without a time of its own is a change all the same.
    server.set_cohort(Cohort::new("c1", ["u3"]).with_last_modified(1000));
    assert_eq!(get("?lastModified=1000").await.json()["memberIds"], json!(["u3"]));
    server.remove_cohort("c1");
    assert!(get("").await.refusal(404).contains("`c1`"));
    // Nor is it missed when one of this id comes back.
    server.set_cohort(Cohort::new("c1", ["u4"]).with_last_modified(1000));
    assert_eq!(get("?lastModified=1001").await.json()["memberIds"], json!(["u4"]));
    server.set_cohort(Cohort::new("c1", ["u4"]).with_last_modified(5000));
    assert_eq!(get("?lastModified=4999").await.json()["lastModified"], 5000);
}

#[tokio::test]
async fn cohorts_decide_and_are_told_as_memberships() {
    let server = Server::builder()
        .flags_json(FLAGS)
        .cohort(Cohort::new("c1", ["u1"]))
        .cohort(Cohort::new("c2", ["acme/1"]).with_group_type("org"))
        .start()
        .await
        .unwrap();
    let nav = async |user: &str| post(&server, VARIANTS, &[], user.to_owned()).await.json()["nav"]["key"].clone();
    assert_eq!(nav(r#"{"user_id": "u1"}"#).await, "on");
    assert_eq!(nav(r#"{"user_id": "u2", "cohort_ids": ["c1"]}"#).await, "off");
    let members = async |path: &str| get(&server, &format!("/sdk/v2/memberships/{path}"), &[]).await.json();
    assert_eq!(members("org/acme%2F1").await, json!(["c2"]));
    assert_eq!(members("org/u1").await, json!([]));
}

#[tokio::test]
async fn without_cohorts_users_bring_their_own() {
    let server = server().await;
    let answer = post(&server, VARIANTS, &[], r#"{"user_id": "u2", "cohort_ids": ["c1"]}"#).await;
    assert_eq!(answer.json()["nav"]["key"], "on");
}

#[tokio::test]
async fn events_are_taken_and_shown() {
    let server = server().await;
    let body = json!({"api_key": "local-api-key", "options": {"min_id_length": 1},
        "events": [{"event_type": "e1", "user_id": "u"}, {"event_type": "e2", "device_id": "d"}]});
    for (path, source) in [("/2/httpapi", EventSource::HttpApi), ("/batch", EventSource::Batch)] {
        let answer = ask(&server.url(), Method::POST, path, &[("authorization", "")], body.to_string()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["events_ingested"]), (200, &json!(2)));
        let events = server.events();
        assert_eq!(events.last().unwrap().source, source);
        assert_eq!(events.last().unwrap().json(), r#"{"device_id":"d","event_type":"e2"}"#);
    }
    assert_eq!(server.event_count(), 4);
}

#[tokio::test]
async fn pages_may_ask_only_if_they_are_named() {
    let server = server().await;
    let page = ("origin", "http://localhost:8080");
    let closed = get(&server, "/sdk/v2/flags", &[page]).await;
    assert!(closed.status == 200 && !closed.headers.contains_key("access-control-allow-origin"));
    let open = Server::builder().flags_json(FLAGS).cors_origin(page.1).start().await.unwrap();
    let asked = [
        page,
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization,x-amp-exp-user,x-amp-exp-flag-keys,x-amp-exp-track"),
    ];
    let leave = ask(&open.url(), Method::OPTIONS, VARIANTS, &asked, "").await;
    assert_eq!((leave.status.as_u16(), &leave.headers["access-control-allow-origin"]), (200, &page.1.parse().unwrap()));
    let allowed = leave.headers["access-control-allow-headers"].to_str().unwrap().to_owned();
    assert!(asked[2].1.split(',').all(|name| allowed.split(',').any(|allowed| allowed == name)), "{allowed}");
    // What goes wrong is readable too, and asking for leave takes no fault from the script.
    open.faults().once(Route::Flags, Fault::status(503));
    ask(&open.url(), Method::OPTIONS, "/sdk/v2/flags", &asked, "").await;
    let failed = get(&open, "/sdk/v2/flags", &[page]).await;
    assert_eq!(
        (failed.status.as_u16(), &failed.headers["access-control-allow-origin"]),
        (503, &page.1.parse().unwrap())
    );
    let large = post(&open, VARIANTS, &[page], vec![b'x'; 2 << 20]).await;
    assert_eq!((large.status.as_u16(), &large.headers["access-control-allow-origin"]), (413, &page.1.parse().unwrap()));
    let other = get(&open, "/sdk/v2/flags", &[("origin", "http://evil.example")]).await;
    assert!(!other.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_read_it() {
    let cohort = Cohort::new("c1", (0..10_000).map(|member| format!("user-{member}")));
    let server = Server::builder().cohort(cohort).start().await.unwrap();
    let headers = [("authorization", basic())];
    let headers = [("authorization", headers[0].1.as_str()), ("accept-encoding", "gzip")];
    let answer = get(&server, "/sdk/v1/cohort/c1", &headers).await;
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert!(answer.body.len() < 50_000, "{}", answer.body.len());
}

#[tokio::test]
async fn the_server_says_that_it_is_well_and_remembers_requests() {
    let server = server().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(&server, path, &[]).await.status, 200, "{path}");
    }
    get(&server, "/sdk/v2/flags?v=0", &[("x-amp-exp-library", "some-sdk/1.0")]).await;
    let requests = server.requests();
    let last = requests.last().unwrap();
    assert_eq!((last.route, last.query.as_deref(), last.status.unwrap().as_u16()), (Route::Flags, Some("v=0"), 200));
    assert_eq!(last.header("x-amp-exp-library"), Some("some-sdk/1.0"));
    assert!(!format!("{last:?}").contains("local-deployment-key"));
    let quiet = Server::builder().request_capacity(0).start().await.unwrap();
    let body = json!({"api_key": "local-api-key", "events": [{"event_type": "e", "user_id": "user-1"}]}).to_string();
    let sent = post(&quiet, "/2/httpapi", &[], body);
    let (_, came) = tokio::join!(sent, quiet.until(common::PATIENCE, |server| server.event_count() == 1));
    assert!(came && quiet.requests().is_empty());
}

#[tokio::test]
async fn several_deployment_keys_take_the_place_of_the_default() {
    let server = Server::builder().deployment_key("one").deployment_key("two").start().await.unwrap();
    for (key, status) in [("one", 200), ("two", 200), ("local-deployment-key", 401)] {
        let answer = get(&server, "/sdk/v2/flags", &[("authorization", &api_key(key))]).await;
        assert_eq!(answer.status, status, "{key}");
    }
}

/// Flags that ask about fields which only browsers send, and about a known field of another type.
const BROWSER_FLAGS: &str = r#"[
    {"key": "mobile", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on", "conditions": [[
        {"selector": ["context", "user", "device_category"], "op": "is", "values": ["mobile"]},
        {"selector": ["context", "user", "landing_url"], "op": "contains", "values": ["/sale"]}]]}]},
    {"key": "deep", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on", "conditions": [[
        {"selector": ["context", "user", "page", "views"], "op": "greater", "values": ["2"]}]]}]},
    {"key": "typed", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on", "conditions": [[
        {"selector": ["context", "user", "country"], "op": "set contains any", "values": ["NO"]},
        {"selector": ["context", "user", "version"], "op": "greater", "values": ["2"]}]]}]}
]"#;

#[tokio::test]
async fn every_way_to_send_a_user_keeps_fields_that_the_server_does_not_know() {
    let server = Server::builder().flags_json(BROWSER_FLAGS).start().await.unwrap();
    let user = r#"{"user_id": "u1", "device_category": "mobile", "landing_url": "https://example.com/sale",
        "page": {"views": 3}, "country": ["NO"], "version": 3, "odd": 1e999}"#;
    let query: String = user.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let header = base64(user);
    let answers = [
        get(&server, VARIANTS, &[("x-amp-exp-user", &header)]).await,
        post(&server, VARIANTS, &[], user).await,
        get(&server, &format!("/v1/vardata?context={query}"), &[]).await,
        get(&server, &format!("/v1/vardata?context={query}&user_id=u2&device_id=d2"), &[]).await,
        post(&server, "/v1/vardata", &[], user).await,
    ];
    for answer in answers {
        let variants = answer.json();
        let keys: Vec<&String> = variants.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["deep", "mobile", "typed"]);
    }
    // Events say what the protocol says, and no more.
    let events = server.events();
    assert_eq!(events.len(), 5);
    assert!(events.iter().all(|event| !event.json().contains("sale")), "{events:?}");
}
