//! What metrics are told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod common;
#[path = "common/told.rs"]
mod told;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{PATIENCE, flags, polling, server, streaming, until};
use experiment::metrics::{EvaluationSample, Metrics, Recorder, Report, ReportOptions};
use experiment::tracking::{AssignmentConfig, Event, ExposureConfig, FlushReport, Tracker};
use experiment::{BoxFuture, EvaluateOptions, LocalEvaluationClient, LocalEvaluationClientBuilder, State, User};
use experiment_server::{DEFAULT_API_KEY, Server};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use told::Told;

/// Keeps the latest report.
struct Kept {
    reports: watch::Sender<Option<Report>>,
    samples: Mutex<Vec<EvaluationSample>>,
}

impl Kept {
    fn new() -> Arc<Self> {
        Arc::new(Self { reports: watch::Sender::new(None), samples: Mutex::default() })
    }

    /// Waits for reports that come from now on.
    async fn more(&self, reports: u32) -> Report {
        let mut last = None;
        for _ in 0..reports {
            self.reports.send_replace(None);
            last = Some(self.until(|_| true).await);
        }
        last.unwrap()
    }

    fn last(&self) -> Report {
        self.reports.borrow().clone().unwrap()
    }

    async fn until(&self, holds: impl Fn(&Report) -> bool) -> Report {
        let mut reports = self.reports.subscribe();
        let reached = reports.wait_for(|report| report.as_ref().is_some_and(&holds));
        tokio::time::timeout(PATIENCE, reached).await.unwrap().unwrap().clone().unwrap()
    }
}

impl Metrics for Kept {
    fn report(&self, report: &Report) {
        self.reports.send_replace(Some(report.clone()));
    }

    fn evaluation(&self, sample: &EvaluationSample) {
        self.samples.lock().unwrap().push(*sample);
    }
}

fn often() -> ReportOptions {
    ReportOptions::default().with_interval(Duration::from_millis(150)).with_sample_every(1)
}

fn seldom() -> ReportOptions {
    ReportOptions::default().with_interval(Duration::from_secs(600))
}

fn shown() -> EvaluateOptions {
    EvaluateOptions::default().with_tracks_exposure(true)
}

fn offline() -> LocalEvaluationClientBuilder {
    LocalEvaluationClient::offline_builder().bootstrap_json(flags(&["a"]))
}

fn tracked(builder: LocalEvaluationClientBuilder, server: &Server) -> LocalEvaluationClientBuilder {
    let (mut exposures, mut assignments) = (ExposureConfig::new(DEFAULT_API_KEY), AssignmentConfig::new("wrong"));
    exposures.delivery.server_url = format!("{}/2/httpapi", server.url());
    assignments.delivery.server_url.clone_from(&exposures.delivery.server_url);
    builder.exposure_tracking(exposures).assignment_tracking(assignments)
}

/// Starts a client in the background when it was in these states. Tasks run in the order in which they are woken: before
/// whoever waits for what the last state is the end of.
fn start_behind(client: &LocalEvaluationClient, states: &'static [State]) -> JoinHandle<()> {
    let (client, mut status) = (client.clone(), client.watch_status().unwrap());
    tokio::spawn(async move {
        for state in states {
            let reached = status.wait_for(|status| status.state == *state);
            tokio::time::timeout(PATIENCE, reached).await.unwrap().unwrap();
        }
        client.start_in_background().unwrap();
    })
}

fn state(report: &Report) -> State {
    report.status.updater.as_ref().unwrap().state
}

