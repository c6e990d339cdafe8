//! Loggers of clients, beside each other and beside the subscriber of the process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::logs::Lines;
use common::{PATIENCE, polling, server, streaming, until};
use experiment::logging::{LogLevel, LogRecord};
use experiment::tracking::ExposureConfig;
use experiment::{
    EvaluateOptions, LocalEvaluationClient, LocalEvaluationConfig, RemoteEvaluationClient, StartError, State, User,
};
use experiment_server::{Fault, Route};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The subscriber of a process that wants to know of warnings.
impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        self.push(format!("{} {}", metadata.level(), metadata.target()));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn user() -> User {
    User::builder().user_id("u1").user_property("plan", "hush").build()
}

/// A flag that cannot be used.
const BROKEN: &str = r#"[{"key": "broken", "variants": 5}]"#;

#[test]
fn many_findings_are_told_in_few_lines_as_bad_as_the_worst() {
    let told = |odd: usize, broken: usize| {
        let odd = (0..odd)
            .map(|n| format!(r#"{{"key": "odd-{n}", "dependencies": ["gone"], "variants": {{}}, "segments": []}}"#));
        let broken = (0..broken).map(|n| format!(r#"{{"key": "z-{n}", "variants": 5}}"#));
        let flags = format!("[{}]", odd.chain(broken).collect::<Vec<_>>().join(","));
        let lines = Lines::default();
        let builder = LocalEvaluationClient::offline_builder().bootstrap_json(flags).logger(lines.logger());
        builder.log_level(LogLevel::Warn).build().unwrap();
        let (errors, warnings): (Vec<_>, Vec<_>) = lines.all().into_iter().partition(|line| line.starts_with("error"));
        (errors.len(), warnings.len(), lines.have("error", "more=") || lines.have("warn", "more="))
    };
    assert_eq!(told(20, 0), (0, 20, false));
    assert_eq!(told(25, 0), (0, 21, true));
    assert_eq!(told(0, 25), (21, 0, true));
    let (errors, warnings, more) = told(25, 25);
    assert!(errors > 0 && errors + warnings == 21 && more);
}

#[test]
fn levels_say_what_a_logger_gets() {
    let build = |configure: &dyn Fn(&mut LocalEvaluationConfig)| {
        let lines = Lines::default();
        let mut config: LocalEvaluationConfig = serde_json::from_str(r#"{"serverZone": "nowhere"}"#).unwrap();
        configure(&mut config);
        let builder = LocalEvaluationClient::builder("key").config(config).logger(lines.logger());
        let client = builder.bootstrap_json(BROKEN).build().unwrap();
        let _ = client.evaluate(&user());
        (lines.have("error", "left out"), lines.have("warn", "serverZone"), lines.have("verbose", "hush"))
    };
    assert_eq!(build(&|_| ()), (true, false, false));
    assert_eq!(build(&|config| config.log_level = Some(LogLevel::Disable)), (false, false, false));
    assert_eq!(build(&|config| config.log_level = Some(LogLevel::Warn)), (true, true, false));
    assert_eq!(build(&|config| config.log_level = Some(LogLevel::Verbose)), (true, true, true));
    assert_eq!(
        build(&|config| (config.log_level, config.debug) = (Some(LogLevel::Disable), true)),
        (true, true, false)
    );
}

#[test]
fn records_have_a_message_and_fields() {
    let records: Arc<Mutex<Vec<_>>> = Arc::default();
    let kept = Arc::clone(&records);
    let logger = move |record: &LogRecord<'_>| {
        let diagnostic = record.field("diagnostic").unwrap_or_default().to_owned();
        kept.lock().unwrap().push((record.level, record.message.clone(), diagnostic, record.field("other").is_none()));
    };
    LocalEvaluationClient::builder("key").logger(Arc::new(logger)).bootstrap_json(BROKEN).build().unwrap();
    let records = records.lock().unwrap();
    let [(level, message, diagnostic, true)] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((*level, message.as_str()), (LogLevel::Error, "a flag cannot be used and is left out"));
    assert!(diagnostic.contains("broken"), "{diagnostic}");
}

#[tokio::test]
async fn each_client_has_its_own_and_the_process_has_all() {
    let process = Lines::default();
    let _guard = tracing::subscriber::set_default(process.clone());
    let server = server(&["a"]).await;
    let (ours, theirs) = (Lines::default(), Lines::default());
    let builder = streaming(&server).logger(ours.logger()).log_level(LogLevel::Debug);
    let mut exposures = ExposureConfig::new("wrong");
    exposures.delivery.server_url = format!("{}/2/httpapi", server.url());
    let client = builder.exposure_tracking(exposures).build().unwrap();
    let other = polling(&server).logger(theirs.logger()).log_level(LogLevel::Debug).build().unwrap();
    client.start().await.unwrap();
    // What tasks of all layers log, which run on after what began them.
    assert!(ours.have("debug", "experiment::transport [Experiment] flags updated origin=stream flags=1"));
    let _ = client.evaluate_with(&user(), &EvaluateOptions::default().with_tracks_exposure(true));
    client.flush().await;
    assert!(ours.have("warn", "experiment::tracking [Experiment] events were dropped"), "{:?}", ours.all());
    for route in [Route::Stream, Route::Flags] {
        server.faults().always(route, Fault::status(503));
    }
    server.cut_streams();
    until(&client, State::Fallback).await;
    let failed = "flags could not be brought up to date";
    assert!(ours.have("warn", failed));
    assert!(theirs.all().is_empty(), "{:?}", theirs.all());
    assert!(process.have("WARN", "experiment::transport") && process.have("WARN", "experiment::tracking"));
    assert!(!process.all().iter().any(|line| line.contains("DEBUG")), "{:?}", process.all());
    // The first failure of a series warns, those behind it are for debugging, and its end is told.
    server.faults().clear();
    until(&client, State::Streaming).await;
    let warned = ours.all().iter().filter(|line| line.starts_with("warn") && line.contains(failed)).count();
    assert_eq!(warned, 1, "{:?}", ours.all());
    assert!(ours.have("info", "flags are brought up to date again"), "{:?}", ours.all());
    assert!(!ours.all().iter().any(|line| line.contains("hush")), "{:?}", ours.all());
    drop(other);
    client.close().await;
}

#[tokio::test]
async fn fetches_are_logged_with_their_users_for_those_who_want_everything() {
    let server = server(&["a"]).await;
    let lines = Lines::default();
    let builder = RemoteEvaluationClient::builder("wrong").server_url(server.url()).logger(lines.logger());
    let refused = builder.clone().log_level(LogLevel::Verbose).build().unwrap();
    for _ in 0..3 {
        assert!(refused.fetch(&User::builder().country("Norway").build()).await.is_err());
    }
    let count = |level, part: &str| lines.all().iter().filter(|it| it.starts_with(level) && it.contains(part)).count();
    let failures =
        (count("warn", "variants were not fetched error="), count("debug", "variants still are not fetched"));
    assert_eq!((failures, count("warn", "neither a user id")), ((1, 2), 1), "{:?}", lines.all());
    let mut config = experiment::RemoteEvaluationConfig::server();
    (config.server_url, config.log_level) = (server.url(), Some(LogLevel::Verbose));
    let builder = RemoteEvaluationClient::builder(experiment_server::DEFAULT_DEPLOYMENT_KEY).config(config);
    let client = builder.logger(lines.logger()).build().unwrap();
    server.faults().script(Route::Variants, [Fault::status(400)]);
    assert!(client.fetch(&user()).await.is_err());
    client.fetch(&user()).await.unwrap();
    assert!(lines.have("info", "variants are fetched again failures=1"), "{:?}", lines.all());
    assert!(lines.have("verbose", "fetched user={\"user_id\":\"u1\""), "{:?}", lines.all());
}

#[test]
fn what_is_told_when_a_runtime_goes_is_told_to_the_logger() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lines = Lines::default();
    let server = runtime.block_on(server(&["a"]));
    let client = polling(&server).logger(lines.logger()).log_level(LogLevel::Debug).build().unwrap();
    runtime.block_on(client.start()).unwrap();
    drop(runtime);
    assert!(lines.have("debug", "the updater was ended from outside"), "{:?}", lines.all());
}

#[test]
fn of_a_level_and_debug_what_is_said_last_counts() {
    let (lines, mut config) = (Lines::default(), LocalEvaluationConfig::default());
    config.debug = true;
    let builder = LocalEvaluationClient::builder("key").config(config).bootstrap_json(BROKEN);
    builder.logger(lines.logger()).log_level(LogLevel::Disable).build().unwrap();
    assert_eq!(lines.all(), Vec::<String>::new());
}

#[tokio::test]
async fn a_logger_that_panics_harms_nobody() {
    let server = server(&["a"]).await;
    let logger = Arc::new(|_: &LogRecord<'_>| panic!("a logger"));
    let client = polling(&server).logger(logger).log_level(LogLevel::Verbose).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(common::known(&client), ["a"]);
    assert_eq!(client.status().updater.unwrap().restarts, 0);
    client.close().await;
}

#[tokio::test]
async fn a_start_that_fails_and_events_that_are_lost_are_told() {
    let server = server(&["a"]).await;
    let lines = Lines::default();
    let mut exposures = ExposureConfig::new("key");
    exposures.delivery.server_url = format!("{}/2/httpapi", server.url());
    exposures.delivery.flush_interval = PATIENCE;
    let builder = polling(&server).exposure_tracking(exposures).bootstrap_json(common::flags(&["a"]));
    let builder = builder.logger(lines.logger()).log_level(LogLevel::Warn).start_timeout(Duration::from_millis(200));
    server.faults().always(Route::Flags, Fault::stall());
    let client = builder.build().unwrap();
    assert!(matches!(client.start().await, Err(StartError::Timeout { .. })));
    let _ = client.evaluate_with(&user(), &EvaluateOptions::default().with_tracks_exposure(true));
    drop(client);
    assert!(lines.have("warn", "events were dropped cause=dropped without closing events=1"), "{:?}", lines.all());
}

#[tokio::test]
async fn odd_variants_are_one_line_for_each_fetch() {
    let server = server(&["a"]).await;
    let lines = Lines::default();
    let client = RemoteEvaluationClient::builder(experiment_server::DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .log_level(LogLevel::Warn)
        .logger(lines.logger())
        .build()
        .unwrap();
    let odd: Vec<String> =
        (0..9).map(|number| format!(r#""odd-{number}": {{"key": "hush", "payload": 1e999}}"#)).collect();
    let body = format!(r#"{{"good": {{"key": "on"}}, "nameless": {{"value": "hush"}}, {}}}"#, odd.join(", "));
    for fetches in 1..=2 {
        server.faults().once(Route::Variants, Fault::body(body.clone()));
        let variants = client.fetch(&User::with_user_id("u1")).await.unwrap();
        assert_eq!(variants.keys().collect::<Vec<_>>(), ["good", "nameless"]);
        assert_eq!(variants.diagnostics().len(), 10);
        let told = lines.all();
        assert_eq!(told.len(), fetches, "{told:?}");
        let line = told.last().unwrap();
        assert!(line.starts_with("warn experiment [Experiment] some fetched variants are odd"), "{line}");
        for part in ["left_out=9", "flag `odd-0`: payload: number out of range", "more=5"] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!line.contains("hush"), "{line}");
    }
    client.fetch(&User::with_user_id("u1")).await.unwrap();
    assert_eq!(lines.all().len(), 2, "{:?}", lines.all());
}
