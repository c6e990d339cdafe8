//! Clients for programs without async, against a server that runs elsewhere.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod common;

use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use common::{PATIENCE, flags, keys, streaming};
use experiment::blocking::LocalEvaluationClient;
use experiment::tracking::ExposureConfig;
use experiment::{Evaluate, EvaluateOptions, FetchOptions, RemoteEvaluationClient, StartError, State, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Fault, Route, Server};
use tokio::runtime::Runtime;

/// A server on a runtime that the clients know nothing of.
struct Service {
    server: Server,
    runtime: Runtime,
}

impl Service {
    fn new(known: &[&str]) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(common::server(known));
        Self { server, runtime }
    }
}

fn user() -> User {
    User::with_user_id("u1")
}

fn shown() -> EvaluateOptions {
    EvaluateOptions::default().with_tracks_exposure(true)
}

fn exposures(service: &Service) -> ExposureConfig {
    let mut config = ExposureConfig::new(DEFAULT_API_KEY);
    config.delivery.server_url = format!("{}/2/httpapi", service.server.url());
    config.delivery.close_timeout = Duration::from_secs(1);
    config
}

#[test]
fn flags_come_change_and_stay() {
    let service = Service::new(&["a"]);
    let client = streaming(&service.server).build_blocking().unwrap();
    assert!(client.evaluate(&user()).is_empty());
    client.start().unwrap();
    assert_eq!(keys(&client.evaluate(&user())), ["a"]);
    assert_eq!(client.status().updater.unwrap().state, State::Streaming);
    let mut changes = client.changes();
    assert_eq!(changes.next(Duration::from_millis(1)), None);
    service.server.set_flags(flags(&["a", "b"])).unwrap();
    assert_eq!(&*changes.next(PATIENCE).unwrap().keys, ["b"]);
    assert_eq!(keys(&Evaluate::evaluate(&client, &user())), ["a", "b"]);
    assert!(client.close().events.is_complete() && client.diagnostics().is_empty());
    assert_eq!(client.status().updater.unwrap().state, State::Stopped);
    assert_eq!(keys(&client.evaluate(&user())), ["a", "b"]);
    client.start().unwrap();
    assert_eq!(client.status().updater.unwrap().state, State::Streaming);
}

#[test]
fn a_start_that_fails_says_why_and_one_in_the_background_goes_on() {
    let service = Service::new(&["a"]);
    let refused = experiment::LocalEvaluationClient::builder("wrong").server_url(service.server.url());
    assert!(matches!(refused.build_blocking().unwrap().start(), Err(StartError::Unauthorized(_))));
    let client = streaming(&service.server).build_blocking().unwrap();
    let mut changes = client.changes();
    client.start_in_background();
    assert_eq!(&*changes.next(PATIENCE).unwrap().keys, ["a"]);
}

#[test]
fn variants_are_fetched_and_errors_told() {
    let service = Service::new(&["a", "b"]);
    let builder = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(service.server.url());
    let client = builder.fetch_retries(0).build_blocking().unwrap();
    assert_eq!(keys(&client.fetch(&user()).unwrap()), ["a", "b"]);
    let options = FetchOptions::default().with_flag_keys(["b"]);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (client, options) = (client.clone(), options.clone());
            thread::spawn(move || keys(&client.fetch_with(&user(), &options).unwrap()))
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), ["b"]);
    }
    service.server.faults().always(Route::Variants, Fault::status(503));
    assert!(client.fetch(&user()).is_err());
}

#[test]
fn events_are_sent_from_the_clients_own_thread() {
    let service = Service::new(&["a"]);
    let client = streaming(&service.server).exposure_tracking(exposures(&service)).build_blocking().unwrap();
    client.start().unwrap();
    // Within another runtime, which is gone when the client is closed.
    Runtime::new().unwrap().block_on(async { client.evaluate_with(&user(), &shown()) });
    let _ = client.evaluate_with(&User::with_user_id("u2"), &shown());
    let report = client.flush().exposures.unwrap();
    assert!(report.is_complete() && report.sent == 2, "{report:?}");
    assert_eq!(client.stats().exposures.unwrap().events.sent, 2);
}

#[test]
fn callbacks_may_call_the_client_they_are_called_by() {
    let service = Service::new(&["a"]);
    let this: Arc<OnceLock<LocalEvaluationClient>> = Arc::default();
    let (told, outcomes) = channel();
    let own = Arc::clone(&this);
    let client = streaming(&service.server)
        .exposure_tracking(exposures(&service))
        .on_event_outcome(move |_, _| {
            let client = own.get().unwrap();
            client.start().unwrap();
            told.send(keys(&client.evaluate(&user()))).unwrap();
        })
        .build_blocking()
        .unwrap();
    assert!(this.set(client.clone()).is_ok());
    client.start().unwrap();
    let _ = client.evaluate_with(&user(), &shown());
    assert!(client.flush().is_complete());
    assert_eq!(outcomes.recv_timeout(PATIENCE).unwrap(), ["a"]);
}

#[test]
fn async_code_may_use_and_drop_it() {
    let service = Service::new(&["a"]);
    let client = streaming(&service.server).build_blocking().unwrap();
    service.runtime.block_on(async move {
        client.start().unwrap();
        assert_eq!(keys(&client.evaluate(&user())), ["a"]);
        drop(client);
    });
}

#[test]
fn the_thread_ends_with_the_last_handle() {
    let service = Service::new(&["a"]);
    let folder = tempfile::tempdir().unwrap();
    service.server.faults().always(Route::HttpApi, Fault::stall());
    let mut config = exposures(&service);
    config.delivery.spool_folder = Some(folder.path().to_owned());
    let client = streaming(&service.server).exposure_tracking(config).build_blocking().unwrap();
    client.start().unwrap();
    let _ = client.evaluate_with(&user(), &shown());
    let began = Instant::now();
    drop((client.clone(), client));
    assert!(began.elapsed() < PATIENCE);
    // What was not sent is on disk.
    let mut config = exposures(&service);
    config.delivery.spool_folder = Some(folder.path().to_owned());
    let next = streaming(&service.server).exposure_tracking(config).build_blocking().unwrap();
    let _ = next.flush();
    assert_eq!(next.stats().exposures.unwrap().events.recovered, 1);
}
