//! Reasons, variants, metadata and errors, as the SDK's details tell them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::sync::Arc;

use common::{code, giving, off, offline, on, someone};
use experiment::{Value, Variant};
use experiment_openfeature::open_feature::provider::FeatureProvider;
use experiment_openfeature::open_feature::{
    EvaluationContext, EvaluationErrorCode as Code, EvaluationReason as Reason, FlagMetadata, StructValue,
};
use experiment_openfeature::{ExperimentProvider, NO_VALUE};

#[tokio::test]
async fn details_carry_key_value_variant_reason_and_metadata() {
    let flags = r#"[{
        "key": "nav", "metadata": {"flagVersion": 4, "flagType": "release", "deployed": true},
        "variants": {"on": {"key": "on", "value": "true", "payload": {"a": 1}, "metadata": {"weight": 0.5, "list": [1], "none": null}}},
        "segments": [{"variant": "on", "metadata": {"segmentName": "All"}}]
    }]"#;
    let (client, user) = (offline(flags).await, someone());
    let expected = FlagMetadata::default()
        .with_value("flagVersion", 4)
        .with_value("flagType", "release")
        .with_value("deployed", true)
        .with_value("segmentName", "All")
        .with_value("weight", 0.5);
    let bool = client.get_bool_details("nav", Some(&user), None).await.unwrap();
    assert_eq!((bool.flag_key.as_str(), bool.value), ("nav", true));
    assert_eq!((bool.variant.as_deref(), bool.reason), (Some("on"), Some(Reason::TargetingMatch)));
    assert_eq!(bool.flag_metadata, expected);
    let string = client.get_string_details("nav", Some(&user), None).await.unwrap();
    assert_eq!((string.value.as_str(), string.variant.as_deref()), ("true", Some("on")));
    let object = client.get_struct_details::<StructValue>("nav", Some(&user), None).await.unwrap();
    assert_eq!((object.value.fields["a"].as_i64(), object.flag_metadata), (Some(1), expected));
}

#[tokio::test]
async fn details_of_numbers() {
    let client = giving([("int", Variant::new("a").with_value("1")), ("float", Variant::new("b").with_value("1.5"))]);
    let (client, user) = (client.await, someone());
    let int = client.get_int_details("int", Some(&user), None).await.unwrap();
    assert_eq!((int.flag_key.as_str(), int.value, int.variant.as_deref()), ("int", 1, Some("a")));
    let float = client.get_float_details("float", Some(&user), None).await.unwrap();
    assert_eq!((float.flag_key.as_str(), float.value, float.variant.as_deref()), ("float", 1.5, Some("b")));
    assert_eq!((int.reason, float.reason), (Some(Reason::TargetingMatch), Some(Reason::TargetingMatch)));
    // Nothing is told where there is nothing.
    assert_eq!(int.flag_metadata, FlagMetadata::default());
}

#[tokio::test]
async fn reasons() {
    let cases = [
        (Variant::new("on"), Reason::TargetingMatch),
        (Variant::new("on").with_metadata("deployed", false), Reason::TargetingMatch),
        (off(), Reason::Default),
        (off().with_metadata("deployed", true), Reason::Default),
        (off().with_metadata("deployed", false), Reason::Disabled),
    ];
    for (variant, expected) in cases {
        let client = giving([("flag", variant.clone())]).await;
        let details = client.get_bool_details("flag", Some(&someone()), None).await.unwrap();
        assert_eq!(details.reason, Some(expected), "{variant:?}");
    }
}

#[tokio::test]
async fn a_variant_without_a_key_is_named_by_its_value() {
    let unnamed: Variant = serde_json::from_str(r#"{"value": "on"}"#).unwrap();
    let client = giving([("flag", unnamed)]).await;
    let details = client.get_bool_details("flag", Some(&someone()), None).await.unwrap();
    assert_eq!(details.variant.as_deref(), Some("on"));
}

#[tokio::test]
async fn flags_that_are_not_there() {
    let nothing = r#"[{"key": "nothing", "variants": {}, "segments": []}]"#;
    let (client, user) = (offline(nothing).await, someone());
    for flag in ["missing", "nothing", ""] {
        assert_eq!(code(client.get_bool_value(flag, Some(&user), None).await), Code::FlagNotFound);
        assert_eq!(code(client.get_int_value(flag, Some(&user), None).await), Code::FlagNotFound);
        assert_eq!(code(client.get_float_value(flag, Some(&user), None).await), Code::FlagNotFound);
        assert_eq!(code(client.get_string_value(flag, Some(&user), None).await), Code::FlagNotFound);
        assert_eq!(code(client.get_struct_value::<StructValue>(flag, Some(&user), None).await), Code::FlagNotFound);
    }
}

/// A default that holds a value needs to know nobody, and neither does a flag that gives something to everyone. Only where
/// there is no value is the key missed.
#[tokio::test]
async fn targeting_keys_are_missed_where_a_default_gives_no_value() {
    let client = giving([("everyone", Variant::new("on")), ("maintenance", off())]).await;
    assert!(client.get_bool_value("everyone", None, None).await.unwrap());
    let nobody = [
        EvaluationContext::default(),
        EvaluationContext::default().with_custom_field("country", "Norway"),
        EvaluationContext::default().with_targeting_key(""),
        EvaluationContext::default().with_custom_field("device_id", ""),
    ];
    for context in nobody {
        let off = client.get_bool_details("maintenance", Some(&context), None).await.unwrap();
        assert_eq!((off.value, off.reason), (false, Some(Reason::Default)));
        assert_eq!(code(client.get_int_value("maintenance", Some(&context), None).await), Code::TargetingKeyMissing);
        assert_eq!(code(client.get_string_value("maintenance", Some(&context), None).await), Code::TargetingKeyMissing);
        // What is wrong with a variant that is no default is not the context's fault.
        assert_eq!(code(client.get_int_value("everyone", Some(&context), None).await), Code::TypeMismatch);
    }
    let groups: Value = r#"{"org": "acme"}"#.parse().unwrap();
    let somebody = [
        someone(),
        EvaluationContext::default().with_custom_field("user_id", "u1"),
        EvaluationContext::default().with_custom_field("device_id", "d1"),
        EvaluationContext::default().with_custom_field("groups", Arc::new(groups)),
    ];
    for context in somebody {
        assert!(!client.get_bool_value("maintenance", Some(&context), None).await.unwrap());
        let none = Code::General(NO_VALUE.to_owned());
        assert_eq!(code(client.get_int_value("maintenance", Some(&context), None).await), none);
    }
}

#[tokio::test]
async fn a_provider_has_a_name_and_no_hooks_and_tells_no_secrets() {
    let client =
        experiment::LocalEvaluationClient::builder("server-secret").server_url("http://127.0.0.1:1").build().unwrap();
    let provider = ExperimentProvider::new(client);
    assert_eq!(provider.metadata().name, "experiment");
    assert!(provider.hooks().is_empty());
    assert!(!format!("{provider:?}").contains("server-secret"));
}

/// The SDK runs anywhere, and so do flags that are decided here.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_once() {
    let client = Arc::new(offline(&on("flag")).await);
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let client = Arc::clone(&client);
            tokio::spawn(async move {
                for round in 0..100 {
                    let user = EvaluationContext::default().with_targeting_key(format!("u{task}-{round}"));
                    assert!(client.get_bool_value("flag", Some(&user), None).await.unwrap());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
