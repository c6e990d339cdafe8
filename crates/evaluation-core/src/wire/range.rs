//! Half-open ranges.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::value::number;

/// A half-open range of integers: `start` belongs to it, `end` does not.
///
/// On the wire a list of two integers. Missing, short, empty and reversed ranges hold nothing; elements after the
/// second are ignored; integers given as text or as whole floats are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a range is its two ends")]
pub struct Range {
    /// The first integer inside.
    pub start: i64,
    /// The first integer behind.
    pub end: i64,
}

impl Range {
    /// The range from `start` up to `end`.
    #[must_use]
    pub fn new(start: i64, end: i64) -> Self {
        Self { start, end }
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.start, self.end].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ends;

        impl<'de> Visitor<'de> for Ends {
            type Value = Range;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of two integers")
            }

            fn visit_unit<E>(self) -> Result<Range, E> {
                Ok(Range::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Range, A::Error> {
                let start: Option<Integer> = seq.next_element()?;
                let end: Option<Integer> = seq.next_element()?;
                while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(match (start, end) {
                    (Some(start), Some(end)) => Range::new(start.0, end.0),
                    _ => Range::default(),
                })
            }
        }

        deserializer.deserialize_any(Ends)
    }
}

struct Integer(i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lenient;

        impl<'de> Visitor<'de> for Lenient {
            type Value = Integer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Integer, E> {
                Ok(Integer(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Integer, E> {
                Ok(Integer(i64::try_from(value).unwrap_or(i64::MAX)))
            }

            fn visit_i128<E: Error>(self, value: i128) -> Result<Integer, E> {
                number::visit_i128(self, value)
            }

            fn visit_u128<E: Error>(self, value: u128) -> Result<Integer, E> {
                number::visit_u128(self, value)
            }

            #[allow(clippy::cast_possible_truncation, reason = "the cast saturates, and no hash is that large")]
            fn visit_f64<E: Error>(self, value: f64) -> Result<Integer, E> {
                if value.fract() == 0.0 {
                    Ok(Integer(value as i64))
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Float(value), &self))
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Integer, E> {
                text.parse().map(Integer).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Integer, A::Error> {
                number::visit_map(self, map)
            }
        }

        deserializer.deserialize_any(Lenient)
    }
}
