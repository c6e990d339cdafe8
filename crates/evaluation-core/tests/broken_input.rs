//! Input that is broken, hostile or huge: told clearly, within bounded time and memory, and the good flags still work.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use evaluation_core::{Diagnostic, DiagnosticKind, FlagSet, Severity, User, Value};

const GOOD: &str = r#"{"key": "good", "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on"}]}"#;

/// Compiles a bad flag among good ones, checks that these work, and gives what was said.
fn beside_good(bad: &str) -> Vec<Diagnostic> {
    let flags = FlagSet::from_json(format!("[{GOOD}, {bad}]").as_bytes()).unwrap();
    assert_eq!(flags.variant(&User::default(), "good").unwrap().key(), Some("on"));
    flags.diagnostics().to_vec()
}

fn flag(key: &str, rest: &str) -> String {
    format!(r#"{{"key": "{key}", "variants": {{"on": {{"key": "on"}}}}, {rest}}}"#)
}

fn with_condition(op: &str, value: &str) -> String {
    let value = Value::from(value);
    flag(
        "f",
        &format!(
            r#""segments": [{{"conditions": [[{{"selector": ["context", "user", "user_properties", "p"],
        "op": "{op}", "values": [{value}]}}]], "variant": "on"}}]"#
        ),
    )
}

#[test]
fn truncated_json_says_where_it_ends() {
    let whole = format!("[{GOOD},\n{GOOD}]");
    for end in 0..whole.len() {
        let said = FlagSet::from_json(&whole.as_bytes()[..end]).unwrap_err().to_string();
        let expected = if end == 0 { ", but an empty text" } else { ": it ends too early, at line " };
        assert!(said.starts_with(&format!("not a JSON list of flags{expected}")), "{said}");
        assert!(!said.contains("column 0"), "{said}");
    }
    let error = FlagSet::from_json(&whole.as_bytes()[..whole.len() - 2]).unwrap_err();
    assert_eq!(error.line(), 2);
}

#[test]
fn what_is_no_list_is_refused() {
    for json in ["", "null", "{}", "\"flags\"", "1", GOOD] {
        assert!(FlagSet::from_json(json.as_bytes()).is_err(), "{json}");
    }
    assert!(FlagSet::from_json(b"[\xff]").is_err());
}

#[test]
fn bytes_that_are_not_utf_8_take_down_one_flag() {
    for (bad, flag, path) in [
        (&b"{\"key\": \"f\xff\", \"variants\": {}, \"segments\": []}"[..], Some("f\u{fffd}"), ""),
        (b"{\"key\": \"f\", \"variants\": {}, \"segments\": [{\"variant\": \"\xc3\"}]}", Some("f"), ""),
        (b"\"\xff\"", None, "[1]"),
    ] {
        let (before, behind) = (format!("[{GOOD}, "), format!(", {}]", GOOD.replace("good", "better")));
        let flags = FlagSet::from_json([before.as_bytes(), bad, behind.as_bytes()].concat()).unwrap();
        assert_eq!(flags.keys().collect::<Vec<_>>(), ["better", "good"]);
        let [said] = flags.diagnostics() else { panic!("{:?}", flags.diagnostics()) };
        assert_eq!((said.severity, said.flag.as_deref(), said.path.as_str()), (Severity::Error, flag, path));
        assert_eq!(said.message, "the bytes are not UTF-8");
    }
}

