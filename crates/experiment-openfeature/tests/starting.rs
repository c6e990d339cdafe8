//! Initializing that fails, and closing that overtakes it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{PATIENCE, code, next, on, polling, sdk, server, someone};
use experiment::{LocalEvaluationClient, State};
use experiment_openfeature::open_feature::provider::{FeatureProvider, ProviderStatus};
use experiment_openfeature::open_feature::{Client, EvaluationContext, EvaluationErrorCode as Code};
use experiment_openfeature::{ExperimentProvider, PROVIDER_FATAL, ProviderEvent};
use experiment_server::{Fault, Route};
use tokio::time::timeout;

/// What the error of resolving says.
async fn why(client: &Client) -> String {
    let error = client.get_bool_value("flag", Some(&someone()), None).await.unwrap_err();
    assert_eq!(error.code, Code::ProviderNotReady);
    error.message.unwrap()
}

/// The code and the message of an event that has to be an error.
fn error(event: ProviderEvent) -> (Code, String) {
    match event {
        ProviderEvent::Error { code, message, .. } => (code, message),
        other => panic!("{other:?}"),
    }
}

/// What comes of a future that does not wait, by no runtime.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// Begins, and must not end yet.
async fn begin(mut future: Pin<&mut (dyn Future<Output = ()> + Send + '_)>) {
    assert!(poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await);
}

#[tokio::test]
async fn what_fails_at_first_says_why_and_comes_back() {
    let server = server(&on("flag")).await;
    server.faults().always(Route::Flags, Fault::status(503));
    let provider = ExperimentProvider::new(polling(&server).build().unwrap());
    let mut events = provider.events();
    let client = sdk(provider.clone()).await;
    assert_eq!(provider.status(), ProviderStatus::Error);
    let said = why(&client).await;
    assert!(said.starts_with("there are no flags yet: no flags after 5 attempts"), "{said}");
    assert!(said.contains("a poll for flags failed") && said.contains("503"), "{said}");
    assert_eq!(error(next(&mut events).await), (Code::ProviderNotReady, said));
    server.faults().clear();
    assert_eq!(next(&mut events).await, ProviderEvent::Ready);
    assert_eq!(provider.status(), ProviderStatus::Ready);
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    provider.close().await;
}

#[tokio::test]
async fn a_key_that_is_refused_is_an_error() {
    let server = server(&on("flag")).await;
    let local = LocalEvaluationClient::builder("wrong-secret").server_url(server.url()).build().unwrap();
    let provider = ExperimentProvider::new(local);
    let mut events = provider.events();
    let client = sdk(provider.clone()).await;
    assert_eq!(provider.status(), ProviderStatus::Error);
    let said = why(&client).await;
    assert!(said.contains("flags cannot be fetched with this deployment key") && said.contains("401"), "{said}");
    assert!(!said.contains("wrong-secret"), "{said}");
    assert_eq!(error(next(&mut events).await), (Code::General(PROVIDER_FATAL.to_owned()), said));
    provider.close().await;
}

/// Whoever listens hears of it too when it turns out later.
#[tokio::test]
async fn a_key_that_is_refused_later_is_told() {
    let server = server(&on("flag")).await;
    server.faults().always(Route::Flags, Fault::status(503));
    let provider = ExperimentProvider::new(polling(&server).build().unwrap()).with_start_in_background(true);
    let mut events = provider.events();
    let client = sdk(provider.clone()).await;
    assert_eq!(error(next(&mut events).await).0, Code::ProviderNotReady);
    server.faults().always(Route::Flags, Fault::status(401));
    let (code, message) = error(next(&mut events).await);
    assert_eq!((code, &message), (Code::General(PROVIDER_FATAL.to_owned()), &why(&client).await));
    provider.close().await;
}

#[test]
fn without_a_runtime_it_says_so() {
    let local = LocalEvaluationClient::builder("key").server_url("http://127.0.0.1:1").build().unwrap();
    for background in [false, true] {
        let mut provider = ExperimentProvider::new(local.clone()).with_start_in_background(background);
        at_once(provider.initialize(&EvaluationContext::default()));
        assert_eq!(provider.status(), ProviderStatus::Error);
        let resolved = at_once(provider.resolve_bool_value("flag", &someone())).unwrap_err();
        let said = "there are no flags yet: no Tokio runtime: start within one".to_owned();
        assert_eq!((resolved.code, resolved.message), (Code::ProviderNotReady, Some(said.clone())));
        let event = at_once(provider.events().next()).unwrap();
        assert_eq!(error(event), (Code::ProviderNotReady, said));
    }
}

#[tokio::test]
async fn without_an_answer_it_says_how_long_it_waited() {
    let server = server(&on("flag")).await;
    server.faults().always(Route::Flags, Fault::stall());
    let local = polling(&server).updater(|config| config.start_timeout = Duration::from_millis(50)).build().unwrap();
    let provider = ExperimentProvider::new(local);
    let mut events = provider.events();
    let client = sdk(provider.clone()).await;
    assert_eq!(provider.status(), ProviderStatus::Error);
    let said = why(&client).await;
    assert_eq!(said, "there are no flags yet: no flags within 50ms; check the network, or allow more time");
    assert_eq!(error(next(&mut events).await), (Code::ProviderNotReady, said));
    provider.close().await;
}

/// What went wrong since stands beside why initializing failed.
#[tokio::test]
async fn failures_behind_initializing_are_said_too() {
    let server = server(&on("flag")).await;
    server.faults().always(Route::Flags, Fault::status(503));
    let local = polling(&server).build().unwrap();
    let provider = ExperimentProvider::new(local.clone());
    let client = sdk(provider.clone()).await;
    server.faults().always(Route::Flags, Fault::status(500));
    let mut status = local.watch_status().unwrap();
    let is_new = |error: &experiment::Failure| experiment::Chain(error).to_string().contains("500");
    timeout(PATIENCE, status.wait_for(|status| status.last_error.as_ref().is_some_and(is_new))).await.unwrap().unwrap();
    let said = why(&client).await;
    let (initializing, last) = said.split_once("; the last failure: ").expect(&said);
    assert!(initializing.contains("503") && last.contains("500"), "{said}");
    provider.close().await;
}

/// The client is closed while the first request is under way.
#[tokio::test]
async fn closing_ends_initializing() {
    let server = server(&on("flag")).await;
    server.faults().always(Route::Flags, Fault::stall());
    let local = polling(&server).build().unwrap();
    let provider = ExperimentProvider::new(local.clone());
    let mut events = provider.events();
    let (mut clone, context) = (provider.clone(), EvaluationContext::default());
    let mut initializing = clone.initialize(&context);
    begin(initializing.as_mut()).await;
    let mut status = local.watch_status().unwrap();
    let starting = status.wait_for(|status| status.state == State::Starting);
    timeout(PATIENCE, starting).await.unwrap().unwrap();
    provider.close().await;
    timeout(PATIENCE, initializing).await.unwrap();
    assert_eq!((provider.status(), local.status().updater.unwrap().state), (ProviderStatus::NotReady, State::Stopped));
    // It stays closed, even if somebody starts the client; to initialize it again is possible.
    server.faults().clear();
    local.start().await.unwrap();
    assert_eq!(provider.status(), ProviderStatus::NotReady);
    let early = provider.resolve_bool_value("flag", &someone()).await;
    assert_eq!(code(early.map(|details| details.value)), Code::ProviderNotReady);
    let client = sdk(provider.clone()).await;
    assert_eq!(next(&mut events).await, ProviderEvent::Ready);
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    provider.close().await;
}

/// It is closed between the failure of the start and what initializing makes of it.
#[tokio::test]
async fn nothing_is_started_behind_a_close() {
    let server = server(&on("flag")).await;
    server.faults().always(Route::Flags, Fault::status(503));
    let local = polling(&server).build().unwrap();
    let provider = ExperimentProvider::new(local.clone());
    let (mut clone, context) = (provider.clone(), EvaluationContext::default());
    let mut initializing = clone.initialize(&context);
    begin(initializing.as_mut()).await;
    let mut status = local.watch_status().unwrap();
    let failed = status.wait_for(|status| status.state == State::Idle && status.failures > 0);
    timeout(PATIENCE, failed).await.unwrap().unwrap();
    provider.close().await;
    timeout(PATIENCE, initializing).await.unwrap();
    assert_eq!(provider.status(), ProviderStatus::NotReady);
    // A task that was spawned would begin now: there is one thread.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let state = local.status().updater.unwrap().state;
    assert!(matches!(state, State::Idle | State::Stopped), "{state}");
}
