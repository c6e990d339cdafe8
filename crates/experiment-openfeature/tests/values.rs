//! Values of every type, through the OpenFeature SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::{code, giving, off, offline, someone};
use experiment::{Value, Variant};
use experiment_openfeature::NO_VALUE;
use experiment_openfeature::open_feature::{EvaluationErrorCode as Code, StructValue, Value as Resolved};

/// A variant as the service sends it.
fn variant(json: &str) -> Variant {
    serde_json::from_str(json).unwrap()
}

fn valued(value: impl Into<Value>) -> Variant {
    Variant::new("treatment").with_value(value)
}

fn paid(payload: &str) -> Variant {
    Variant::new("on").with_value("on").with_payload(payload.parse::<Value>().unwrap())
}

#[tokio::test]
async fn flags_are_decided_for_each_type() {
    let flags = r#"[
        {"key": "bool", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on"}]},
        {"key": "int", "variants": {"ten": {"key": "ten", "value": 10}}, "segments": [{"variant": "ten"}]},
        {"key": "float", "variants": {"half": {"key": "half", "value": 0.5}}, "segments": [{"variant": "half"}]},
        {"key": "string", "variants": {"hi": {"key": "hi", "value": "hello"}}, "segments": [{"variant": "hi"}]},
        {"key": "struct", "variants": {"on": {"key": "on", "value": "on", "payload": {"show": true, "title": "Hi", "sizes": [1, 2.5]}}},
         "segments": [{"variant": "on"}]}
    ]"#;
    let (client, user) = (offline(flags).await, someone());
    assert!(client.get_bool_value("bool", Some(&user), None).await.unwrap());
    assert_eq!(client.get_int_value("int", Some(&user), None).await.unwrap(), 10);
    assert_eq!(client.get_float_value("float", Some(&user), None).await.unwrap(), 0.5);
    assert_eq!(client.get_string_value("string", Some(&user), None).await.unwrap(), "hello");
    let expected = StructValue::default()
        .with_field("show", true)
        .with_field("title", "Hi")
        .with_field("sizes", Resolved::Array(vec![1.into(), 2.5.into()]));
    assert_eq!(client.get_struct_value::<StructValue>("struct", Some(&user), None).await.unwrap(), expected);
}

#[tokio::test]
async fn bools() {
    let cases = [
        (valued("on"), Ok(true)),
        (valued("true"), Ok(true)),
        (valued(true), Ok(true)),
        (valued("off"), Ok(false)),
        (valued("false"), Ok(false)),
        (valued(false), Ok(false)),
        // By the key where there is no value, defaults included.
        (Variant::new("on"), Ok(true)),
        (off(), Ok(false)),
        // By the payload where the value says neither.
        (valued("blue").with_payload(true), Ok(true)),
        (valued("on").with_payload(false), Ok(true)),
        (valued("blue"), Err(Code::TypeMismatch)),
        (valued("ON"), Err(Code::TypeMismatch)),
        (valued("1"), Err(Code::TypeMismatch)),
        (valued("blue").with_payload("true"), Err(Code::TypeMismatch)),
    ];
    for (variant, expected) in cases {
        let client = giving([("flag", variant.clone())]).await;
        let got = client.get_bool_value("flag", Some(&someone()), None).await;
        assert_eq!(got.map_err(|error| error.code), expected, "{variant:?}");
    }
}

#[tokio::test]
async fn integers() {
    let cases = [
        (valued("42"), Ok(42)),
        (valued(-7), Ok(-7)),
        (valued("5.0"), Ok(5)),
        (valued(i64::MAX), Ok(i64::MAX)),
        (paid("3"), Ok(3)),
        (paid("3.0"), Ok(3)),
        // The value comes first.
        (valued("1").with_payload(2), Ok(1)),
        (valued("0.5"), Err(Code::TypeMismatch)),
        (valued("1e300"), Err(Code::TypeMismatch)),
        (valued("five"), Err(Code::TypeMismatch)),
        (valued(" 5"), Err(Code::TypeMismatch)),
        (valued(""), Err(Code::TypeMismatch)),
        (paid("18446744073709551615"), Err(Code::TypeMismatch)),
        (paid("\"3\""), Err(Code::TypeMismatch)),
    ];
    for (variant, expected) in cases {
        let client = giving([("flag", variant.clone())]).await;
        let got = client.get_int_value("flag", Some(&someone()), None).await;
        assert_eq!(got.map_err(|error| error.code), expected, "{variant:?}");
    }
}

