//! Evaluation contexts as users, through the OpenFeature SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::sync::Arc;

use common::{Recorder, code, giving, offline, sdk, someone};
use experiment::{Object, User, Value, Variant};
use experiment_openfeature::ExperimentProvider;
use experiment_openfeature::open_feature::{
    EvaluationContext, EvaluationContextFieldValue as Field, EvaluationErrorCode as Code, OpenFeature, StructValue,
    Value as Given,
};
use serde_json::json;

/// The user that a context stands for.
async fn user(context: &EvaluationContext) -> User {
    let recorder = Recorder::giving([("flag", Variant::new("on"))]);
    let client = sdk(ExperimentProvider::from_evaluator(recorder.clone())).await;
    assert!(client.get_bool_value("flag", Some(context), None).await.unwrap());
    recorder.seen().remove(0).0
}

#[tokio::test]
async fn the_targeting_key_is_the_user_id() {
    assert_eq!(user(&someone()).await, User::with_user_id("u1"));
    let named = EvaluationContext::default().with_custom_field("user_id", "u2");
    assert_eq!(user(&named).await.user_id(), Some("u2"));
    // It comes first, unless it is empty.
    assert_eq!(user(&named.clone().with_targeting_key("u1")).await.user_id(), Some("u1"));
    assert_eq!(user(&named.with_targeting_key("")).await.user_id(), Some("u2"));
}

#[tokio::test]
async fn fields_of_users_are_theirs_and_all_others_are_properties() {
    let context = someone()
        .with_custom_field("device_id", "d1")
        .with_custom_field("country", "Norway")
        .with_custom_field("version", 7)
        .with_custom_field("plan", "pro")
        .with_custom_field("seats", 5)
        .with_custom_field("ratio", 0.5)
        .with_custom_field("trial", false)
        .with_custom_field("device_category", "mobile")
        .with_custom_field("groups", Arc::new(json!({"org": "acme"})))
        .with_custom_field("group_properties", Arc::new(json!({"org": {"acme": {"tier": 3}}})))
        .with_custom_field("cohort_ids", Arc::new(vec!["c1".to_owned()]))
        .with_custom_field("user_properties", Arc::new(json!({"plan": "basic", "age": 30})));
    let expected = User::builder()
        .user_id("u1")
        .device_id("d1")
        .country("Norway")
        .version("7")
        .group("org", "acme")
        .group_property("org", "acme", "tier", 3)
        .cohort_ids(["c1"])
        .user_property("plan", "pro")
        .user_property("age", 30)
        .user_property("ratio", 0.5)
        .user_property("seats", 5)
        .user_property("trial", false)
        .user_property("device_category", "mobile")
        .build();
    assert_eq!(user(&context).await, expected);
}

#[tokio::test]
async fn a_structure_holds_members_of_the_user_by_any_name() {
    let flags = r#"[{"key": "nav", "variants": {"on": {"key": "on", "value": "on"}, "off": {"key": "off"}}, "segments": [
        {"conditions": [[{"selector": ["context", "user", "device_category"], "op": "is", "values": ["mobile"]}]], "variant": "on"},
        {"variant": "off"}]}]"#;
    let client = offline(flags).await;
    for structure in [
        Arc::new(json!({"device_category": "mobile"})) as Arc<dyn std::any::Any + Send + Sync>,
        Arc::new(StructValue::default().with_field("device_category", "mobile")),
    ] {
        let context = someone().with_custom_field("user", Field::Struct(structure));
        assert!(client.get_bool_value("nav", Some(&context), None).await.unwrap());
    }
    let property = someone().with_custom_field("device_category", "mobile");
    assert!(!client.get_bool_value("nav", Some(&property), None).await.unwrap());

    let members = json!({
        "user_id": "other", "country": "Chile", "version": 7, "web_exp_id": "w1", "url_param": {"a": ["b"]}, "gone": null,
        "groups": {"org": "acme"}, "user_properties": {"plan": "basic", "age": 30}
    });
    let context = someone()
        .with_custom_field("user", Arc::new(members))
        .with_custom_field("country", "Norway")
        .with_custom_field("plan", "pro");
    let expected = User::builder()
        .user_id("u1")
        .country("Norway")
        .version("7")
        .field("web_exp_id", "w1")
        .field("url_param", r#"{"a": ["b"]}"#.parse::<Value>().unwrap())
        .group("org", "acme")
        .user_property("plan", "pro")
        .user_property("age", 30)
        .build();
    assert_eq!(user(&context).await, expected);
    // What is no object holds no members.
    let plain = user(&someone().with_custom_field("user", "bob")).await;
    assert_eq!(plain.user_properties().get("user"), Some(&Value::from("bob")));
}

#[tokio::test]
async fn nested_values_are_kept_whatever_holds_them() {
    let expected: Value = r#"{"a": [1, {"b": true}], "c": 0.5, "d": "x"}"#.parse().unwrap();
    let object: Object = expected.as_object().unwrap().clone();
    let given = StructValue::default()
        .with_field("d", "x")
        .with_field("c", 0.5)
        .with_field("a", Given::Array(vec![1.into(), StructValue::default().with_field("b", true).into()]));
    let structures = [
        Field::new_struct(expected.clone()),
        Field::new_struct(object),
        Field::new_struct(json!({"a": [1, {"b": true}], "c": 0.5, "d": "x"})),
        Field::new_struct(given.clone()),
        Field::new_struct(Given::Struct(given)),
    ];
    for structure in structures {
        let user = user(&someone().with_custom_field("nested", structure)).await;
        assert_eq!(user.user_properties().get("nested"), Some(&expected));
    }
}

