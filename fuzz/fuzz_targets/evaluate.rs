//! Good flags and any context: deciding all flags, some, one, and with an explanation comes to the same.
//!
//! The input is lines: selector, operator and salt are picked by bytes, everything else is text. The last line is the
//! context's properties as JSON.

#![no_main]

use evaluation_core::{FlagSet, Object, Operator, Value};
use libfuzzer_sys::fuzz_target;

const SELECTORS: [&[&str]; 10] = [
    &["context", "user", "user_id"],
    &["context", "user", "user_properties", "p"],
    &["context", "user", "user_properties", "p", "x"],
    &["context", "user", "user_properties"],
    &["context", "user", "cohort_ids"],
    &["context", "groups", "org", "group_name"],
    &["context", "groups", "org", "cohort_ids"],
    &["context"],
    &["result", "first", "key"],
    &["result", "first", "payload", "p"],
];

fn object(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(members.into_iter().collect())
}

fn pick<T: Copy>(from: &[T], by: u8) -> T {
    from[usize::from(by) % from.len()]
}

/// A flag whose first segment asks one question and splits by one bucket.
fn flag(key: &str, line: &str, payload: &Value, dependencies: &[&str]) -> Value {
    let bytes = line.as_bytes();
    let byte = |index: usize| bytes.get(index).copied().unwrap_or_default();
    let values: Vec<&str> = line.split(' ').collect();
    let condition = object([
        ("selector", Value::from(pick(&SELECTORS, byte(0)))),
        ("op", Value::from(pick(&Operator::ALL, byte(1)).as_str())),
        ("values", Value::from(values.as_slice())),
    ]);
    let share = |variant: &str, start: u8, end: u8| {
        let range = [i64::from(start) * 168_430, i64::from(end) * 168_430];
        object([("variant", Value::from(variant)), ("range", Value::from(range))])
    };
    let allocation = object([
        ("range", Value::from([i64::from(byte(2)) % 100, i64::from(byte(3)) % 101])),
        ("distributions", Value::from([share("a", 0, byte(4)), share("b", byte(4), byte(5))])),
    ]);
    let bucket = object([
        ("selector", Value::from(pick(&SELECTORS, byte(6)))),
        ("salt", Value::from(line)),
        ("allocations", Value::from([allocation])),
    ]);
    let first = object([("conditions", Value::from([[condition]])), ("bucket", bucket)]);
    let variant = |name: &str| object([("key", Value::from(name)), ("payload", payload.clone())]);
    object([
        ("key", Value::from(key)),
        ("dependencies", Value::from(dependencies)),
        ("variants", object([("a", variant("a")), ("b", variant("b"))])),
        ("segments", Value::from([first, object([("variant", Value::from("b"))])])),
    ])
}

fuzz_target!(|text: &str| {
    let mut lines = text.rsplitn(3, '\n');
    let properties: Value = lines.next().and_then(|json| json.parse().ok()).unwrap_or_else(|| Value::from(text));
    let (second, first) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let list = Value::from([flag("second", second, &properties, &["first"]), flag("first", first, &properties, &[])]);
    let flags = FlagSet::from_json(list.to_string().as_bytes()).unwrap();

    let user = object([
        ("user_id", Value::from(second)),
        ("user_properties", object([("p", properties.clone())])),
        ("cohort_ids", properties.clone()),
    ]);
    let mut org = Object::new();
    org.insert("group_name", first);
    org.insert("cohort_ids", properties);
    let context = object([("user", user), ("groups", object([("org", Value::Object(org))]))]);

    let all = flags.evaluate(&context, &[]);
    assert_eq!(flags.evaluate(&context, &["second", "first"]), all);
    assert_eq!(flags.evaluate(&context, &[]), all);
    // `first` may read its own result, which is null whenever it does.
    for key in ["first", "second"] {
        assert_eq!(flags.variant(&context, key), all.get(key));
        let explanation = flags.explain(&context, key).unwrap();
        assert_eq!(explanation.variant.as_deref(), all.get(key).and_then(|variant| variant.key()));
    }
});
