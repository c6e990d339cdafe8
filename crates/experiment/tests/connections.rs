//! Clients behind a network that loses connections, puts its own responses in the service's place, or redirects:
//! fetches, polls, streams, cohort downloads and uploads, through a proxy of raw sockets. The service is healthy all the
//! while.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;
#[path = "../../transport/tests/common/fault_proxy.rs"]
mod fault_proxy;

use std::time::{Duration, Instant};

use common::cohorts::{cohort, flags_of, on, until_cohorts};
use common::{PATIENCE, flags, until_known};
use experiment::tracking::ExposureConfig;
use experiment::{
    CohortSyncConfig, EvaluateOptions, LocalEvaluationClient, LocalEvaluationClientBuilder, ProxyConfig,
    RemoteEvaluationClient, RemoteEvaluationClientBuilder, RemoteEvaluationConfig, State, User,
};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, DEFAULT_SECRET_KEY, Route, Server};
use fault_proxy::FaultProxy;
use tokio::time::timeout;

/// Ways in which connections get lost, after each of which calls have to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// Kept connections die, and nobody learns of it.
    Silent,
    /// Each kept connection is closed when it is used again.
    ClosedOnReuse,
}

const LOSSES: [Loss; 2] = [Loss::Silent, Loss::ClosedOnReuse];

impl Loss {
    fn happen(self, proxy: &FaultProxy) {
        match self {
            Self::Silent => proxy.silence_open_connections(),
            Self::ClosedOnReuse => proxy.close_after(1),
        }
    }
}

async fn service(flags: String) -> (Server, FaultProxy) {
    let server = Server::builder().flags_json(flags).start().await.unwrap();
    let proxy = FaultProxy::before(server.address());
    (server, proxy)
}

fn remote(proxy: &FaultProxy) -> RemoteEvaluationClientBuilder {
    RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .config(RemoteEvaluationConfig::server())
        .server_url(proxy.url())
        .proxy(ProxyConfig::Off)
}

fn local(proxy: &FaultProxy) -> LocalEvaluationClientBuilder {
    LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(proxy.url())
        .stream_server_url(proxy.url())
        .proxy(ProxyConfig::Off)
        .flag_config_polling_interval(Duration::from_millis(50))
}

fn user() -> User {
    User::with_user_id("u1")
}

#[tokio::test]
async fn fetches_without_retries_succeed() {
    for loss in LOSSES {
        let (server, proxy) = service(flags(&["a"])).await;
        let client = remote(&proxy).fetch_retries(0).build().unwrap();
        client.fetch(&user()).await.unwrap();
        loss.happen(&proxy);
        for call in 0..6 {
            let result = client.fetch(&user()).await;
            assert!(result.is_ok(), "{loss:?}, call {call}: {result:?}");
        }
        let arrived = server.requests().iter().filter(|request| request.route == Route::Variants).count();
        assert_eq!(arrived, 7, "{loss:?}: the service got each fetch once");
    }
}

#[tokio::test]
async fn fetches_of_users_that_go_by_post_succeed() {
    for loss in LOSSES {
        let (_server, proxy) = service(flags(&["a"])).await;
        let client = remote(&proxy).fetch_retries(0).build().unwrap();
        let large = User::builder().user_id("u1").user_property("name", "x".repeat(9000)).build();
        client.fetch(&large).await.unwrap();
        loss.happen(&proxy);
        for call in 0..3 {
            let result = client.fetch(&large).await;
            assert!(result.is_ok(), "{loss:?}, call {call}: {result:?}");
        }
    }
}

#[tokio::test]
async fn no_poll_fails() {
    for loss in LOSSES {
        let (server, proxy) = service(flags(&["a"])).await;
        let client = local(&proxy).build().unwrap();
        client.start().await.unwrap();
        loss.happen(&proxy);
        server.set_flags(flags(&["b"])).unwrap();
        until_known(&client, &["b"]).await;
        let mut watch = client.watch_status().unwrap();
        for _ in 0..4 {
            let last = watch.current().last_current;
            let status = timeout(PATIENCE, watch.wait_for(|status| status.last_current > last)).await.unwrap().unwrap();
            assert_eq!((status.failures, status.last_error.is_some()), (0, false), "{loss:?}: {status:?}");
        }
        client.close().await;
    }
}