#[tokio::test]
async fn dates_are_texts_in_utc() {
    let epoch = date(0);
    let late = date(978_307_199_250);
    let context = someone().with_custom_field("epoch", epoch).with_custom_field("late", late);
    let user = user(&context).await;
    assert_eq!(user.user_properties().get("epoch"), Some(&Value::from("1970-01-01T00:00:00.000Z")));
    assert_eq!(user.user_properties().get("late"), Some(&Value::from("2000-12-31T23:59:59.250Z")));
}

/// The SDK does not name its crate of dates, but gives what converts into them.
fn date(milliseconds: i64) -> Field {
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(milliseconds as u64);
    Field::DateTime(time.into())
}

#[tokio::test]
async fn flags_ask_about_what_the_context_holds() {
    let flags = r#"[{
        "key": "nav", "variants": {"on": {"key": "on", "value": "on"}, "off": {"key": "off", "metadata": {"default": true}}},
        "segments": [
            {"conditions": [[
                {"selector": ["context", "user", "country"], "op": "is", "values": ["Norway"]},
                {"selector": ["context", "user", "user_properties", "account", "seats"], "op": "greater", "values": ["3"]}
            ]], "variant": "on"},
            {"variant": "off"}
        ]
    }]"#;
    let client = offline(flags).await;
    let context =
        someone().with_custom_field("country", "Norway").with_custom_field("account", Arc::new(json!({"seats": 5})));
    assert!(client.get_bool_value("nav", Some(&context), None).await.unwrap());
    assert!(!client.get_bool_value("nav", Some(&someone()), None).await.unwrap());
}

#[tokio::test]
async fn contexts_that_cannot_be_used() {
    struct Unknown;
    let client = giving([("flag", Variant::new("on"))]).await;
    let fields = [
        ("x", Field::new_struct(Unknown)),
        ("x", Field::Float(f64::NAN)),
        ("x", Field::new_struct(StructValue::default().with_field("y", f64::INFINITY))),
        ("x", Field::new_struct(Value::Float(f64::NAN))),
        ("x", Field::new_struct(Given::Float(f64::NEG_INFINITY))),
        ("x", Field::new_struct(nested(f64::NAN))),
        ("x", Field::new_struct(nested(f64::INFINITY).as_object().unwrap().clone())),
        ("user_properties", Field::new_struct(nested(f64::NAN))),
        ("groups", Field::Int(3)),
        // What stands below a field may be named by the user.
        ("groups", Field::new_struct(json!({"secret": {"a": 1}}))),
        ("group_properties", Field::new_struct(json!({"secret": {"secret": "acme"}}))),
        ("group_cohort_ids", Field::new_struct(json!({"secret": {"secret": [[]]}}))),
        ("cohort_ids", Field::new_struct(json!([{"secret": 1}]))),
        ("group_properties", Field::new_struct(json!({"org": ["acme"]}))),
        ("device_id", Field::new_struct(json!({"a": 1}))),
        ("user_properties", Field::String("secret".to_owned())),
        ("user_properties", Field::new_struct(Unknown)),
        ("user", Field::new_struct(Unknown)),
        ("user", Field::new_struct(nested(f64::NAN))),
    ];
    for (name, field) in fields {
        let context = someone().with_custom_field(name, field);
        let error = client.get_bool_value("flag", Some(&context), None).await.unwrap_err();
        let said = error.message.unwrap();
        assert_eq!(error.code, Code::InvalidContext, "{said}");
        // It names the field, and quotes nothing of it.
        assert!(said.starts_with(&format!("`{name}` of")) && !said.contains("secret"), "{said}");
        assert_eq!(code(client.get_string_value("flag", Some(&context), None).await), Code::InvalidContext);
    }
    for (members, field) in [
        (json!({"country": ["secret"]}), "country"),
        (json!({"groups": {"secret": {"a": 1}}}), "groups"),
        (json!({"user_properties": "secret"}), "user.user_properties"),
    ] {
        let context = someone().with_custom_field("user", Arc::new(members));
        let said = client.get_bool_value("flag", Some(&context), None).await.unwrap_err().message.unwrap();
        assert!(said.starts_with(&format!("`{field}` of")) && !said.contains("secret"), "{said}");
    }
}

/// A number deep within an object.
fn nested(number: f64) -> Value {
    let inner: Object = [("number", Value::Float(number))].into_iter().collect();
    let list = Value::Array(vec![Value::Int(1), Value::Object(inner)]);
    Value::Object([("list", list)].into_iter().collect())
}

/// The SDK merges contexts: global, of the client, of the call.
#[tokio::test]
async fn contexts_are_merged() {
    let recorder = Recorder::giving([("flag", Variant::new("on"))]);
    let mut api = OpenFeature::default();
    api.set_provider(ExperimentProvider::from_evaluator(recorder.clone())).await;
    api.set_evaluation_context(EvaluationContext::default().with_custom_field("platform", "Web")).await;
    let mut client = api.create_client();
    client.set_evaluation_context(
        EvaluationContext::default().with_custom_field("country", "Norway").with_custom_field("city", "Oslo"),
    );
    client.get_bool_value("flag", Some(&someone().with_custom_field("city", "Bergen")), None).await.unwrap();
    let expected = User::builder().user_id("u1").platform("Web").country("Norway").city("Bergen").build();
    assert_eq!(recorder.seen().remove(0).0, expected);
}
