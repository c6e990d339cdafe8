//! What connections cost that died without a word: a fetch, a poll and an upload, over a proxy that drops all kept
//! connections silently while the service is healthy.
//!
//! `cargo bench -p experiment --bench dead_connections`
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program that measures"
)]

#[path = "../../transport/tests/common/fault_proxy.rs"]
mod fault_proxy;

use std::time::{Duration, Instant};

use experiment::tracking::ExposureConfig;
use experiment::{
    EvaluateOptions, LocalEvaluationClient, ProxyConfig, RemoteEvaluationClient, RemoteEvaluationConfig, User,
};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Server};
use fault_proxy::FaultProxy;

const FLAGS: &str =
    r#"[{"key": "a", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on"}]}]"#;

#[tokio::main]
async fn main() {
    for (name, config) in
        [("server preset", RemoteEvaluationConfig::server()), ("default options", RemoteEvaluationConfig::default())]
    {
        fetches(name, config).await;
    }
    poll().await;
    upload().await;
}

async fn service() -> (Server, FaultProxy) {
    let server = Server::builder().flags_json(FLAGS).start().await.unwrap();
    let proxy = FaultProxy::before(server.address());
    (server, proxy)
}

/// Ten fetches, one after another, over a pool of 20 dead connections.
async fn fetches(name: &str, config: RemoteEvaluationConfig) {
    let (server, proxy) = service().await;
    let client = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .config(config)
        .server_url(proxy.url())
        .proxy(ProxyConfig::Off)
        .build()
        .unwrap();
    let user = User::with_user_id("u1");
    while proxy.connections() < 20 {
        let fetches: Vec<_> = (0..20)
            .map(|_| {
                let (client, user) = (client.clone(), user.clone());
                tokio::spawn(async move { client.fetch(&user).await.map(drop) })
            })
            .collect();
        for fetch in fetches {
            fetch.await.unwrap().unwrap();
        }
    }
    proxy.silence_open_connections();
    let mut failed = 0;
    let mut times = Vec::new();
    for _ in 0..10 {
        let begin = Instant::now();
        failed += usize::from(client.fetch(&user).await.is_err());
        times.push(begin.elapsed());
        if begin.elapsed() > Duration::from_secs(60) {
            break;
        }
    }
    println!(
        "fetch, {name}, 20 dead connections: {failed} of {} failed; first {:.0} ms, slowest {:.0} ms",
        times.len(),
        millis(times[0]),
        millis(*times.iter().max().unwrap())
    );
    server.shutdown().await;
}

/// A poll of 5 s whose kept connection died: when the change is there that the service has had all along.
async fn poll() {
    let (server, proxy) = service().await;
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(proxy.url())
        .proxy(ProxyConfig::Off)
        .flag_config_polling_interval(Duration::from_secs(5))
        .build()
        .unwrap();
    client.start().await.unwrap();
    let mut watch = client.watch_status().unwrap();
    let mut polled = watch.changed().await.unwrap().last_current;
    for _ in 0..2 {
        let before = polled;
        polled = watch.wait_for(|status| status.last_current != before).await.unwrap().last_current;
    }
    proxy.silence_open_connections();
    let begin = polled.unwrap();
    let after = watch.wait_for(|status| status.last_current > Some(begin)).await.unwrap().last_current.unwrap();
    println!("poll every 5 s, dead connection: flags confirmed after {:.0} ms", millis(after - begin));
    client.close().await;
    server.shutdown().await;
}

/// An upload whose kept connection died.
async fn upload() {
    let (server, proxy) = service().await;
    let mut config = ExposureConfig::new(DEFAULT_API_KEY);
    config.delivery.server_url = format!("{}/2/httpapi", proxy.url());
    config.delivery.close_timeout = Duration::from_secs(60);
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .proxy(ProxyConfig::Off)
        .exposure_tracking(config)
        .build()
        .unwrap();
    client.start().await.unwrap();
    let options = EvaluateOptions::default().with_tracks_exposure(true);
    let _ = client.evaluate_with(&User::with_user_id("u1"), &options);
    assert!(client.flush().await.is_complete());
    proxy.silence_open_connections();
    let _ = client.evaluate_with(&User::with_user_id("u2"), &options);
    let begin = Instant::now();
    let report = client.flush().await;
    assert_eq!(server.events().len(), 2, "{report:?}");
    println!("upload, dead connection: {:.0} ms", millis(begin.elapsed()));
    client.close().await;
    server.shutdown().await;
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
