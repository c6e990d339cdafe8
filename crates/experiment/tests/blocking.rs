//! Clients for programs without async, against a server that runs elsewhere.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use common::{PATIENCE, flags, keys, streaming};
use experiment::blocking::LocalEvaluationClient;
use experiment::tracking::ExposureConfig;
use experiment::{Evaluate, EvaluateOptions, FetchOptions, RemoteEvaluationClient, StartError, State, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Fault, Route, Server};
use tokio::runtime::Runtime;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

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
fn two_clients_may_call_each_other() {
    let service = Service::new(&["a"]);
    let (told, outcomes) = channel();
    let both: Arc<OnceLock<[LocalEvaluationClient; 2]>> = Arc::default();
    let [one, other] = [1, 0].map(|other| {
        let (both, told) = (Arc::clone(&both), told.clone());
        let builder = streaming(&service.server).exposure_tracking(exposures(&service));
        let client = builder.on_event_outcome(move |_, _| {
            both.get().unwrap()[other].start().unwrap();
            told.send(()).unwrap();
        });
        client.build_blocking().unwrap()
    });
    assert!(both.set([one.clone(), other.clone()]).is_ok());
    let threads = [one, other].map(|client| {
        thread::spawn(move || {
            client.start().unwrap();
            let _ = client.evaluate_with(&user(), &shown());
            client.flush();
        })
    });
    for _ in threads {
        outcomes.recv_timeout(PATIENCE).unwrap();
    }
}

/// What an exposure that cannot be sent leaves on disk, by the next client.
fn recovered(service: &Service, drop: impl FnOnce(LocalEvaluationClient)) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let client = || {
        let mut config = exposures(service);
        config.delivery.spool_folder = Some(folder.path().to_owned());
        let builder = streaming(&service.server).exposure_tracking(config).bootstrap_json(flags(&["a"]));
        builder.build_blocking().unwrap()
    };
    service.server.faults().always(Route::HttpApi, Fault::stall());
    let dropped = client();
    let _ = dropped.evaluate_with(&user(), &shown());
    drop(dropped);
    service.server.faults().clear();
    let next = client();
    assert!(next.flush().is_complete());
    next.stats().exposures.unwrap().events.recovered
}

#[test]
fn wherever_it_is_dropped_what_was_not_sent_is_on_disk() {
    let service = Service::new(&["a"]);
    let runtime = Runtime::new().unwrap();
    assert_eq!(recovered(&service, drop), 1);
    assert_eq!(recovered(&service, |client| runtime.block_on(async { drop(client) })), 1);
    assert_eq!(
        recovered(&service, |client| {
            let _entered = runtime.enter();
            drop(client);
        }),
        1
    );
    // When a thread ends, Tokio's own thread-locals may be gone by then.
    thread_local! {
        static HELD: RefCell<Option<LocalEvaluationClient>> = const { RefCell::new(None) };
    }
    let at_the_end_of_a_thread = |client: LocalEvaluationClient| {
        let hold = move || HELD.with(|held| held.replace(Some(client)));
        assert!(thread::spawn(hold).join().unwrap().is_none());
    };
    assert_eq!(recovered(&service, at_the_end_of_a_thread), 1);
}

#[test]
fn the_thread_ends_with_the_last_handle() {
    /// Tells that its thread ends.
    struct Ends(Sender<()>);
    impl Drop for Ends {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    thread_local! {
        static ENDS: RefCell<Option<Ends>> = const { RefCell::new(None) };
    }
    let service = Service::new(&["a"]);
    let (told, ended) = channel();
    let (called, is_called) = channel();
    let builder = streaming(&service.server).exposure_tracking(exposures(&service)).on_event_outcome(move |_, _| {
        ENDS.with(|ends| ends.replace(Some(Ends(told.clone()))));
        called.send(()).unwrap();
    });
    let client = builder.build_blocking().unwrap();
    client.start().unwrap();
    let _ = client.evaluate_with(&user(), &shown());
    client.flush();
    is_called.recv_timeout(PATIENCE).unwrap();
    let another = client.clone();
    drop(client);
    assert!(ended.try_recv().is_err());
    drop(another);
    ended.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn logs_go_to_where_the_callers_do() {
    #[derive(Clone, Default)]
    struct Warnings(Arc<AtomicUsize>);
    impl Subscriber for Warnings {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() <= Level::WARN
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }
    let service = Service::new(&["a"]);
    let warnings = Warnings::default();
    // Of one subscriber alone `tracing` remembers what whichever thread comes first to a line says.
    let _twin = tracing::Dispatch::new(warnings.clone());
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let builder = RemoteEvaluationClient::builder("wrong").server_url(service.server.url());
    assert!(builder.build_blocking().unwrap().fetch(&user()).is_err());
    assert_eq!(warnings.0.load(Ordering::Relaxed), 1);
}
