//! To resolve a flag is to expose its user, through the OpenFeature SDK: what was tracked, and what was not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::sync::Arc;

use common::{code, off, polling, sdk, server, someone};
use experiment::testing::TestClient;
use experiment::tracking::ExposureConfig;
use experiment::{Value, Variant};
use experiment_openfeature::ExperimentProvider;
use experiment_openfeature::open_feature::{
    EvaluationContext, EvaluationContextFieldValue as Field, EvaluationErrorCode as Code, StructValue,
};
use experiment_server::{DEFAULT_API_KEY, Server};
use serde_json::json;

/// A flag, and one that it depends on. Both are on for everyone.
const DEPENDENT: &str = r#"[
    {"key": "flag", "dependencies": ["holdout"], "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on"}]},
    {"key": "holdout", "variants": {"in": {"key": "in", "value": "in"}}, "segments": [{"variant": "in"}]}
]"#;

fn exposures(server: &Server) -> ExposureConfig {
    let mut config = ExposureConfig::new(DEFAULT_API_KEY);
    config.delivery.server_url = format!("{}/2/httpapi", server.url());
    config
}

/// What was tracked: user or device, flag, variant.
fn tracked(flags: &TestClient) -> Vec<(String, String, String)> {
    let exposures = flags.exposures().into_iter();
    exposures.map(|it| (format!("{}{}", it.user_id, it.device_id), it.flag, it.variant)).collect()
}

fn exposure(id: &str, flag: &str, variant: &str) -> (String, String, String) {
    (id.to_owned(), flag.to_owned(), variant.to_owned())
}

#[tokio::test]
async fn every_type_exposes() {
    let flags = TestClient::new();
    flags.turn_on("bool");
    flags.set("int", Variant::new("ten").with_value(10));
    flags.set("float", Variant::new("half").with_value(0.5));
    flags.set("string", Variant::new("hi").with_value("hello"));
    flags.set("struct", Variant::new("large").with_payload("{}".parse::<Value>().unwrap()));
    let (client, user) = (sdk(ExperimentProvider::from_evaluator(flags.clone())).await, someone());
    client.get_bool_value("bool", Some(&user), None).await.unwrap();
    client.get_int_value("int", Some(&user), None).await.unwrap();
    client.get_float_value("float", Some(&user), None).await.unwrap();
    client.get_string_value("string", Some(&user), None).await.unwrap();
    client.get_struct_value::<StructValue>("struct", Some(&user), None).await.unwrap();
    let expected = [("bool", "on"), ("int", "ten"), ("float", "half"), ("string", "hi"), ("struct", "large")]
        .map(|(flag, variant)| exposure("u1", flag, variant));
    assert_eq!(tracked(&flags), expected);
}

