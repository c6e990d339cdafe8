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
    let mut watch = client.watch_status().unwrap();
    runtime.block_on(watch.wait_for(|status| status.state == State::Stopped)).unwrap();
    // Another runtime is as good.
    drop(runtime);
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(common::server(&["b"]));
    let other = polling(&server).build().unwrap();
    runtime.block_on(other.start()).unwrap();
    assert_eq!(common::known(&other), ["b"]);
    runtime.block_on(other.close());
}
