//! Explanations, as text and as data.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use evaluation_core::{Explanation, FlagSet, User, Value};

const FLAGS: &str = r#"[
    {"key": "gate", "variants": {"on": {"key": "on"}}, "segments": [
        {"conditions": [[{"selector": ["context", "user", "country"], "op": "is", "values": ["Norway"]}]], "variant": "on"}]},
    {"key": "split", "dependencies": ["gate"], "variants": {"a": {"key": "a"}, "b": {"key": "b"}, "off": {"key": "off"}},
     "segments": [
        {"metadata": {"segmentName": "Testers"}, "variant": "off", "conditions": [
            [{"selector": ["context", "user", "user_properties", "tester"], "op": "is", "values": ["true"]},
             {"selector": ["context", "user", "country"], "op": "is not", "values": ["Chile"]}],
            [{"selector": ["context", "user", "user_properties", "plan"], "op": "resembles", "values": ["x"]}]]},
        {"conditions": [[{"selector": ["result", "gate", "key"], "op": "is", "values": ["on"]}]],
         "bucket": {"selector": ["context", "user", "user_id"], "salt": "s", "allocations": [
            {"range": [0, 10], "distributions": [{"variant": "off", "range": [0, 42949673]}]},
            {"range": [10, 100], "distributions": [
                {"variant": "a", "range": [0, 21474836]}, {"variant": "b", "range": [21474836, 42949673]}]}]}},
        {"variant": "off"}
    ]}
]"#;

fn explain(user: &User) -> Explanation {
    FlagSet::from_json(FLAGS.as_bytes()).unwrap().explain(user, "split").unwrap()
}

#[test]
fn as_text() {
    let user = User::builder().user_id("user-3").country("Norway").user_property("tester", false).build();
    assert_eq!(
        explain(&user).to_string(),
        "\
first, gate: on, by segment 0
  segment 0 matches
    yes context.user.country (\"Norway\") is [\"Norway\"]
split: b, by segment 1
  segment 0 \"Testers\" does not match
    no  context.user.user_properties.tester (false) is [\"true\"]
    or
    no  context.user.user_properties.plan (null) resembles [\"x\"]
  segment 1 matches
    yes result.gate.key (\"on\") is [\"on\"]
    bucket by context.user.user_id: hash of \"s/user-3\" is 3850489214: 14 %, part 38504892, in allocation 1 [10, 100) and distribution 1 [21474836, 42949673): b
  warning: segments[0].conditions[1][0].op: `resembles` is not an operator; the condition never matches
"
    );
}

#[test]
fn where_nothing_can_be_hashed_and_nothing_is_yielded() {
    let nobody = User::builder().country("Norway").build();
    let text = explain(&nobody).to_string();
    assert!(text.contains("segment 1 matches, but yields nothing"), "{text}");
    assert!(text.contains("no value to hash, so the segment's own variant"), "{text}");
    assert!(text.contains("split: off, by segment 2"), "{text}");
    let elsewhere = FlagSet::from_json(FLAGS.as_bytes()).unwrap().explain(&nobody, "gate").unwrap();
    assert!(elsewhere.variant.is_some());
    let chile = User::builder().country("Chile").build();
    let text = FlagSet::from_json(FLAGS.as_bytes()).unwrap().explain(&chile, "gate").unwrap().to_string();
    assert!(text.starts_with("gate: nothing, no segment yields a variant"), "{text}");
}

#[test]
fn as_data() {
    let user = User::builder().user_id("user-1").country("Norway").user_property("tester", true).build();
    let explanation = explain(&user);
    assert_eq!((explanation.variant.as_deref(), explanation.segment), (Some("off"), Some(0)));
    assert_eq!(explanation.dependencies[0].variant.as_deref(), Some("on"));
    let json: Value = serde_json::to_string(&explanation).unwrap().parse().unwrap();
    let segment = &json.get("segments").unwrap().as_array().unwrap()[0];
    assert_eq!(segment.get("name"), Some(&Value::from("Testers")));
    let condition = &segment.get("groups").unwrap().as_array().unwrap()[0].as_array().unwrap()[0];
    assert_eq!(
        condition.to_string(),
        r#"{"selector":["context","user","user_properties","tester"],"operator":"is","values":["true"],"value":true,"holds":true}"#
    );
    assert!(FlagSet::default().explain(&user, "split").is_none());
}
