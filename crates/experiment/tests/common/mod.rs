//! A server, clients of it, and flags.
#![allow(dead_code, reason = "each test file uses some of it")]

#[cfg(feature = "cohorts")]
pub(crate) mod cohorts;
#[cfg(feature = "logging")]
pub(crate) mod logs;

use std::time::Duration;

use experiment::{LocalEvaluationClient, LocalEvaluationClientBuilder, ProxyConfig, State, User, Variants};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A list of flags that everyone has on, by their keys.
pub(crate) fn flags(keys: &[&str]) -> String {
    let flag = |key: &&str| {
        format!(
            r#"{{"key": "{key}", "variants": {{"on": {{"key": "on", "value": "on"}}}}, "segments": [{{"variant": "on"}}]}}"#
        )
    };
    format!("[{}]", keys.iter().map(flag).collect::<Vec<_>>().join(","))
}

pub(crate) async fn server(keys: &[&str]) -> Server {
    Server::builder().flags_json(flags(keys)).start().await.unwrap()
}

/// A streaming client that tries again soon.
pub(crate) fn streaming(server: &Server) -> LocalEvaluationClientBuilder {
    polling(server).stream_updates(true).stream_server_url(server.url())
}

/// A polling client that polls often. A busy machine does not make its flags stale.
pub(crate) fn polling(server: &Server) -> LocalEvaluationClientBuilder {
    LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .proxy(ProxyConfig::Off)
        .flag_config_polling_interval(Duration::from_millis(50))
        .updater(|config| {
            config.initial_backoff = Duration::from_millis(5);
            config.stream_retry = Duration::from_millis(100);
            config.stream_retry_jitter = Duration::from_millis(20);
            config.reconnect_delay_max = Duration::from_millis(20);
            config.stale_after = Some(Duration::from_secs(60));
        })
}

/// The keys of the flags that a client knows.
pub(crate) fn keys(variants: &Variants) -> Vec<String> {
    variants.iter().map(|(key, _)| key.to_owned()).collect()
}

pub(crate) fn known(client: &LocalEvaluationClient) -> Vec<String> {
    keys(&client.evaluate(&User::with_user_id("u1")))
}

/// Waits until a client is in a state.
pub(crate) async fn until(client: &LocalEvaluationClient, state: State) {
    let mut watch = client.watch_status().unwrap();
    let reached = tokio::time::timeout(PATIENCE, watch.wait_for(|status| status.state == state)).await;
    assert!(reached.is_ok(), "never {state}: {:?}", client.status());
}

/// Waits until a client has these flags.
pub(crate) async fn until_known(client: &LocalEvaluationClient, keys: &[&str]) {
    let mut changes = client.changes();
    let waited = tokio::time::timeout(PATIENCE, async {
        while known(client) != keys {
            changes.next().await.unwrap();
        }
    });
    assert!(waited.await.is_ok(), "{:?} instead of {keys:?}; {:?}", known(client), client.status());
}
