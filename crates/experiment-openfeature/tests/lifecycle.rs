//! Initializing, readiness, events and shutdown, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{PATIENCE, Recorder, code, next, on, polling, sdk, server, someone};
use experiment::{LocalEvaluationClient, State};
use experiment_openfeature::open_feature::provider::{FeatureProvider, ProviderStatus};
use experiment_openfeature::open_feature::{
    EvaluationContext, EvaluationErrorCode as Code, EvaluationReason as Reason, OpenFeature,
};
use experiment_openfeature::{ExperimentProvider, ProviderEvent, ProviderEvents};
use experiment_server::{Fault, Route};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

#[tokio::test]
async fn it_is_ready_once_it_is_initialized() {
    let server = server(&on("flag")).await;
    let provider = ExperimentProvider::new(polling(&server).build().unwrap());
    assert_eq!(provider.status(), ProviderStatus::NotReady);
    let early = provider.resolve_bool_value("flag", &someone()).await;
    assert_eq!(code(early.map(|details| details.value)), Code::ProviderNotReady);
    assert!(server.requests().is_empty());
    let client = sdk(provider.clone()).await;
    assert_eq!(provider.status(), ProviderStatus::Ready);
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    provider.close().await;
}

#[tokio::test]
async fn clients_that_were_started_before_are_taken_as_they_are() {
    let server = server(&on("flag")).await;
    let local = polling(&server).build().unwrap();
    local.start().await.unwrap();
    let client = sdk(ExperimentProvider::new(local.clone())).await;
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    local.close().await;
}

#[tokio::test]
async fn without_a_network_it_is_ready_too() {
    let offline = ExperimentProvider::new(LocalEvaluationClient::offline(on("flag")).unwrap());
    let evaluator = ExperimentProvider::from_evaluator(Arc::<Recorder>::default());
    for mut provider in [offline, evaluator] {
        assert_eq!(provider.status(), ProviderStatus::NotReady);
        provider.initialize(&EvaluationContext::default()).await;
        assert_eq!(provider.status(), ProviderStatus::Ready);
        provider.close().await;
        assert_eq!(provider.status(), ProviderStatus::NotReady);
    }
}

#[tokio::test]
async fn in_the_background_nobody_waits() {
    let server = server(&on("flag")).await;
    server.faults().always(Route::Flags, Fault::stall());
    let provider = ExperimentProvider::new(polling(&server).build().unwrap()).with_start_in_background(true);
    let mut events = provider.events();
    let client = sdk(provider.clone()).await;
    assert_eq!(provider.status(), ProviderStatus::NotReady);
    assert_eq!(code(client.get_bool_value("flag", Some(&someone()), None).await), Code::ProviderNotReady);
    provider.close().await;
    server.faults().clear();
    // To begin anew is possible.
    let client = sdk(provider.clone()).await;
    assert_eq!(next(&mut events).await, ProviderEvent::Ready);
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    provider.close().await;
}

#[tokio::test]
async fn flags_that_nothing_keeps_fresh_are_stale() {
    let server = server(&on("flag")).await;
    server.faults().always(Route::Flags, Fault::status(503));
    // Stale after three intervals.
    let local = polling(&server).updater(|config| config.initial_backoff = Duration::from_millis(5));
    let provider = ExperimentProvider::new(local.bootstrap_json(on("flag")).build().unwrap());
    let mut events = provider.events();
    let client = sdk(provider.clone()).await;
    assert_eq!(provider.status(), ProviderStatus::STALE);
    assert_eq!(next(&mut events).await, ProviderEvent::Stale);
    let details = client.get_bool_details("flag", Some(&someone()), None).await.unwrap();
    assert_eq!((details.value, details.reason), (true, Some(Reason::Other("STALE".to_owned()))));
    assert_eq!(Reason::Other("STALE".to_owned()).to_string(), "STALE");
    server.faults().clear();
    assert_eq!(next_but_changes(&mut events).await, ProviderEvent::Ready);
    let details = client.get_bool_details("flag", Some(&someone()), None).await.unwrap();
    assert_eq!(details.reason, Some(Reason::TargetingMatch));
    // Polls that fail make them stale again.
    server.faults().always(Route::Flags, Fault::status(503));
    assert_eq!(next_but_changes(&mut events).await, ProviderEvent::Stale);
    assert_eq!(provider.status(), ProviderStatus::STALE);
    provider.close().await;
}

