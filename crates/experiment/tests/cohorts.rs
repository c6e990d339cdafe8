//! Cohorts kept in sync with a server, over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use common::cohorts::{
    cohort, downloads, flag, flags_of, group_flag, is_on, on, server_of, status, syncing, syncing_with, until_cohorts,
};
use common::{PATIENCE, polling, streaming, until_known};
use experiment::cohorts::{Cohort, CohortStore, read_folder};
use experiment::{CohortSyncConfig, LocalEvaluationClient, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_SECRET_KEY, Fault, Route, Server};

#[tokio::test]
async fn flags_are_decided_by_cohorts_that_are_there_when_the_start_is_done() {
    let flags = format!("[{},{}]", flag("c1"), group_flag("org", "org", "g1"));
    let server = Server::builder()
        .flags_json(flags)
        .cohort(cohort("c1", &["u1", "u2"], 5))
        .cohort(cohort("g1", &["acme"], 6).with_group_type("org"))
        .start()
        .await
        .unwrap();
    let client = syncing(&server).build().unwrap();
    client.start().await.unwrap();
    for (user, expected) in [
        (User::builder().user_id("u2").group("org", "acme"), [true, true]),
        // Only the first name of a type counts.
        (User::builder().user_id("u3").groups("org", ["other", "acme"]), [false, false]),
        // Devices are never looked up, and names neither where ids are asked for.
        (User::builder().device_id("u1").group("team", "acme"), [false, false]),
        (User::builder().user_id("acme").group("org", "u1"), [false, false]),
        // What is looked up counts in the place of what the user brings.
        (User::builder().user_id("u3").cohort_ids(["c1"]).group("org", "acme"), [false, true]),
    ] {
        let user = user.build();
        assert_eq!([is_on(&client, &user, "c1"), is_on(&client, &user, "org")], expected, "{user:?}");
    }
    let told: Vec<_> = client.status().cohorts.into_iter().map(|it| (it.id.to_string(), it.copy.unwrap())).collect();
    let told: Vec<_> =
        told.iter().map(|(id, copy)| (&**id, &*copy.group_type, copy.size, copy.last_modified)).collect();
    assert_eq!(told, [("c1", "User", 2, 5), ("g1", "org", 1, 6)]);
    client.close().await;
}

#[tokio::test]
async fn requests_are_as_the_protocol_says() {
    let server = server_of(&["c 1/ü"]).await;
    let config = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY)
        .with_cohort_server_url(server.url())
        .with_max_cohort_size(77);
    let quick = Duration::from_millis(20);
    let client =
        polling(&server).cohort_sync(config).cohort_downloads(move |it| it.polling_interval = quick).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(on(&client), ["c 1/ü"]);
    assert!(server.until(PATIENCE, |server| downloads(server).len() >= 2).await);
    client.close().await;
    let asked = downloads(&server);
    assert_eq!(asked[0].path, "/sdk/v1/cohort/c%201%2F%C3%BC");
    let queries = [asked[0].query.as_deref(), asked[1].query.as_deref()];
    assert_eq!(queries, [Some("maxCohortSize=77"), Some("maxCohortSize=77&lastModified=1")]);
    assert_eq!(asked[0].header("authorization").unwrap().split(' ').next(), Some("Basic"));
    assert_eq!(asked[0].header("accept-encoding"), Some("gzip"));
    assert!(asked[0].header("x-amp-exp-library").is_some());
    assert_eq!(asked[1].status.map(|status| status.as_u16()), Some(204));
}

#[tokio::test]
async fn new_flags_go_live_with_their_cohorts_and_unused_ones_are_dropped() {
    let server = server_of(&["c1"]).await;
    let client = syncing(&server).build().unwrap();
    client.start().await.unwrap();
    server.set_cohort(cohort("c2", &["u1"], 1));
    server.set_flags(flags_of(&["c1", "c2"])).unwrap();
    // Whenever the flag is there, its cohort is.
    until_known(&client, &["c1", "c2"]).await;
    server.set_flags(flags_of(&["c2"])).unwrap();
    until_known(&client, &["c2"]).await;
    let known: Vec<String> = client.status().cohorts.iter().map(|cohort| cohort.id.to_string()).collect();
    assert_eq!(known, ["c2"]);
    // Nothing is asked for that is there already.
    assert_eq!(downloads(&server).len(), 2);
    client.close().await;
}

#[tokio::test]
async fn cohorts_come_with_streamed_flags_too() {
    let server = server_of(&["c1"]).await;
    let config = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(server.url());
    let client = streaming(&server).cohort_sync(config).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(on(&client), ["c1"]);
    server.set_cohort(cohort("c2", &["u1"], 1));
    server.set_flags(flags_of(&["c1", "c2"])).unwrap();
    until_known(&client, &["c1", "c2"]).await;
    client.close().await;
}

