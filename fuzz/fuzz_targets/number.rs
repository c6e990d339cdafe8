//! Any text as a property: comparing operators take it for a number exactly when the grammar says so. And the same
//! text as JSON: values are written so that they are read back, and compare as the text that they stand for.

#![no_main]

use std::sync::LazyLock;

use evaluation_core::{FlagSet, Value};
use libfuzzer_sys::fuzz_target;

static FLAGS: LazyLock<FlagSet> = LazyLock::new(|| {
    let flag = |(key, operator): (&str, &str)| {
        serde_json::json!({
            "key": key,
            "variants": {"on": {"key": "on"}},
            "segments": [{
                "conditions": [[{
                    "selector": ["context", "user", "user_properties", "p"],
                    "op": operator,
                    "values": ["0"],
                }]],
                "variant": "on",
            }],
        })
    };
    let operators =
        [("lt", "less"), ("le", "less or equal"), ("gt", "greater"), ("ge", "greater or equal"), ("is", "is")];
    let flags: Vec<serde_json::Value> = operators.into_iter().map(flag).collect();
    FlagSet::from_json(serde_json::json!(flags).to_string().as_bytes()).expect("a list of flags")
});

/// Which comparisons with `0` hold for a property: `<`, `<=`, `>`, `>=`, `is`.
fn compared(property: Value) -> [bool; 5] {
    let object = |key: &str, value: Value| Value::Object([(key, value)].into_iter().collect());
    let context = object("user", object("user_properties", object("p", property)));
    let variants = FLAGS.evaluate(&context, &[]);
    let single = ["lt", "le", "gt", "ge", "is"].map(|key| FLAGS.variant(&context, key).is_some());
    assert_eq!(["lt", "le", "gt", "ge", "is"].map(|key| variants.get(key).is_some()), single);
    single
}

/// The grammar of numbers once more, by what the standard reader takes and the grammar does not.
fn number(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t', '\n', '\x0B', '\x0C', '\r']);
    let spelled = ["NaN", "+NaN", "-NaN", "Infinity", "+Infinity", "-Infinity"].contains(&text);
    let decimal = text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    (spelled || decimal).then(|| text.parse().ok()).flatten()
}

fuzz_target!(|text: &str| {
    let [lt, le, gt, ge, is] = compared(Value::from(text));
    // A list is compared element by element.
    if !text.starts_with('[') {
        let expected = match number(text) {
            Some(number) => [number < 0.0, number <= 0.0, number > 0.0, number >= 0.0],
            // Against an ASCII text, the order of UTF-16 units is that of bytes.
            None => [text < "0", text <= "0", text > "0", text >= "0"],
        };
        assert_eq!([lt, le, gt, ge], expected, "{text:?}");
        assert_eq!(is, text == "0");
    }

    let Ok(value) = Value::from_json(text.as_bytes()) else {
        return;
    };
    let written = value.to_string();
    let read: Value = written.parse().expect("what was written can be read");
    assert_eq!(read, value);
    assert_eq!(read.to_string(), written);
    let through_serde = serde_json::to_string(&value).expect("values can be written");
    assert_eq!(through_serde.parse::<Value>().expect("what was written can be read"), value);
    // Null is no text; texts are themselves, not the JSON of themselves.
    if !value.is_null() && value.as_str().is_none() {
        assert_eq!(compared(value), compared(Value::from(written)));
    }
});
