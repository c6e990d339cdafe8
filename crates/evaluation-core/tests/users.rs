//! Users: reading them from JSON, and what selectors see of them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use evaluation_core::{EvaluationContext, FlagSet, Object, Selector, User, Value};

fn read(json: &str) -> (User, Vec<String>) {
    let (user, diagnostics) = User::from_json(json.as_bytes()).unwrap();
    (user, diagnostics.iter().map(ToString::to_string).collect())
}

/// What a selector finds, as text; nothing for null.
fn selected(user: &User, path: &[&str]) -> Option<String> {
    let selected = format!("{:?}", user.select(&Selector::new(path.iter().copied())));
    (selected != "Null").then_some(selected)
}

#[test]
fn odd_fields_are_left_out_and_told() {
    let (user, said) = read(
        r#"{"user_id": 7, "device_id": null, "country": ["NO"], "version": true, "favourite": 1,
            "user_properties": {"a": null, "b": [1, "x"]}, "groups": {"org": "acme", "team": ["red", 5, {}], "none": null},
            "group_properties": {"org": ["acme"], "team": {"red": {"size": 3}, "blue": 4}},
            "cohort_ids": "c1", "group_cohort_ids": {"org": {"acme": ["g1", null, 2]}}}"#,
    );
    assert_eq!(
        said,
        [
            "country: expected a text",
            "groups.team[2]: expected a text",
            "group_properties.org: expected an object",
            "group_properties.team.blue: expected an object",
        ]
    );
    assert_eq!((user.user_id(), user.device_id(), user.country()), (Some("7"), None, None));
    assert_eq!(user.version(), Some("true"));
    assert_eq!(user.group_name("org"), Some("acme"));
    assert_eq!(user.groups().map(|(_, names)| names.len()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(user.group_properties("team", "red").unwrap().get("size"), Some(&Value::Int(3)));
    assert_eq!(user.cohort_ids().unwrap(), ["c1"]);
    assert_eq!(user.group_cohort_ids("org", "acme").unwrap(), ["g1", "2"]);
}

#[test]
fn what_is_no_user_at_all_is_an_empty_one() {
    for (json, said) in [("null", 0), ("{}", 0), ("[]", 1), ("\"u\"", 1)] {
        let (user, diagnostics) = read(json);
        assert_eq!((user, diagnostics.len()), (User::default(), said), "{json}");
    }
    assert!(User::from_json(b"{").is_err());
    assert_eq!(serde_json::from_str::<User>("{\"user_id\": 1.5}").unwrap().user_id(), Some("1.5"));
}

#[test]
fn diagnostics_never_quote_the_users_data() {
    let (_, said) = read(r#"{"country": {"secret": "s3cret"}, "groups": ["s3cret"], "cohort_ids": [["s3cret"]]}"#);
    assert_eq!(said.len(), 3);
    assert!(said.iter().all(|line| !line.contains("s3cret")), "{said:?}");
}

#[test]
fn selectors_see_the_user_as_the_specification_builds_it() {
    let user = User::builder()
        .user_id("u")
        .device_id("")
        .user_property("p", [1, 2])
        .group("org", "acme")
        .groups("empty", Vec::<String>::new())
        .group("unnamed", "")
        .group_property("org", "acme", "tier", 3)
        .group_cohort_ids("org", "acme", Vec::<String>::new())
        .build();
    let context = r#"{"user":{"user_id":"u","device_id":"","user_properties":{"p":[1,2]}},"groups":{"org":{"group_name":"acme","group_properties":{"tier":3}}}}"#;
    assert!(selected(&user, &[]).unwrap().contains("user_properties"));
    let whole = Value::from_json(context.as_bytes()).unwrap();
    // Every path, through the user in place and through the context as JSON.
    for path in [
        &["user", "user_id"][..],
        &["user", "user_id", "more"],
        &["user", "device_id"],
        &["user", "country"],
        &["user", "groups"],
        &["user", "user_properties", "p"],
        &["user", "user_properties", "p", "0"],
        &["user", "user_properties", ""],
        &["groups", "org", "group_name"],
        &["groups", "org", "group_properties", "tier"],
        &["groups", "org", "cohort_ids"],
        &["groups", "empty"],
        &["groups", "unnamed", "group_name"],
        &["elsewhere"],
    ] {
        let of_context = whole.select(&Selector::new(path.iter().copied()));
        let of_user = selected(&user, path);
        assert_eq!(of_user.is_none(), format!("{of_context:?}") == "Null", "{path:?}");
    }
}

#[test]
fn the_context_of_an_empty_user_is_an_empty_object() {
    let flag = |selector: &str| {
        let condition = format!(r#"{{"selector": {selector}, "op": "is", "values": ["{{}}"]}}"#);
        let flag =
            r#"{"key": "f", "variants": {"on": {}}, "segments": [{"variant": "on", "conditions": [[CONDITION]]}]}"#;
        FlagSet::from_json(format!("[{}]", flag.replace("CONDITION", &condition))).unwrap()
    };
    let (whole, part) = (flag(r#"["context"]"#), flag(r#"["context", "user"]"#));
    let context = Value::from(Object::new());
    assert!(whole.variant(&User::default(), "f").is_some() && whole.variant(&context, "f").is_some());
    // Parts that are empty are left out.
    assert!(part.variant(&User::default(), "f").is_none() && part.variant(&context, "f").is_none());
}

#[test]
fn a_builder_starts_from_nothing_or_from_a_user() {
    let user = User::with_user_id("u").to_builder().platform("Web").user_properties([("a", 1), ("b", 2)]).build();
    assert_eq!(
        serde_json::to_string(&user).unwrap(),
        r#"{"user_id":"u","platform":"Web","user_properties":{"a":1,"b":2}}"#
    );
}
