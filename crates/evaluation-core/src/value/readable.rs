//! Reading without keeping.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Value, number};

/// Accepts what a [`Value`] can hold, and keeps nothing of it. Stricter than passing over JSON: texts are
/// decoded, numbers must be in range, and nesting is bounded.
pub(crate) struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        if number::AS_TEXT {
            return Value::deserialize(MapAccessDeserializer::new(map)).map(|_| self);
        }
        while map.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use crate::value::{Readable, Value, parse_document};

    #[test]
    fn accepts_what_values_accept() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for json in
            ["1", "[1,{\"a\":\"\\u00e9\",\"b\":[null,true,-1.5e3]}]", "\"\\ud800\"", "1e400", "[1,]", "x", &deep]
        {
            let as_value = parse_document::<Value>(json.as_bytes()).is_ok();
            assert_eq!(parse_document::<Readable>(json.as_bytes()).is_ok(), as_value, "{json}");
        }
    }
}
