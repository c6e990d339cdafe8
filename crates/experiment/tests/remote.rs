//! Remote evaluation over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]
#![cfg(feature = "remote")]

mod common;

use std::time::{Duration, Instant};

use common::{PATIENCE, flags, keys, server};
use experiment::{
    FetchOptions, ProxyConfig, RemoteEvaluationClient, RemoteEvaluationClientBuilder, RemoteEvaluationConfig, User,
};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Fault, Route, Server};
use serde_json::Value;

fn client(server: &Server) -> RemoteEvaluationClientBuilder {
    RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .proxy(ProxyConfig::Off)
        .fetch_retry_backoff(Duration::from_millis(1), Duration::from_millis(5), 1.5)
}

fn user() -> User {
    User::with_user_id("u1")
}

#[tokio::test]
async fn variants_are_fetched_as_asked() {
    let server = server(&["a", "b"]).await;
    let client = client(&server).build().unwrap();
    assert_eq!(keys(&client.fetch(&user()).await.unwrap()), ["a", "b"]);
    let options =
        FetchOptions::default().with_flag_keys(["b"]).with_tracks_assignment(false).with_tracks_exposure(true);
    assert_eq!(keys(&client.fetch_with(&user(), &options).await.unwrap()), ["b"]);
    let requests = server.requests();
    let headers = |name: &str| requests.iter().map(|request| request.header(name).is_some()).collect::<Vec<_>>();
    assert_eq!(headers("x-amp-exp-flag-keys"), [false, true]);
    assert_eq!(
        (headers("x-amp-exp-track"), headers("x-amp-exp-exposure-track")),
        (vec![false, true], vec![false, true])
    );
    assert_eq!(requests[1].header("x-amp-exp-track"), Some("no-track"));
    assert_eq!(requests[1].header("x-amp-exp-exposure-track"), Some("track"));
}

#[tokio::test]
async fn large_users_go_by_post() {
    let server = server(&["a"]).await;
    let user = User::builder().user_id("u1").user_property("text", "x".repeat(20_000)).build();
    assert_eq!(keys(&client(&server).build().unwrap().fetch(&user).await.unwrap()), ["a"]);
    let request = &server.requests()[0];
    assert_eq!(request.method, "POST");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert!(body["library"].as_str().unwrap().starts_with("experiment-rust-server/"), "{body}");
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let server = server(&["a"]).await;
    let client = client(&server).fetch_timeout(Duration::from_secs(1)).build().unwrap();
    let faults = [Fault::status(500), Fault::reset(), Fault::body("<html>"), Fault::cut_after(3), Fault::stall()];
    for fault in faults {
        server.faults().once(Route::Variants, fault.clone());
        assert_eq!(keys(&client.fetch(&user()).await.unwrap()), ["a"], "{fault:?}");
        assert_eq!(server.requests().len(), 2, "{fault:?}");
        server.clear_requests();
    }
    server.faults().once(Route::Variants, Fault::too_many_requests(Duration::from_secs(1)));
    let started = Instant::now();
    client.fetch(&user()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn who_has_somebody_waiting_does_not_wait_as_long_as_the_service_asks() {
    let server = server(&["a"]).await;
    server.faults().once(Route::Variants, Fault::too_many_requests(Duration::from_secs(30)));
    let client = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).config(RemoteEvaluationConfig::server());
    let client = client.server_url(server.url()).proxy(ProxyConfig::Off).build().unwrap();
    let started = Instant::now();
    client.fetch(&user()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(10));
    // The longest pause has an option of its own.
    server.faults().once(Route::Variants, Fault::too_many_requests(Duration::from_secs(30)));
    let client = self::client(&server).fetch_retry_after_max(Duration::from_millis(10)).build().unwrap();
    client.fetch(&user()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn what_does_not_pass_is_not_tried_again() {
    let server = server(&["a"]).await;
    let client = client(&server).build().unwrap();
    for status in [400, 404, 413] {
        server.faults().once(Route::Variants, Fault::status(status));
        let error = client.fetch(&user()).await.unwrap_err();
        assert_eq!((error.status(), error.is_retryable()), (Some(status), false));
    }
    // Nor once it has been tried again.
    server.faults().script(Route::Variants, [Fault::status(500), Fault::status(404)]);
    assert_eq!(client.fetch(&user()).await.unwrap_err().status(), Some(404));
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn a_wrong_key_is_named_and_never_shown() {
    let server = server(&["a"]).await;
    let client = RemoteEvaluationClient::builder("wrong-secret-key").server_url(server.url()).build().unwrap();
    let error = client.fetch(&user()).await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("deployment key"), "{error}");
    assert!(!format!("{error:?} {error} {client:?}").contains("wrong-secret-key"));
}

#[tokio::test]
async fn retries_end_with_the_last_error_and_none_may_be_asked_for() {
    let server = server(&["a"]).await;
    server.faults().always(Route::Variants, Fault::status(503));
    let error = client(&server).fetch_retries(2).build().unwrap().fetch(&user()).await.unwrap_err();
    assert_eq!((error.status(), server.requests().len()), (Some(503), 3));
    server.clear_requests();
    let error = client(&server).fetch_retries(0).build().unwrap().fetch(&user()).await.unwrap_err();
    assert_eq!((error.status(), server.requests().len()), (Some(503), 1));
}

#[tokio::test]
async fn each_attempt_has_its_deadline() {
    let server = server(&["a"]).await;
    server.faults().always(Route::Variants, Fault::stall());
    let config = RemoteEvaluationConfig::server();
    let client = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).config(config).server_url(server.url());
    let client = client.fetch_timeout(Duration::from_millis(50)).fetch_retry_timeout(Duration::from_millis(80));
    let started = Instant::now();
    let error = client.build().unwrap().fetch(&user()).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(130) && took < PATIENCE, "{took:?}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn many_fetches_share_a_client() {
    let server = server(&["a"]).await;
    let client = client(&server).build().unwrap();
    server.set_flags(flags(&["b"])).unwrap();
    let fetches: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { keys(&client.fetch(&user()).await.unwrap()) })
        })
        .collect();
    for fetch in fetches {
        assert_eq!(fetch.await.unwrap(), ["b"]);
    }
}
