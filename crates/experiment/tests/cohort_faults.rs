//! What goes wrong with downloads of cohorts: it is told clearly, and nothing that is there is lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::time::{Duration, Instant};

use common::cohorts::{cohort, downloads, flags_of, on, server_of, status, syncing_with, until_cohorts};
use common::logs::Lines;
use common::{PATIENCE, polling};
use experiment::cohorts::{DownloadError, SyncConfig};
use experiment::logging::LogLevel;
use experiment::{CohortSyncConfig, LocalEvaluationClient};
use experiment_server::{Cohort, Fault, Route, Server};

const OTHER: &str = r#"{"cohortId": "c9", "memberIds": ["u1"]}"#;

fn quick(config: &mut SyncConfig) {
    config.request_timeout = Duration::from_millis(300);
    config.polling_interval = Duration::from_millis(50);
}

/// A fault, and a word of what is said of it.
fn passing() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::status(202), "still computing"),
        (Fault::status(204), "no members"),
        (Fault::too_many_requests(Duration::ZERO), "429"),
        (Fault::status(500), "500"),
        (Fault::status(503), "503"),
        (Fault::reset(), "not reached"),
        (Fault::stall(), "300ms"),
        (Fault::cut_after(20), "went away"),
        (Fault::reset_after(20), "went away"),
        (Fault::stall_after(20), "300ms"),
        (Fault::body("<html>"), "cannot be read"),
        (Fault::body(r#"{"cohortId": "c1", "memberIds": ["u1""#), "cannot be read"),
        (Fault::body(r#"{"cohortId": "c1", "memberIds": [1]}"#), "cannot be read"),
    ]
}

/// The same for what trying again at once does not help.
fn lasting() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::status(413), "`maxCohortSize`"),
        (Fault::status(401), "API key and secret key"),
        (Fault::status(403), "API key and secret key"),
        (Fault::status(404), "404"),
        (Fault::body(OTHER), "`c9`"),
    ]
}

