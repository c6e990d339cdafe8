//! Clients that fetch nothing, with all that other clients have beside.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::cohorts::{cohort, flags_of, is_on};
use common::{PATIENCE, flags, known, server};
use experiment::logging::{LogLevel, LogRecord, LoggerProvider};
use experiment::metrics::{Metrics, Report, ReportOptions};
use experiment::tracking::{DeliveryOptions, ExposureConfig};
use experiment::{
    EvaluateOptions, FlagOrigin, LocalEvaluationClient, LocalEvaluationConfig, RemoteEvaluationClient, ServerZone, User,
};
use experiment_server::{DEFAULT_API_KEY, Route};
use tokio::sync::watch;

fn shown() -> EvaluateOptions {
    EvaluateOptions::default().with_tracks_exposure(true)
}

/// What a client logs from warnings on.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn logger(&self) -> Arc<dyn LoggerProvider> {
        let lines = self.clone();
        Arc::new(move |record: &LogRecord<'_>| lines.0.lock().unwrap().push(record.to_string()))
    }

    fn of(&self, part: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.contains(part)).count()
    }
}

/// How many reports there were.
struct Reports(watch::Sender<usize>);

impl Metrics for Reports {
    fn report(&self, report: &Report) {
        assert_eq!((report.status.origin, report.status.flags), (FlagOrigin::Offline, 1));
        self.0.send_modify(|reports| *reports += 1);
    }
}

#[tokio::test]
async fn an_offline_client_tracks_and_tells_metrics() {
    let server = server(&["a"]).await;
    let delivery = DeliveryOptions::default().with_server_url(format!("{}/2/httpapi", server.url()));
    let reports = Arc::new(Reports(watch::Sender::new(0)));
    let client = LocalEvaluationClient::offline_builder()
        .bootstrap_json(flags(&["a"]))
        .exposure_tracking(ExposureConfig::new(DEFAULT_API_KEY).with_delivery(delivery))
        .metrics(reports.clone())
        .metrics_options(ReportOptions::default().with_interval(Duration::from_millis(100)))
        .build()
        .unwrap();
    client.start().await.unwrap();
    let mut told = reports.0.subscribe();
    tokio::time::timeout(PATIENCE, told.wait_for(|reports| *reports >= 3)).await.unwrap().unwrap();
    assert!(client.evaluate_with(&User::with_user_id("u1"), &shown()).is_on("a"));
    assert_eq!(client.close().await.events.exposures.unwrap().sent, 1);
    assert_eq!(server.event_count(), 1);
    assert!(server.requests().iter().all(|request| request.route == Route::HttpApi));
    assert!(client.status().updater.is_none() && client.watch_status().is_none());
}

#[test]
fn an_offline_client_needs_no_key_and_passes_over_how_flags_are_fetched() {
    let config = r#"{"serverUrl": "localhost", "flagConfigPollingIntervalMillis": 0, "streamUpdates": true,
        "cohortSyncConfig": {"apiKey": "", "secretKey": ""}}"#;
    let config: LocalEvaluationConfig = serde_json::from_str(config).unwrap();
    let builder = LocalEvaluationClient::offline_builder().config(config);
    assert!(known(&builder.clone().build().unwrap()).is_empty());
    let given = [cohort("c1", &["u1"], 1)];
    let client = builder.bootstrap_json(flags_of(&["c1"])).cohorts(given.iter().collect()).build().unwrap();
    assert!(is_on(&client, &User::with_user_id("u1"), "c1") && !is_on(&client, &User::with_user_id("u2"), "c1"));
    assert_eq!(client.status().cohorts.len(), 1);
    assert!(client.start_in_background().is_ok());
}

#[test]
fn exposures_that_go_nowhere_are_told_of_once() {
    let lines = Lines::default();
    let builder = LocalEvaluationClient::offline_builder().bootstrap_json(flags(&["a"]));
    let client = builder.logger(lines.logger()).log_level(LogLevel::Warn).build().unwrap();
    for index in 0..5 {
        let _ = client.evaluate_with(&User::with_user_id(format!("u{index}")), &shown());
    }
    let said = "neither `exposure_tracking` nor `exposureConfig` says how: none are";
    assert_eq!((lines.of(said), lines.of("")), (1, 1), "{:?}", lines.0);
}

#[test]
fn a_zone_that_nobody_knows_is_told_of_once_by_each_client() {
    let config = r#"{"serverZone": "europe", "exposureConfig": {"apiKey": "e"}, "assignmentConfig": {"apiKey": "a"}}"#;
    let config: LocalEvaluationConfig = serde_json::from_str(config).unwrap();
    let lines = Lines::default();
    for builder in [LocalEvaluationClient::builder("key"), LocalEvaluationClient::offline_builder()] {
        let builder = builder.config(config.clone()).logger(lines.logger()).log_level(LogLevel::Warn);
        builder.build().unwrap();
    }
    assert_eq!((lines.of("`serverZone` is neither"), lines.of("")), (2, 2), "{:?}", lines.0);
    let remote = serde_json::from_str(r#"{"serverZone": "europe"}"#).unwrap();
    let builder = RemoteEvaluationClient::builder("key").config(remote).log_level(LogLevel::Warn);
    builder.clone().logger(lines.logger()).build().unwrap();
    builder.server_zone(ServerZone::Eu).logger(lines.logger()).build().unwrap();
    assert_eq!(lines.of(""), 3, "{:?}", lines.0);
}

#[test]
fn a_client_explains_by_its_cohorts_and_gives_its_flags() {
    let given = [cohort("c1", &["u1"], 1)];
    let client = LocalEvaluationClient::offline_with_cohorts(flags_of(&["c1"]), given.iter().collect()).unwrap();
    for (id, is_in) in [("u1", true), ("u2", false)] {
        let user = User::with_user_id(id);
        let why = client.explain(&user, "c1").unwrap();
        assert_eq!(why.to_string().starts_with("c1: on"), is_in, "{why}");
        assert_eq!(client.evaluate(&user).is_on("c1"), is_in);
    }
    assert!(client.explain(&User::with_user_id("u1"), "none").is_none());
    // Without the client's cohorts, users bring their own.
    let own = User::builder().user_id("u2").cohort_ids(["c1"]).build();
    assert!(client.flags().evaluate(&own, &[]).is_on("c1"));
}

#[tokio::test]
async fn a_cohort_that_is_not_among_those_given_is_told_of_when_flags_ask_about_it() {
    let server = server(&["a"]).await;
    let lines = Lines::default();
    let given = [cohort("c1", &["u1"], 1)];
    let builder = common::polling(&server).cohorts(given.iter().collect()).logger(lines.logger());
    let client = builder.log_level(LogLevel::Warn).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(lines.of(""), 0, "{:?}", lines.0);
    let mut changes = client.changes();
    for more in [["c1", "c2"].as_slice(), &["c1", "c2", "c3"]] {
        server.set_flags(flags_of(more)).unwrap();
        tokio::time::timeout(PATIENCE, changes.next()).await.unwrap().unwrap();
    }
    let said = "flags ask about a cohort that is not there: nobody is in it";
    assert_eq!((lines.of(&format!("{said} cohort=c2")), lines.of(&format!("{said} cohort=c3"))), (1, 1));
    client.close().await;
}
