//! Clients behind a network that loses connections: fetches, polls, streams, cohort downloads and uploads, through a
//! proxy of raw sockets. The service is healthy all the while.
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
