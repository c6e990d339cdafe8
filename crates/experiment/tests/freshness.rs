//! Flags are as fresh as they are when somebody asks, whether or not any task runs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::{PATIENCE, flags, polling, streaming};
use experiment::{LocalEvaluationClient, LocalEvaluationClientBuilder, State};
use experiment_server::Server;
use tokio::runtime::{Builder, Runtime};

/// How old flags may be. Long enough for a busy machine to start and look within it.
const LIMIT: Duration = Duration::from_secs(2);

fn limited(builder: LocalEvaluationClientBuilder) -> LocalEvaluationClientBuilder {
    builder.updater(|config| config.stale_after = Some(LIMIT))
}

/// A client that runs where nobody drives it any more, and what it runs on.
fn left_alone(build: fn(&Server) -> LocalEvaluationClientBuilder) -> (LocalEvaluationClient, Runtime, Server, Runtime) {
    let service = Runtime::new().unwrap();
    let server = Server::builder().flags_json(flags(&["a"])).keep_alive(Duration::from_millis(100));
    let server = service.block_on(server.start()).unwrap();
    let client = limited(build(&server)).build().unwrap();
    let undriven = Builder::new_current_thread().enable_all().build().unwrap();
    undriven.block_on(client.start()).unwrap();
    (client, undriven, server, service)
}

/// Waits until flags are too old, by their age alone.
fn grow_old(client: &LocalEvaluationClient) {
    let deadline = Instant::now() + PATIENCE;
    while client.status().age().unwrap() < LIMIT {
        assert!(Instant::now() < deadline);
        thread::yield_now();
    }
}

fn a_runtime_that_nobody_drives(build: fn(&Server) -> LocalEvaluationClientBuilder, running: State) {
    let (client, undriven, _server, _service) = left_alone(build);
    let kept = client.status();
    assert!(kept.is_fresh() && kept.updater.as_ref().unwrap().state == running, "{kept:?}");
    grow_old(&client);
    let status = client.status();
    let updater = status.updater.clone().unwrap();
    assert!(!status.is_fresh() && !updater.is_fresh() && updater.state == State::Stale, "{status:?}");
    assert_eq!(client.watch_status().unwrap().current().state, State::Stale);
    assert!(format!("{client:?}").contains("state: Stale"), "{client:?}");
    // What was kept has aged as well.
    assert!(!kept.is_fresh() && !kept.updater.unwrap().is_fresh());
    // Driven again, it is fresh again.
    undriven.block_on(common::until(&client, running));
    assert!(client.status().is_fresh());
}

#[test]
fn polls_that_nobody_drives_keep_no_flags_fresh() {
    a_runtime_that_nobody_drives(polling, State::Polling);
}

#[test]
fn a_stream_that_nobody_drives_keeps_no_flags_fresh() {
    a_runtime_that_nobody_drives(streaming, State::Streaming);
}

#[test]
fn whoever_watches_from_elsewhere_wakes_when_flags_are_too_old() {
    let (client, undriven, _server, service) = left_alone(polling);
    // Waits for a state, and for any change.
    let mut watches = [client.watch_status().unwrap(), client.watch_status().unwrap()];
    let [states, changes] = &mut watches;
    let (waited, changed) = service.block_on(async {
        let waited = states.wait_for(|status| status.state == State::Stale);
        let both = async { tokio::join!(waited, changes.changed()) };
        tokio::time::timeout(PATIENCE, both).await.unwrap()
    });
    assert!(waited.is_some_and(|status| !status.is_fresh()));
    assert_eq!(changed.unwrap().state, State::Stale);
    // Both hear that it passed.
    undriven.block_on(async {
        for watch in &mut watches {
            let fresh = watch.wait_for(|status| status.state == State::Polling);
            assert!(tokio::time::timeout(PATIENCE, fresh).await.unwrap().unwrap().is_fresh());
        }
    });
}
