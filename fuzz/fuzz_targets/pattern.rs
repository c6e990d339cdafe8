//! Any pattern on any subject, the first line and the rest: it ends, and refusals are one short line.

#![no_main]

use evaluation_core::{FlagSet, User, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (pattern, subject) = text.split_once('\n').unwrap_or((text, text));
    let flag = |key: &str, op: &str| {
        format!(
            r#"{{"key": "{key}", "variants": {{"on": {{"key": "on"}}}}, "segments": [{{"conditions": [[
            {{"selector": ["context", "user", "user_properties", "p"], "op": "{op}", "values": [{}]}}]], "variant": "on"}}]}}"#,
            Value::from(pattern)
        )
    };
    let list = format!("[{},{}]", flag("found", "regex match"), flag("not", "regex does not match"));
    let flags = FlagSet::from_json(list.as_bytes()).unwrap();
    for diagnostic in flags.diagnostics() {
        let line = diagnostic.to_string();
        assert!(!line.contains('\n') && line.chars().count() < 400, "{line}");
    }
    // A list would be asked element by element.
    let user = User::builder().user_property("p", format!(" {subject}")).build();
    let variants = flags.evaluate(&user, &[]);
    assert_ne!(variants.get("found").is_some(), variants.get("not").is_some());
    assert_eq!(flags.variant(&user, "found").is_some(), variants.get("found").is_some());
});