#[tokio::test]
async fn reports_follow_the_client_from_its_start_to_its_close() {
    let server = server(&["a"]).await;
    let kept = Kept::new();
    // It would be stale behind three polls, which is a change.
    let builder = tracked(streaming(&server), &server).flag_config_polling_interval(Duration::from_secs(60));
    let client = builder.metrics(kept.clone()).metrics_options(often()).build().unwrap();
    assert!(kept.reports.borrow().is_none());
    client.start().await.unwrap();
    let report = kept.until(|report| state(report) == State::Streaming).await;
    assert_eq!(report.status.flags, 1);
    // Without any change, by the interval.
    let report = kept.more(3).await;
    let before = report.previous.unwrap();
    assert_eq!((report.status.updater.unwrap().updates, before.status.updater.unwrap().updates), (1, 1));
    assert!(before.previous.is_none());
    let _ = client.evaluate_with(&User::with_user_id("u1"), &shown());
    let [sample] = kept.samples.lock().unwrap()[..] else { panic!("one evaluation, one sample") };
    assert_eq!((sample.variants, sample.weight), (1, 1));
    client.close().await;
    // By now, and not by and by.
    let last = kept.last();
    assert_eq!((state(&last), last.events.exposures.unwrap().events.sent), (State::Stopped, 1));
    assert_eq!(last.events.assignments.unwrap().events.dropped.total(), 1);
    kept.reports.send_replace(None);
    client.start().await.unwrap();
    kept.until(|report| state(report) == State::Streaming).await;
}

#[tokio::test]
async fn the_interval_alone_brings_reports() {
    let kept = Kept::new();
    // Nothing of it changes.
    let client = offline().metrics(kept.clone()).metrics_options(often()).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(kept.more(3).await.status.flags, 1);
}

#[tokio::test]
async fn a_change_is_told_before_the_interval_is_over() {
    let server = server(&["a"]).await;
    let kept = Kept::new();
    let client = streaming(&server).metrics(kept.clone()).metrics_options(seldom()).build().unwrap();
    client.start().await.unwrap();
    kept.until(|report| state(report) == State::Streaming).await;
}

