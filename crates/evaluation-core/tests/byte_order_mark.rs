//! A byte order mark before a JSON document: every reader skips one, and no more than one.

#![allow(clippy::unwrap_used, reason = "test code")]

use evaluation_core::{FlagSet, User, Value, skip_byte_order_mark};

const MARK: &str = "\u{feff}";

/// Says whether a reader takes a document.
type Reader = fn(&str) -> bool;

const READERS: [(&str, &str, Reader); 5] = [
    ("flags", r#"[{"key": "a", "variants": {}, "segments": []}]"#, |json| {
        FlagSet::from_json(json).is_ok_and(|flags| flags.contains("a") && flags.diagnostics().is_empty())
    }),
    ("flags of which one is malformed", r#"[{"key": "a", "variants": {}, "segments": []}, 7]"#, |json| {
        FlagSet::from_json(json).is_ok_and(|flags| flags.contains("a") && flags.errors().count() == 1)
    }),
    ("a value", r#"{"a": 1}"#, |json| Value::from_json(json).is_ok_and(|value| value.get("a").is_some())),
    ("a value that is parsed", "[1]", |json| json.parse::<Value>().is_ok()),
    ("a user", r#"{"user_id": "u"}"#, |json| User::from_json(json).is_ok_and(|(user, _)| user.user_id() == Some("u"))),
];

#[test]
fn every_reader_skips_one_mark() {
    for (what, json, reads) in READERS {
        assert!(reads(json), "{what}");
        assert!(reads(&format!("{MARK}{json}")), "{what}, with a mark");
        assert!(reads(&format!("{MARK}\r\n {json}\n")), "{what}, with a mark and blanks");
    }
}

#[test]
fn no_reader_skips_a_second_mark_or_one_elsewhere() {
    for (what, json, reads) in READERS {
        for broken in [
            format!("{MARK}{MARK}{json}"),
            format!(" {MARK}{json}"),
            format!("{json}{MARK}"),
            format!("\u{fffe}{json}"),
            MARK.to_owned(),
        ] {
            assert!(!reads(&broken), "{what}: {broken:?}");
        }
    }
    let half = [&b"\xef\xbb"[..], b"[]"].concat();
    assert!(FlagSet::from_json(half).is_err());
}

#[test]
fn a_mark_inside_of_a_string_is_content() {
    let json = format!(r#"{MARK}{{"user_id": "{MARK}u", "user_properties": {{"{MARK}p": "{MARK}"}}}}"#);
    let (user, _) = User::from_json(json).unwrap();
    assert_eq!(user.user_id(), Some("\u{feff}u"));
    assert_eq!(serde_json::to_string(&user).unwrap().matches(MARK).count(), 3);
}

#[test]
fn the_bytes_behind_a_mark() {
    for (text, expected) in [
        ("", ""),
        ("a", "a"),
        ("\u{feff}", ""),
        ("\u{feff}a", "a"),
        ("\u{feff}\u{feff}a", "\u{feff}a"),
        ("a\u{feff}", "a\u{feff}"),
    ] {
        assert_eq!(skip_byte_order_mark(text.as_bytes()), expected.as_bytes(), "{text:?}");
    }
}
