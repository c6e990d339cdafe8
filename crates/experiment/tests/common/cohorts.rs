//! Flags that ask about cohorts, clients that keep them in sync, and what to wait for.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::time::Duration;

use experiment::cohorts::{Cohort, CohortStatus, SyncConfig};
use experiment::{CohortSyncConfig, LocalEvaluationClient, LocalEvaluationClientBuilder, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_SECRET_KEY, Request, Route, Server};

use super::{PATIENCE, known, polling};

/// A flag for users in a cohort, of the cohort's name.
pub(crate) fn flag(id: &str) -> String {
    asks(id, r#"["context", "user", "cohort_ids"]"#, id)
}

/// A flag for groups of a type in a cohort.
pub(crate) fn group_flag(key: &str, group_type: &str, id: &str) -> String {
    asks(key, &format!(r#"["context", "groups", "{group_type}", "cohort_ids"]"#), id)
}

fn asks(key: &str, selector: &str, id: &str) -> String {
    format!(
        r#"{{"key": "{key}", "variants": {{"on": {{"key": "on", "value": "on"}}}}, "segments": [{{"conditions": [[
            {{"selector": {selector}, "op": "set contains any", "values": ["{id}"]}}]], "variant": "on"}}]}}"#
    )
}

/// Flags for users in each of these cohorts.
pub(crate) fn flags_of(ids: &[&str]) -> String {
    format!("[{}]", ids.iter().map(|id| flag(id)).collect::<Vec<_>>().join(","))
}

/// A server with flags for these cohorts, which all have the member `u1`.
pub(crate) async fn server_of(ids: &[&str]) -> Server {
    let builder = Server::builder().flags_json(flags_of(ids));
    ids.iter().fold(builder, |builder, id| builder.cohort(cohort(id, &["u1"], 1))).start().await.unwrap()
}

pub(crate) fn cohort(id: &str, members: &[&str], modified: i64) -> Cohort {
    Cohort::new(id, members.iter().copied()).with_last_modified(modified)
}

/// A polling client that keeps cohorts in sync, and refreshes them only when told so.
pub(crate) fn syncing(server: &Server) -> LocalEvaluationClientBuilder {
    syncing_with(server, |_| ())
}

pub(crate) fn syncing_with(
    server: &Server,
    adjust: impl Fn(&mut SyncConfig) + Send + Sync + 'static,
) -> LocalEvaluationClientBuilder {
    let config = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(server.url());
    polling(server).cohort_sync(config).cohort_downloads(move |config| {
        config.backoff = Duration::from_millis(1);
        config.missing_retry = Duration::from_secs(3600);
        config.polling_interval = Duration::from_secs(3600);
        adjust(config);
    })
}

/// The flags that `u1` gets.
pub(crate) fn on(client: &LocalEvaluationClient) -> Vec<String> {
    known(client)
}

pub(crate) fn is_on(client: &LocalEvaluationClient, user: &User, key: &str) -> bool {
    client.evaluate(user).is_on(key)
}

/// How one cohort is doing.
pub(crate) fn status(client: &LocalEvaluationClient, id: &str) -> CohortStatus {
    let all = client.status().cohorts;
    all.into_iter().find(|cohort| &*cohort.id == id).unwrap_or_else(|| panic!("no flag needs {id}"))
}

/// Waits until something holds, which is asked again after each download.
pub(crate) async fn until_cohorts(client: &LocalEvaluationClient, holds: impl Fn(&LocalEvaluationClient) -> bool) {
    let mut watch = client.watch_cohorts().unwrap();
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds(client) {
            assert!(watch.changed().await);
        }
    });
    assert!(waited.await.is_ok(), "{:?}", client.status());
}

/// The requests for cohorts.
pub(crate) fn downloads(server: &Server) -> Vec<Request> {
    server.requests().into_iter().filter(|request| request.route == Route::Cohort).collect()
}
