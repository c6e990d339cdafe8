//! To resolve a flag is to expose its user, through the OpenFeature SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::sync::Arc;

use common::{Recorder, on, polling, sdk, server, someone};
use experiment::testing::TestClient;
use experiment::tracking::ExposureConfig;
use experiment::{EvaluateOptions, Variant};
use experiment_openfeature::ExperimentProvider;
use experiment_openfeature::open_feature::{EvaluationContextFieldValue as Field, StructValue};
use experiment_server::{DEFAULT_API_KEY, Server};

fn exposures(server: &Server) -> ExposureConfig {
    let mut config = ExposureConfig::new(DEFAULT_API_KEY);
    config.delivery.server_url = format!("{}/2/httpapi", server.url());
    config
}

#[tokio::test]
async fn every_type_exposes_to_its_flag_alone() {
    let recorder = Recorder::giving([("flag", Variant::new("on"))]);
    let (client, user) = (sdk(ExperimentProvider::from_evaluator(recorder.clone())).await, someone());
    let _ = client.get_bool_value("flag", Some(&user), None).await;
    let _ = client.get_int_value("flag", Some(&user), None).await;
    let _ = client.get_float_value("flag", Some(&user), None).await;
    let _ = client.get_string_value("flag", Some(&user), None).await;
    let _ = client.get_struct_value::<StructValue>("flag", Some(&user), None).await;
    let expected = EvaluateOptions::default().with_flag_keys(["flag"]).with_tracks_exposure(true);
    let seen = recorder.seen();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|(user, options)| user.user_id() == Some("u1") && *options == expected));
}

#[tokio::test]
async fn exposures_can_be_left_out() {
    let recorder = Recorder::giving([("flag", Variant::new("on"))]);
    let provider = ExperimentProvider::from_evaluator(recorder.clone()).with_tracks_exposure(false);
    sdk(provider).await.get_bool_value("flag", Some(&someone()), None).await.unwrap();
    let (_, options) = recorder.seen().remove(0);
    assert_eq!(options, EvaluateOptions::default().with_flag_keys(["flag"]));
}

#[tokio::test]
async fn nobody_is_exposed_by_what_is_not_resolved() {
    let recorder = Recorder::giving([("flag", Variant::new("on"))]);
    let client = sdk(ExperimentProvider::from_evaluator(recorder.clone())).await;
    let context = someone().with_custom_field("groups", Field::Float(f64::NAN));
    client.get_bool_value("flag", Some(&context), None).await.unwrap_err();
    assert!(recorder.seen().is_empty());
}

#[tokio::test]
async fn exposures_arrive_once_and_by_closing_at_the_latest() {
    let server = server(&on("flag")).await;
    let client = polling(&server).exposure_tracking(exposures(&server)).build().unwrap();
    let provider = ExperimentProvider::new(client);
    let sdk = sdk(provider.clone()).await;
    for _ in 0..3 {
        assert!(sdk.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    }
    let report = provider.close().await.events;
    assert!(report.is_complete(), "{report:?}");
    let events: Vec<_> = server.events().iter().map(experiment_server::Event::value).collect();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["event_type"], "[Experiment] Exposure");
    assert_eq!(events[0]["event_properties"]["[Experiment] Flag Key"], "flag");
    assert_eq!(events[0]["user_id"], "u1");
}

/// Code that is tested through the SDK, by the client for tests.
#[tokio::test]
async fn exposures_can_be_asserted_in_tests() {
    let flags = TestClient::new();
    flags.turn_on_for("u1", "flag");
    let client = sdk(ExperimentProvider::from_evaluator(Arc::new(flags.clone()))).await;
    flags.assert_not_exposed("u1", "flag");
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    flags.assert_exposed("u1", "flag", "on");
}