#[test]
fn flags_are_stale_by_their_age_where_no_task_notices() {
    let service = Runtime::new().unwrap();
    let server = service.block_on(server(&on("flag")));
    let local = polling(&server).updater(|config| config.stale_after = Some(Duration::from_secs(2))).build().unwrap();
    let provider = ExperimentProvider::new(local.clone());
    let mut events = provider.events();
    let undriven = Builder::new_current_thread().enable_all().build().unwrap();
    let client = undriven.block_on(sdk(provider.clone()));
    assert_eq!(provider.status(), ProviderStatus::Ready);
    // From here on, nobody drives the client's runtime, and whoever listens does so in another.
    assert_eq!(service.block_on(next(&mut events)), ProviderEvent::Ready);
    assert_eq!(service.block_on(next(&mut events)), ProviderEvent::Stale);
    assert_eq!(provider.status(), ProviderStatus::STALE);
    let details = service.block_on(client.get_bool_details("flag", Some(&someone()), None)).unwrap();
    assert_eq!(details.reason, Some(Reason::Other("STALE".to_owned())));
    assert_eq!(undriven.block_on(next(&mut events)), ProviderEvent::Ready);
    assert_eq!(provider.status(), ProviderStatus::Ready);
}

async fn next_but_changes(events: &mut ProviderEvents) -> ProviderEvent {
    loop {
        match next(events).await {
            ProviderEvent::ConfigurationChanged(_) => {}
            other => return other,
        }
    }
}

#[tokio::test]
async fn changes_of_flags_are_told_by_key() {
    let server = server(&on("a")).await;
    let provider = ExperimentProvider::new(polling(&server).build().unwrap());
    let mut events = provider.events();
    let client = sdk(provider.clone()).await;
    assert_eq!(next(&mut events).await, ProviderEvent::Ready);
    // Who listens later hears how things are.
    assert_eq!(next(&mut provider.events()).await, ProviderEvent::Ready);
    server.set_flags(on("b")).unwrap();
    match next(&mut events).await {
        ProviderEvent::ConfigurationChanged(changed) => assert_eq!(*changed.keys, ["a", "b"]),
        other => panic!("{other:?}"),
    }
    assert!(client.get_bool_value("b", Some(&someone()), None).await.unwrap());
    assert_eq!(code(client.get_bool_value("a", Some(&someone()), None).await), Code::FlagNotFound);
    provider.close().await;
}

#[tokio::test]
async fn closing_ends_resolving() {
    let server = server(&on("flag")).await;
    let local = polling(&server).build().unwrap();
    let provider = ExperimentProvider::new(local.clone());
    let client = sdk(provider.clone()).await;
    provider.close().await;
    assert_eq!((provider.status(), local.status().updater.unwrap().state), (ProviderStatus::NotReady, State::Stopped));
    assert_eq!(code(client.get_bool_value("flag", Some(&someone()), None).await), Code::ProviderNotReady);
    // The same when the client is closed by whoever has it.
    let client = sdk(provider.clone()).await;
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    local.close().await;
    assert_eq!(provider.status(), ProviderStatus::NotReady);
    assert_eq!(code(client.get_bool_value("flag", Some(&someone()), None).await), Code::ProviderNotReady);
}

#[tokio::test]
async fn shutdown_lets_go_of_the_client() {
    let server = server(&on("flag")).await;
    let local = polling(&server).build().unwrap();
    let mut status = local.watch_status().unwrap();
    let provider = ExperimentProvider::new(local);
    let mut events = provider.events();
    let mut api = OpenFeature::default();
    api.set_provider(provider).await;
    assert_eq!(next(&mut events).await, ProviderEvent::Ready);
    api.shutdown().await;
    // Nobody has it any more: it stops, and whoever listens hears the end.
    assert!(timeout(PATIENCE, events.next()).await.unwrap().is_none());
    assert!(timeout(PATIENCE, status.wait_for(|_| false)).await.unwrap().is_none());
}

/// To set another provider lets go of the first.
#[tokio::test]
async fn replacing_lets_go_of_the_client() {
    let provider = ExperimentProvider::new(LocalEvaluationClient::offline(on("flag")).unwrap());
    let mut events = provider.events();
    let mut api = OpenFeature::default();
    api.set_provider(provider).await;
    assert_eq!(next(&mut events).await, ProviderEvent::Ready);
    api.set_provider(ExperimentProvider::from_evaluator(Arc::<Recorder>::default())).await;
    assert!(timeout(Duration::from_secs(5), events.next()).await.unwrap().is_none());
}
