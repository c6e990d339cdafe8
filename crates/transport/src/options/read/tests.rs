use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Options {
    text: String,
    flag: bool,
    whole: u32,
    below: i64,
    fraction: f64,
    list: Vec<Kind>,
    inner: Option<BTreeMap<String, PathBuf>>,
    none: Option<u64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Plain,
    Holds(u8),
}

fn options() -> Value {
    json!({
        "text": "t", "flag": true, "whole": 1, "below": -2, "fraction": 1.5, "list": ["plain", {"holds": 3}],
        "inner": {"folder": "/f"}, "none": null
    })
}

#[test]
fn what_is_right_is_read() {
    let read: Options = read("exposureConfig", options()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), options());
    assert_eq!(read, serde_json::from_value(options()).unwrap());
}

#[test]
fn what_is_wrong_is_told_by_name_and_kind() {
    for (name, given, said) in [
        ("text", json!(8_675_309), "`o.text` is a number: give a string"),
        ("text", json!(["hush"]), "`o.text` is a list: give a string"),
        ("flag", json!("hush"), "`o.flag` is a string: give a boolean"),
        ("whole", json!("hush"), "`o.whole` is a string: give a whole number"),
        ("whole", json!(-8_675_309), "`o.whole` is a number below 0: give a whole number"),
        ("whole", json!(8_675_309.5), "`o.whole` is a number with a fraction: give a whole number"),
        ("whole", json!(null), "`o.whole` is null: give a whole number"),
        ("inner", json!("hush"), "`o.inner` is a string: give an object"),
        ("inner", json!({"folder": true}), "`o.inner.folder` is a boolean: give path string"),
        ("list", json!(["hush"]), "`o.list`: none of `plain`, `holds`"),
        ("other", json!("hush"), "`o`: unknown field `other`, expected one of `text`,"),
    ] {
        let mut options = options();
        options[name] = given;
        let error = read::<Options>("o", options).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
        assert!(!error.contains("hush") && !error.contains("8675309"), "{error}");
    }
    let error = read::<Options>("o", json!("hush")).unwrap_err().to_string();
    assert_eq!(error, "`o` is a string: give an object");
}

#[test]
fn members_are_taken_out_one_by_one() {
    let members = || Members::of("o", json!({"apiKey": "hush", "size": 3, "more": 7})).unwrap();
    let mut all = members();
    assert_eq!(all.need::<String>("apiKey").unwrap(), "hush");
    assert_eq!((all.take::<u64>("size").unwrap(), all.take::<u64>("other").unwrap()), (Some(3), None));
    assert_eq!(all.clone().rest::<BTreeMap<String, u8>>().unwrap(), BTreeMap::from([("more".to_owned(), 7)]));
    let mut typo = members();
    typo.need::<String>("apiKey").unwrap();
    let error = typo.rest::<Options>().unwrap_err().to_string();
    assert!(error.contains("expected one of `apiKey`, `text`, "), "{error}");
    let error = all.end().unwrap_err().to_string();
    assert_eq!(error, "`o`: unknown field `more`, expected one of `apiKey`, `size`, `other`");
    let error = members().take::<u64>("apiKey").unwrap_err().to_string();
    assert_eq!(error, "`o.apiKey` is a string: give a whole number");
    assert_eq!(members().need::<u64>("secret").unwrap_err().to_string(), "`o`: `secret` is missing");
    assert_eq!(Members::of("o", json!("hush")).unwrap_err().to_string(), "`o` is a string: give an object");
    assert!(!format!("{:?}", members()).contains("hush"));
}