#[tokio::test]
async fn one_odd_member_takes_down_no_cohort() {
    let server = server_of(&["c1"]).await;
    let body = r#"{"cohortId": "c1", "memberIds": [null, "u1", 5, 1e999, "\ud800", {"u2": 1}]}"#;
    server.faults().always(Route::Cohort, Fault::body(body));
    let client = syncing_with(&server, |config| config.request_timeout = Duration::from_secs(5)).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(on(&client), ["c1"]);
    let status = status(&client, "c1");
    assert_eq!((status.failures, status.copy.map(|copy| copy.size)), (0, Some(1)));
    assert_eq!(downloads(&server).len(), 1);
    client.close().await;
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times() {
    for (fault, _) in passing() {
        let server = server_of(&["c1"]).await;
        server.faults().script(Route::Cohort, [fault.clone(), fault.clone()]);
        let client = syncing_with(&server, |config| config.request_timeout = Duration::from_millis(300));
        let client = client.build().unwrap();
        client.start().await.unwrap();
        assert_eq!(on(&client), ["c1"], "{fault:?}");
        assert_eq!((downloads(&server).len(), status(&client, "c1").failures), (3, 0), "{fault:?}");
        client.close().await;
    }
}

#[tokio::test]
async fn what_does_not_pass_is_told_and_the_flags_go_live() {
    let both = passing().into_iter().map(|it| (it, 3)).chain(lasting().into_iter().map(|it| (it, 1)));
    for ((fault, word), attempts) in both {
        let server = server_of(&["c1"]).await;
        server.faults().always(Route::Cohort, fault.clone());
        let client = syncing_with(&server, |config| config.request_timeout = Duration::from_millis(300));
        // No connection is kept, so that no request is sent again within its attempt.
        let client = client.connection_idle_timeout(Duration::ZERO).build().unwrap();
        client.start().await.unwrap();
        assert_eq!((client.status().flags, on(&client).len()), (1, 0), "{fault:?}");
        assert_eq!(downloads(&server).len(), attempts, "{fault:?}");
        let told = status(&client, "c1");
        assert!(!told.is_there() && told.failures == 1, "{told:?}");
        let error = told.last_error.unwrap();
        assert!(format!("{error} {error:?}").contains(word), "{fault:?}: {error} {error:?}");
        client.close().await;
    }
}

#[tokio::test]
async fn a_refresh_that_fails_keeps_the_copy_and_the_next_one_mends_it() {
    for (fault, word) in passing().into_iter().chain(lasting()) {
        let server = server_of(&["c1"]).await;
        let client = syncing_with(&server, quick).build().unwrap();
        client.start().await.unwrap();
        // To the one that has a copy, 204 says that all is well.
        if fault == Fault::status(204) {
            continue;
        }
        server.set_cohort(cohort("c1", &["u1", "u2"], 2));
        server.faults().always(Route::Cohort, fault.clone());
        until_cohorts(&client, |client| status(client, "c1").failures > 0).await;
        let told = status(&client, "c1");
        assert_eq!(on(&client), ["c1"], "{fault:?}");
        assert!(told.is_there(), "{fault:?}");
        let error = told.last_error.unwrap();
        assert!(format!("{error} {error:?}").contains(word), "{fault:?}: {error} {error:?}");
        server.faults().clear();
        until_cohorts(&client, |client| status(client, "c1").failures == 0).await;
        // A download that was under way may have been before the change.
        until_cohorts(&client, |client| status(client, "c1").copy.unwrap().size == 2).await;
        client.close().await;
    }
}

#[tokio::test]
async fn retry_after_is_kept_to() {
    let server = server_of(&["c1"]).await;
    server.faults().once(Route::Cohort, Fault::too_many_requests(Duration::from_secs(1)));
    let client = syncing_with(&server, |_| ()).build().unwrap();
    let began = Instant::now();
    client.start().await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(on(&client), ["c1"]);
    client.close().await;
    // Up to a limit.
    server.faults().once(Route::Cohort, Fault::too_many_requests(Duration::from_secs(3600)));
    let client = syncing_with(&server, |config| config.retry_after_max = Duration::from_millis(20)).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(on(&client), ["c1"]);
    client.close().await;
}

#[tokio::test]
async fn a_cohort_over_the_limit_keeps_its_old_copy() {
    let server = server_of(&["c1"]).await;
    let config = CohortSyncConfig::new("local-api-key", "local-secret-key")
        .with_cohort_server_url(server.url())
        .with_max_cohort_size(2);
    let client = polling(&server).cohort_sync(config).cohort_downloads(quick).build().unwrap();
    client.start().await.unwrap();
    server.set_cohort(cohort("c1", &["u2", "u3", "u4"], 2));
    until_cohorts(&client, |client| status(client, "c1").failures > 0).await;
    let told = status(&client, "c1");
    assert!(matches!(*told.last_error.unwrap(), DownloadError::TooLarge { max: 2, .. }));
    assert_eq!((on(&client), told.copy.unwrap().size), (vec!["c1".to_owned()], 1));
    client.close().await;
}

#[tokio::test]
async fn wrong_keys_are_named_as_what_to_put_right_and_never_shown() {
    let server = server_of(&["c1"]).await;
    let config = CohortSyncConfig::new("hush-api", "hush-secret").with_cohort_server_url(server.url());
    let builder = polling(&server).cohort_sync(config);
    assert!(!format!("{builder:?}").contains("hush"));
    let client = builder.build().unwrap();
    client.start().await.unwrap();
    let error = status(&client, "c1").last_error.unwrap();
    assert!(error.is_auth(), "{error}");
    assert!(!format!("{client:?} {error} {error:?} {:?}", client.status()).contains("hush"));
    client.close().await;
}

#[tokio::test]
async fn a_cohort_that_hangs_fails_no_start() {
    let server = server_of(&["c1"]).await;
    server.faults().always(Route::Cohort, Fault::stall());
    let client = syncing_with(&server, |_| ()).start_timeout(Duration::from_secs(2)).build().unwrap();
    client.start().await.unwrap();
    assert!(on(&client).is_empty() && !status(&client, "c1").is_there());
    client.close().await;
}

/// Flags for `c1`, which is there, and for `c2`, which is needed by a change and hangs.
async fn changed_to_one_that_hangs(server: &Server, client: &LocalEvaluationClient) {
    client.start().await.unwrap();
    server.set_cohort(cohort("c2", &["u1"], 1));
    server.faults().always(Route::Cohort, Fault::stall());
    let flags = flags_of(&["c1", "c2"]);
    server.set_flags(format!("[{},{}", common::cohorts::flag("c1"), &common::flags(&["new"])[1..])).unwrap();
    common::until_known(client, &["c1", "new"]).await;
    server.set_flags(format!("{},{}", &flags[..flags.len() - 1], &common::flags(&["newer"])[1..])).unwrap();
}

#[tokio::test]
async fn a_change_goes_live_after_five_seconds_without_a_cohort_that_hangs() {
    let server = server_of(&["c1"]).await;
    let lines = Lines::default();
    let client = syncing_with(&server, |_| ()).logger(lines.logger()).log_level(LogLevel::Warn).build().unwrap();
    changed_to_one_that_hangs(&server, &client).await;
    let began = Instant::now();
    common::until_known(&client, &["c1", "newer"]).await;
    let took = began.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(15)).contains(&took), "{took:?}");
    let told = status(&client, "c2");
    assert!(!told.is_there() && status(&client, "c1").is_there(), "{told:?}");
    let late: Vec<String> = lines.all().into_iter().filter(|line| line.contains("before all of their")).collect();
    assert!(late.len() == 1 && late[0].contains("c2") && !late[0].contains("c1"), "{:?}", lines.all());
    client.close().await;
}

