//! Variants from JSON: an odd one is left out and reported, and takes down no other.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use evaluation_core::{Diagnostic, DiagnosticKind, Severity, Variant, Variants};

/// Reads a variant of the flag `odd` between two good ones, and checks that these are there.
fn beside_good(odd: impl AsRef<[u8]>) -> (Variants, Vec<Diagnostic>) {
    read(&[b"\"odd\": ", odd.as_ref()].concat())
}

/// The same for a whole member.
fn read(odd: &[u8]) -> (Variants, Vec<Diagnostic>) {
    let good: [&[u8]; 3] =
        [b"{\"before\": {\"key\": \"on\", \"value\": \"on\"}, ", odd, b", \"behind\": {\"key\": \"off\"}}"];
    let variants = Variants::from_json(good.concat()).unwrap();
    assert!(variants.is_on("before"));
    assert_eq!(variants.get("behind").unwrap().key(), Some("off"));
    let diagnostics = variants.diagnostics().to_vec();
    (variants, diagnostics)
}

fn deep(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

#[test]
fn what_cannot_be_read_as_a_variant_is_left_out_and_reported() {
    let deep = format!(r#"{{"key": "s3cret", "payload": {}}}"#, deep(100_000));
    for (odd, path, message) in [
        ("null", "", "expected an object, found null"),
        ("31337", "", "expected an object, found a number"),
        ("1e999", "", "expected an object, found a number"),
        (r#""s3cret""#, "", "expected an object, found a string"),
        (r#""\ud800""#, "", "expected an object, found a string"),
        ("true", "", "expected an object, found a boolean"),
        (r#"["s3cret"]"#, "", "expected an object, found a list"),
        ("{}", "", "the variant has neither a key nor a value"),
        (r#"{"key": null, "payload": "s3cret"}"#, "", "the variant has neither a key nor a value"),
        (r#"{"key": 31337}"#, "key", "expected a string, found a number"),
        (r#"{"key": ["s3cret"]}"#, "key", "expected a string, found a list"),
        (r#"{"key": "s3cret\udc00"}"#, "key", "lone"),
        (r#"{"key": "s3cret", "value": 1e999}"#, "value", "number out of range"),
        (r#"{"key": "s3cret", "value": {"a": ["\ud800\ud800"]}}"#, "value", "lone"),
        (r#"{"key": "s3cret", "payload": {"s3cret": [1, [-1e400]]}}"#, "payload", "number out of range"),
        (r#"{"key": "s3cret", "payload": {"\udfff": 1}}"#, "payload", "lone"),
        (r#"{"key": "s3cret", "metadata": []}"#, "metadata", "expected an object, found a list"),
        (r#"{"key": "s3cret", "metadata": "s3cret"}"#, "metadata", "expected an object, found a string"),
        (r#"{"key": "s3cret", "metadata": {"s3cret": 1e999}}"#, "metadata", "number out of range"),
        (&deep, "payload", "recursion limit exceeded"),
    ] {
        let (variants, said) = beside_good(odd);
        assert_eq!(variants.len(), 2, "{odd:.100}");
        let [said] = &said[..] else { panic!("{odd:.100}: {said:?}") };
        assert_eq!(
            (said.severity, said.kind, said.flag.as_deref(), said.path.as_str()),
            (Severity::Error, DiagnosticKind::Malformed, Some("odd"), path),
            "{odd:.100}"
        );
        assert!(said.message.contains(message), "{odd:.100}: {}", said.message);
        assert!(!said.message.contains("s3cret") && !said.message.contains("31337"), "{}", said.message);
    }
}

#[test]
fn bytes_that_are_not_utf_8_take_down_one_variant() {
    for (odd, path) in [
        (&b"{\"key\": \"\xff\"}"[..], "key"),
        (b"{\"key\": \"on\", \"payload\": {\"a\": \"\xe2\x82\"}}", "payload"),
        (b"{\"key\": \"on\", \"metadata\": {\"\xc0\": 1}}", "metadata"),
    ] {
        let (variants, said) = beside_good(odd);
        assert_eq!((variants.len(), said.len()), (2, 1));
        assert_eq!((said[0].path.as_str(), said[0].message.as_str()), (path, "the bytes are not UTF-8"));
    }
    // Where nothing asks for them they do no harm.
    let (variants, said) = beside_good(b"{\"key\": \"on\", \"later\": \"\xff\", \"\xfe\": 1}");
    assert_eq!((variants.get("odd").unwrap().key(), said), (Some("on"), vec![]));
}

#[test]
fn a_flag_key_that_no_text_can_hold_takes_down_one_variant() {
    for (odd, message) in [
        (&br#""\ud800odd": {"key": "on"}"#[..], "the flag's key has a lone surrogate"),
        (b"\"\xffodd\": {\"key\": \"on\"}", "the flag's key is not UTF-8"),
    ] {
        let (variants, said) = read(odd);
        assert_eq!((variants.len(), said.len()), (2, 1));
        assert_eq!(said[0].to_string(), format!("error: flag `\u{fffd}odd`: {message}"));
    }
    let long = format!(r#""{}": null"#, "k".repeat(1_000_000));
    assert_eq!(read(long.as_bytes()).1[0].flag.as_deref().map(|flag| flag.chars().count()), Some(1_001));
}

#[test]
fn what_is_unusual_but_legal_stays() {
    for (legal, key, value) in [
        (r#"{"key": "on", "value": null, "payload": null, "metadata": null}"#, Some("on"), None),
        (r#"{"key": "", "value": 7.5}"#, Some(""), Some("7.5")),
        (r#"{"key": "on", "later": 1e999, "\ud800": "\ud800", "deeper": DEEP}"#, Some("on"), None),
        (r#"{"\u006bey": "\ud83d\ude00"}"#, Some("😀"), None),
    ] {
        let (variants, said) = beside_good(legal.replace("DEEP", &deep(1000)));
        let variant = variants.get("odd").unwrap();
        assert_eq!((variant.key(), variant.value(), said), (key, value, vec![]), "{legal}");
    }
}

#[test]
fn a_variant_without_a_key_stays_and_is_reported() {
    let (variants, said) = beside_good(r#"{"value": {"n": 1}, "payload": [2]}"#);
    let variant = variants.get("odd").unwrap();
    assert_eq!((variant.key(), variant.value(), variant.payload_json()), (None, Some(r#"{"n":1}"#), Some("[2]")));
    assert_eq!(
        said.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["warning: flag `odd`: the variant has no key"]
    );
}

#[test]
fn of_what_is_repeated_the_last_counts_and_it_is_reported() {
    let (variants, said) = beside_good(r#"{"key": 1, "key": "a"}"#);
    assert_eq!((variants.contains("odd"), said[0].severity), (false, Severity::Error));
    let (variants, said) = beside_good(r#"{"key": "a", "value": "x", "key": "b", "key": "c"}"#);
    assert_eq!(variants.get("odd").unwrap().key(), Some("c"));
    let kinds = |said: &[Diagnostic]| said.iter().map(|said| (said.severity, said.kind)).collect::<Vec<_>>();
    assert_eq!(
        (kinds(&said), said[0].path.as_str()),
        (vec![(Severity::Warning, DiagnosticKind::RepeatedMember)], "key")
    );
    let (variants, said) = read(br#""odd": {"key": "a"}, "odd": {"key": "b"}"#);
    assert_eq!(variants.get("odd").unwrap().key(), Some("b"));
    assert_eq!(kinds(&said), [(Severity::Warning, DiagnosticKind::RepeatedFlag)]);
}

#[test]
fn what_is_no_object_of_variants_fails() {
    for json in
        ["", "null", "[]", "7", "\"odd\"", "{", "{\"odd\": }", "{\"odd\": {}} x", "{\"odd\": {\"key\": \"\u{1}\"}}"]
    {
        assert!(Variants::from_json(json).is_err(), "{json}");
    }
    assert!(Variants::from_json(b"{\xff}").is_err());
    let empty = Variants::from_json("\u{feff}{}").unwrap();
    assert!(empty.is_empty() && empty.diagnostics().is_empty());
}

#[test]
fn other_readers_leave_odd_variants_out_too() {
    let written: Variants = [("empty", Variant::default()), ("on", Variant::new("on"))].into_iter().collect();
    assert_eq!(serde_json::from_str::<Variants>(&serde_json::to_string(&written).unwrap()).unwrap(), written);
    let json = r#"{"on": {"key": "on"}, "a": null, "b": 7, "c": {"key": 5}}"#;
    let variants: Variants = serde_json::from_str(json).unwrap();
    assert_eq!(variants, serde_json::from_value(serde_json::from_str(json).unwrap()).unwrap());
    assert_eq!((variants.keys().collect::<Vec<_>>(), variants.diagnostics().len()), (vec!["on"], 3));
    // Where there is no other, it is an error.
    let error = serde_json::from_str::<Variant>(r#"{"key": 5}"#).unwrap_err();
    assert!(error.to_string().starts_with("key: expected a string, found a number"), "{error}");
}
