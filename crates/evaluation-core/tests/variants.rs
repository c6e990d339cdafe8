//! Results: typed access, metadata, and owned variants beside compiled ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use evaluation_core::{FlagSet, User, Value, Variant, Variants};
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Color {
    Blue,
    Red,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Limits<'a> {
    title: &'a str,
    limit: u32,
}

fn compiled() -> Variants {
    let json = r#"[
        {"key": "b", "metadata": {"flag": 1, "shared": "flag", "nested": {"a": 1}}, "variants": {
            "x": {"key": "blue", "value": "blue", "payload": {"title": "t", "limit": 3},
                  "metadata": {"shared": null, "default": true, "experimentKey": "exp-1", "nested": {"b": 2}}}},
         "segments": [{"variant": "x", "metadata": {"segmentName": "All", "shared": "segment"}}]},
        {"key": "a", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on"}]},
        {"key": "number", "variants": {"n": {"value": 7.0}}, "segments": [{"variant": "n"}]},
        {"key": "text", "variants": {"n": {"value": "42"}}, "segments": [{"variant": "n"}]},
        {"key": "nothing", "variants": {}, "segments": []}
    ]"#;
    FlagSet::from_json(json.as_bytes()).unwrap().evaluate(&User::default(), &[])
}

#[test]
fn values_and_payloads_as_types_of_ones_own() {
    let variants = compiled();
    let variant = variants.get("b").unwrap();
    assert_eq!(variant.value_as::<Color>().unwrap(), Some(Color::Blue));
    assert_eq!(variant.value_as::<String>().unwrap().as_deref(), Some("blue"));
    assert_eq!(variant.payload::<Limits<'_>>().unwrap(), Some(Limits { title: "t", limit: 3 }));
    let error = variant.payload::<Vec<u8>>().unwrap_err();
    assert!(error.to_string().starts_with("the variant's payload is not of the type asked for: "), "{error}");
    // The text has it all, so that a chain of errors does not say it twice.
    assert!(std::error::Error::source(&error).is_none());
    assert!(variant.value_as::<u32>().is_err());
    assert_eq!(variants.get("text").unwrap().value_as::<u32>().unwrap(), Some(42));
    assert_eq!(variants.get("text").unwrap().value_as::<String>().unwrap().as_deref(), Some("42"));
    let number = variants.get("number").unwrap();
    assert_eq!((number.key(), number.value()), (None, Some("7.0")));
    assert_eq!(number.value_as::<f64>().unwrap(), Some(7.0));
    assert_eq!(variants.get("a").unwrap().payload::<Value>().unwrap(), None);
}

#[test]
fn metadata_is_merged_flag_segment_variant() {
    let variants = compiled();
    let metadata = variants.get("b").unwrap().metadata();
    assert_eq!(metadata.get("flag"), Some(&Value::Int(1)));
    assert_eq!(metadata.get("shared"), Some(&Value::Null), "null is kept and overrides");
    assert_eq!(metadata.get("missing"), None);
    assert_eq!(
        Value::Object(metadata.to_object()).to_string(),
        r#"{"flag":1,"shared":null,"nested":{"b":2},"segmentName":"All","default":true,"experimentKey":"exp-1"}"#
    );
    assert_eq!(variants.get("b").unwrap().experiment_key(), Some("exp-1"));
    assert!(variants.get("b").unwrap().is_default() && !variants.get("a").unwrap().is_default());
    assert!(variants.get("a").unwrap().metadata().is_empty());
}

#[test]
fn compiled_and_owned_read_alike() {
    let compiled = compiled();
    let owned: Variants = compiled.iter().map(|(key, variant)| (key, Variant::from(variant))).collect();
    assert_eq!(owned, compiled);
    assert_eq!(serde_json::to_string(&owned).unwrap(), serde_json::to_string(&compiled).unwrap());
    assert_eq!(owned.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "b", "number", "text"]);
    assert_eq!((compiled.len(), owned.len()), (4, 4));
    assert!(compiled.is_on("a") && owned.is_on("a") && !owned.is_on("nothing"));
    assert!(Variants::default().is_empty() && !compiled.is_empty());
}

#[test]
fn payloads_are_equal_when_they_say_the_same() {
    let payload = |json: &str| {
        let flags =
            r#"[{"key": "f", "variants": {"on": {"key": "on", "payload": PAYLOAD}}, "segments": [{"variant": "on"}]}]"#;
        FlagSet::from_json(flags.replace("PAYLOAD", json)).unwrap().evaluate(&User::default(), &[])
    };
    let variants = payload(r#"{"a": 1, "b": [1.50]}"#);
    let read: Variants = serde_json::from_str(&serde_json::to_string(&variants).unwrap()).unwrap();
    assert_eq!(read, variants);
    assert_eq!(variants, payload(r#"{"b":[1.5],"a":1}"#));
    let owned = Variant::from(variants.get("f").unwrap());
    assert_eq!(owned, Variant::from(read.get("f").unwrap()));
    for other in [r#"{"a": 1.0, "b": [1.5]}"#, r#"{"a": 1}"#, "null"] {
        assert_ne!(variants, payload(other), "{other}");
    }
}

#[test]
fn keys_come_in_utf_16_order_and_the_last_of_a_key_counts() {
    let of = |key: &str| (key.to_owned(), Variant::new(key));
    let variants: Variants =
        [of("\u{FFFF}"), of("😀"), of("b"), ("b".to_owned(), Variant::new("last")), of("a")].into_iter().collect();
    assert_eq!(variants.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "b", "😀", "\u{FFFF}"]);
    assert_eq!(variants.get("b").unwrap().key(), Some("last"));
}

#[test]
fn results_outlive_their_flags_and_cross_threads() {
    fn shared<T: Send + Sync + Clone + 'static>(value: T) -> T {
        value
    }
    let variants = shared(compiled());
    std::thread::spawn(move || assert!(variants.is_on("a"))).join().unwrap();
    shared(FlagSet::default());
    shared(User::default());
}

#[test]
fn results_are_gone_through_alike_wherever_they_come_from() {
    let compiled = compiled();
    let owned: Variants = compiled.iter().map(|(key, variant)| (key, Variant::from(variant))).collect();
    for variants in [&compiled, &owned] {
        let mut keys = Vec::new();
        for (key, variant) in variants {
            assert_eq!(
                variants.get(key).map(|variant| variant.key().map(str::to_owned)),
                Some(variant.key().map(str::to_owned))
            );
            keys.push(key);
        }
        assert_eq!(keys, ["a", "b", "number", "text"]);
        assert_eq!((variants.keys().collect::<Vec<_>>(), variants.len()), (keys, 4));
        assert!(variants.contains("a") && !variants.contains("nothing"));
        assert!(format!("{:?}", variants.iter()).contains("number"));
    }
}