#[tokio::test]
async fn what_is_not_resolved_exposes_nobody() {
    let flags = TestClient::new();
    flags.turn_on("flag");
    flags.set("list", Variant::new("list").with_payload(r#"{"list": [null]}"#.parse::<Value>().unwrap()));
    let (client, user) = (sdk(ExperimentProvider::from_evaluator(flags.clone())).await, someone());
    assert_eq!(code(client.get_int_value("flag", Some(&user), None).await), Code::TypeMismatch);
    assert_eq!(code(client.get_float_value("flag", Some(&user), None).await), Code::TypeMismatch);
    assert_eq!(code(client.get_struct_value::<StructValue>("list", Some(&user), None).await), Code::ParseError);
    assert_eq!(code(client.get_bool_value("missing", Some(&user), None).await), Code::FlagNotFound);
    let unusable = someone().with_custom_field("groups", Field::Float(f64::NAN));
    assert_eq!(code(client.get_bool_value("flag", Some(&unusable), None).await), Code::InvalidContext);
    assert_eq!(tracked(&flags), []);
    // The same flag exposes once it is read as what it is.
    client.get_bool_value("flag", Some(&user), None).await.unwrap();
    assert_eq!(tracked(&flags), [exposure("u1", "flag", "on")]);
}

#[tokio::test]
async fn defaults_are_no_exposures() {
    let flags = TestClient::new();
    flags.set("flag", off());
    let client = sdk(ExperimentProvider::from_evaluator(flags.clone())).await;
    assert!(!client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    assert_eq!(tracked(&flags), []);
}

#[tokio::test]
async fn dependencies_are_not_exposed() {
    let flags = TestClient::new();
    flags.set_flags(DEPENDENT).unwrap();
    let client = sdk(ExperimentProvider::from_evaluator(flags.clone())).await;
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    assert_eq!(tracked(&flags), [exposure("u1", "flag", "on")]);
}

#[tokio::test]
async fn variants_without_a_key_are_told_by_their_values() {
    let flags = TestClient::new();
    let valued = |value: &str| Variant::default().with_value(value);
    flags.set("a", valued("x"));
    flags.set("b", valued("x"));
    let client = sdk(ExperimentProvider::from_evaluator(flags.clone())).await;
    for flag in ["a", "b", "a"] {
        client.get_string_value(flag, Some(&someone()), None).await.unwrap();
    }
    flags.set("a", valued("y"));
    client.get_string_value("a", Some(&someone()), None).await.unwrap();
    assert_eq!(tracked(&flags), [exposure("u1", "a", "x"), exposure("u1", "b", "x"), exposure("u1", "a", "y")]);
}

/// The service refuses events without an id.
#[tokio::test]
async fn nobody_is_exposed_who_has_no_id() {
    let flags = TestClient::new();
    flags.turn_on("flag");
    let client = sdk(ExperimentProvider::from_evaluator(flags.clone())).await;
    let nobody = [
        EvaluationContext::default(),
        EvaluationContext::default().with_targeting_key("").with_custom_field("device_id", ""),
        EvaluationContext::default().with_custom_field("groups", Arc::new(json!({"org": "acme"}))),
    ];
    for context in nobody {
        assert!(client.get_bool_value("flag", Some(&context), None).await.unwrap());
    }
    assert_eq!(tracked(&flags), []);
    let visitor = EvaluationContext::default().with_custom_field("device_id", "d1");
    assert!(client.get_bool_value("flag", Some(&visitor), None).await.unwrap());
    assert_eq!(tracked(&flags), [exposure("d1", "flag", "on")]);
}

#[tokio::test]
async fn exposures_can_be_left_out() {
    let flags = TestClient::new();
    flags.turn_on("flag");
    let provider = ExperimentProvider::from_evaluator(flags.clone());
    let silent = sdk(provider.clone().with_tracks_exposure(false)).await;
    assert!(silent.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    assert_eq!(tracked(&flags), []);
    // Clones that were made before stay as they are.
    assert!(sdk(provider).await.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    assert_eq!(tracked(&flags), [exposure("u1", "flag", "on")]);
}

#[tokio::test]
async fn exposures_arrive_once_and_by_closing_at_the_latest() {
    let server = server(DEPENDENT).await;
    let client = polling(&server).exposure_tracking(exposures(&server)).build().unwrap();
    let provider = ExperimentProvider::new(client);
    let sdk = sdk(provider.clone()).await;
    for _ in 0..3 {
        assert!(sdk.get_bool_value("flag", Some(&someone()), None).await.unwrap());
        assert_eq!(code(sdk.get_int_value("holdout", Some(&someone()), None).await), Code::TypeMismatch);
    }
    let report = provider.close().await.events;
    assert!(report.is_complete(), "{report:?}");
    let events: Vec<_> = server.events().iter().map(experiment_server::Event::value).collect();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["event_type"], "[Experiment] Exposure");
    assert_eq!(events[0]["event_properties"]["[Experiment] Flag Key"], "flag");
    assert_eq!(events[0]["user_id"], "u1");
}

/// Code that is tested through the SDK, by the client for tests: itself, or behind a pointer.
#[tokio::test]
async fn exposures_can_be_asserted_in_tests() {
    let flags = TestClient::new();
    flags.turn_on_for("u1", "flag");
    let client = sdk(ExperimentProvider::from_evaluator(Arc::new(flags.clone()))).await;
    flags.assert_not_exposed("u1", "flag");
    assert!(client.get_bool_value("flag", Some(&someone()), None).await.unwrap());
    flags.assert_exposed("u1", "flag", "on");
}
