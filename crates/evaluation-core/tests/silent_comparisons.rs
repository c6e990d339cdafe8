//! Conditions that almost certainly do not do what their author wanted: compiling warns of them, and explaining shows
//! where one compared strings.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use evaluation_core::{ConditionTrace, Diagnostic, DiagnosticKind as Kind, FlagSet, Operator, Severity, User, Value};

const CONDITION: &str = "segments[1].conditions[1][1]";

fn flags(condition: &Value, bucket: &str) -> FlagSet {
    let fine = r#"{"selector": ["context", "user", "country"], "op": "is not", "values": ["(none)"]}"#;
    FlagSet::from_json(format!(
        r#"[{{"key": "f", "variants": {{"on": {{"key": "on"}}}}, "segments": [
            {{"conditions": [[{fine}]], "bucket": {bucket}}},
            {{"conditions": [[{fine}], [{fine}, {condition}]], "variant": "on"}}]}}]"#
    ))
    .unwrap()
}

const BUCKET: &str = r#"{"selector": ["context", "user", "user_id"], "salt": "", "allocations": []}"#;

/// What is said of a condition.
fn said(selector: &[&str], op: &str, values: &[&str]) -> Vec<Diagnostic> {
    let list = |texts: &[&str]| Value::Array(texts.iter().map(|text| Value::from(*text)).collect());
    let condition: Value =
        format!(r#"{{"selector": {}, "op": {}, "values": {}}}"#, list(selector), Value::from(op), list(values))
            .parse()
            .unwrap();
    flags(&condition, BUCKET).diagnostics().to_vec()
}

fn said_of_property(op: &str, values: &[&str]) -> Vec<Diagnostic> {
    said(&["context", "user", "user_properties", "p"], op, values)
}

/// Checks that one thing is said, of what kind, where in the condition, and that its words have these among them.
fn assert_said(said: &[Diagnostic], kind: Kind, place: &str, words: &str) {
    assert_eq!(said.len(), 1, "{kind:?}: {said:?}");
    let found = (said[0].severity, said[0].kind, said[0].flag.as_deref(), said[0].path.as_str());
    assert_eq!(found, (Severity::Warning, kind, Some("f"), format!("{CONDITION}.{place}").as_str()), "{said:?}");
    assert!(said[0].message.contains(words) && !said[0].message.contains('\n'), "{}", said[0].message);
}

const NUMBERS: [&str; 4] = ["less", "less or equal", "greater", "greater or equal"];
const VERSIONS: [&str; 4] = ["version less", "version less or equal", "version greater", "version greater or equal"];

#[test]
fn versions_that_are_none() {
    for (value, words) in [
        ("v2.0.0", "`v2.0.0` is not a version, so the condition compares strings; write `2.0.0`"),
        ("9", "write `9.0`"),
        ("V3", "write `3.0`"),
        ("1.2-beta", "write `1.2.0-beta`"),
        ("1.2+5", "write `1.2.0+5`"),
        (" 1.2.3", "write `1.2.3`"),
        ("1.2.3\n", r"`1.2.3\n` is not a version"),
        ("1.2.3.4", "is not a version"),
        ("2.x", "is not a version"),
        ("latest", "is not a version"),
        ("1,2,3", "is not a version"),
        ("2024-01-15", "write dates as numbers, such as milliseconds since 1970, and compare them by `"),
        ("2024/1/5", "write dates as numbers"),
        ("2024-01-15T10:00:00Z", "write dates as numbers"),
        ("01-15-2024", "write dates as numbers"),
        ("true", "is not a version"),
        ("(none)", "is not a version"),
        ("", "the empty string is not a version"),
    ] {
        for op in VERSIONS {
            assert_said(&said_of_property(op, &[value]), Kind::NotAVersion, "values[0]", words);
        }
    }
    let mixed = said_of_property("version less", &["2.0", "v3.0", "(none)"]);
    assert_said(&mixed, Kind::NotAVersion, "values[1]", "`v3.0` is not a version, so the condition leaves it out when");
    assert_eq!(said_of_property("version less", &["v1", "v2", "v3"]).len(), 3);
}

#[test]
fn numbers_that_are_none() {
    for (value, words) in [
        ("1,000", "`1,000` is not a number, so the condition compares strings; write `1000`"),
        ("1_000", "write `1000`"),
        ("1 000", "write `1000`"),
        ("\u{a0}7", r"`\u{a0}7` is not a number, so the condition compares strings; write `7`"),
        ("1,5", "is not a number"),
        ("10%", "is not a number"),
        ("$10", "is not a number"),
        ("10px", "is not a number"),
        ("0x10", "is not a number"),
        ("ten", "is not a number"),
        ("true", "is not a number"),
        ("NaN", "is not a number that"),
        ("infinity", "is not a number"),
        ("2.0.0", "compares versions"),
        ("2.0.0-beta", "compares versions"),
        ("v2.0", "compares versions"),
        ("2024-01-15", "write dates as numbers"),
        ("2024-01-15T10:00:00Z", "write dates as numbers"),
        ("01/15/2024", "write dates as numbers"),
        ("(none)", "is not a number"),
        ("", "the empty string is not a number"),
    ] {
        for op in NUMBERS {
            assert_said(&said_of_property(op, &[value]), Kind::NotANumber, "values[0]", words);
        }
    }
    let mixed = said_of_property("less", &["10", "(none)", "1,000"]);
    assert_said(&mixed, Kind::NotANumber, "values[2]", "leaves it out when it compares numbers; write `1000`");
}

#[test]
fn pre_releases_are_compared_as_strings() {
    for op in VERSIONS {
        for value in
            ["2.0.0-rc.2", "2.0.0-beta10", "1.2.3-alpha.10+build", "2.0.0-beta", "2.0.0-SNAPSHOT", "1.2.3-", "1.0.0--"]
        {
            let said = said_of_property(op, &["1.0", value]);
            assert_said(&said, Kind::PreReleaseAsText, "values[1]", &format!("of `{value}` is compared as text"));
        }
    }
}

#[test]
fn what_looks_like_a_month_is_no_version() {
    for value in ["2024-01", "1-2", "1.2-3"] {
        let said = said_of_property("version less", &[value]);
        assert_said(&said, Kind::NotAVersion, "values[0]", "is not a version");
        assert!(said[0].message.ends_with("compares strings"), "{}", said[0].message);
    }
    let said = said_of_property("version less", &["2024-01-15"]);
    assert!(said[0].message.ends_with("compare them by `less`"), "{}", said[0].message);
}

#[test]
fn versions_that_are_compared_as_numbers() {
    for op in NUMBERS {
        for name in
            ["version", "app_version", "appVersion", "AppVersion", "OSVERSION", "firmwareversion", "iconVersion"]
        {
            for selector in [&["context", "user", "user_properties", name][..], &["context", "groups", "org", name]] {
                let said = said(selector, op, &["1.10"]);
                let words = format!("`1.10` is compared as a number, so that 1.10 equals 1.1; `version {op}` compares");
                assert_said(&said, Kind::VersionAsNumber, "values[0]", &words);
            }
        }
        for value in ["1.10", "10.0", " 2.0"] {
            let said = said(&["context", "user", "version"], op, &[value]);
            assert_said(&said, Kind::VersionAsNumber, "values[0]", "compares versions");
        }
    }
    let mixed = said(&["context", "user", "version"], "greater", &["2.0.0", "1.2"]);
    assert_eq!(mixed.iter().map(|it| it.kind).collect::<Vec<_>>(), [Kind::NotANumber, Kind::VersionAsNumber]);
}

#[test]
fn numbers_that_are_not_meant_as_versions() {
    for (name, value) in [
        ("schema_version", "10"),
        ("version", "345"),
        ("conversion", "1.5"),
        ("userConversion", "1.5"),
        ("version_count", "1.5"),
        ("versions", "1.5"),
        ("ersion", "1.5"),
        ("é", "1.5"),
        ("version", "-1.5"),
    ] {
        assert_eq!(said(&["context", "user", "user_properties", name], "greater", &[value]), [], "{name} {value}");
    }
}

#[test]
fn numbers_that_no_other_can_be_beyond() {
    for (op, value) in [
        ("greater", "Infinity"),
        ("greater", "1e999"),
        ("greater or equal", "+Infinity"),
        ("greater", "NaN"),
        ("less", "-Infinity"),
        ("less or equal", "-1e999"),
        ("less", "-NaN"),
    ] {
        let said = said_of_property(op, &["1", value]);
        assert_said(&said, Kind::NotANumber, "values[1]", "never matches");
    }
    for (op, value) in [("less", "Infinity"), ("less or equal", "1e999"), ("greater", "-Infinity")] {
        assert_eq!(said_of_property(op, &[value]), [], "{op} {value}");
    }
}

#[test]
fn no_values() {
    for operator in Operator::ALL {
        let said = said_of_property(operator.as_str(), &[]);
        assert_said(&said, Kind::NoValues, "values", "the condition has no values, so it ");
    }
    for json in [r#""values": null"#, r#""values": []"#, r#""more": 1"#] {
        let condition = format!(r#"{{"selector": ["context", "user", "country"], "op": "is", {json}}}"#);
        let said = flags(&condition.parse().unwrap(), BUCKET).diagnostics().to_vec();
        assert_said(&said, Kind::NoValues, "values", "never matches");
    }
}

#[test]
fn empty_strings_that_mean_everything_or_nothing() {
    for (op, words) in [
        ("contains", "matches every string"),
        ("does not contain", "matches no string"),
        ("regex match", "matches every string"),
        ("regex does not match", "matches no string"),
        ("set is", "(none)"),
        ("set is not", "(none)"),
        ("set contains", "(none)"),
        ("set does not contain", "(none)"),
        ("set contains any", "(none)"),
        ("set does not contain any", "(none)"),
    ] {
        assert_said(&said_of_property(op, &["a", ""]), Kind::EmptyValue, "values[1]", words);
    }
}

#[test]
fn roots_that_select_nothing() {
    for (selector, words) in [
        (&["user", "country"][..], "the selector begins with `user`, so it selects nothing; put `context` before it"),
        (&["groups", "org", "group_name"], "put `context` before it"),
        (&["Context", "user", "country"], "did you mean `context`?"),
        (&["contexts", "user", "country"], "did you mean `context`?"),
        (&["results", "other", "key"], "did you mean `result`?"),
        (&["user_properties", "plan"], "begin it with `context` or `result`"),
        (&["", "user"], "begins with the empty string"),
        (&[" context", "user"], "did you mean `context`?"),
        (&[], "the selector is empty, so it selects nothing"),
    ] {
        assert_said(&said(selector, "is", &["x"]), Kind::UnknownRoot, "selector", words);
    }
    let bucket = r#"{"selector": ["user", "user_id"], "salt": "", "allocations": []}"#;
    let fine = r#"{"selector": ["context", "user", "country"], "op": "is", "values": ["x"]}"#.parse().unwrap();
    let found = flags(&fine, bucket).diagnostics().to_vec();
    assert_eq!((found.len(), found[0].kind), (1, Kind::UnknownRoot), "{found:?}");
    assert_eq!(found[0].path, "segments[0].bucket.selector");
}

#[test]
fn operators_that_are_a_few_letters_off() {
    for (op, words) in [
        ("contain", "`contain` is not an operator; the condition never matches; did you mean `contains`?"),
        ("Is", "did you mean `is`?"),
        ("isnt", "did you mean `is not`?"),
        ("greater then", "did you mean `greater`?"),
        ("version  less", "did you mean `version less`?"),
        ("set_contains_any", "did you mean `set contains any`?"),
        ("version >=", "did you mean `version greater or equal`?"),
        ("version <", "did you mean `version less`?"),
        ("not regex match", "did you mean `regex does not match`?"),
        ("does not contain any", "did you mean `set does not contain any`?"),
        ("not_is", "did you mean `is not`?"),
        ("set !=", "did you mean `set is not`?"),
        ("Set Contains Any", "did you mean `set contains any`?"),
        ("regex doesnt match", "did you mean `regex does not match`?"),
        ("is\n", r"`is\n` is not an operator; the condition never matches; did you mean `is`?"),
        ("", "the empty string is not an operator"),
    ] {
        assert_said(&said_of_property(op, &["x"]), Kind::UnknownOperator, "op", words);
        // What an unknown operator would have done with its values is not known.
        assert_said(&said_of_property(op, &[]), Kind::UnknownOperator, "op", words);
    }
    let far = said_of_property("resembles", &["x"]);
    assert_eq!(far[0].message, "`resembles` is not an operator; the condition never matches");
}

#[test]
fn good_conditions_are_not_warned_of() {
    for (op, values) in [
        ("is", &["", "v2.0.0", "1,000", "true"][..]),
        ("is not", &["(none)", ""]),
        ("contains", &["1,000"]),
        ("does not contain", &["v2"]),
        ("less", &["10", "1.5", "-.5e3", " 7 ", "Infinity", "007", "1e400"]),
        ("less or equal", &["10", "(none)"]),
        ("greater", &["20240115"]),
        ("greater or equal", &["2.0"]),
        ("version less", &["1.2", "01.2.3"]),
        ("version less or equal", &["2.0.0"]),
        ("version greater", &["1.10.0+5"]),
        ("version greater or equal", &["(none)", "2024.01.15"]),
        ("set is", &["a", "(none)"]),
        ("set is not", &["1,000"]),
        ("set contains", &["TRUE"]),
        ("set does not contain", &["v2"]),
        ("set contains any", &["c1", "(none)"]),
        ("set does not contain any", &["c1"]),
        ("regex match", &["^$", "^a"]),
        ("regex does not match", &["a|"]),
    ] {
        assert_eq!(said_of_property(op, values), [], "{op} {values:?}");
    }
    for selector in [&["context"][..], &["context", ""], &["context", "user", "version"], &["result"]] {
        let found = said(selector, "is", &["x"]);
        assert!(found.iter().all(|it| it.kind == Kind::UndeclaredDependency), "{selector:?}: {found:?}");
    }
}

#[test]
fn many_warnings_and_long_values_stay_short() {
    let long = "9".repeat(100_000) + "x";
    let found = said_of_property("less", &vec![long.as_str(); 20]);
    assert_eq!(found.len(), 17);
    assert!(found.iter().all(|it| it.message.len() < 400), "{found:?}");
    let found = said_of_property(&"contains ".repeat(100_000), &["x"]);
    assert!(found.len() == 1 && found[0].message.len() < 400, "{found:?}");
}

/// The traces of one condition on a property, for a user.
fn traced(op: &str, values: &str, property: Value) -> ConditionTrace {
    let flags = FlagSet::from_json(format!(
        r#"[{{"key": "f", "variants": {{}}, "segments": [{{"conditions": [[
            {{"selector": ["context", "user", "user_properties", "p"], "op": "{op}", "values": {values}}}]]}}]}}]"#
    ))
    .unwrap();
    let user = User::builder().user_property("p", property).build();
    let explanation = flags.explain(&user, "f").unwrap();
    explanation.segments[0].groups[0][0].clone()
}