#[tokio::test]
async fn the_last_handle_takes_the_task_with_it() {
    let kept = Kept::new();
    let client = offline().metrics(kept.clone()).metrics_options(seldom()).build().unwrap();
    let tasks = Handle::current().metrics();
    client.start().await.unwrap();
    // It waits for the next.
    kept.until(|_| true).await;
    assert_eq!(tasks.num_alive_tasks(), 1);
    drop(client);
    let gone = async {
        while tasks.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn a_client_that_is_dropped_is_told_as_stopped() {
    let server = server(&["a"]).await;
    let kept = Kept::new();
    let client = polling(&server).metrics(kept.clone()).metrics_options(often()).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(state(&kept.until(|report| state(report) == State::Polling).await), State::Polling);
    drop(client);
    assert_eq!((state(&kept.last()), kept.last().status.flags), (State::Stopped, 1));
    // One that was closed told it then.
    let client = polling(&server).metrics(kept.clone()).metrics_options(often()).build().unwrap();
    client.start().await.unwrap();
    client.close().await;
    kept.reports.send_replace(None);
    drop(client);
    assert!(kept.reports.borrow().is_none());
}

#[test]
fn a_client_whose_runtime_is_gone_is_told_as_stopped() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (servers, first, second) = (runtime(), runtime(), runtime());
    let _running = servers.handle().enter();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::scope(|scope| {
        let server = servers.block_on(server(&["a"]));
        let client_of = polling(&server);
        scope.spawn(|| servers.block_on(stopped));
        let kept = Kept::new();
        let client = client_of.metrics(kept.clone()).metrics_options(often()).build().unwrap();
        first.block_on(client.start()).unwrap();
        first.block_on(kept.until(|report| state(report) == State::Polling));
        drop(first);
        assert_eq!(state(&kept.last()), State::Stopped);
        // It goes on with another.
        second.block_on(client.start()).unwrap();
        second.block_on(kept.until(|report| state(report) == State::Polling));
        stop.send(()).unwrap();
    });
}

#[test]
fn a_runtime_without_timers_has_no_task() {
    let client = offline().metrics(Kept::new()).metrics_options(often()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(client.start()).unwrap();
    assert_eq!(runtime.metrics().num_alive_tasks(), 0);
}

/// Takes events, and closes when it is told to.
#[derive(Default)]
struct Stalls(Notify);

impl Tracker for Stalls {
    fn track(&self, _: Vec<Event>) {}

    fn close(&self) -> BoxFuture<'_, FlushReport> {
        Box::pin(async {
            self.0.notified().await;
            FlushReport::default()
        })
    }
}

#[tokio::test]
async fn a_client_that_is_started_while_it_closes_has_metrics() {
    let server = server(&["a"]).await;
    let (kept, stalls) = (Kept::new(), Arc::new(Stalls::default()));
    let builder = polling(&server).metrics(kept.clone()).metrics_options(often()).exposure_tracker(stalls.clone());
    let client = builder.build().unwrap();
    client.start().await.unwrap();
    let closing = tokio::spawn({
        let client = client.clone();
        async move { client.close().await }
    });
    // At once, and not when all events are settled.
    kept.until(|report| state(report) == State::Stopped).await;
    client.start().await.unwrap();
    stalls.0.notify_one();
    closing.await.unwrap();
    assert_eq!(state(&kept.more(3).await), State::Polling);
}

#[tokio::test]
async fn a_client_that_is_started_before_its_close_knows_of_the_end_has_metrics() {
    let server = server(&["a"]).await;
    let kept = Kept::new();
    let client = polling(&server).metrics(kept.clone()).metrics_options(often()).build().unwrap();
    client.start().await.unwrap();
    let background = start_behind(&client, &[State::Polling, State::Stopped]);
    let closing = tokio::spawn({
        let client = client.clone();
        async move { client.close().await }
    });
    background.await.unwrap();
    closing.await.unwrap();
    assert_eq!(state(&kept.more(3).await), State::Polling);
}

#[tokio::test]
async fn a_start_that_fails_leaves_no_task() {
    let server = server(&["a"]).await;
    let kept = Kept::new();
    let builder = LocalEvaluationClient::builder("wrong").server_url(server.url());
    let client = builder.metrics(kept.clone()).metrics_options(often()).build().unwrap();
    assert!(client.start().await.is_err());
    let mut reports = kept.reports.subscribe();
    // Three times as long as it would take for the next.
    assert!(tokio::time::timeout(Duration::from_millis(450), reports.changed()).await.is_err());
}

#[tokio::test]
async fn a_start_that_fails_leaves_metrics_to_one_in_the_background() {
    let server = server(&["a"]).await;
    let kept = Kept::new();
    let builder = LocalEvaluationClient::builder("wrong").server_url(server.url());
    let client = builder.metrics(kept.clone()).metrics_options(often()).build().unwrap();
    let background = start_behind(&client, &[State::Starting, State::Idle]);
    let start = tokio::spawn({
        let client = client.clone();
        async move { client.start().await }
    });
    background.await.unwrap();
    assert!(start.await.unwrap().is_err());
    kept.until(|report| state(report) == State::Unauthorized).await;
}

#[tokio::test]
async fn metrics_that_panic_harm_nobody() {
    struct Panics(watch::Sender<u32>);
    impl Metrics for Panics {
        fn report(&self, _: &Report) {
            self.0.send_modify(|panics| *panics += 1);
            panic!("metrics");
        }

        fn evaluation(&self, _: &EvaluationSample) {
            panic!("metrics");
        }
    }
    let server = server(&["a"]).await;
    let panics = Arc::new(Panics(watch::Sender::new(0)));
    let client = streaming(&server).metrics(panics.clone()).metrics_options(often()).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(common::known(&client), ["a"]);
    until(&client, State::Streaming).await;
    server.cut_streams();
    let mut status = client.watch_status().unwrap();
    let back = status.wait_for(|status| status.reconnects >= 1 && status.state == State::Streaming);
    tokio::time::timeout(PATIENCE, back).await.unwrap().unwrap();
    // Reporting goes on behind a panic.
    let mut panicked = panics.0.subscribe();
    tokio::time::timeout(PATIENCE, panicked.wait_for(|panics| *panics >= 3)).await.unwrap().unwrap();
    client.close().await;
}

#[test]
fn the_crate_metrics_is_told_all_of_it() {
    let recorder = Told::default();
    let begin = SystemTime::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = async {
        let server = server(&["a"]).await;
        let recorder = Arc::new(Recorder::new().with_label("client", "web"));
        let client = tracked(streaming(&server), &server).metrics(recorder).metrics_options(often()).build().unwrap();
        client.start().await.unwrap();
        for _ in 0..3 {
            let _ = client.evaluate_with(&User::with_user_id("u1"), &shown());
        }
        assert!(client.status().is_fresh());
        client.close().await;
    };
    metrics::with_local_recorder(&recorder, || runtime.block_on(run));
    let told = recorder.all();
    let expected = [
        ("experiment_flags", 1.0),
        ("experiment_source_state,client=web,state=stopped", 1.0),
        ("experiment_source_state,client=web,state=streaming", 0.0),
        ("experiment_source_failures", 0.0),
        ("experiment_source_updates_total", 1.0),
        ("experiment_source_reconnects_total", 0.0),
        ("experiment_source_restarts_total", 0.0),
        ("experiment_cohorts,client=web,there=yes", 0.0),
        ("experiment_cohorts,client=web,there=no", 0.0),
        ("experiment_cohorts_age_seconds", 0.0),
        ("experiment_evaluations_sampled_total", 3.0),
        ("experiment_evaluation_seconds", 3.0),
        ("experiment_results_total,client=web,kind=exposure,outcome=new", 1.0),
        ("experiment_results_total,client=web,kind=exposure,outcome=deduplicated", 2.0),
        ("experiment_events_total,client=web,kind=exposure,outcome=sent", 1.0),
        ("experiment_events_total,client=web,kind=assignment,outcome=refused_key", 1.0),
        // What never was begins at 0.
        ("experiment_events_total,client=web,kind=exposure,outcome=queue_full", 0.0),
        ("experiment_events_pending,client=web,kind=exposure", 0.0),
    ];
    for (name, value) in expected {
        let name = if name.contains(',') { name.to_owned() } else { format!("{name},client=web") };
        assert_eq!(told.get(&name), Some(&value), "{name}: {told:#?}");
    }
    assert!(told["experiment_flags_age_seconds,client=web"] < 20.0);
    let [begin, current] = [begin, SystemTime::now()].map(|at| at.duration_since(UNIX_EPOCH).unwrap().as_secs_f64());
    assert!((begin..=current).contains(&told["experiment_flags_current_timestamp_seconds,client=web"]));
}

#[test]
fn clients_of_one_recorder_add_up() {
    let told = Told::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let run = async {
        let server = server(&["a"]).await;
        let recorder = Arc::new(Recorder::new());
        let client =
            || tracked(polling(&server), &server).metrics(recorder.clone()).metrics_options(often()).build().unwrap();
        let (first, second) = (client(), client());
        for client in [&first, &second] {
            client.start().await.unwrap();
            let _ = client.evaluate_with(&User::with_user_id("u1"), &shown());
        }
        first.close().await;
        // One in the place of the first.
        let third = client();
        third.start().await.unwrap();
        let _ = third.evaluate_with(&User::with_user_id("u1"), &shown());
        third.close().await;
        // What was told stays so.
        third.close().await;
        second.close().await;
    };
    metrics::with_local_recorder(&told, || runtime.block_on(run));
    let told = told.all();
    for name in [
        "experiment_source_updates_total",
        "experiment_results_total,kind=exposure,outcome=new",
        "experiment_events_total,kind=exposure,outcome=sent",
        "experiment_events_total,kind=assignment,outcome=refused_key",
    ] {
        assert_eq!(told.get(name), Some(&3.0), "{name}: {told:#?}");
    }
}