#[tokio::test]
async fn a_change_that_does_not_wait_takes_its_cohort_in_when_it_comes() {
    for wait in [Duration::ZERO, Duration::from_millis(50)] {
        let server = server_of(&["c1"]).await;
        let config = CohortSyncConfig::new("local-api-key", "local-secret-key")
            .with_cohort_server_url(server.url())
            .with_cohort_change_timeout(wait);
        let client = polling(&server).cohort_sync(config).build().unwrap();
        client.start().await.unwrap();
        server.set_cohort(cohort("c2", &["u1"], 1));
        server.faults().once(Route::Cohort, Fault::none().after(Duration::from_secs(1)));
        server.set_flags(format!("[{},{}", common::cohorts::flag("c2"), &common::flags(&["new"])[1..])).unwrap();
        common::until_known(&client, &["new"]).await;
        assert!(!status(&client, "c2").is_there());
        until_cohorts(&client, |client| status(client, "c2").is_there()).await;
        assert_eq!(on(&client), ["c2", "new"]);
        client.close().await;
    }
}

#[tokio::test]
async fn the_first_flags_wait_for_their_cohorts_behind_a_bootstrap_too() {
    for bootstrap in [None, Some(flags_of(&["c1"]))] {
        let server = server_of(&["c1"]).await;
        server.faults().once(Route::Cohort, Fault::none().after(Duration::from_secs(1)));
        let client = syncing_with(&server, |config| config.change_patience = Duration::ZERO);
        let client = match bootstrap {
            Some(flags) => client.bootstrap_json(flags),
            None => client,
        };
        let client = client.build().unwrap();
        client.start().await.unwrap();
        assert_eq!(on(&client), ["c1"]);
        client.close().await;
        // Started again, it has flags of the service, which are changed.
        server.set_cohort(cohort("c2", &["u1"], 1));
        server.faults().always(Route::Cohort, Fault::stall());
        server.set_flags(flags_of(&["c1", "c2"])).unwrap();
        let began = Instant::now();
        client.start().await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(15) && !status(&client, "c2").is_there());
        client.close().await;
    }
}

#[tokio::test]
async fn a_failed_start_leaves_no_downloads() {
    let server = server_of(&["c1"]).await;
    let client = syncing_with(&server, quick).build().unwrap();
    client.start().await.unwrap();
    client.close().await;
    // Its flags need a cohort, and it does not start again.
    server.faults().always(Route::Flags, Fault::status(401));
    client.start().await.unwrap_err();
    server.clear_requests();
    assert!(!server.until(Duration::from_millis(200), |server| !downloads(server).is_empty()).await);
    server.faults().clear();
    client.start().await.unwrap();
    assert!(server.until(PATIENCE, |server| !downloads(server).is_empty()).await);
    client.close().await;
}

#[tokio::test]
async fn closing_while_downloads_hang_takes_no_time() {
    let server = server_of(&["c1"]).await;
    server.faults().always(Route::Cohort, Fault::stall_after(10));
    let client: LocalEvaluationClient = syncing_with(&server, |_| ()).build().unwrap();
    client.start_in_background().unwrap();
    assert!(server.until(PATIENCE, |server| !downloads(server).is_empty()).await);
    let began = Instant::now();
    client.close().await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_large_body_cut_in_half_changes_nothing() {
    let ids = || (0..100_000).map(|index| format!("user-{index:05}"));
    let server = Server::builder().flags_json(flags_of(&["c1"]));
    let server = server.cohort(Cohort::new("c1", ids()).with_last_modified(1)).start().await.unwrap();
    let client = syncing_with(&server, |config| config.polling_interval = Duration::from_millis(50)).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(status(&client, "c1").copy.unwrap().size, 100_000);
    server.set_cohort(Cohort::new("c1", ids().map(|id| id + "-new")).with_last_modified(2));
    server.faults().script(Route::Cohort, [100_000, 1, 150_000].map(Fault::cut_after));
    until_cohorts(&client, |client| status(client, "c1").failures > 0).await;
    let knows = |id: &str| client.evaluate(&experiment::User::with_user_id(id)).is_on("c1");
    assert!(knows("user-00000") && knows("user-99999") && !knows("user-00000-new"));
    until_cohorts(&client, |client| status(client, "c1").failures == 0).await;
    until_cohorts(&client, |client| status(client, "c1").copy.unwrap().last_modified == 2).await;
    assert!(!knows("user-00000") && knows("user-99999-new"));
    client.close().await;
}
