//! Fields that users have no getter for, and known fields of another type: kept, sent, and decided by as they came.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use evaluation_core::{EvaluationContext, FlagSet, Selected, Selector, User, Value};

fn read(json: &str) -> (User, Vec<String>) {
    let (user, diagnostics) = User::from_json(json.as_bytes()).unwrap();
    (user, diagnostics.iter().map(ToString::to_string).collect())
}

fn json(user: &User) -> String {
    serde_json::to_string(user).unwrap()
}

/// What a selector finds, as JSON.
fn selected(context: &impl EvaluationContext, path: &[&str]) -> String {
    match context.select(&Selector::new(path.iter().copied())) {
        Selected::Null => Value::Null,
        Selected::Text(text) => Value::from(text),
        Selected::Texts(texts) => Value::from(texts),
        Selected::Value(value) => value.clone(),
        Selected::Owned(value) => *value,
        other => panic!("{other:?}"),
    }
    .to_string()
}

/// Whether a flag with one condition matches, asked in each way that there is.
fn matches(context: &impl EvaluationContext, selector: &str, op: &str, value: &str) -> bool {
    let flag = format!(
        r#"[{{"key": "f", "variants": {{"on": {{"key": "on"}}}}, "segments": [{{"variant": "on", "conditions": [[
            {{"selector": ["context", "user", {selector}], "op": "{op}", "values": [{value}]}}]]}}]}}]"#
    );
    let flags = FlagSet::from_json(flag).unwrap();
    assert_eq!(flags.diagnostics(), []);
    let [all, keyed] = [&[][..], &["f"]].map(|keys| flags.evaluate(context, keys).contains("f"));
    let explained = flags.explain(context, "f").unwrap().variant.is_some();
    assert!(all == keyed && all == explained && all == flags.variant(context, "f").is_some());
    all
}

const BROWSER: &str = r#"{"user_id": "u1", "device_category": "mobile", "landing_url": "https://example.com/?a=b",
    "web_exp_id": "w1", "first_seen": 1700000000, "ratio": 1.5, "is_new": true, "tags": ["a", 2],
    "page_views": {"home": {"count": 3}}, "": "empty", "gone": null}"#;

#[test]
fn unknown_fields_are_kept_and_written_back() {
    let (user, said) = read(BROWSER);
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(user.field("device_category"), Some(&Value::from("mobile")));
    assert_eq!(user.field("first_seen"), Some(&Value::Int(1_700_000_000)));
    assert_eq!((user.field("gone"), user.field("none"), user.field("user_id")), (None, None, None));
    let written: Value = json(&user).parse().unwrap();
    let mut given: Value = BROWSER.parse().unwrap();
    let Value::Object(members) = &mut given else { panic!("{given}") };
    members.remove("gone");
    assert_eq!(written, given);
    assert_eq!(read(&json(&user)).0, user);
    assert_eq!(serde_json::from_str::<User>(BROWSER).unwrap(), user);
    assert_eq!(user.to_builder().build(), user);
    assert_eq!(user.to_builder().country("Norway").build().field("web_exp_id"), Some(&Value::from("w1")));
}

