//! The endpoints that SDKs used before `/sdk/v2`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::{FLAGS, ask, base64, base64_url, get, post, server};
use experiment_server::{EventSource, Fault, Route, Server};
use http::Method;
use serde_json::{Value, json};

/// In the standard alphabet of base64 it has both `+` and `/`.
const USER: &str = r#"{"user_id": "u1>>>???", "country": "Norway"}"#;

fn assigned() -> Value {
    let metadata = json!({"deployed": true, "experimentKey": "exp-1"});
    json!({
        "nav": {"key": "on", "value": "on", "payload": {"z": 1.0, "a": [1, 2]}, "metadata": metadata},
        "depends": {"key": "yes", "value": "yes", "metadata": {"deployed": true}},
    })
}

#[tokio::test]
async fn old_sdks_get_assigned_variants_wherever_they_put_the_user() {
    let server = server().await;
    assert!(base64(USER).contains('+') && base64(USER).contains('/'));
    for encoded in [base64(USER), base64_url(USER)] {
        let by_header = get(&server, "/sdk/vardata", &[("x-amp-exp-user", &encoded)]).await;
        assert_eq!((by_header.status.as_u16(), by_header.json()), (200, assigned()), "{encoded}");
        assert!(by_header.text().contains(r#"{"z":1.0,"a":[1,2]}"#), "{}", by_header.text());
        for path in [encoded.clone(), encoded.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")] {
            assert_eq!(get(&server, &format!("/sdk/vardata/{path}"), &[]).await.json(), assigned(), "{path}");
        }
    }
    assert_eq!(post(&server, "/sdk/vardata", &[], USER).await.json(), assigned());
    assert_eq!(post(&server, "/sdk/vardata?v=0", &[("x-amp-exp-user", &base64(USER))], "").await.json(), assigned());
    // Nothing is assigned outside Norway.
    assert_eq!(post(&server, "/sdk/vardata", &[], r#"{"device_id": "d", "country": null}"#).await.json(), json!({}));
    let headers = [("x-amp-exp-user", base64(USER)), ("x-amp-exp-flag-keys", base64(r#"["nav"]"#))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let some = get(&server, "/sdk/vardata", &headers).await.json();
    assert_eq!(some.as_object().unwrap().keys().collect::<Vec<_>>(), ["nav"]);
}

#[tokio::test]
async fn old_sdks_find_a_key_in_every_variant() {
    let flags = r#"[
        {"key": "both", "variants": {"a": {"key": "a", "value": "b"}}, "segments": [{"variant": "a"}]},
        {"key": "value", "variants": {"a": {"value": "b", "payload": null}}, "segments": [{"variant": "a"}]},
        {"key": "number", "variants": {"a": {"key": "a", "value": 7}}, "segments": [{"variant": "a"}]}
    ]"#;
    let server = Server::builder().flags_json(flags).start().await.unwrap();
    let variants = post(&server, "/sdk/vardata", &[], USER).await.json();
    let shown = |flag: &str| [variants[flag]["key"].clone(), variants[flag]["value"].clone()];
    assert_eq!(shown("both"), ["a", "b"]);
    assert_eq!(shown("value"), ["b", "b"]);
    assert_eq!(shown("number"), ["a", "7"]);
}

#[tokio::test]
async fn old_endpoints_track_and_meet_faults_as_new_ones_do() {
    let server = server().await;
    post(&server, "/sdk/vardata", &[], USER).await;
    get(&server, &format!("/sdk/vardata/{}", base64_url(USER)), &[]).await;
    post(&server, "/sdk/vardata", &[("x-amp-exp-track", "no-track")], USER).await;
    let events = server.events();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.source == EventSource::RemoteEvaluation));
    assert_eq!(events[0].value()["user_id"], "u1>>>???");
    server.faults().script(Route::LegacyVariants, [Fault::status(503), Fault::status(502)]);
    assert_eq!(post(&server, "/sdk/vardata", &[], USER).await.status, 503);
    assert_eq!(get(&server, &format!("/sdk/vardata/{}", base64_url(USER)), &[]).await.status, 502);
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.route == Route::LegacyVariants));
    // The path is the user.
    assert!(requests.iter().all(|request| !format!("{request:?}").contains(&base64_url(USER))));
}

#[tokio::test]
async fn old_endpoints_refuse_what_new_ones_refuse() {
    let server = server().await;
    let user = base64_url(USER);
    for path in ["/sdk/vardata".to_owned(), format!("/sdk/vardata/{user}")] {
        let wrong = [("authorization", "Api-Key wrong"), ("x-amp-exp-user", user.as_str())];
        assert!(get(&server, &path, &wrong).await.refusal(401).contains("deployment key"));
        assert!(ask(&server.url(), Method::PUT, &path, &[], "").await.refusal(405).contains("PUT"));
        get(&server, &format!("{path}?v=%"), &[("x-amp-exp-user", &user)]).await.refusal(400);
    }
    assert!(get(&server, "/sdk/vardata", &[]).await.refusal(400).contains("there is no user"));
    for (path, why) in
        [("%25", "not base64"), ("%ff", "path"), ("e30", "neither"), ("W10", "JSON object"), ("ew", "user")]
    {
        let told = get(&server, &format!("/sdk/vardata/{path}"), &[]).await.refusal(400);
        assert!(told.contains(why), "{path}: {told}");
    }
    post(&server, "/sdk/vardata", &[], "x".repeat(2 << 20)).await.refusal(413);
}

#[tokio::test]
async fn old_flag_configs_are_404_with_the_versions_that_work() {
    let server = server().await;
    for path in [
        "/sdk/v1/flags",
        "/sdk/v1/flags/",
        "/sdk/v1/flags?v=0",
        "/sdk/v1/flags/?v=0",
        "/sdk/flags",
        "/sdk/flags/",
        "/sdk/rules?eval_mode=local",
        "/sdk/rules",
        "/sdk/rules/",
        "/sdk/v1/rules",
        "/sdk/v1/vardata",
        "/sdk/v1/vardata/",
    ] {
        for method in [Method::GET, Method::POST] {
            // Old SDKs get it with any key.
            for key in ["Api-Key local-deployment-key", ""] {
                let told = ask(&server.url(), method.clone(), path, &[("authorization", key)], "").await.refusal(404);
                for word in ["/sdk/v2/flags", "Node", "1.8.1", "Python", "1.3.0", "Go", "JVM", "Ruby"] {
                    assert!(told.contains(word), "{path}: {told}");
                }
            }
        }
    }
    for path in ["/sdk/v1/flag", "/sdk/v0/flags", "/sdk/rules/a", "/sdk/v1/vardata/a", "/sdk/vardata/"] {
        assert!(get(&server, path, &[]).await.refusal(404).starts_with("there is nothing at"), "{path}");
    }
}

#[tokio::test]
async fn pages_with_old_sdks_may_ask_if_they_are_named() {
    let page = ("origin", "http://localhost:8080");
    let server = Server::builder().flags_json(FLAGS).cors_origin(page.1).start().await.unwrap();
    let allowed = |answer: &common::Answer| answer.headers["access-control-allow-origin"] == page.1;
    for path in ["/sdk/vardata".to_owned(), format!("/sdk/vardata/{}", base64_url(USER)), "/sdk/v1/flags".to_owned()] {
        for method in ["GET", "POST"] {
            let asked = [
                page,
                ("access-control-request-method", method),
                ("access-control-request-headers", "authorization,x-amp-exp-user,content-type"),
            ];
            let leave = ask(&server.url(), Method::OPTIONS, &path, &asked, "").await;
            assert!(leave.status == 200 && allowed(&leave), "{path}");
        }
        let answer = get(&server, &path, &[page, ("x-amp-exp-user", &base64(USER))]).await;
        assert!(allowed(&answer), "{path}");
    }
}