#[test]
fn ten_megabytes_of_nested_arrays_are_refused_or_left_out() {
    let deep = "[".repeat(5_000_000) + &"]".repeat(5_000_000);
    let flags = FlagSet::from_json(deep.as_bytes()).unwrap();
    let said: Vec<_> = flags.diagnostics().iter().map(|it| (it.severity, it.path.as_str())).collect();
    assert_eq!(said, [(Severity::Error, "[0][0]")], "a list of one thing that is no flag");
    assert!(FlagSet::from_json("[".repeat(10_000_000).as_bytes()).is_err());
    let named = r#""segments": [{"variant": "on"}]"#;
    let said = beside_good(&format!(r#"{{"key": "f", "variants": {{"on": {{"payload": {deep}}}}}, {named}}}"#));
    assert_eq!(
        (said[0].severity, said[0].kind, said[0].flag.as_deref()),
        (Severity::Error, DiagnosticKind::Malformed, Some("f"))
    );
    assert_eq!(said[0].path, "variants.on.payload");
    // Passed over where nothing asks for it.
    assert_eq!(beside_good(&flag("f", &format!(r#""segments": [], "unknown": {deep}"#))), []);
}

#[test]
fn one_bad_flag_among_a_thousand() {
    let mut list: Vec<String> =
        (0..999).map(|index| flag(&format!("flag-{index}"), r#""segments": [{"variant": "on"}]"#)).collect();
    list.insert(
        500,
        flag("bad", r#""segments": [{"variant": "on"}, {"bucket": {"selector": [], "allocations": []}}]"#),
    );
    let flags = FlagSet::from_json(format!("[{}]", list.join(",")).as_bytes()).unwrap();
    assert_eq!(flags.evaluate(&User::default(), &[]).len(), 999);
    let said: Vec<_> = flags.diagnostics().iter().map(ToString::to_string).collect();
    assert_eq!(said, ["error: flag `bad`: segments[1].bucket: missing field `salt`"]);
}

#[test]
fn each_thing_that_makes_a_flag_malformed_is_named() {
    for (bad, path, message) in [
        ("null", "[1]", "null"),
        ("17", "[1]", "integer `17`"),
        (r#"{"variants": {}, "segments": []}"#, "[1]", "missing field `key`"),
        (r#"{"key": null, "variants": {}, "segments": []}"#, "[1].key", "null"),
        (r#"{"key": "f", "segments": []}"#, "", "missing field `variants`"),
        (r#"{"key": "f", "variants": [], "segments": []}"#, "variants", "an object of variants"),
        (r#"{"key": "f", "variants": {}, "segments": {}}"#, "segments", "sequence"),
        (r#"{"key": "f", "variants": {}, "segments": [], "metadata": 1}"#, "metadata", "expected an object"),
        (
            r#"{"key": "f", "variants": {"on": {"payload": 1e999}}, "segments": [{"variant": "on"}]}"#,
            "variants.on.payload",
            "number out of range",
        ),
        (
            r#"{"key": "f", "variants": {}, "segments": [{"conditions": [[{"op": "is", "selector": [[]]}]]}]}"#,
            "segments[0].conditions[0][0].selector[0]",
            "a text",
        ),
        (
            r#"{"key": "f", "variants": {}, "segments": [{"bucket": {"salt": "", "allocations": [{"range": [0.5, 1]}]}}]}"#,
            "segments[0].bucket.allocations[0].range[0]",
            "an integer",
        ),
    ] {
        let said = beside_good(bad);
        assert_eq!(said.len(), 1, "{bad}: {said:?}");
        assert_eq!(
            (said[0].severity, said[0].kind, said[0].path.as_str()),
            (Severity::Error, DiagnosticKind::Malformed, path),
            "{bad}"
        );
        assert!(said[0].message.contains(message), "{bad}: {}", said[0].message);
    }
}

#[test]
fn leniency_that_changes_no_good_flag() {
    let lenient = r#"{"key": "f", "extra": {}, "dependencies": null, "metadata": null,
        "variants": {"1": {"key": 1, "value": true}, "gone": null}, "segments": [
        {"conditions": [[{"selector": ["context", "user", "user_properties", 5], "op": "is", "values": [7, true, 1.5]}]],
         "bucket": {"salt": 9, "selector": ["context", "user", "user_id"], "allocations": [
            {"range": ["0", 100.0, "more"], "distributions": [{"variant": 1, "range": [0, "42949673"]}]},
            {"range": [0], "distributions": null}, {}]}}]}"#;
    let flags = FlagSet::from_json(format!("[{lenient}]").as_bytes()).unwrap();
    let said: Vec<_> = flags.diagnostics().iter().map(|it| (it.severity, it.path.as_str())).collect();
    assert_eq!(said, [(Severity::Warning, "variants.1"), (Severity::Warning, "variants.gone")]);
    for value in [Value::from(7), Value::from(true), Value::from(1.5)] {
        let user = User::builder().user_id("u").user_property("5", value).build();
        let variant = flags.variant(&user, "f").unwrap();
        assert_eq!((variant.key(), variant.value()), (Some("1"), Some("true")));
    }
}

#[test]
fn repeated_members_and_flags_count_last_and_are_told() {
    let said = beside_good(
        r#"{"key": "f", "key": "g", "variants": {"on": {"key": "a"}, "on": {"key": "b"}}, "segments": [{"variant": "on"}]}"#,
    );
    assert_eq!(said[0].kind, DiagnosticKind::RepeatedMember);
    assert_eq!(said[0].message, "duplicate field `key`");

    let list =
        format!("[{}, {GOOD}, {}]", flag("f", r#""segments": []"#), flag("f", r#""segments": [{"variant": "on"}]"#));
    let flags = FlagSet::from_json(list.as_bytes()).unwrap();
    assert_eq!(flags.variant(&User::default(), "f").unwrap().key(), Some("on"));
    assert_eq!(flags.diagnostics().iter().map(|it| it.kind).collect::<Vec<_>>(), [DiagnosticKind::RepeatedFlag]);

    let twice =
        r#"[{"key": "f", "variants": {"on": {"key": "a"}, "on": {"key": "b"}}, "segments": [{"variant": "on"}]}]"#;
    let flags = FlagSet::from_json(twice.as_bytes()).unwrap();
    assert_eq!(flags.variant(&User::default(), "f").unwrap().key(), Some("b"));
    assert_eq!(flags.diagnostics()[0].path, "variants.on");
}

#[test]
fn cycles_take_down_only_what_reaches_them() {
    let depends =
        |key: &str, on: &str| flag(key, &format!(r#""segments": [{{"variant": "on"}}], "dependencies": ["{on}"]"#));
    let list = [
        depends("a", "b"),
        depends("b", "a"),
        depends("c", "a"),
        depends("d", "good"),
        GOOD.to_owned(),
        depends("e", "e"),
    ];
    let flags = FlagSet::from_json(format!("[{}]", list.join(",")).as_bytes()).unwrap();
    let variants = flags.evaluate(&User::default(), &[]);
    assert_eq!(variants.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["d", "good"]);
    assert_eq!(flags.errors().count(), 4);
    assert!(flags.errors().all(|it| it.kind == DiagnosticKind::DependencyCycle));
    assert_eq!(flags.reaches_cycle(&["c"]), Some("a -> b -> a"));
    assert_eq!(flags.reaches_cycle(&["d", "good"]), None);
    assert!(flags.reaches_cycle(&[]).is_some());
}

#[test]
fn a_chain_of_a_hundred_thousand_flags() {
    let link = |index: usize| {
        let next = index + 1;
        let condition = format!(r#"{{"selector": ["result", "{next}", "key"], "op": "is", "values": ["on"]}}"#);
        flag(
            &index.to_string(),
            &format!(r#""segments": [{{"conditions": [[{condition}]], "variant": "on"}}], "dependencies": ["{next}"]"#),
        )
    };
    let mut list: Vec<String> = (0..100_000).map(link).collect();
    list.push(flag("100000", r#""segments": [{"variant": "on"}]"#));
    let flags = FlagSet::from_json(format!("[{}]", list.join(",")).as_bytes()).unwrap();
    assert_eq!(flags.evaluate(&User::default(), &[]).len(), 100_001);
    assert_eq!(flags.variant(&User::default(), "0").unwrap().key(), Some("on"));
    assert_eq!(flags.evaluate(&User::default(), &["99990"]).len(), 11);
}

#[test]
fn huge_and_invalid_patterns_match_nothing_and_are_told() {
    for pattern in ["(", "(a{1000}){1000}{1000}", "[b-a]", &"(".repeat(100_000), &"x".repeat(10_000_000)] {
        let said = beside_good(&with_condition("regex match", pattern));
        assert_eq!((said[0].severity, said[0].kind), (Severity::Warning, DiagnosticKind::InvalidPattern));
        assert_eq!(said[0].path, "segments[0].conditions[0][0].values[0]");
        assert!(said[0].message.len() < 400 && !said[0].message.contains('\n'), "{}", said[0].message);
    }
}

#[test]
fn backtracking_is_bounded() {
    let flags =
        FlagSet::from_json(format!("[{}]", with_condition("regex match", r"^(?=(a+)+$)(a|a)+b")).as_bytes()).unwrap();
    let user = User::builder().user_property("p", "a".repeat(10_000) + "c").build();
    assert_eq!(flags.variant(&user, "f"), None);
}

#[test]
fn texts_of_a_megabyte() {
    let long = "x".repeat(1_000_000);
    let user =
        User::builder().user_id(&*long).user_property("p", &*long).user_property("list", vec![long.clone(); 3]).build();
    for (op, value, expected) in [
        ("is", long.as_str(), true),
        ("is", "x", false),
        ("contains", long.as_str(), true),
        ("contains", "y", false),
        ("less", "y", true),
        ("version less", "y", true),
        ("regex match", "^x+$", true),
        ("set contains any", long.as_str(), false),
    ] {
        let flags = FlagSet::from_json(format!("[{}]", with_condition(op, value)).as_bytes()).unwrap();
        assert_eq!(flags.variant(&user, "f").is_some(), expected, "{op}");
        assert_eq!(!flags.evaluate(&user, &[]).is_empty(), expected, "{op}");
    }
}

#[test]
fn what_is_suspicious_keeps_the_flag_and_is_told() {
    for (bad, kind, path) in [
        (with_condition("equals", "a"), DiagnosticKind::UnknownOperator, "segments[0].conditions[0][0].op"),
        (flag("f", r#""segments": [{"variant": "off"}]"#), DiagnosticKind::UnknownVariant, "segments[0].variant"),
        (
            flag(
                "f",
                r#""segments": [{"bucket": {"selector": ["context", "user", "user_id"], "salt": "", "allocations": [
                {"range": [0, 1], "distributions": [{"variant": "x", "range": [0, 1]}]}]}}]"#,
            ),
            DiagnosticKind::UnknownVariant,
            "segments[0].bucket.allocations[0].distributions[0].variant",
        ),
        (
            flag("f", r#""segments": [{"variant": "on"}, {"variant": "on"}]"#),
            DiagnosticKind::UnreachableSegment,
            "segments[1]",
        ),
        (
            flag("f", r#""segments": [{"conditions": [], "variant": "on"}]"#),
            DiagnosticKind::UnreachableSegment,
            "segments[0].conditions",
        ),
        (
            flag("f", r#""segments": [], "dependencies": ["nowhere"]"#),
            DiagnosticKind::UnknownDependency,
            "dependencies[0]",
        ),
        (
            flag(
                "f",
                r#""segments": [{"conditions": [[{"selector": ["result", "good"], "op": "is", "values": ["on"]}]]}]"#,
            ),
            DiagnosticKind::UndeclaredDependency,
            "segments[0]",
        ),
    ] {
        let said = beside_good(&bad);
        assert_eq!(said.len(), 1, "{bad}: {said:?}");
        assert_eq!((said[0].severity, said[0].kind, said[0].path.as_str()), (Severity::Warning, kind, path), "{bad}");
        assert_eq!(said[0].flag.as_deref(), Some("f"));
    }
}

/// A chain of flags is also looked through where it is too long to be kept.
#[test]
fn undeclared_reads_are_told_however_many_dependencies_there_are() {
    let reads = |read: &str| {
        let segment = format!(
            r#"{{"conditions": [[{{"selector": ["result", "{read}", "key"], "op": "is", "values": ["on"]}}]]}}"#
        );
        let chain = (0..100).map(|place| match place {
            0 => flag("f", &format!(r#""segments": [{segment}], "dependencies": ["f1"]"#)),
            99 => flag("f99", r#""segments": []"#),
            place => flag(&format!("f{place}"), &format!(r#""segments": [], "dependencies": ["f{}"]"#, place + 1)),
        });
        let flags: Vec<String> = chain.chain([flag("apart", r#""segments": []"#)]).collect();
        let set = FlagSet::from_json(format!("[{}]", flags.join(",")).as_bytes()).unwrap();
        set.diagnostics().iter().map(|said| (said.kind, said.flag.clone().unwrap())).collect::<Vec<_>>()
    };
    for declared in ["f1", "f50", "f99"] {
        assert_eq!(reads(declared), [], "{declared}");
    }
    for undeclared in ["apart", "f"] {
        assert_eq!(reads(undeclared), [(DiagnosticKind::UndeclaredDependency, "f".to_owned())], "{undeclared}");
    }
}
