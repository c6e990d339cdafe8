//! Clients where there is no Tokio runtime, or another one than before.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use common::{polling, server};
use experiment::{RemoteEvaluationClient, StartError, State, TransportError, User};
use tokio::runtime::{Builder, Runtime};

/// Runs a future without Tokio.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn without_a_runtime_fetching_says_so() {
    let client = RemoteEvaluationClient::builder("key").server_url("http://localhost:9").build().unwrap();
    let user = User::with_user_id("u1");
    let fetch = || async { client.fetch(&user).await.unwrap_err() };
    assert!(matches!(wait(fetch()), TransportError::NoRuntime { .. }));
    let timeless = Builder::new_current_thread().enable_io().build().unwrap();
    let error = timeless.block_on(fetch());
    assert!(matches!(error, TransportError::NoRuntime { .. }) && error.to_string().contains("Tokio"), "{error}");
}

#[test]
fn without_a_runtime_a_client_that_runs_elsewhere_is_stopped_and_not_started() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(server(&["a"]));
    let client = polling(&server).build().unwrap();
    assert!(matches!(wait(client.start()), Err(StartError::NoRuntime)));
    runtime.block_on(client.start()).unwrap();
    assert!(matches!(wait(client.start()), Err(StartError::NoRuntime)));
    wait(client.close());
    runtime.block_on(common::until(&client, State::Stopped));
}

#[test]
fn a_runtime_without_timers_is_none() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(server(&["a"]));
    let client = polling(&server).build().unwrap();
    let timeless = Builder::new_current_thread().enable_io().build().unwrap();
    let starts = async { (client.start_in_background(), client.start().await) };
    let (background, waited) = timeless.block_on(starts);
    assert!(matches!((background, waited), (Err(StartError::NoRuntime), Err(StartError::NoRuntime))));
    assert_eq!(client.status().updater.unwrap().state, State::Idle);
}

#[test]
fn another_runtime_is_as_good() {
    let service = Runtime::new().unwrap();
    let server = service.block_on(server(&["a"]));
    let client = polling(&server).build().unwrap();
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    // One that goes before it has come to the client's task, and one that goes behind that.
    let unseen = runtime();
    unseen.block_on(async { client.start_in_background() }).unwrap();
    drop(unseen);
    for _ in 0..2 {
        let runtime = runtime();
        runtime.block_on(client.start()).unwrap();
        assert_eq!(common::known(&client), ["a"]);
        assert_eq!(client.status().updater.unwrap().state, State::Polling);
        drop(runtime);
        assert_eq!(client.status().updater.unwrap().state, State::Stopped);
    }
}
