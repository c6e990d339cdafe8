//! Odd parts of flags: what decides nothing is left out and reported, and takes down no flag; what could change the
//! variant of a user takes down its flag only; and what is read otherwise than it stands there is reported.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use evaluation_core::{Diagnostic, DiagnosticKind as Kind, FlagSet, Severity, User};

const GOOD: &str = r#"{"key": "good", "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on"}]}"#;

/// Reads a flag `f` behind a good one, and checks that this one works.
fn read(flag: &[u8]) -> (FlagSet, Vec<Diagnostic>) {
    let list = [b"[", GOOD.as_bytes(), b", ", flag, b"]"].concat();
    let flags = FlagSet::from_json(list).unwrap();
    assert_eq!(key(&flags, "good").as_deref(), Some("on"));
    let said = flags.diagnostics().to_vec();
    (flags, said)
}

fn key(flags: &FlagSet, flag: &str) -> Option<String> {
    flags.variant(&User::default(), flag).and_then(|variant| variant.key().map(str::to_owned))
}

/// A flag with an odd variant `x`, whose segments name `variant`.
fn with_variant(odd: &[u8], segment: &str) -> Vec<u8> {
    let before = br#"{"key": "f", "variants": {"on": {"key": "on", "value": "on"}, "x": "#;
    [before, odd, br#"}, "segments": ["#, segment.as_bytes(), b"]}"].concat()
}

const ON: &str = r#"{"variant": "on"}"#;

fn deep(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

fn summary(said: &[Diagnostic]) -> Vec<(Severity, Kind, Option<&str>, &str)> {
    said.iter().map(|said| (said.severity, said.kind, said.flag.as_deref(), said.path.as_str())).collect()
}

#[test]
fn a_variant_that_cannot_be_read_is_left_out_unless_a_segment_names_it() {
    let deep = format!(r#"{{"key": "x", "payload": {}}}"#, deep(10_000));
    for (odd, path, words) in [
        (&b"5"[..], "", "expected an object, found a number"),
        (b"1e999", "", "expected an object, found a number"),
        (br#""on""#, "", "expected an object, found a string"),
        (br#""\ud800""#, "", "expected an object, found a string"),
        (b"true", "", "expected an object, found a boolean"),
        (br#"["on"]"#, "", "expected an object, found a list"),
        (br#"{"key": ["x"]}"#, ".key", "a text"),
        (br#"{"key": {}}"#, ".key", ""),
        (br#"{"key": 1e999}"#, ".key", "number out of range"),
        (br#"{"key": "x", "value": 1e999}"#, ".value", "number out of range"),
        (br#"{"key": "x", "payload": 1e999}"#, ".payload", "number out of range"),
        (br#"{"key": "x", "payload": {"a": [-1e400]}}"#, ".payload", "number out of range"),
        (br#"{"key": "x", "metadata": {"a": 1e999}}"#, ".metadata", "number out of range"),
        (br#"{"key": "x", "metadata": []}"#, ".metadata", "expected an object"),
        (deep.as_bytes(), ".payload", "recursion limit exceeded"),
        (b"{\"key\": \"\xff\"}", "", "the bytes are not UTF-8"),
        (b"{\"key\": \"x\", \"payload\": {\"\xff\": 1}}", "", "the bytes are not UTF-8"),
    ] {
        let shown = String::from_utf8_lossy(&odd[..odd.len().min(100)]).into_owned();
        let (flags, said) = read(&with_variant(odd, ON));
        assert_eq!(key(&flags, "f").as_deref(), Some("on"), "{shown}: {said:?}");
        let path = format!("variants.x{path}");
        assert_eq!(summary(&said), [(Severity::Warning, Kind::Malformed, Some("f"), path.as_str())], "{shown}");
        assert!(said[0].message.contains(words), "{shown}: {}", said[0].message);
        assert!(said[0].message.ends_with("only the variant is left out"), "{shown}: {}", said[0].message);

        // Where it could be a user's variant, no other takes its place.
        let distribution = r#"{"bucket": {"selector": ["context", "user", "user_id"], "salt": "", "allocations": [
            {"range": [0, 100], "distributions": [{"variant": "x", "range": [0, 42949673]}]}]}}"#;
        for segment in
            [r#"{"variant": "x"}"#.to_owned(), format!("{distribution}, {ON}"), format!(r#"{ON}, {{"variant": "x"}}"#)]
        {
            let (flags, said) = read(&with_variant(odd, &segment));
            assert_eq!(key(&flags, "f"), None, "{shown}");
            assert_eq!(flags.keys().collect::<Vec<_>>(), ["good"], "{shown}");
            let [said] = &said[..] else { panic!("{shown}: {said:?}") };
            assert_eq!((said.severity, said.flag.as_deref()), (Severity::Error, Some("f")), "{shown}");
        }
    }
}

#[test]
fn several_odd_variants_are_reported_one_by_one() {
    let flag = br#"{"key": "f", "variants": {"a": 1, "on": {"key": "on"}, "b": {"key": []}, "c": {"key": "c", "payload": 1e999}},
        "segments": [{"variant": "on"}]}"#;
    let (flags, said) = read(flag);
    assert_eq!(key(&flags, "f").as_deref(), Some("on"));
    let mut paths: Vec<_> = said.iter().map(|said| said.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["variants.a", "variants.b.key", "variants.c.payload"]);
    let many: Vec<_> = (0..1_000).map(|index| format!(r#""v{index}": {index}"#)).collect();
    let (flags, said) =
        read(format!(r#"{{"key": "f", "variants": {{{}}}, "segments": []}}"#, many.join(",")).as_bytes());
    assert_eq!((flags.len(), said.len()), (2, 17));
}

#[test]
fn an_odd_variant_stays_out_of_repeated_members_too() {
    let flag = br#"{"key": "f", "variants": {"x": {"key": "x", "key": "y", "payload": 1e999}, "on": {"key": "a", "key": "on"}},
        "segments": [{"variant": "on"}]}"#;
    let (flags, said) = read(flag);
    assert_eq!(key(&flags, "f").as_deref(), Some("on"));
    assert!(said.iter().any(|said| said.kind == Kind::RepeatedMember), "{said:?}");
    assert!(said.iter().any(|said| said.path.starts_with("variants.x")), "{said:?}");
    assert!(said.iter().all(|said| said.severity == Severity::Warning), "{said:?}");
}

#[test]
fn variants_that_are_read_otherwise_than_they_stand_there_are_reported() {
    for (odd, result, path, words) in [
        ("null", None, "", "the variant is null, so the flag does not have it"),
        ("{}", Some(None), "", "the variant has neither a key nor a value"),
        (r#"{"key": null, "payload": 1}"#, Some(None), "", "the variant has neither a key nor a value"),
        (r#"{"value": "x"}"#, Some(None), "", "the variant has no key"),
        (r#"{"key": 5}"#, Some(Some("5")), "", "the key is a number instead of a string"),
        (r#"{"key": true}"#, Some(Some("true")), "", "the key is a boolean instead of a string"),
        (r#"{"key": "\ud800"}"#, Some(Some("\u{fffd}")), ".key", "lone surrogate"),
        (r#"{"key": "x", "value": "\ud800"}"#, Some(Some("x")), ".value", "lone surrogate"),
        (r#"{"key": "x", "payload": {"a": ["\udc00"]}}"#, Some(Some("x")), ".payload.a[0]", "lone surrogate"),
        (r#"{"key": "x", "metadata": {"\udc00": 1}}"#, Some(Some("x")), ".metadata.\u{fffd}", "lone surrogate"),
    ] {
        let path = format!("variants.x{path}");
        for segment in [ON, r#"{"variant": "x"}"#] {
            let (flags, said) = read(&with_variant(odd.as_bytes(), segment));
            let said: Vec<_> = said.into_iter().filter(|said| said.kind != Kind::UnknownVariant).collect();
            assert_eq!(summary(&said), [(Severity::Warning, Kind::Malformed, Some("f"), path.as_str())], "{odd}");
            assert!(said[0].message.contains(words), "{odd}: {}", said[0].message);
            let variant = flags.variant(&User::default(), "f");
            match segment {
                ON => assert_eq!(variant.unwrap().key(), Some("on"), "{odd}"),
                _ => assert_eq!(variant.map(|variant| variant.key()), result, "{odd}"),
            }
        }
    }
    let (_, said) = read(br#"{"key": "f", "variants": {"x": {"key": "\u0035"}, "y": {"key": "5"}}, "segments": []}"#);
    assert_eq!(said, []);
}

#[test]
fn lone_surrogates_anywhere_in_a_flag_are_reported_by_their_place() {
    let flag = r#"{"key": "f", "metadata": {"m": "\ud800"}, "dependencies": ["good", "\ud800"], "later": "\ud800",
        "variants": {"\ud800": {"key": "x"}, "on": {"key": "on"}}, "segments": [{"metadata": {"segmentName": "\udfff"},
        "conditions": [[{"selector": ["context", "user", "\ud800"], "op": "is not", "values": ["a", "\ud800"]}]],
        "bucket": {"selector": ["context", "user", "user_id"], "salt": "\ud800", "allocations": [
            {"range": [0, 1], "distributions": [{"variant": "\ud800", "range": [0, 1]}]}]}, "variant": "on"}]}"#;
    let (flags, said) = read(flag.as_bytes());
    assert_eq!(key(&flags, "f").as_deref(), Some("on"));
    let mut paths: Vec<_> =
        said.iter().filter(|said| said.kind == Kind::Malformed).map(|said| said.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "dependencies[1]",
            "metadata.m",
            "segments[0].bucket.allocations[0].distributions[0].variant",
            "segments[0].bucket.salt",
            "segments[0].conditions[0][0].selector[2]",
            "segments[0].conditions[0][0].values[1]",
            "segments[0].metadata.segmentName",
            "variants.\u{fffd}",
        ]
    );
    // Where the rest needs no repair, too.
    let (_, said) = read(
        br#"{"key": "f", "metadata": {"m": "\ud800"}, "variants": {}, "segments": [{"metadata": {"a": "\ud800"}}]}"#,
    );
    assert_eq!(
        said.iter().map(|said| said.path.as_str()).collect::<Vec<_>>(),
        ["metadata.m", "segments[0].metadata.a"]
    );
}

#[test]
fn a_flag_whose_key_no_string_can_hold_is_left_out() {
    for (flag, said_of) in [
        (&br#"{"key": "\ud800", "variants": {}, "segments": []}"#[..], "\u{fffd}"),
        (br#"{"key": "a\udc00b", "variants": {"on": {}}, "segments": [{"variant": "on"}]}"#, "a\u{fffd}b"),
    ] {
        let (flags, said) = read(flag);
        assert_eq!(flags.keys().collect::<Vec<_>>(), ["good"]);
        assert_eq!(summary(&said), [(Severity::Error, Kind::Malformed, Some(said_of), "key")]);
        assert_eq!(said[0].message, "the flag's key has a lone surrogate");
    }
}

#[test]
fn dependencies_that_are_no_strings_are_left_out() {
    for (odd, found) in [
        (&b"null"[..], "found null"),
        (b"{}", "found an object"),
        (b"[\"good\"]", "found a list"),
        (b"1e999", "found a number"),
        (b"\"\xff\"", "the bytes are not UTF-8"),
    ] {
        let flag = [
            br#"{"key": "f", "dependencies": ["good", "#,
            odd,
            br#"], "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on",
                "conditions": [[{"selector": ["result", "good", "key"], "op": "is", "values": ["on"]}]]}]}"#,
        ]
        .concat();
        let (flags, said) = read(&flag);
        assert_eq!(key(&flags, "f").as_deref(), Some("on"));
        assert_eq!(summary(&said), [(Severity::Warning, Kind::Malformed, Some("f"), "dependencies[1]")]);
        assert!(said[0].message.contains(found) && said[0].message.ends_with("the dependency is left out"), "{said:?}");
    }
}

#[test]
fn what_decides_takes_down_its_flag_and_no_other() {
    for (rest, path) in [
        (
            r#""variants": {}, "segments": [{"conditions": [[{"selector": [], "op": "is", "values": [null]}]]}]"#,
            "segments[0].conditions[0][0].values[0]",
        ),
        (r#""variants": {}, "segments": [null]"#, "segments[0]"),
        (r#""variants": {}, "segments": [{"metadata": {"a": 1e999}}]"#, "segments[0].metadata"),
        (r#""variants": {}, "segments": [], "metadata": {"a": 1e999}"#, "metadata"),
        (r#""variants": {}, "segments": [], "dependencies": "good""#, "dependencies"),
        (r#""variants": 5, "segments": []"#, "variants"),
    ] {
        let (flags, said) = read(format!(r#"{{"key": "f", {rest}}}"#).as_bytes());
        assert_eq!(flags.keys().collect::<Vec<_>>(), ["good"]);
        assert_eq!(summary(&said), [(Severity::Error, Kind::Malformed, Some("f"), path)]);
    }
}

#[test]
fn other_members_do_no_harm() {
    let flag = b"{\"key\": \"f\", \"later\": \"\xff\", \"\xfe\": 1e999, \"variants\": {\"on\": {\"key\": \"on\"}}, \"segments\": [{\"variant\": \"on\"}]}";
    let (flags, said) = read(flag);
    assert_eq!((key(&flags, "f").as_deref(), said), (Some("on"), vec![]));
}
