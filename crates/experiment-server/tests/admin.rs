//! The administrator's port.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::{Answer, FLAGS, ask, post, raw_at};
use experiment_server::Server;
use http::Method;
use serde_json::{Value, json};

async fn server() -> Server {
    Server::builder().flags_json(FLAGS).admin_listen(([127, 0, 0, 1], 0).into()).start().await.unwrap()
}

async fn admin(server: &Server, method: Method, path: &str, body: &str) -> Answer {
    let base = format!("http://{}", server.admin_address().unwrap());
    ask(&base, method, path, &[], body.to_owned()).await
}

async fn variant(server: &Server, user: &str, flag: &str) -> Value {
    let user = json!({"user_id": user}).to_string();
    post(server, "/sdk/v2/vardata", &[], user).await.json()[flag]["key"].clone()
}

#[tokio::test]
async fn flags_are_listed_and_shown() {
    let server = server().await;
    let listed = admin(&server, Method::GET, "/admin/flags", "").await.json();
    let expected = json!({"key": "nav", "file": "the flags given", "variants": ["on", "off"], "overrides": []});
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]), (3, &expected));
    let one = admin(&server, Method::GET, "/admin/flags/depends", "").await.json();
    assert_eq!(one["dependencies"], json!(["nav"]));
    assert!(admin(&server, Method::GET, "/admin/flags/none", "").await.refusal(404).contains("`none`"));
}

