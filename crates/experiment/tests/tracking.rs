//! Exposures and assignments of a local client, told to a server over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{PATIENCE, polling, server};
use experiment::tracking::{AssignmentConfig, DropCause, Event, ExposureConfig, Outcome, Tracker};
use experiment::{Chain, EvaluateOptions, LocalEvaluationClient, LocalEvaluationClientBuilder, User};
use experiment_server::{DEFAULT_API_KEY, Fault, Route, Server};
use serde_json::{Value, json};

fn exposures(server: &Server) -> ExposureConfig {
    let mut config = ExposureConfig::new(DEFAULT_API_KEY);
    config.delivery.server_url = format!("{}/2/httpapi", server.url());
    config
}

fn assignments(server: &Server) -> AssignmentConfig {
    let mut config = AssignmentConfig::new(DEFAULT_API_KEY);
    config.delivery.server_url = format!("{}/2/httpapi", server.url());
    config
}

async fn started(builder: LocalEvaluationClientBuilder) -> LocalEvaluationClient {
    let client = builder.build().unwrap();
    client.start().await.unwrap();
    client
}

fn shown() -> EvaluateOptions {
    EvaluateOptions::default().with_tracks_exposure(true)
}

/// The events that arrived, and how often each insert id did.
fn arrived(server: &Server) -> (Vec<Value>, BTreeMap<String, usize>) {
    let events: Vec<Value> = server.events().iter().map(experiment_server::Event::value).collect();
    let mut ids = BTreeMap::new();
    for event in &events {
        *ids.entry(event["insert_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    (events, ids)
}

#[tokio::test]
async fn exposures_are_tracked_where_asked_and_assignments_always() {
    let server = server(&["a", "b"]).await;
    let builder = polling(&server).exposure_tracking(exposures(&server)).assignment_tracking(assignments(&server));
    let client = started(builder).await;
    let user = User::builder().user_id("u1").device_id("d1").group("org", "acme").build();
    let _ = client.evaluate(&user);
    let _ = client.evaluate(&user);
    for _ in 0..3 {
        let _ = client.evaluate_with(&user, &shown());
    }
    let stats = client.stats();
    let (assigned, exposed) = (stats.assignments.unwrap(), stats.exposures.unwrap());
    assert_eq!((assigned.new, assigned.deduplicated, assigned.events.handed_over), (1, 4, 1));
    assert_eq!((exposed.new, exposed.deduplicated, exposed.events.handed_over), (1, 2, 2));
    let report = client.flush().await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!((report.assignments.unwrap().sent, report.exposures.unwrap().sent), (1, 2));
    let (events, _) = arrived(&server);
    let exposure = events.iter().find(|event| event["event_type"] == "[Experiment] Exposure").unwrap();
    assert_eq!(exposure["event_properties"]["[Experiment] Flag Key"], "a");
    assert_eq!(exposure["user_properties"], json!({"$set": {"[Experiment] a": "on"}, "$unset": {}}));
    assert_eq!((&exposure["groups"], &exposure["user_id"]), (&json!({"org": ["acme"]}), &json!("u1")));
    let assignment = events.iter().find(|event| event["event_type"] == "[Experiment] Assignment").unwrap();
    assert_eq!(assignment["event_properties"], json!({"a.variant": "on", "b.variant": "on"}));
    assert_eq!(events.len(), 3);
    client.close().await;
}

#[tokio::test]
async fn closing_sends_what_waits_and_tells_of_it() {
    let server = server(&["a"]).await;
    let client = started(polling(&server).exposure_tracking(exposures(&server))).await;
    for index in 0..500 {
        let _ = client.evaluate_with(&User::with_user_id(format!("u{index}")), &shown());
    }
    let report = client.close().await.events;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!((server.event_count(), client.stats().exposures.unwrap().events.sent), (500, 500));
    // A client that is started again tracks again.
    client.start().await.unwrap();
    let _ = client.evaluate_with(&User::with_user_id("another"), &shown());
    assert!(client.close().await.events.is_complete());
    assert_eq!(server.event_count(), 501);
}

#[tokio::test]
async fn exposures_without_options_are_nothing() {
    let server = server(&["a"]).await;
    let client = started(polling(&server)).await;
    assert!(client.evaluate_with(&User::with_user_id("u1"), &shown()).is_on("a"));
    assert_eq!(client.stats(), Default::default());
    assert!(client.close().await.events.is_complete());
    assert_eq!(server.event_count(), 0);
}

#[test]
fn options_that_cannot_be_used_are_named() {
    let build = |config: ExposureConfig| {
        let error = LocalEvaluationClient::builder("key").exposure_tracking(config).build().unwrap_err();
        Chain(&error).to_string()
    };
    let said = build(ExposureConfig::new(" "));
    assert!(said.starts_with("`exposureConfig`: `apiKey` is empty"), "{said}");
    assert_eq!(said.matches("`apiKey`").count(), 1, "{said}");
    let mut config = ExposureConfig::new("api");
    config.delivery.flush_queue_size = 0;
    assert!(build(config).contains("`flushQueueSize`"));
}

#[test]
fn options_come_from_files_by_the_names_of_the_node_sdk() {
    let json = r#"{
        "exposureConfig": {"apiKey": "e", "flushIntervalMillis": 5, "minIdLength": 3, "cacheCapacity": 9},
        "assignmentConfig": {"apiKey": "a", "useBatch": true},
        "cohortSyncConfig": {"apiKey": "c", "secretKey": "s"}
    }"#;
    let config: experiment::LocalEvaluationConfig = serde_json::from_str(json).unwrap();
    let exposures = config.exposure_config.as_ref().unwrap();
    assert_eq!((exposures.cache_capacity, exposures.delivery.min_id_length), (9, 3));
    assert!(config.assignment_config.as_ref().unwrap().delivery.use_batch);
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<experiment::LocalEvaluationConfig>(&written).unwrap(), config);
    let unknown = r#"{"exposureConfig": {"apiKey": "e", "flushInterval": 5}}"#;
    let error = serde_json::from_str::<experiment::LocalEvaluationConfig>(unknown).unwrap_err();
    assert!(error.to_string().contains("flushInterval"), "{error}");
}

/// Faults that pass: everything arrives, each insert id once.
#[tokio::test]
async fn behind_a_fault_everything_arrives_once() {
    let faults = [
        vec![Fault::too_many_requests(Duration::ZERO)],
        vec![Fault::status(500), Fault::status(503)],
        vec![Fault::status(413), Fault::status(413)],
        vec![Fault::status(408)],
        vec![Fault::reset()],
        vec![Fault::stall()],
        // The service has taken the events, and breaks off while it says so: they come again with their insert ids.
        vec![Fault::reset_after(1), Fault::cut_after(1)],
        vec![Fault::none().after(Duration::from_millis(1500))],
        vec![Fault::body("not JSON")],
    ];
    for script in faults {
        let server = server(&["a"]).await;
        server.faults().script(Route::HttpApi, script.clone());
        let mut config = exposures(&server);
        config.delivery.request_timeout = Duration::from_millis(500);
        let client = started(polling(&server).exposure_tracking(config)).await;
        for index in 0..50 {
            let _ = client.evaluate_with(&User::with_user_id(format!("u{index}")), &shown());
        }
        let report = client.close().await.events;
        let stats = client.stats().exposures.unwrap().events;
        assert_eq!((stats.sent, stats.dropped.total(), stats.pending), (50, 0, 0), "{script:?}: {report:?}");
        let (_, ids) = arrived(&server);
        // What was only said to have gone wrong is sent again: by its insert id, the service counts it once.
        assert_eq!(ids.len(), 50, "{script:?}");
    }
}

/// A server that is away. `OUTAGE_SECONDS` says for how long: 2 unless set.
#[tokio::test]
async fn behind_an_outage_everything_arrives_once() {
    let seconds = std::env::var("OUTAGE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let first = server(&["a"]).await;
    let address = first.address();
    let mut config = exposures(&first);
    config.delivery.flush_interval = Duration::from_millis(20);
    config.delivery.close_timeout = Duration::from_secs(60);
    let client = started(polling(&first).exposure_tracking(config)).await;
    first.shutdown().await;
    let began = Instant::now();
    for index in 0..300 {
        let _ = client.evaluate_with(&User::with_user_id(format!("u{index}")), &shown());
    }
    let refused = |client: &LocalEvaluationClient| client.stats().exposures.unwrap().events.sent == 0;
    let away = Duration::from_secs(seconds);
    tokio::time::timeout(away, std::future::pending::<()>()).await.unwrap_err();
    assert!(refused(&client) && began.elapsed() >= away);
    let second = Server::builder().flags_json(common::flags(&["a"])).listen(address).start().await.unwrap();
    let report = client.close().await.events;
    let (events, ids) = arrived(&second);
    assert_eq!((events.len(), ids.len()), (300, 300), "{report:?}");
    assert!(report.is_complete(), "{report:?}");
}

#[tokio::test]
async fn closing_keeps_to_its_deadline_and_says_what_is_lost() {
    for fault in [Fault::stall(), Fault::status(500), Fault::reset(), Fault::none().after(Duration::from_secs(10))] {
        let server = server(&["a"]).await;
        server.faults().always(Route::HttpApi, fault.clone());
        let mut config = exposures(&server);
        config.delivery.close_timeout = Duration::from_millis(400);
        let client = started(polling(&server).exposure_tracking(config)).await;
        for index in 0..10 {
            let _ = client.evaluate_with(&User::with_user_id(format!("u{index}")), &shown());
        }
        let began = Instant::now();
        let report = client.close().await.events.exposures.unwrap();
        assert!(began.elapsed() < Duration::from_secs(4), "{fault:?}: {:?}", began.elapsed());
        assert_eq!((report.sent, report.dropped, report.pending), (0, 10, 0), "{fault:?}");
        assert!(report.last_error.is_some(), "{fault:?}");
        let dropped = client.stats().exposures.unwrap().events.dropped;
        assert_eq!(dropped.by(DropCause::CloseDeadline), 10, "{fault:?}: {dropped:?}");
    }
}

#[tokio::test]
async fn a_full_queue_counts_what_it_drops() {
    let server = server(&["a"]).await;
    server.faults().always(Route::HttpApi, Fault::status(500));
    let told = Arc::new(Mutex::new(Vec::new()));
    let outcomes = Arc::clone(&told);
    let mut config = exposures(&server);
    config.delivery.queue_capacity = 100;
    let builder = polling(&server).exposure_tracking(config);
    let builder = builder.on_event_outcome(move |_: &Event, outcome: &Outcome| outcomes.lock().unwrap().push(*outcome));
    let client = started(builder).await;
    for index in 0..250 {
        let _ = client.evaluate_with(&User::with_user_id(format!("u{index}")), &shown());
    }
    let stats = client.stats().exposures.unwrap().events;
    assert_eq!((stats.handed_over, stats.dropped.by(DropCause::QueueFull), stats.pending), (250, 150, 100));
    server.faults().clear();
    let report = client.close().await.events.exposures.unwrap();
    assert_eq!((report.sent, report.dropped), (100, 0));
    // The newest are kept, and each event's end is told.
    let (_, ids) = arrived(&server);
    assert_eq!((ids.len(), ids.keys().any(|id| id.starts_with("u249 "))), (100, true));
    let told = told.lock().unwrap();
    let sent = told.iter().filter(|outcome| **outcome == Outcome::Sent).count();
    assert_eq!((told.len(), sent), (250, 100));
}

#[tokio::test]
async fn a_spool_outlasts_a_client_that_could_not_send() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&["a"]).await;
    server.faults().always(Route::HttpApi, Fault::status(503));
    let mut config = exposures(&server);
    config.delivery.close_timeout = Duration::from_millis(300);
    config.delivery.spool_folder = Some(folder.path().to_owned());
    let client = started(polling(&server).exposure_tracking(config.clone())).await;
    for index in 0..20 {
        let _ = client.evaluate_with(&User::with_user_id(format!("u{index}")), &shown());
    }
    let report = client.close().await.events.exposures.unwrap();
    assert_eq!((report.sent, report.dropped, report.spooled), (0, 0, 20));
    drop(client);
    server.faults().clear();
    config.delivery.close_timeout = PATIENCE;
    let client = started(polling(&server).exposure_tracking(config)).await;
    // What an earlier run left is sent with the first flush.
    client.flush().await;
    let (events, ids) = arrived(&server);
    assert_eq!((events.len(), ids.len()), (20, 20));
    assert_eq!(client.stats().exposures.unwrap().events.recovered, 20);
    client.close().await;
}

/// A pipeline of one's own.
#[derive(Default)]
struct Pipeline(Mutex<Vec<Event>>);

impl Tracker for Pipeline {
    fn track(&self, events: Vec<Event>) {
        self.0.lock().unwrap().extend(events);
    }
}

#[tokio::test]
async fn events_may_go_elsewhere() {
    let server = server(&["a"]).await;
    let pipeline = Arc::new(Pipeline::default());
    let client = started(polling(&server).exposure_tracker(Arc::clone(&pipeline) as Arc<dyn Tracker>)).await;
    for _ in 0..3 {
        let _ = client.evaluate_with(&User::with_user_id("u1"), &shown());
    }
    client.close().await;
    let events = pipeline.0.lock().unwrap();
    assert_eq!(events.len(), 1);
    let event = serde_json::to_value(&events[0]).unwrap();
    assert_eq!(event["event_properties"]["[Experiment] Variant"], "on");
    assert_eq!(server.event_count(), 0);
}
