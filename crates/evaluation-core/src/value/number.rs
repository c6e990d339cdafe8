//! Numbers in the forms in which readers give them.
//!
//! With the feature `arbitrary_precision` of `serde_json`, which any crate may switch on for the whole program, numbers
//! that no 64-bit integer holds come as their text: in a map with one key, which stands for nothing else. They are read
//! as they are without that feature.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Error, MapAccess, Unexpected, Visitor};
use serde_json::Number;

use super::{Object, Value};

/// Whether numbers may come as their text: only then do they own memory.
pub(super) const AS_TEXT: bool = std::mem::needs_drop::<Number>();

/// The one key of the map that holds a number's text.
const KEY: &str = "$serde_json::private::Number";

/// The error for a number past all floats, as `serde_json` words it without that feature.
pub(super) const OUT_OF_RANGE: &str = "number out of range";

/// The value of a number. Past all floats, where only texts get to, it is infinite.
pub(super) fn of_number(number: &Number) -> Value {
    // `-0` is a float, but as a text also an integer.
    let negative = || number.as_i64().filter(|value| *value != 0).map(Value::Int);
    let float = || number.as_f64().or_else(|| number.to_string().parse().ok()).unwrap_or(f64::NAN);
    number.as_u64().map(Value::from).or_else(negative).unwrap_or_else(|| Value::Float(float()))
}

/// The value that an object stands for: itself, unless it holds a number's text.
pub(super) fn of_object<E: Error>(object: Object) -> Result<Value, E> {
    let text = if AS_TEXT && object.len() == 1 { object.get(KEY).and_then(Value::as_str) } else { None };
    match text.and_then(|text| text.parse().ok()).map(|number| of_number(&number)) {
        Some(Value::Float(number)) if !number.is_finite() => Err(E::custom(OUT_OF_RANGE)),
        Some(number) => Ok(number),
        None => Ok(Value::Object(object)),
    }
}

/// What a visitor of numbers makes of a map: nothing, unless it holds a number's text.
pub(crate) fn visit_map<'de, V: Visitor<'de>, A: MapAccess<'de>>(visitor: V, map: A) -> Result<V::Value, A::Error> {
    let value = if AS_TEXT { Value::deserialize(MapAccessDeserializer::new(map))? } else { Value::Null };
    match value {
        Value::Int(number) => visitor.visit_i64(number),
        Value::UInt(number) => visitor.visit_u64(number),
        Value::Float(number) => visitor.visit_f64(number),
        _ => Err(A::Error::invalid_type(Unexpected::Map, &visitor)),
    }
}

/// What a visitor of numbers makes of one that may be past 64 bits: then it is a float.
pub(crate) fn visit_i128<'de, V: Visitor<'de>, E: Error>(visitor: V, number: i128) -> Result<V::Value, E> {
    match (i64::try_from(number), u64::try_from(number)) {
        (Ok(number), _) => visitor.visit_i64(number),
        (_, Ok(number)) => visitor.visit_u64(number),
        _ => visitor.visit_f64(number as f64),
    }
}

/// The same for one without a sign.
pub(crate) fn visit_u128<'de, V: Visitor<'de>, E: Error>(visitor: V, number: u128) -> Result<V::Value, E> {
    match u64::try_from(number) {
        Ok(number) => visitor.visit_u64(number),
        Err(_) => visitor.visit_f64(number as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Readable, parse_document};
    use crate::wire::{Condition, Range};

    #[test]
    fn numbers_are_read_alike_from_text_and_from_trees() {
        for (json, text) in [
            ("0", "0"),
            ("7", "7"),
            ("1.0", "1.0"),
            ("-1.50", "-1.5"),
            ("1e3", "1000.0"),
            ("2E-7", "2e-07"),
            ("1e-400", "0.0"),
            ("-0.0", "-0.0"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("-9223372036854775809", "-9.223372036854776e+18"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "1.8446744073709552e+19"),
            ("1000000000000000000000000000000000000000000", "1e+42"),
        ] {
            let tree: serde_json::Value = serde_json::from_str(json).unwrap();
            assert_eq!(Value::from_json(json).unwrap().to_string(), text);
            assert_eq!(serde_json::from_value::<Value>(tree.clone()).unwrap().to_string(), text);
            assert_eq!(Value::from(tree).to_string(), text);
        }
        // Some trees take it for an integer when they are asked for any number.
        assert_eq!(Value::from_json("-0").unwrap().to_string(), "-0.0");
        assert_eq!(Value::from(serde_json::from_str::<serde_json::Value>("-0").unwrap()).to_string(), "-0.0");
    }

    #[test]
    fn flags_read_them_alike_too() {
        let numbers = "[1.50, 4e0, -0.0, 18446744073709551616]";
        let condition = format!(r#"{{"op": "is", "values": {numbers}}}"#);
        let tree: serde_json::Value = serde_json::from_str(&condition).unwrap();
        let conditions = [serde_json::from_str::<Condition<'_>>(&condition), Condition::deserialize(tree)];
        for condition in conditions {
            assert_eq!(condition.unwrap().values, ["1.5", "4.0", "-0.0", "1.8446744073709552e+19"]);
        }
        let range = "[4e0, 18446744073709551616, 1.5]";
        let tree: serde_json::Value = serde_json::from_str(range).unwrap();
        for range in [serde_json::from_str::<Range>(range), serde_json::from_value(tree)] {
            assert_eq!(range.unwrap(), Range::new(4, i64::MAX));
        }
        for refused in ["[1.5, 2]", "[{}, 2]"] {
            assert!(serde_json::from_str::<Range>(refused).is_err(), "{refused}");
        }
        assert!(serde_json::from_str::<Condition<'_>>(r#"{"op": {}}"#).is_err());
    }

    #[test]
    fn past_all_floats_is_no_number_of_json() {
        for json in ["1e400", "[-1e400]", r#"{"a": 1e400}"#] {
            assert!(Value::from_json(json).is_err(), "{json}");
            assert!(parse_document::<Readable>(json.as_bytes()).is_err(), "{json}");
        }
        // Trees hold it only where numbers come as text.
        let tree = serde_json::from_str::<serde_json::Value>("-1e400");
        assert_eq!(tree.is_ok(), AS_TEXT);
        assert!(tree.map_or(true, |tree| Value::from(tree) == Value::Float(f64::NEG_INFINITY)));
    }

    #[test]
    fn objects_remain_objects() {
        for json in [
            r#"{"$serde_json::private::Number":"a"}"#,
            r#"{"$serde_json::private::Number":1}"#,
            r#"{"$serde_json::private::Number":"1","b":2}"#,
            r#"{"b":2,"$serde_json::private::Number":"1"}"#,
        ] {
            assert_eq!(Value::from_json(json).unwrap().to_string(), json);
        }
        let alike = Value::from_json(r#"{"$serde_json::private::Number":"1"}"#).unwrap();
        assert_eq!(alike.as_object().is_none(), AS_TEXT);
    }
}