#[tokio::test]
async fn overrides_hold_for_one_user_or_all_and_for_dependents() {
    let server = server().await;
    let path = "/admin/flags/nav/override";
    let set = async |body: &str| admin(&server, Method::PUT, path, body).await;
    assert_eq!(set(r#"{"variant": "on", "user_id": "u1"}"#).await.status, 200);
    assert_eq!((variant(&server, "u1", "nav").await, variant(&server, "u2", "nav").await), (json!("on"), json!("off")));
    assert_eq!(variant(&server, "u1", "depends").await, "yes");
    assert_eq!(set(r#"{"variant": "on"}"#).await.status, 200);
    assert_eq!(variant(&server, "u2", "nav").await, "on");
    // It stays when the flags change.
    server.set_flags(FLAGS).unwrap();
    let listed = admin(&server, Method::GET, "/admin/flags", "").await.json();
    assert_eq!(listed[0]["overrides"].as_array().unwrap().len(), 2);
    let cleared = admin(&server, Method::DELETE, "/admin/flags/nav/override?everyone", "").await.json();
    assert_eq!(cleared, json!({"cleared": 1}));
    assert_eq!((variant(&server, "u1", "nav").await, variant(&server, "u2", "nav").await), (json!("on"), json!("off")));
    assert_eq!(admin(&server, Method::DELETE, path, "").await.json(), json!({"cleared": 1}));
    assert_eq!(variant(&server, "u1", "nav").await, "off");
}

#[tokio::test]
async fn overrides_that_make_no_sense_are_refused() {
    let server = server().await;
    for (path, body, status) in [
        ("/admin/flags/nav/override", r#"{"variant": "gone"}"#, 404),
        ("/admin/flags/none/override", r#"{"variant": "on"}"#, 404),
        ("/admin/flags/nav/override", r#"{"variant": "on", "user_id": "u", "device_id": "d"}"#, 400),
        ("/admin/flags/nav/override", r#"{"variant": "on", "user": "u"}"#, 400),
        ("/admin/flags/nav/override", r#"{"variant": "on", "user_id": "(none)"}"#, 404),
        ("/admin/flags/nav/override", r#"{"variant": "on", "user_id": ""}"#, 404),
        ("/admin/flags/nav/override", "{", 400),
        ("/admin/flags/%ff/override", "{}", 400),
    ] {
        admin(&server, Method::PUT, path, body).await.refusal(status);
    }
}

#[tokio::test]
async fn overrides_are_not_cleared_by_mistake() {
    let server = server().await;
    admin(&server, Method::PUT, "/admin/flags/nav/override", r#"{"variant": "on", "user_id": "u1"}"#).await;
    for query in ["userid=u1", "user_id=", "user_id=u1&device_id=d1"] {
        admin(&server, Method::DELETE, &format!("/admin/flags/nav/override?{query}"), "").await.refusal(400);
    }
    assert_eq!(variant(&server, "u1", "nav").await, "on");
    let cleared = admin(&server, Method::DELETE, "/admin/flags/nav/override?user_id=u1", "").await.json();
    assert_eq!(cleared, json!({"cleared": 1}));
}

#[tokio::test]
async fn events_are_shown_and_forgotten() {
    let server = server().await;
    for user in ["u1", "u2", "u3"] {
        variant(&server, user, "nav").await;
    }
    let shown = admin(&server, Method::GET, "/admin/events?limit=2", "").await.json();
    assert_eq!(shown["total"], 3);
    assert_eq!(shown["events"].as_array().unwrap().len(), 2);
    assert_eq!(shown["events"][1]["source"], "remote-evaluation");
    assert_eq!(shown["events"][1]["event"]["user_id"], "u3");
    assert_eq!(admin(&server, Method::DELETE, "/admin/events", "").await.status, 204);
    assert!(server.events().is_empty());
    admin(&server, Method::GET, "/admin/events?limit=all", "").await.refusal(400);
}

#[tokio::test]
async fn decisions_are_explained() {
    let server = server().await;
    let user = "%7B%22user_id%22%3A%22u1%22%2C%22country%22%3A%22Norway%22%7D";
    let text =
        admin(&server, Method::GET, &format!("/admin/explain?user={user}&flag=nav&format=text"), "").await.text();
    assert!(text.starts_with("nav: on, by segment 0\n"), "{text}");
    let all = admin(&server, Method::GET, &format!("/admin/explain?user={user}"), "").await.json();
    assert_eq!(all.as_array().unwrap().len(), 3);
    let posted =
        admin(&server, Method::POST, "/admin/explain", r#"{"user": {"user_id": "u1"}, "flag": "nav"}"#).await.json();
    assert_eq!(posted[0]["variant"], "off");
    admin(&server, Method::GET, "/admin/explain", "").await.refusal(400);
    admin(&server, Method::GET, "/admin/explain?user=7", "").await.refusal(400);
    admin(&server, Method::GET, &format!("/admin/explain?user={user}&flag=none"), "").await.refusal(404);
}

#[tokio::test]
async fn explanations_show_what_was_compared_as_text() {
    let server = server().await;
    let flags = r#"[{"key": "a", "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on", "conditions": [[
        {"selector": ["context", "user", "version"], "op": "version less", "values": ["10.0.0"]}]]}]}]"#;
    assert_eq!(server.set_flags(flags).unwrap(), []);
    for (version, compared_as_text) in [("v2.0.0", true), ("2.0.0", false)] {
        let user = json!({"user_id": "u1", "version": version});
        let posted = json!({"user": user}).to_string();
        let explained = admin(&server, Method::POST, "/admin/explain", &posted).await.json();
        let condition = &explained[0]["segments"][0]["groups"][0][0];
        assert_eq!(condition["comparedAsText"] == true, compared_as_text, "{explained}");
        assert_eq!(explained[0].get("warnings"), None, "the flag itself is good");
        let query =
            format!("/admin/explain?format=text&user=%7B%22user_id%22%3A%22u1%22%2C%22version%22%3A%22{version}%22%7D");
        let text = admin(&server, Method::GET, &query, "").await.text();
        assert_eq!(text.contains("version less [\"10.0.0\"], compared as text\n"), compared_as_text, "{text}");
    }
}

#[tokio::test]
async fn explanations_list_what_of_the_user_cannot_be_read() {
    let server = server().await;
    let user = r#"{"user_id": "u1", "country": ["Norway"], "version": 1e999, "web_exp_id": "w1", "a": "\ud800"}"#;
    let expected = json!([
        {"path": "version", "message": "number out of range"},
        {"path": "a", "message": "U+FFFD stands for a lone surrogate"},
        {"path": "country", "message": "expected a text"},
    ]);
    let posted = admin(&server, Method::POST, "/admin/explain", &format!(r#"{{"user": {user}, "flag": "nav"}}"#)).await;
    let posted = posted.json();
    assert_eq!((&posted[0]["userDiagnostics"], &posted[0]["variant"]), (&expected, &json!("on")));
    let query: String = user.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let asked = admin(&server, Method::GET, &format!("/admin/explain?user={query}"), "").await.json();
    assert!(asked.as_array().unwrap().iter().all(|explained| explained["userDiagnostics"] == expected), "{asked}");
    let text = admin(&server, Method::GET, &format!("/admin/explain?user={query}&format=text"), "").await.text();
    assert!(text.starts_with("of the user, version: number out of range\nof the user, a: U+FFFD"));
    assert_eq!(text.matches("of the user").count(), 3, "{text}");
    // A user that is read as a whole has nothing listed.
    let whole =
        admin(&server, Method::POST, "/admin/explain", r#"{"user": {"user_id": "u1", "web_exp_id": "w1"}}"#).await;
    assert!(whole.json().as_array().unwrap().iter().all(|explained| explained.get("userDiagnostics").is_none()));
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let server = server().await;
    variant(&server, "u1", "nav").await;
    let metrics = admin(&server, Method::GET, "/metrics", "").await.text();
    for line in [
        "experiment_server_requests_total{route=\"variants\",status=\"200\"} 1",
        "experiment_server_request_duration_seconds_count{route=\"variants\"} 1",
        "experiment_server_flags 3",
        "experiment_server_events_received 1",
        "experiment_server_streams 0",
    ] {
        assert!(metrics.lines().any(|given| given == line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn pages_of_a_browser_get_nothing() {
    let server = server().await;
    let base = format!("http://{}", server.admin_address().unwrap());
    for header in [
        ("origin", "http://localhost:8080"),
        ("sec-fetch-site", "cross-site"),
        // A page whose own name leads here.
        ("host", "evil.example:3001"),
    ] {
        ask(&base, Method::GET, "/admin/events", &[header], "").await.refusal(403);
    }
    for header in [("sec-fetch-site", "none"), ("host", "localhost:3001"), ("host", "[::1]:3001")] {
        assert_eq!(ask(&base, Method::GET, "/", &[header], "").await.status, 200, "{header:?}");
    }
    assert!(admin(&server, Method::GET, "/", "").await.text().contains("/admin/explain"));
    admin(&server, Method::GET, "/none", "").await.refusal(404);
    let told = ask(&base, Method::GET, "/metrics", &[("host", "evil.example:3001")], "").await.refusal(403);
    assert!(told.contains("`Host`") && !told.contains("browser"), "{told}");
    // Without `Host`, the URL names it.
    let old = |host: &str| format!("GET http://{host}/metrics HTTP/1.0\r\n\r\n").into_bytes();
    let address = server.admin_address().unwrap();
    assert!(raw_at(address, old("evil.example")).await.contains(" 403 Forbidden\r\n"));
    assert!(raw_at(address, old("localhost")).await.contains(" 200 OK\r\n"));
    // What is for SDKs is not here, and the other way round.
    admin(&server, Method::GET, "/sdk/v2/flags", "").await.refusal(404);
    ask(&server.url(), Method::GET, "/admin/events", &[], "").await.refusal(404);
}

#[tokio::test]
async fn where_others_may_ask_they_may_do_so_by_any_name() {
    let server = Server::builder().flags_json(FLAGS).admin_listen(([0, 0, 0, 0], 0).into()).start().await.unwrap();
    let base = format!("http://127.0.0.1:{}", server.admin_address().unwrap().port());
    for path in ["/metrics", "/healthz", "/admin/flags"] {
        let answer = ask(&base, Method::GET, path, &[("host", "flags.internal:3001")], "").await;
        assert_eq!(answer.status, 200, "{path}");
        let page = [("host", "flags.internal:3001"), ("origin", "http://flags.internal:3001")];
        assert!(ask(&base, Method::GET, path, &page, "").await.refusal(403).contains("browser"), "{path}");
    }
}
