//! Any text as a number, through the conditions that read numbers: exactly one of less, equal and greater holds of a
//! number, and a text that is none compares as text.

#![no_main]

use std::sync::LazyLock;

use evaluation_core::{FlagSet, User, Value};
use libfuzzer_sys::fuzz_target;

static FLAGS: LazyLock<FlagSet> = LazyLock::new(|| {
    let flag = |op: &str| {
        format!(
            r#"{{"key": "{op}", "variants": {{"on": {{"key": "on"}}}}, "segments": [{{"conditions": [[
            {{"selector": ["context", "user", "user_properties", "p"], "op": "{op}", "values": ["12.5"]}}]], "variant": "on"}}]}}"#
        )
    };
    let list: Vec<String> = ["less", "less or equal", "greater", "greater or equal"].map(flag).into();
    FlagSet::from_json(format!("[{}]", list.join(",")).as_bytes()).unwrap()
});

fuzz_target!(|text: &str| {
    if text.starts_with('[') {
        return;
    }
    let user = User::builder().user_property("p", text).build();
    let all = FLAGS.evaluate(&user, &[]);
    let [less, at_most, greater, at_least] =
        ["less", "less or equal", "greater", "greater or equal"].map(|key| all.get(key).is_some());
    for key in FLAGS.keys() {
        assert_eq!(FLAGS.variant(&user, key), all.get(key));
    }
    let trimmed = text.trim_matches([' ', '\t', '\n', '\x0B', '\x0C', '\r']);
    if trimmed.trim_start_matches(['+', '-']) == "NaN" {
        assert_eq!([less, at_most, greater, at_least], [false; 4]);
        return;
    }
    assert_eq!((less || greater, at_most && at_least), (!(at_most && at_least), !(less || greater)));
    assert!(at_most != greater && at_least != less);
    // Whatever JSON reads as a number is one, and means the same.
    if let Ok(number @ (Value::Int(_) | Value::UInt(_) | Value::Float(_))) = text.parse::<Value>() {
        let by_number = FLAGS.evaluate(&User::builder().user_property("p", number).build(), &[]);
        assert_eq!(by_number, all);
    }
});