#[test]
fn explaining_shows_where_strings_were_compared() {
    let list = |json: &str| json.parse::<Value>().unwrap();
    for (op, values, property, holds, as_text) in [
        // The flag's values are not what the operator compares.
        ("version less", r#"["v2.0.0"]"#, Value::from("10.0.0"), true, true),
        ("version greater", r#"["9"]"#, Value::from("10.0.0"), false, true),
        ("greater", r#"["1,000"]"#, Value::from(2_000), true, true),
        ("less", r#"["2024-02-01"]"#, Value::from("2024-01-15"), true, true),
        ("greater", r#"["2.0.0-beta"]"#, Value::from("10.0.0"), false, true),
        ("less", r#"["(none)"]"#, Value::from(5), false, true),
        // The user's value is not.
        ("version less", r#"["10.0.0"]"#, Value::from("v2.0.0"), false, true),
        ("version greater", r#"["2.0.0"]"#, Value::from(10), false, true),
        ("greater", r#"["10"]"#, Value::from("9a"), true, true),
        ("less or equal", r#"["10", "x"]"#, Value::from("abc"), true, true),
        ("greater", r#"["10"]"#, Value::from(true), true, true),
        ("greater", r#"["10"]"#, Value::from(""), false, true),
        // Of a list, one element is enough.
        ("greater", r#"["10"]"#, list(r#"[9, "x"]"#), true, true),
        ("greater", r#"["10"]"#, Value::from(r#"["9a"]"#), true, true),
        ("greater", r#"["10"]"#, list("[9, 11]"), true, false),
        ("greater", r#"["10"]"#, list("[]"), false, false),
        ("greater", r#"["10"]"#, list("[null]"), false, false),
        // Numbers and versions were compared.
        ("version less", r#"["10.0.0", "v3"]"#, Value::from("2.0.0"), true, false),
        // Only pre-releases were compared as strings.
        ("version greater", r#"["2.0.0-rc.2"]"#, Value::from("2.0.0-rc.10"), false, true),
        ("version less", r#"["2.0.0-rc.9"]"#, Value::from("2.0.0-rc.10"), true, true),
        ("version less or equal", r#"["2.0.0-rc.9", "1.0"]"#, Value::from("2.0.0-rc.9"), true, true),
        ("version greater or equal", r#"["2.0.0-rc.9"]"#, list(r#"["1.0", "2.0.0-RC"]"#), false, true),
        ("version less", r#"["2.0.0-rc.9", "3.0"]"#, Value::from("2.0.0-rc.10"), true, false),
        ("version greater", r#"["2.0.0-rc.9", "1.0"]"#, Value::from("2.0.0-rc.10"), true, false),
        ("version less", r#"["2.0.0-rc.9"]"#, Value::from("2.0.0"), false, false),
        ("version less", r#"["2.0.0"]"#, Value::from("2.0.0-rc.9"), true, false),
        ("version less", r#"["2.0.1-rc.9"]"#, Value::from("2.0.0-rc.10"), true, false),
        ("greater", r#"["10", "x"]"#, Value::from("11"), true, false),
        ("greater", r#"["10"]"#, Value::from(11.5), true, false),
        // Nothing was compared.
        ("greater", r#"["x"]"#, Value::Null, false, false),
        ("greater", "[]", Value::from("x"), false, false),
        ("is", r#"["v2.0.0"]"#, Value::from("v2.0.0"), true, false),
        ("contains", r#"["1,000"]"#, Value::from("1,000"), true, false),
        ("greater then", r#"["x"]"#, Value::from("y"), false, false),
    ] {
        let trace = traced(op, values, property.clone());
        assert_eq!((trace.holds, trace.compared_as_text), (holds, as_text), "{property} {op} {values}");
        assert_eq!(trace.to_string().ends_with(", compared as text"), as_text, "{trace}");
        let json = serde_json::to_value(&trace).unwrap();
        assert_eq!(json.get("comparedAsText"), as_text.then_some(&serde_json::Value::Bool(true)), "{json}");
    }
}

#[test]
fn explaining_shows_where_strings_of_results_were_compared() {
    let flags = FlagSet::from_json(
        r#"[{"key": "gate", "variants": {"on": {"key": "on", "value": "v2"}}, "segments": [{"variant": "on"}]},
            {"key": "f", "dependencies": ["gate"], "variants": {}, "segments": [{"conditions": [[
                {"selector": ["result", "gate", "value"], "op": "version greater", "values": ["1.0"]}]]}]}]"#,
    )
    .unwrap();
    let explanation = flags.explain(&User::default(), "f").unwrap();
    let trace = &explanation.segments[0].groups[0][0];
    assert!(trace.holds && trace.compared_as_text, "{trace}");
}

#[test]
fn explaining_repeats_the_warnings_of_the_flag() {
    let flags = FlagSet::from_json(
        r#"[{"key": "f", "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on", "conditions": [[
                {"selector": ["context", "user", "version"], "op": "version less", "values": ["v2.0.0"]}]]}]},
            {"key": "g", "dependencies": ["f"], "variants": {}, "segments": []}]"#,
    )
    .unwrap();
    let user = User::builder().version("1.0.0").build();
    let own = "\
f: on, by segment 0
  segment 0 matches
    yes context.user.version (\"1.0.0\") version less [\"v2.0.0\"], compared as text
  warning: segments[0].conditions[0][0].values[0]: `v2.0.0` is not a version, so the condition compares strings; write `2.0.0`
";
    assert_eq!(flags.explain(&user, "f").unwrap().to_string(), own);
    let of_dependent = flags.explain(&user, "g").unwrap();
    assert!(of_dependent.warnings.is_empty() && of_dependent.to_string().starts_with(&format!("first, {own}")));
    let json = serde_json::to_value(flags.explain(&user, "f").unwrap()).unwrap();
    assert_eq!(json["warnings"][0]["kind"], "not-a-version");
    assert_eq!(json["warnings"][0]["path"], "segments[0].conditions[0][0].values[0]");
    assert!(serde_json::to_value(of_dependent).unwrap().get("warnings").is_none());
}