#[tokio::test]
async fn a_stream_comes_back_after_its_silence_and_its_polls_never_fail() {
    let (server, proxy) = service(flags(&["a"])).await;
    let client = local(&proxy)
        .stream_updates(true)
        .updater(|config| {
            config.keep_alive_timeout = Duration::from_millis(300);
            config.reconnect_delay_max = Duration::from_millis(10);
        })
        .build()
        .unwrap();
    client.start().await.unwrap();
    assert_eq!(client.status().updater.unwrap().state, State::Streaming);
    proxy.silence_open_connections();
    server.set_flags(flags(&["b"])).unwrap();
    until_known(&client, &["b"]).await;
    common::until(&client, State::Streaming).await;
    assert_eq!(proxy.requests_of("/sdk/v2/flags"), 0, "no poll stood in");
    client.close().await;
}

#[tokio::test]
async fn cohort_downloads_succeed_at_the_first_attempt() {
    for loss in LOSSES {
        let (server, proxy) = service(flags_of(&["c1"])).await;
        server.set_cohort(cohort("c1", &["u2"], 1));
        let config = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(proxy.url());
        let client = local(&proxy)
            .flag_config_polling_interval(Duration::from_secs(600))
            .cohort_sync(config)
            .cohort_downloads(|config| {
                config.attempts = 1;
                config.polling_interval = Duration::from_millis(200);
            })
            .build()
            .unwrap();
        client.start().await.unwrap();
        assert!(on(&client).is_empty());
        loss.happen(&proxy);
        server.set_cohort(cohort("c1", &["u1"], 2));
        until_cohorts(&client, |client| on(client) == ["c1"]).await;
        assert_eq!(common::cohorts::status(&client, "c1").failures, 0, "{loss:?}");
        client.close().await;
    }
}

#[tokio::test]
async fn uploads_arrive_once_and_without_a_retry() {
    for loss in LOSSES {
        let (server, proxy) = service(flags(&["a"])).await;
        let mut config = ExposureConfig::new(DEFAULT_API_KEY);
        config.delivery.server_url = format!("{}/2/httpapi", proxy.url());
        let client = local(&proxy).server_url(server.url()).exposure_tracking(config).build().unwrap();
        client.start().await.unwrap();
        let expose = async |name: &str| {
            let options = EvaluateOptions::default().with_tracks_exposure(true);
            let _ = client.evaluate_with(&User::with_user_id(name), &options);
            let begin = Instant::now();
            let report = client.flush().await;
            assert!(report.is_complete(), "{loss:?}, {name}: {report:?}");
            begin.elapsed()
        };
        expose("u1").await;
        loss.happen(&proxy);
        for name in ["u2", "u3", "u4"] {
            let took = expose(name).await;
            // Without a first retry, which waits a second.
            assert!(loss == Loss::Silent || took < Duration::from_secs(1), "{loss:?}, {name}: {took:?}");
        }
        let stats = client.stats().exposures.unwrap().events;
        assert_eq!((stats.sent, server.events().len()), (4, 4), "{loss:?}: {stats:?}");
        client.close().await;
    }
}

