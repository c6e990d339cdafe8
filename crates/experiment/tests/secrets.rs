//! What clients log, tell and show while all goes well and while it does not: no key, no user, no property.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::cohorts::{cohort, flags_of};
use common::{polling, streaming};
use experiment::tracking::{AssignmentConfig, ExposureConfig};
use experiment::{CohortSyncConfig, EvaluateOptions, LocalEvaluationClientBuilder, RemoteEvaluationClient, User};
use experiment_server::{Fault, Route, Server};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Stands in every key, id and property here, and nowhere else.
const HUSH: &str = "hush";

/// Keeps every line down to debug as text.
struct Lines(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        self.0.lock().unwrap().push(text.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut text = Text(String::new());
        values.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut text = Text(format!("{} {}", metadata.level(), metadata.target()));
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn user(index: usize) -> User {
    User::builder()
        .user_id(format!("hush-user-{index}"))
        .device_id("hush-device")
        .country("hush-country")
        .user_property("plan", "hush-plan")
        .group("org", "hush-org")
        .build()
}

fn complete(builder: LocalEvaluationClientBuilder, server: &Server) -> LocalEvaluationClientBuilder {
    let events = format!("{}/2/httpapi", server.url());
    let mut exposures = ExposureConfig::new("hush-api");
    let mut assignments = AssignmentConfig::new("hush-api");
    for delivery in [&mut exposures.delivery, &mut assignments.delivery] {
        delivery.server_url.clone_from(&events);
        delivery.close_timeout = Duration::from_millis(500);
        delivery.flush_interval = Duration::from_millis(10);
    }
    let sync = CohortSyncConfig::new("hush-api", "hush-secret").with_cohort_server_url(server.url());
    builder.cohort_sync(sync).exposure_tracking(exposures).assignment_tracking(assignments)
}

#[test]
fn nothing_that_is_secret_is_logged_told_or_shown() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    // For all threads of this process: no other test is in it.
    tracing::subscriber::set_global_default(Lines(Arc::clone(&lines))).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    runtime.block_on(run(&told));
    drop(runtime);
    let lines = lines.lock().unwrap();
    let told = told.lock().unwrap();
    let ours = lines.iter().filter(|line| line.contains("experiment")).count();
    assert!(ours > 20 && told.len() > 20, "{ours} lines, {} texts", told.len());
    // Keys travel in base64 too.
    for secret in [HUSH, "aHVzaC1hcGk", "aHVzaC1zZWNyZXQ"] {
        let found: Vec<&String> = lines.iter().chain(told.iter()).filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{} lines, such as {}", found.len(), found[0]);
    }
}

async fn run(told: &Mutex<Vec<String>>) {
    let say = |value: &dyn fmt::Debug| told.lock().unwrap().push(format!("{value:?}"));
    let server = Server::builder()
        .flags_json(flags_of(&["c1", "c2"]))
        .cohort(cohort("c1", &["hush-user-1", "hush-user-2"], 1))
        .cohort(cohort("c2", &[], 1))
        .deployment_key("hush-deployment")
        .project_keys("hush-api", "hush-secret")
        .start()
        .await
        .unwrap();
    let faults = [
        None,
        Some(Fault::status(401)),
        Some(Fault::status(500)),
        Some(Fault::too_many_requests(Duration::ZERO)),
        Some(Fault::status(413)),
        Some(Fault::reset()),
        Some(Fault::cut_after(30)),
        Some(Fault::body(r#"{"cohortId": "c1", "memberIds": ["hush", 5], "error": "hush"}"#)),
    ];
    for fault in faults {
        let builders = [polling(&server), streaming(&server)];
        for builder in builders {
            // The common ones have another key.
            let builder = complete(builder, &server);
            say(&builder);
            let client = builder.build().unwrap();
            say(&client);
            if let Err(error) = client.start().await {
                say(&error);
            }
        }
        let builder = experiment::LocalEvaluationClient::builder("hush-deployment")
            .server_url(server.url())
            .stream_server_url(server.url())
            .stream_updates(true)
            .start_timeout(Duration::from_secs(5))
            .proxy(experiment::ProxyConfig::Off)
            .updater(|config| config.initial_backoff = Duration::from_millis(5));
        let client = complete(builder, &server).build().unwrap();
        if let Some(fault) = &fault {
            for route in [Route::Cohort, Route::HttpApi, Route::Variants] {
                server.faults().always(route, fault.clone());
            }
            server.faults().script(Route::Stream, [fault.clone(), fault.clone()]);
            server.faults().script(Route::Flags, [fault.clone(), fault.clone()]);
        }
        if let Err(error) = client.start().await {
            say(&error);
        }
        let options = EvaluateOptions::default().with_tracks_exposure(true);
        for index in 0..5 {
            drop(client.evaluate_with(&user(index), &options));
        }
        say(&client.flush().await);
        say(&(client.status(), client.stats(), &client));
        say(&client.close().await);
        let remote = RemoteEvaluationClient::builder("hush-deployment")
            .server_url(server.url())
            .proxy(experiment::ProxyConfig::Off)
            .fetch_retries(1)
            .fetch_retry_backoff(Duration::from_millis(1), Duration::from_millis(5), 1.5)
            .build()
            .unwrap();
        say(&remote);
        if let Err(error) = remote.fetch(&user(1)).await {
            say(&error);
            told.lock().unwrap().push(error.to_string());
        }
        server.faults().clear();
    }
    server.shutdown().await;
}
