//! Lists written as JSON text.

use serde_json::value::RawValue;

use super::parse_number;
use crate::value::{Value, read_lenient};

/// A text this long may have a number past all floats without an exponent.
const LONG: usize = 300;

/// The elements of a text that is, as a whole, strict JSON for an array and begins with `[`. Those that are numbers past
/// all floats are infinite; inside other elements such numbers have no text, and then there is no list.
pub(crate) fn parse_list(text: &str) -> Option<Vec<Value>> {
    if !text.starts_with('[') {
        return None;
    }
    read_lenient(text.as_bytes()).ok().or_else(|| with_infinite(text))
}

#[cold]
fn with_infinite(text: &str) -> Option<Vec<Value>> {
    // Nearly all texts that get here are no JSON, and then this is all that they cost.
    let has_exponent = text.as_bytes().windows(2).any(|pair| matches!(pair, [b'0'..=b'9', b'e' | b'E']));
    if !has_exponent && text.len() < LONG {
        return None;
    }
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let read = |json: &str| Value::from_json(json).ok().or_else(|| parse_number(json).map(Value::Float));
    elements.into_iter().map(|element| read(element.get())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_strict_array_is_a_list() {
        for text in ["[]", "[1,\"a\",null,[2]]", "[ 1 ]", "[1] "] {
            assert!(parse_list(text).is_some(), "{text}");
        }
        for text in ["", "a", " [1]", "[a,b]", "[1", "[1]x", "{\"a\":1}", "[1,]"] {
            assert!(parse_list(text).is_none(), "{text}");
        }
    }

    #[test]
    fn numbers_past_all_floats_are_infinite() {
        let elements = parse_list("[1e400, -1e400,\"a\\ud800\", 1]").unwrap();
        let expected = [f64::INFINITY.into(), f64::NEG_INFINITY.into(), "a\u{FFFD}".into(), Value::Int(1)];
        assert_eq!(elements, expected);
        assert_eq!(parse_list(&format!("[{}]", "9".repeat(309))), Some(vec![f64::INFINITY.into()]));
        for text in ["[[1e400]]", "[{\"a\":1e400}]", "[1e400", "[1e400,]", "[1e400,Infinity]"] {
            assert!(parse_list(text).is_none(), "{text}");
        }
    }
}
