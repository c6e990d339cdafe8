//! A pattern and a subject with a zero character between them: compiling and searching end, what is refused is
//! reported in one line and matches nothing, and a plain word is found where it stands.

#![no_main]

use evaluation_core::{DiagnosticKind, FlagSet, Value};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    let (pattern, subject) = text.split_once('\0').unwrap_or((text, "aAb1_é\n {2}"));
    let flag = |operator: &str| {
        let condition = json!({"selector": ["context", "subject"], "op": operator, "values": [pattern]});
        json!({
            "key": operator,
            "variants": {"on": {"key": "on"}},
            "segments": [{"conditions": [[condition]], "variant": "on"}],
        })
    };
    let flags = json!([flag("regex match"), flag("regex does not match")]);
    let set = FlagSet::from_json(flags.to_string().as_bytes()).expect("a list of flags");
    let invalid: Vec<_> = set.diagnostics().iter().filter(|it| it.kind == DiagnosticKind::InvalidPattern).collect();
    let others = if pattern.is_empty() { 2 } else { 0 };
    assert_eq!(invalid.len() + others, set.diagnostics().len(), "only an empty pattern is warned of besides");
    assert!(matches!(invalid.len(), 0 | 2), "an invalid pattern is reported where it stands");
    for diagnostic in &invalid {
        assert!(!diagnostic.to_string().contains(['\n', '\r']), "{diagnostic:?}");
    }

    let context = Value::Object([("subject", subject)].into_iter().collect());
    let variants = set.evaluate(&context, &[]);
    let found = variants.get("regex match").is_some();
    // A list matches, and does not match, when one of its elements does so.
    if subject.starts_with('[') {
        return;
    }
    assert_eq!(variants.get("regex does not match").is_some(), !found);
    assert_eq!(set.variant(&context, "regex match").is_some(), found);
    if !invalid.is_empty() {
        assert!(!found, "an invalid pattern matches nothing");
    }
    if pattern.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        assert_eq!(found, subject.contains(pattern), "a plain word");
    }
});