#[tokio::test]
async fn changed_cohorts_come_by_a_refresh_without_a_change_of_flags() {
    let server = server_of(&["c1", "c2"]).await;
    let client = syncing_with(&server, |config| config.polling_interval = Duration::from_millis(50)).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(on(&client), ["c1", "c2"]);
    server.set_cohort(cohort("c1", &["u2"], 2));
    until_cohorts(&client, |client| on(client) == ["c2"]).await;
    assert!(is_on(&client, &User::with_user_id("u2"), "c1"));
    let (c1, c2) = (status(&client, "c1").copy.unwrap(), status(&client, "c2").copy.unwrap());
    assert_eq!((c1.last_modified, c2.last_modified), (2, 1));
    client.close().await;
    // Nothing is asked any more.
    server.clear_requests();
    assert!(!server.until(Duration::from_millis(200), |server| !downloads(server).is_empty()).await);
    assert_eq!(on(&client), ["c2"]);
}

#[tokio::test]
async fn a_cohort_that_is_missing_is_told_and_comes_without_a_change_of_flags() {
    let server = server_of(&["c1", "c2"]).await;
    server.remove_cohort("c2");
    let client = syncing_with(&server, |config| config.polling_interval = Duration::from_millis(50)).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(on(&client), ["c1"]);
    let missing = status(&client, "c2");
    assert!(!missing.is_there() && missing.failures > 0);
    let said = missing.last_error.unwrap().to_string();
    assert!(said.contains("cohort") && said.contains("404"), "{said}");
    server.set_cohort(cohort("c2", &["u1"], 1));
    until_cohorts(&client, |client| on(client) == ["c1", "c2"]).await;
    assert!(status(&client, "c2").last_error.is_none());
    client.close().await;
}

#[tokio::test]
async fn without_sync_users_bring_their_own() {
    let server = server_of(&["c1"]).await;
    let client = polling(&server).build().unwrap();
    client.start().await.unwrap();
    assert!(!is_on(&client, &User::with_user_id("u1"), "c1"));
    assert!(is_on(&client, &User::builder().user_id("u9").cohort_ids(["c1"]).build(), "c1"));
    assert!(client.status().cohorts.is_empty() && client.watch_cohorts().is_none());
    client.close().await;
    assert!(downloads(&server).is_empty());
}

#[tokio::test]
async fn flags_to_begin_with_ask_for_no_cohorts() {
    let server = server_of(&["c1"]).await;
    let client = syncing(&server).bootstrap_json(flags_of(&["c1"])).build().unwrap();
    assert!(on(&client).is_empty());
    assert!(downloads(&server).is_empty());
    client.start().await.unwrap();
    assert_eq!(on(&client), ["c1"]);
    client.close().await;
}

#[tokio::test]
async fn a_closed_client_starts_again_and_downloads_only_what_it_has_not() {
    let server = server_of(&["c1"]).await;
    let client = syncing(&server).build().unwrap();
    client.start().await.unwrap();
    client.close().await;
    server.set_cohort(cohort("c2", &["u1"], 1));
    server.set_flags(flags_of(&["c1", "c2"])).unwrap();
    client.start().await.unwrap();
    until_known(&client, &["c1", "c2"]).await;
    client.close().await;
    assert_eq!(downloads(&server).len(), 2);
}

#[tokio::test]
async fn a_client_that_starts_again_with_the_same_flags_refreshes_its_cohorts() {
    let server = server_of(&["c1"]).await;
    let client = syncing_with(&server, |config| config.polling_interval = Duration::from_millis(50)).build().unwrap();
    client.start().await.unwrap();
    client.close().await;
    server.set_cohort(cohort("c1", &["u2"], 2));
    // The flags are as they were, and the service says no more of them than that.
    client.start().await.unwrap();
    until_cohorts(&client, |client| on(client).is_empty()).await;
    client.close().await;
    server.set_cohort(cohort("c1", &["u1"], 3));
    client.start_in_background().unwrap();
    until_cohorts(&client, |client| on(client) == ["c1"]).await;
    client.close().await;
}