/// What a proxy or a sign-in page says in the service's place.
fn intercepted() -> Vec<(&'static str, String)> {
    let with_body = |kind: &str, body: &str| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    vec![
        ("a sign-in page", with_body("text/html", "<!DOCTYPE html><html>Sign in</html>")),
        ("an empty body", with_body("application/json", "")),
        ("a proxy's message", with_body("text/plain", "blocked by policy")),
        ("an error in JSON", with_body("application/json", r#"{"error": "blocked by policy"}"#)),
        ("a text in JSON", with_body("application/json", r#""blocked""#)),
        ("a body cut short", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned()),
        (
            "a redirect to a sign-in page",
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn an_upload_that_something_else_answers_is_sent_again_until_the_service_takes_it() {
    for (what, reply) in intercepted() {
        let (server, proxy) = service(flags(&["a"])).await;
        let mut config = ExposureConfig::new(DEFAULT_API_KEY);
        config.delivery.server_url = format!("{}/2/httpapi", proxy.url());
        let client = local(&proxy).server_url(server.url()).exposure_tracking(config).build().unwrap();
        client.start().await.unwrap();
        proxy.reply_once("/2/httpapi", reply);
        let options = EvaluateOptions::default().with_tracks_exposure(true);
        let _ = client.evaluate_with(&user(), &options);
        let report = client.flush().await;
        assert!(report.is_complete(), "{what}: {report:?}");
        assert_eq!((proxy.requests_of("/2/httpapi"), server.events().len()), (2, 1), "{what}");
        client.close().await;
    }
}

#[tokio::test]
async fn what_something_else_answers_replaces_nothing_that_is_held() {
    for (what, reply) in intercepted() {
        let (server, proxy) = service(flags_of(&["c1"])).await;
        server.set_cohort(cohort("c1", &["u1"], 1));
        let config = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(proxy.url());
        let client = local(&proxy)
            .cohort_sync(config)
            .cohort_downloads(|config| {
                config.attempts = 1;
                config.polling_interval = Duration::from_millis(100);
            })
            .build()
            .unwrap();
        client.start().await.unwrap();
        for path in ["/sdk/v2/flags", "/sdk/v1/cohort"] {
            proxy.reply(path, reply.clone());
        }
        let mut watch = client.watch_status().unwrap();
        let failed = timeout(PATIENCE, watch.wait_for(|status| status.failures > 0)).await;
        assert!(failed.is_ok(), "{what}");
        until_cohorts(&client, |client| common::cohorts::status(client, "c1").failures > 0).await;
        assert_eq!(on(&client), ["c1"], "{what}");
        proxy.heal();
        server.set_flags(format!("[{},{}", common::cohorts::flag("c1"), &flags(&["b"])[1..])).unwrap();
        until_known(&client, &["b", "c1"]).await;
        client.close().await;
    }
}

#[tokio::test]
async fn a_fetch_that_something_else_answers_fails_or_is_tried_again() {
    for (what, reply) in intercepted() {
        let (_server, proxy) = service(flags(&["a"])).await;
        proxy.reply_once("/sdk/v2/vardata", reply.clone());
        assert!(remote(&proxy).fetch_retries(0).build().unwrap().fetch(&user()).await.is_err(), "{what}");
        proxy.reply_once("/sdk/v2/vardata", reply);
        let client = remote(&proxy).fetch_retries(1).build().unwrap();
        assert!(client.fetch(&user()).await.unwrap().is_on("a"), "{what}");
    }
}

#[tokio::test]
async fn a_stream_that_something_else_answers_is_replaced_by_polls_and_comes_back() {
    for (what, reply) in intercepted() {
        let (server, proxy) = service(flags(&["a"])).await;
        proxy.reply("/sdk/stream", reply);
        let client = local(&proxy)
            .stream_updates(true)
            .stream_flag_conn_timeout(Duration::from_millis(500))
            .updater(|config| {
                config.stream_retry = Duration::from_millis(50);
                config.stream_retry_jitter = Duration::from_millis(10);
            })
            .build()
            .unwrap();
        client.start().await.unwrap();
        common::until(&client, State::Fallback).await;
        server.set_flags(flags(&["b"])).unwrap();
        until_known(&client, &["b"]).await;
        proxy.heal();
        common::until(&client, State::Streaming).await;
        assert!(common::known(&client) == ["b"], "{what}");
        client.close().await;
    }
}

#[tokio::test]
async fn one_odd_entry_of_a_list_takes_no_other_with_it() {
    let json = |body: &str| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let odd =
        ["null", "5", r#""text""#, r#"{"key": "on", "payload": 1e999}"#, r#"{"key": "\ud800", "value": [1e999]}"#];
    for odd in odd {
        let (_server, proxy) = service(flags(&["a"])).await;
        proxy.reply("/sdk/v2/vardata", json(&format!(r#"{{"odd": {odd}, "good": {{"key": "on", "value": "on"}}}}"#)));
        let variants = remote(&proxy).fetch_retries(0).build().unwrap().fetch(&user()).await;
        let variants = variants.unwrap_or_else(|error| panic!("{odd}: {error:?}"));
        assert!(variants.is_on("good"), "{odd}: {variants:?}");

        let list = format!("[{odd},{}", &flags(&["good"])[1..]);
        proxy.reply("/sdk/v2/flags", json(&list));
        let client = local(&proxy).build().unwrap();
        client.start().await.unwrap_or_else(|error| panic!("{odd}: {error:?}"));
        assert_eq!(common::known(&client), ["good"], "{odd}");
        client.close().await;

        proxy.reply(
            "/sdk/stream",
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {list}\n\n"),
        );
        let client = local(&proxy).stream_updates(true).build().unwrap();
        client.start().await.unwrap_or_else(|error| panic!("{odd}: {error:?}"));
        assert_eq!(common::known(&client), ["good"], "{odd}");
        client.close().await;
    }
    for odd in ["null", "5", r#""\ud800""#, "1e999", "{}"] {
        let (_server, proxy) = service(flags_of(&["c1"])).await;
        let body = format!(r#"{{"cohortId": "c1", "groupType": "User", "memberIds": [{odd}, "u1"]}}"#);
        proxy.reply("/sdk/v1/cohort", json(&body));
        let config = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(proxy.url());
        let client = local(&proxy).cohort_sync(config).build().unwrap();
        client.start().await.unwrap();
        assert_eq!(on(&client), ["c1"], "{odd}: {:?}", client.status());
        client.close().await;
    }
}

#[tokio::test]
async fn no_key_no_user_and_no_event_reaches_another_origin() {
    let (server, proxy) = service(flags_of(&["c1"])).await;
    let other = FaultProxy::before(server.address());
    let to = |path: &str| {
        let location = format!("http://localhost:{}{path}", other.address().port());
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
    };
    for path in ["/sdk/v2/vardata", "/sdk/v2/flags", "/sdk/stream/v1/flags", "/sdk/v1/cohort/c1", "/2/httpapi"] {
        proxy.reply(path, to(path));
    }
    let small = User::builder().user_id("secret-user").build();
    let large = small.to_builder().user_property("name", "x".repeat(9000)).build();
    let fetching = remote(&proxy).build().unwrap();
    for user in [&small, &large] {
        assert!(fetching.fetch(user).await.is_err());
    }
    let mut exposures = ExposureConfig::new(DEFAULT_API_KEY);
    exposures.delivery.server_url = format!("{}/2/httpapi", proxy.url());
    exposures.delivery.close_timeout = Duration::from_millis(300);
    let cohorts = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(proxy.url());
    let starting = local(&proxy).stream_updates(true).start_timeout(Duration::from_secs(2)).build().unwrap();
    assert!(starting.start().await.is_err(), "the other origin refuses who has no key");
    let client =
        local(&proxy).server_url(server.url()).cohort_sync(cohorts).exposure_tracking(exposures).build().unwrap();
    client.start().await.unwrap();
    server.set_flags(flags(&["a"])).unwrap();
    until_known(&client, &["a"]).await;
    let _ = client.evaluate_with(&small, &EvaluateOptions::default().with_tracks_exposure(true));
    let report = client.close().await;
    assert!(!report.is_complete(), "{report:?}");

    assert!(proxy.requests_of("/2/httpapi") > 0 && proxy.requests_of("/sdk/v1/cohort") > 0);
    let reached = other.requests();
    assert!(!reached.is_empty(), "the redirects lead somewhere");
    for (_, request) in &reached {
        let lower = request.to_ascii_lowercase();
        assert!(!lower.contains("authorization") && !lower.contains("secret-user"), "{request}");
        for secret in [DEFAULT_DEPLOYMENT_KEY, DEFAULT_API_KEY, DEFAULT_SECRET_KEY] {
            assert!(!request.contains(secret), "{request}");
        }
    }
    assert_eq!((other.requests_of("/sdk/v2/vardata"), other.requests_of("/2/httpapi")), (0, 0));
}
