//! The SDK's API with this provider: registering, clients, names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::{PATIENCE, Recorder, code, next, off, on, sdk, someone};
use experiment::{LocalEvaluationClient, Variant};
use experiment_openfeature::open_feature::{EvaluationErrorCode as Code, OpenFeature};
use experiment_openfeature::{ExperimentProvider, ProviderEvent};
use tokio::time::timeout;

fn giving(flag: &str, variant: Variant) -> ExperimentProvider {
    ExperimentProvider::from_evaluator(Recorder::giving([(flag, variant)]))
}

#[tokio::test]
async fn named_providers_and_the_singleton() {
    let mut api = OpenFeature::singleton_mut().await;
    api.set_named_provider("ours", giving("flag", Variant::new("on"))).await;
    assert_eq!(api.named_provider_metadata("ours").await.unwrap().name, "experiment");
    let (ours, other) = (api.create_named_client("ours"), api.create_client());
    assert!(ours.get_bool_value("flag", None, None).await.unwrap());
    assert_eq!(code(other.get_bool_value("flag", None, None).await), Code::ProviderNotReady);
    api.set_provider(ExperimentProvider::new(LocalEvaluationClient::offline(on("flag")).unwrap())).await;
    assert_eq!(api.provider_metadata().await.name, "experiment");
    assert!(other.get_bool_value("flag", None, None).await.unwrap());
    drop(api);
    // It is one for the whole program.
    let client = OpenFeature::singleton().await.create_client();
    assert!(client.get_bool_value("flag", None, None).await.unwrap());
}

#[tokio::test]
async fn a_name_gets_another_provider() {
    let (first, second) = (giving("flag", Variant::new("on")), giving("flag", off()));
    let mut events = first.events();
    let mut api = OpenFeature::default();
    api.set_named_provider("ours", first).await;
    assert_eq!(next(&mut events).await, ProviderEvent::Ready);
    let client = api.create_named_client("ours");
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    api.set_named_provider("ours", second).await;
    assert!(!client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    // The first is let go.
    assert!(timeout(PATIENCE, events.next()).await.unwrap().is_none());
}

#[tokio::test]
async fn clients_have_the_name_that_they_were_given() {
    let api = OpenFeature::default();
    assert_eq!(api.create_named_client("ours").metadata().name, "ours");
    assert_eq!(sdk(giving("flag", off())).await.metadata().name, "");
}

/// Whoever sets it gets it ready: it is initialized before it is asked anything.
#[tokio::test]
async fn to_set_a_provider_waits_until_it_is_initialized() {
    let provider = ExperimentProvider::new(LocalEvaluationClient::offline(on("flag")).unwrap());
    let mut events = provider.events();
    let mut api = OpenFeature::default();
    api.set_provider(provider.clone()).await;
    assert_eq!(next(&mut events).await, ProviderEvent::Ready);
    assert!(api.create_client().get_bool_value("flag", Some(&someone()), None).await.unwrap());
}