#[tokio::test]
async fn a_client_that_is_started_while_it_closes_refreshes_its_cohorts() {
    let server = server_of(&["c1"]).await;
    let client = syncing_with(&server, |config| config.polling_interval = Duration::from_millis(50)).build().unwrap();
    client.start().await.unwrap();
    let mut closing = pin!(client.close());
    // It has begun, and waits for the end of what it stopped.
    assert!(closing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    client.start_in_background().unwrap();
    closing.await;
    server.set_cohort(cohort("c1", &["u2"], 2));
    until_cohorts(&client, |client| on(client).is_empty()).await;
    client.close().await;
}

#[tokio::test]
async fn downloads_stop_with_the_last_handle() {
    let server = server_of(&["c1"]).await;
    let quick = Duration::from_millis(10);
    let client = syncing_with(&server, move |config| config.polling_interval = quick).build().unwrap();
    let other = client.clone();
    client.start().await.unwrap();
    drop(client);
    server.clear_requests();
    assert!(server.until(PATIENCE, |server| !downloads(server).is_empty()).await);
    let alive = tokio::runtime::Handle::current().metrics();
    drop(other);
    // Connections end by themselves; what downloads does at once.
    let ended = tokio::time::timeout(PATIENCE, async {
        loop {
            server.clear_requests();
            if !server.until(Duration::from_millis(100), |server| !downloads(server).is_empty()).await {
                break;
            }
        }
    });
    assert!(ended.await.is_ok(), "{} tasks", alive.num_alive_tasks());
}

#[tokio::test]
async fn downloads_that_hang_hold_flags_up_only_so_long() {
    let server = server_of(&["c1", "c2"]).await;
    server.faults().once(Route::Cohort, Fault::stall());
    let client = syncing_with(&server, |config| config.patience = Some(Duration::from_secs(2)));
    // No connection is kept, so that the stall is not taken for a dead connection.
    let client = client.connection_idle_timeout(Duration::ZERO).build().unwrap();
    client.start().await.unwrap();
    // One of both met the stall; which one is not said.
    assert_eq!(on(&client).len(), 1);
    client.close().await;
}

#[tokio::test]
async fn an_offline_client_reads_cohorts_as_the_server_does() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c1.txt"), "u1\nu2\n").unwrap();
    std::fs::create_dir(folder.path().join("org")).unwrap();
    std::fs::write(folder.path().join("org/g1.json"), r#"{"memberIds": ["acme"]}"#).unwrap();
    let read = read_folder(folder.path()).unwrap();
    assert!(read.problems.is_empty());
    let cohorts: CohortStore = read.cohorts.iter().collect();
    let flags = format!("[{},{}]", flag("c1"), group_flag("org", "org", "g1"));
    let client = LocalEvaluationClient::offline_with_cohorts(flags, cohorts).unwrap();
    let user = User::builder().user_id("u2").group("org", "acme").build();
    assert!(is_on(&client, &user, "c1") && is_on(&client, &user, "org"));
    assert!(!is_on(&client, &User::builder().user_id("u3").cohort_ids(["c1"]).build(), "c1"));
    let sizes: Vec<usize> = client.status().cohorts.iter().map(|it| it.copy.as_ref().unwrap().size).collect();
    assert_eq!(sizes, [2, 1]);
    // What flags ask about and no file holds shows.
    let client = LocalEvaluationClient::offline_with_cohorts(flags_of(&["c9"]), CohortStore::new()).unwrap();
    assert!(!status(&client, "c9").is_there());
}

#[tokio::test]
async fn cohorts_that_are_given_stay_while_flags_change() {
    let server = server_of(&["c1"]).await;
    let given = [cohort("c1", &["u2"], 1), cohort("c2", &["u1"], 1)];
    let client = polling(&server).cohorts(given.iter().collect()).build().unwrap();
    client.start().await.unwrap();
    assert!(is_on(&client, &User::with_user_id("u2"), "c1") && on(&client).is_empty());
    server.set_flags(flags_of(&["c2"])).unwrap();
    until_known(&client, &["c2"]).await;
    assert_eq!((on(&client), downloads(&server).len()), (vec!["c2".to_owned()], 0));
    client.close().await;
}

#[tokio::test]
async fn a_thousand_cohorts_are_downloaded_four_at_a_time() {
    let ids: Vec<String> = (0..1000).map(|index| format!("c{index:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let server = server_of(&ids).await;
    let client = syncing(&server).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(on(&client), ids);
    assert_eq!(client.status().cohorts.iter().filter(|cohort| cohort.is_there()).count(), 1000);
    client.close().await;
}

#[tokio::test]
async fn empty_cohorts_and_repeated_members_are_taken_as_they_are() {
    let server = server_of(&["c1", "c2"]).await;
    server.set_cohort(Cohort::new("c1", Vec::<String>::new()).with_last_modified(9));
    server.set_cohort(cohort("c2", &["u1", "u1", "u2", "u1"], 9));
    let client = syncing(&server).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(on(&client), ["c2"]);
    let sizes = ["c1", "c2"].map(|id| status(&client, id).copy.unwrap().size);
    assert_eq!(sizes, [0, 2]);
    client.close().await;
}