#[tokio::test]
async fn floats() {
    let cases = [
        (valued("0.5"), Ok(0.5)),
        (valued("-1e3"), Ok(-1000.0)),
        (valued(7), Ok(7.0)),
        (paid("0.25"), Ok(0.25)),
        (paid("3"), Ok(3.0)),
        (valued("NaN"), Err(Code::TypeMismatch)),
        (valued("inf"), Err(Code::TypeMismatch)),
        (valued("half"), Err(Code::TypeMismatch)),
    ];
    for (variant, expected) in cases {
        let client = giving([("flag", variant.clone())]).await;
        let got = client.get_float_value("flag", Some(&someone()), None).await;
        assert_eq!(got.map_err(|error| error.code), expected, "{variant:?}");
    }
}

#[tokio::test]
async fn strings() {
    let cases = [
        (valued("blue"), Ok("blue")),
        (valued(""), Ok("")),
        (valued(5), Ok("5")),
        (valued(r#"{"a":1}"#.parse::<Value>().unwrap()), Ok(r#"{"a":1}"#)),
        (Variant::new("treatment"), Ok("treatment")),
        (variant("{}"), Err(Code::TypeMismatch)),
    ];
    for (variant, expected) in cases {
        let client = giving([("flag", variant.clone())]).await;
        let got = client.get_string_value("flag", Some(&someone()), None).await;
        assert_eq!(got.map_err(|error| error.code), expected.map(str::to_owned), "{variant:?}");
    }
}

#[tokio::test]
async fn structures() {
    let nested = StructValue::default()
        .with_field("limit", 3)
        .with_field("large", 18_446_744_073_709_551_615_u64 as f64)
        .with_field("ratio", 0.5)
        .with_field("tags", Resolved::Array(vec!["a".into(), StructValue::default().with_field("b", true).into()]))
        .with_field("deep", StructValue::default().with_field("text", "x"));
    let json = r#"{"limit": 3, "large": 18446744073709551615, "ratio": 0.5, "tags": ["a", {"b": true}], "deep": {"text": "x", "none": null}, "none": null}"#;
    let cases = [
        (paid(json), Ok(nested.clone())),
        // An object may be the value too, or JSON in it; the payload comes first.
        (valued(json.parse::<Value>().unwrap()), Ok(nested.clone())),
        (valued(json), Ok(nested)),
        (valued(r#"{"a": 1}"#).with_payload("{}".parse::<Value>().unwrap()), Ok(StructValue::default())),
        (paid("[1]"), Err(Code::TypeMismatch)),
        (paid("5"), Err(Code::TypeMismatch)),
        (valued("on"), Err(Code::TypeMismatch)),
        (paid(r#"{"list": [1, null]}"#), Err(Code::ParseError)),
    ];
    for (variant, expected) in cases {
        let client = giving([("flag", variant.clone())]).await;
        let got = client.get_struct_value::<StructValue>("flag", Some(&someone()), None).await;
        assert_eq!(got.map_err(|error| error.code), expected, "{variant:?}");
    }
}

/// A type of the program's own.
#[derive(Debug, PartialEq)]
struct Limits(i64);

impl TryFrom<StructValue> for Limits {
    type Error = ();

    fn try_from(value: StructValue) -> Result<Self, ()> {
        value.fields.get("limit").and_then(Resolved::as_i64).map(Self).ok_or(())
    }
}

#[tokio::test]
async fn structures_as_types_of_the_program() {
    let client = giving([("good", paid(r#"{"limit": 3}"#)), ("bad", paid("{}"))]).await;
    assert_eq!(client.get_struct_value::<Limits>("good", Some(&someone()), None).await.unwrap(), Limits(3));
    assert_eq!(code(client.get_struct_value::<Limits>("bad", Some(&someone()), None).await), Code::TypeMismatch);
}

/// Whoever gets a default variant that says nothing is left to the caller's default.
#[tokio::test]
async fn defaults_are_the_callers() {
    let client = giving([("flag", off()), ("valued", off().with_value("off"))]).await;
    let (user, none) = (someone(), Code::General(NO_VALUE.to_owned()));
    assert_eq!(client.get_int_value("flag", Some(&user), None).await.unwrap_or(7), 7);
    assert_eq!(client.get_float_value("flag", Some(&user), None).await.unwrap_or(0.7), 0.7);
    assert_eq!(client.get_string_value("flag", Some(&user), None).await.unwrap_or("seven".to_owned()), "seven");
    assert_eq!(code(client.get_int_value("flag", Some(&user), None).await), none);
    assert_eq!(code(client.get_int_value("valued", Some(&user), None).await), none);
    assert_eq!(code(client.get_float_value("flag", Some(&user), None).await), none);
    assert_eq!(code(client.get_string_value("flag", Some(&user), None).await), none);
    assert_eq!(code(client.get_struct_value::<StructValue>("flag", Some(&user), None).await), none);
    // One that says something counts.
    assert_eq!(client.get_string_value("valued", Some(&user), None).await.unwrap(), "off");
    assert!(!client.get_bool_value("flag", Some(&user), None).await.unwrap_or(true));
}
