//! What readers say of texts that are something else than they expect.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use evaluation_core::{FlagSet, JsonError, User, Value, Variants};

const FLAG: &str = r#"{"key": "a", "variants": {"on": {"key": "on"}}, "segments": []}"#;
const OLD: &str = r#"{"flagKey": "hush", "enabled": true, "variants": [{"key": "on"}], "allUsersTargetingConfig": {}}"#;
const MANAGED: &str = r#"{"key": "hush", "enabled": true, "variants": [{"key": "on"}], "targetSegments": []}"#;

fn told(error: &JsonError) -> String {
    let said = error.to_string();
    assert!(error.line() > 0 && error.column() > 0, "{said}");
    assert!(!said.contains("column 0") && !said.contains("line 0") && !format!("{error:?}").contains("hush"), "{said}");
    said
}

#[test]
fn what_came_in_place_of_flags_is_named() {
    for (json, said) in [
        ("", ", but an empty text"),
        ("\u{feff}", ", but an empty text"),
        ("<html>hush", ", but an HTML page"),
        ("hush", ", but a text that is no JSON"),
        (r#""hush""#, ", but a JSON string"),
        ("{}", ", but an empty JSON object"),
        (r#"{"error": "hush"}"#, ", but a JSON object with an `error` member"),
        (r#"{"hush": 1}"#, ", but a JSON object of another form"),
        (r#"{"hush": {"key": "on"}}"#, ", but a JSON object of variants by flag key"),
        (FLAG, ", but one flag that is in no list: put it into a list"),
        (&format!("{{\"hush\": {FLAG}}}"), ", but a JSON object of flags by key: put the flags into a list"),
        (
            &format!("{{\"flags\": [{FLAG}]}}"),
            ", but a JSON object that wraps the list of flags: take the list out of it",
        ),
        (&format!("[{OLD}, {OLD}]"), ", but flags in the format used before 2023: take the flags from `/sdk/v2/flags`"),
        (
            &format!("{{\"hush\": {OLD}}}"),
            ", but flags in the format used before 2023: take the flags from `/sdk/v2/flags`",
        ),
        (
            &format!("{{\"flags\": [{MANAGED}]}}"),
            ", but flags in the format of the Management API: take the flags from `/sdk/v2/flags`",
        ),
        ("{\"hush\": ", ": it ends too early, at line 1 column 9"),
        ("[\n", ": it ends too early, at line 2 column 1"),
        ("[\n\n,1]", ": expected value at line 3 column 1"),
        (r#"["hush" "hush"]"#, ": expected `,` or `]` at line 1 column 9"),
        ("[] hush", ": trailing characters at line 1 column 4"),
    ] {
        let error = FlagSet::from_json(json).unwrap_err();
        assert_eq!(told(&error), format!("not a JSON list of flags{said}"), "{json}");
    }
    let error = FlagSet::from_json(b"\x0b\x02\x80[]\x03").unwrap_err();
    assert_eq!(told(&error), "not a JSON list of flags, but bytes that are no text");
    assert!(FlagSet::from_json("[]").unwrap().is_empty());
}

#[test]
fn a_flag_in_another_format_among_good_ones_is_named_and_left_out() {
    let flags = FlagSet::from_json(format!("[{FLAG}, {OLD}, {MANAGED}]")).unwrap();
    assert_eq!(flags.keys().collect::<Vec<_>>(), ["a"]);
    let said: Vec<_> = flags.diagnostics().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "error: flag `hush`: found flags in the format used before 2023",
            "error: flag `hush`: found flags in the format of the Management API",
        ]
    );
}

#[test]
fn what_came_in_place_of_variants_is_named_and_odd_variants_are_not_taken_for_it() {
    for (json, said) in [
        ("", ", but an empty text"),
        ("[]", ", but an empty JSON list"),
        (r#"{"error": "hush"}"#, ", but a JSON object with an `error` member"),
        (r#"{"error": {"code": 401}, "message": "hush"}"#, ", but a JSON object with an `error` member"),
        (&format!("{{\"hush\": {FLAG}}}"), ", but a JSON object of flags by key: put the flags into a list"),
        (&format!("[{FLAG}]"), ", but a JSON list of flags"),
    ] {
        let error = Variants::from_json(json).unwrap_err();
        assert_eq!(told(&error), format!("not a JSON object of variants by flag key{said}"), "{json}");
    }
    for json in ["{}", r#"{"odd": null}"#, r#"{"odd": {"later": 1}}"#, r#"{"error": {"key": "on"}}"#] {
        assert!(Variants::from_json(json).is_ok(), "{json}");
    }
    let json = r#"{"error": null, "good": {"key": "on"}}"#;
    assert!(Variants::from_json(json).unwrap().contains("good"));
}

#[test]
fn values_and_users_are_documents_of_any_kind() {
    for (json, said) in [
        ("", ", but an empty text"),
        ("<html>hush", ", but an HTML page"),
        ("hush", ", but a text that is no JSON"),
        ("{\n", ": it ends too early, at line 2 column 1"),
        ("{\n}}", ": trailing characters at line 2 column 2"),
        (r#"{"a": "hush}"#, ": it ends too early, at line 1 column 12"),
    ] {
        let expected = format!("not a JSON document{said}");
        assert_eq!(told(&Value::from_json(json).unwrap_err()), expected, "{json}");
        assert_eq!(told(&User::from_json(json).unwrap_err()), expected, "{json}");
    }
    assert_eq!(
        told(&Value::from_json("[1e999]").unwrap_err()),
        "not a JSON document: number out of range at line 1 column 6"
    );
}