#[test]
fn unknown_fields_decide_flags_as_the_context_of_other_sdks_does() {
    let (user, _) = read(BROWSER);
    let context: Value = format!(r#"{{"user": {}}}"#, json(&user)).parse().unwrap();
    for path in [
        &["user", "device_category"][..],
        &["user", "device_category", "more"],
        &["user", "first_seen"],
        &["user", "is_new"],
        &["user", "tags"],
        &["user", "tags", "0"],
        &["user", "page_views"],
        &["user", "page_views", "home"],
        &["user", "page_views", "home", "count"],
        &["user", "page_views", "none", "count"],
        &["user", ""],
        &["user", "gone"],
        &["user", "groups"],
        &["user"],
        &[],
    ] {
        assert_eq!(selected(&user, path), selected(&context, path), "{path:?}");
    }
    for (selector, op, value, expected) in [
        (r#""device_category""#, "is", r#""mobile""#, true),
        (r#""device_category""#, "is", r#""desktop""#, false),
        (r#""device_category""#, "is not", r#""desktop""#, true),
        (r#""landing_url""#, "contains", r#""EXAMPLE.com""#, true),
        (r#""landing_url""#, "regex match", r#""^https://""#, true),
        (r#""first_seen""#, "greater", r#""1600000000""#, true),
        (r#""ratio""#, "is", r#""1.5""#, true),
        (r#""is_new""#, "is", r#""TRUE""#, true),
        (r#""tags""#, "set contains any", r#""2""#, true),
        (r#""page_views", "home", "count""#, "is", r#""3""#, true),
        (r#""page_views", "home""#, "is", r#""{\"count\":3}""#, true),
        (r#""absent""#, "is", r#""(none)""#, true),
        (r#""gone""#, "is", r#""(none)""#, true),
    ] {
        assert_eq!(matches(&user, selector, op, value), expected, "{selector} {op} {value}");
        assert_eq!(matches(&context, selector, op, value), expected, "{selector} {op} {value}");
    }
}

#[test]
fn unknown_fields_can_be_bucketed_by() {
    let flags = FlagSet::from_json(
        r#"[{"key": "f", "variants": {"on": {"key": "on"}}, "segments": [{"bucket": {
            "selector": ["context", "user", "web_exp_id"], "salt": "s",
            "allocations": [{"range": [0, 100], "distributions": [{"variant": "on", "range": [0, 42949673]}]}]}}]}]"#,
    )
    .unwrap();
    assert!(flags.evaluate(&read(BROWSER).0, &[]).contains("f"));
    assert!(!flags.evaluate(&User::with_user_id("u1"), &[]).contains("f"));
}

#[test]
fn known_fields_of_another_type_decide_as_they_came() {
    let given = r#"{"user_id": 12, "device_id": "d", "version": 3, "os": true, "dma": 1.5, "country": ["NO", "SE"],
        "region": {"code": "x"}, "city": null, "user_properties": [1], "cohort_ids": ["c1", 5, null, ["c2"]]}"#;
    let (user, said) = read(given);
    assert_eq!(
        said,
        [
            "country: expected a text",
            "region: expected a text",
            "user_properties: expected an object",
            "cohort_ids[3]: expected a text",
        ]
    );
    assert_eq!(
        (user.user_id(), user.version(), user.os(), user.dma()),
        (Some("12"), Some("3"), Some("true"), Some("1.5"))
    );
    assert_eq!((user.country(), user.region(), user.city()), (None, None, None));
    assert_eq!(user.cohort_ids().unwrap(), ["c1", "5"]);
    assert!(user.user_properties().is_empty());
    let context: Value = format!(r#"{{"user": {given}}}"#).parse().unwrap();
    for path in [
        &["user", "user_id"][..],
        &["user", "device_id"],
        &["user", "version"],
        &["user", "version", "more"],
        &["user", "os"],
        &["user", "dma"],
        &["user", "country"],
        &["user", "region"],
        &["user", "region", "code"],
        &["user", "region", "none"],
        &["user", "city"],
        &["user", "user_properties"],
        &["user", "user_properties", "a"],
        &["user", "user_properties", "a", "b"],
        &["user", "cohort_ids"],
    ] {
        assert_eq!(selected(&user, path), selected(&context, path), "{path:?}");
    }
    for (selector, op, value) in [
        (r#""version""#, "greater", r#""2""#),
        (r#""user_id""#, "is", r#""12""#),
        (r#""country""#, "is", r#""SE""#),
        (r#""country""#, "set contains", r#""SE", "NO""#),
        (r#""region", "code""#, "is", r#""x""#),
        (r#""cohort_ids""#, "set contains any", r#""c1""#),
        (r#""cohort_ids""#, "set contains any", r#""[\"c2\"]""#),
        (r#""city""#, "is", r#""(none)""#),
    ] {
        assert!(
            matches(&user, selector, op, value) && matches(&context, selector, op, value),
            "{selector} {op} {value}"
        );
    }
    // What is sent on is what came.
    let mut expected: Value = given.parse().unwrap();
    let Value::Object(members) = &mut expected else { panic!("{expected}") };
    members.remove("city");
    assert_eq!(json(&user).parse::<Value>().unwrap(), expected);
    assert_eq!(read(&json(&user)).0, user);
}

#[test]
fn a_setter_takes_the_place_of_what_came() {
    let (user, _) = read(
        r#"{"version": 3, "country": ["NO"], "user_properties": [1], "cohort_ids": {"c1": true}, "device_category": "tv"}"#,
    );
    let user = user.to_builder().version("4").country("Sweden").user_property("a", 1).cohort_ids(["c2"]);
    let user = user.field("device_category", Value::Null).build();
    let expected = r#"{"country":"Sweden","version":"4","user_properties":{"a":1},"cohort_ids":["c2"]}"#;
    assert_eq!(json(&user), expected);
    assert_eq!(user, read(expected).0);
    assert_eq!(selected(&user, &["user", "version"]), r#""4""#);
    assert_eq!(selected(&user, &["user", "cohort_ids"]), r#"["c2"]"#);
    assert_eq!(selected(&user, &["user", "user_properties", "a"]), "1");
}

#[test]
fn fields_are_set_by_name_whatever_they_are() {
    let builder = User::builder()
        .field("device_category", "mobile")
        .field("page_views", 3)
        .field("tags", ["a", "b"])
        .field(String::from("is_new"), true)
        .field("country", "Norway")
        .field("version", 3)
        .field("user_properties", Value::from_json(r#"{"plan": "pro"}"#).unwrap())
        .field("groups", Value::from_json(r#"{"org": "acme"}"#).unwrap())
        .field("cohort_ids", ["c1"]);
    let user = builder.clone().build();
    assert_eq!((user.country(), user.version(), user.group_name("org")), (Some("Norway"), Some("3"), Some("acme")));
    assert_eq!(user.user_properties().get("plan"), Some(&Value::from("pro")));
    assert_eq!(user.cohort_ids().unwrap(), ["c1"]);
    assert_eq!((user.field("country"), user.field("version")), (None, Some(&Value::Int(3))));
    assert_eq!(user.field("tags"), Some(&Value::from(["a", "b"])));
    assert_eq!(selected(&user, &["user", "groups"]), "null");
    // The last one counts, and null takes a field away.
    let mut builder = builder.field("device_category", "tv").field("version", "4");
    assert_eq!(builder.clone().build().field("version"), None);
    assert_eq!(builder.clone().build().field("device_category"), Some(&Value::from("tv")));
    for name in [
        "device_category",
        "page_views",
        "tags",
        "is_new",
        "country",
        "version",
        "user_properties",
        "groups",
        "cohort_ids",
    ] {
        builder = builder.field(name, Value::Null);
    }
    assert_eq!(builder.build(), User::default());
}

#[test]
fn what_no_value_can_hold_takes_down_no_other_field() {
    let (user, said) = read(
        r#"{"user_id": "u1", "version": 1e999, "user_properties": {"plan": "pro", "seats": 1e999, "name": "x\ud800"},
            "groups": {"org": ["acme", 1e999]}, "group_properties": {"org": {"acme": {"tier": 3, "size": -1e999}}},
            "cohort_ids": ["c1", 1e999, "c2"], "device_category": {"a": [1, 1e999], "b": 2}, "later": 1e400}"#,
    );
    let paths: Vec<&str> = said.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "version",
            "user_properties.seats",
            "groups.org[1]",
            "group_properties.org.acme.size",
            "cohort_ids[1]",
            "device_category.a[1]",
            "later",
            "user_properties.name",
        ]
    );
    assert!(said[..7].iter().all(|line| line.ends_with(": number out of range")), "{said:?}");
    assert_eq!(
        json(&user),
        concat!(
            r#"{"user_id":"u1","user_properties":{"plan":"pro","name":"x�"},"groups":{"org":["acme"]},"#,
            r#""group_properties":{"org":{"acme":{"tier":3}}},"cohort_ids":["c1","c2"],"#,
            r#""device_category":{"a":[1,null],"b":2}}"#,
        )
    );
    let (user, said) =
        User::from_json(b"{\"user_id\": \"u1\", \"city\": \"\xff\", \"landing_url\": [\"\xc3\", 1]}").unwrap();
    assert_eq!(json(&user), r#"{"user_id":"u1","landing_url":[null,1]}"#);
    assert_eq!(said[0].to_string(), "city: the bytes are not UTF-8");
    // A value that is too deep to be looked into is left out as a whole.
    let (open, close) = ("{\"a\":".repeat(20), "}".repeat(20));
    let (user, said) = read(&format!(r#"{{"user_id": "u1", "deep": {open}1e999{close}, "x": 1}}"#));
    assert_eq!((user.field("x"), said.len()), (Some(&Value::Int(1)), 1));
    assert!(said[0].starts_with("deep.a.a.a.a.a.a.a: "), "{said:?}");
}

#[test]
fn what_is_no_json_or_nests_too_deep_fails() {
    let deep = format!(r#"{{"user_id": "u1", "a": {}{}}}"#, "[".repeat(200), "]".repeat(200));
    let both = deep.replace("\"a\":", "\"b\": 1e999, \"a\":");
    for json in ["{", "{\"a\": 1e}", "{\"a\": 1e999", "{\"a\": 1e999}}", &deep, &both] {
        assert!(User::from_json(json).is_err(), "{json}");
    }
    assert!(User::from_json(b"{\xff: 1}").is_err());
    assert_eq!(read("1e999").1, ["user: number out of range"]);
}

#[test]
fn lone_surrogates_are_reported_by_their_place() {
    for (json, said) in [
        (r#"{"a": "\ud800"}"#, &["a: U+FFFD stands for a lone surrogate"][..]),
        (r#"{"country": "x\udc00y"}"#, &["country: U+FFFD stands for a lone surrogate"]),
        (r#"{"user_id": "\ud83d\ude00", "a": "\\ud800"}"#, &[]),
        (
            r#"{"user_properties": {"\ud800": 1, "b": ["x", "\ud800"]}, "groups": {"org": ["\udfff"]}, "later": 1e999}"#,
            &[
                "later: number out of range",
                "user_properties.\u{fffd}: U+FFFD stands for a lone surrogate",
                "user_properties.b[1]: U+FFFD stands for a lone surrogate",
                "groups.org[0]: U+FFFD stands for a lone surrogate",
            ],
        ),
        (r#""\ud800""#, &["user: U+FFFD stands for a lone surrogate", "user: expected an object"]),
    ] {
        assert_eq!(read(json).1, said, "{json}");
    }
    let (user, said) = User::from_json(b"\xef\xbb\xbf{\"a\": \"\\ud800\", \"b\": \"\xff\"}").unwrap();
    assert_eq!(user.field("a"), Some(&Value::from("\u{fffd}")));
    let paths: Vec<_> = said.iter().map(|said| said.path.as_str()).collect();
    assert_eq!(paths, ["b", "a"]);
}
