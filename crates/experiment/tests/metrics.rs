//! What metrics are told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{PATIENCE, polling, server, streaming, until};
use experiment::metrics::{EvaluationSample, Metrics, Recorder, Report, ReportOptions};
use experiment::tracking::{AssignmentConfig, ExposureConfig};
use experiment::{EvaluateOptions, LocalEvaluationClientBuilder, State, User};
use experiment_server::{DEFAULT_API_KEY, Server};
use metrics::{CounterFn, GaugeFn, HistogramFn, Key, KeyName, SharedString, Unit};
use tokio::sync::watch;

/// Keeps the latest report.
struct Kept {
    reports: watch::Sender<Option<Report>>,
    samples: Mutex<Vec<EvaluationSample>>,
}

impl Kept {
    fn new() -> Arc<Self> {
        Arc::new(Self { reports: watch::Sender::new(None), samples: Mutex::default() })
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
    ReportOptions::default().with_interval(Duration::from_millis(100)).with_sample_every(1)
}

fn shown() -> EvaluateOptions {
    EvaluateOptions::default().with_tracks_exposure(true)
}

fn tracked(builder: LocalEvaluationClientBuilder, server: &Server) -> LocalEvaluationClientBuilder {
    let (mut exposures, mut assignments) = (ExposureConfig::new(DEFAULT_API_KEY), AssignmentConfig::new("wrong"));
    exposures.delivery.server_url = format!("{}/2/httpapi", server.url());
    assignments.delivery.server_url.clone_from(&exposures.delivery.server_url);
    builder.exposure_tracking(exposures).assignment_tracking(assignments)
}

fn state(report: &Report) -> State {
    report.status.updater.as_ref().unwrap().state
}

#[tokio::test]
async fn reports_follow_the_client_from_its_start_to_its_close() {
    let server = server(&["a"]).await;
    let kept = Kept::new();
    let builder = tracked(streaming(&server), &server).metrics(kept.clone()).metrics_options(often());
    let client = builder.build().unwrap();
    assert!(kept.reports.borrow().is_none());
    client.start().await.unwrap();
    let report = kept.until(|report| state(report) == State::Streaming).await;
    assert_eq!(report.status.flags, 1);
    // Without any change, by the interval.
    let age = report.status.age().unwrap();
    kept.until(|report| report.status.age().unwrap() != age).await;
    let _ = client.evaluate_with(&User::with_user_id("u1"), &shown());
    let [sample] = kept.samples.lock().unwrap()[..] else { panic!("one evaluation, one sample") };
    assert_eq!((sample.variants, sample.weight), (1, 1));
    client.close().await;
    // By now, and not by and by.
    let last = kept.reports.borrow().clone().unwrap();
    assert_eq!((state(&last), last.events.exposures.unwrap().events.sent), (State::Stopped, 1));
    assert_eq!(last.events.assignments.unwrap().events.dropped.total(), 1);
    kept.reports.send_replace(None);
    client.start().await.unwrap();
    kept.until(|report| state(report) == State::Streaming).await;
}

#[tokio::test]
async fn the_last_handle_takes_the_task_with_it() {
    let server = server(&["a"]).await;
    let kept = Kept::new();
    let client = polling(&server).metrics(kept.clone()).metrics_options(often()).build().unwrap();
    client.start().await.unwrap();
    drop(client);
    let gone = async {
        while Arc::strong_count(&kept) > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test]
async fn a_start_that_fails_leaves_no_task() {
    let server = server(&["a"]).await;
    let kept = Kept::new();
    let builder = experiment::LocalEvaluationClient::builder("wrong").server_url(server.url());
    let client = builder.metrics(kept.clone()).metrics_options(often()).build().unwrap();
    assert!(client.start().await.is_err());
    let mut reports = kept.reports.subscribe();
    // Three times as long as it would take for the next.
    assert!(tokio::time::timeout(Duration::from_millis(300), reports.changed()).await.is_err());
}

#[tokio::test]
async fn metrics_that_panic_harm_nobody() {
    #[derive(Default)]
    struct Panics(AtomicU64);
    impl Metrics for Panics {
        fn report(&self, _: &Report) {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("metrics");
        }

        fn evaluation(&self, _: &EvaluationSample) {
            panic!("metrics");
        }
    }
    let server = server(&["a"]).await;
    let panics = Arc::new(Panics::default());
    let client = streaming(&server).metrics(panics.clone()).metrics_options(often()).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(common::known(&client), ["a"]);
    server.cut_streams();
    until(&client, State::Streaming).await;
    client.close().await;
    assert!(panics.0.load(Ordering::Relaxed) >= 2);
}

/// A recorder of the crate `metrics` that keeps what it is told, by name and labels.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<BTreeMap<String, f64>>>);

/// One of its metrics.
struct Cell {
    name: String,
    told: Told,
}

impl Cell {
    fn change(&self, change: impl Fn(f64) -> f64) {
        let mut told = self.told.0.lock().unwrap();
        let value = told.entry(self.name.clone()).or_default();
        *value = change(*value);
    }
}

impl CounterFn for Cell {
    fn increment(&self, more: u64) {
        self.change(|value| value + more as f64);
    }

    fn absolute(&self, count: u64) {
        self.change(|_| count as f64);
    }
}

impl GaugeFn for Cell {
    fn increment(&self, _: f64) {
        panic!("gauges are set");
    }

    fn decrement(&self, _: f64) {
        panic!("gauges are set");
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl HistogramFn for Cell {
    fn record(&self, _: f64) {
        self.change(|values| values + 1.0);
    }
}

impl Told {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels: String = key.labels().map(|label| format!(",{}={}", label.key(), label.value())).collect();
        Arc::new(Cell { name: format!("{}{labels}", key.name()), told: self.clone() })
    }
}

impl metrics::Recorder for Told {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        self.cell(key).into()
    }

    fn register_gauge(&self, key: &Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        self.cell(key).into()
    }

    fn register_histogram(&self, key: &Key, _: &metrics::Metadata<'_>) -> metrics::Histogram {
        self.cell(key).into()
    }
}

#[test]
fn the_crate_metrics_is_told_all_of_it() {
    let recorder = Told::default();
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
    let told = recorder.0.lock().unwrap();
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
        ("experiment_events_pending,client=web,kind=exposure", 0.0),
    ];
    for (name, value) in expected {
        let name = if name.contains(',') { name.to_owned() } else { format!("{name},client=web") };
        assert_eq!(told.get(&name), Some(&value), "{name}: {told:#?}");
    }
    assert!(told["experiment_flags_age_seconds,client=web"] < 20.0);
}
