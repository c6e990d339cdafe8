//! Text from values: what conditions compare and buckets hash.

use std::fmt::{self, Write};

use super::{CoercedFormatter, Value};

/// A text of at most [`InlineText::CAPACITY`] bytes, kept without allocating. Every number fits.
#[derive(Clone, Copy)]
pub(crate) struct InlineText {
    bytes: [u8; Self::CAPACITY],
    len: u8,
}

impl InlineText {
    const CAPACITY: usize = 30;

    fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], len: 0 }
    }

    /// Formats into a new text. Empty if it does not fit, which no number does.
    fn format(arguments: fmt::Arguments<'_>) -> Self {
        let mut text = Self::new();
        if text.write_fmt(arguments).is_err() {
            text.len = 0;
        }
        text
    }

    /// The shortest digits that read back the same: plain between 1e-4 and 1e16 and with at least one decimal, else
    /// with a signed exponent of at least two digits.
    pub(crate) fn float(value: f64) -> Self {
        let magnitude = value.abs();
        if value.is_nan() {
            return Self::format(format_args!("NaN"));
        }
        if value.is_infinite() {
            return Self::format(format_args!("{}Infinity", if value < 0.0 { "-" } else { "" }));
        }
        if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
            return Self::format(format_args!("{value:?}"));
        }
        let short = Self::format(format_args!("{value:e}"));
        match short.as_str().split_once('e') {
            Some((digits, exponent)) => {
                let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
                Self::format(format_args!("{digits}e{sign}{exponent:0>2}"))
            }
            None => short,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Debug for InlineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl Write for InlineText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let start = usize::from(self.len);
        let end = start + text.len();
        self.bytes.get_mut(start..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = u8::try_from(end).map_err(|_| fmt::Error)?;
        Ok(())
    }
}

/// The text of a value that is not null. Only objects and lists need an allocation.
#[derive(Debug, Clone)]
pub(crate) enum ScalarText<'a> {
    Borrowed(&'a str),
    Inline(InlineText),
    Owned(String),
}

impl<'a> ScalarText<'a> {
    /// Coerces a value; `None` for null, which has no text.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::String(text) => Self::Borrowed(text),
            Value::Bool(true) => Self::Borrowed("true"),
            Value::Bool(false) => Self::Borrowed("false"),
            Value::Int(number) => Self::Inline(InlineText::format(format_args!("{number}"))),
            Value::UInt(number) => Self::Inline(InlineText::format(format_args!("{number}"))),
            Value::Float(number) => Self::Inline(InlineText::float(*number)),
            Value::Array(_) | Value::Object(_) => Self::Owned(value.to_string()),
        })
    }

    /// The same for a value that is to be dropped.
    pub(crate) fn of_owned(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Owned(text)),
            other => ScalarText::of(&other).map(|text| match text {
                ScalarText::Borrowed(text) => Self::Owned(text.to_owned()),
                ScalarText::Inline(text) => Self::Inline(text),
                ScalarText::Owned(text) => Self::Owned(text),
            }),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Inline(text) => text.as_str(),
            Self::Owned(text) => text,
        }
    }
}

/// Compact JSON in the form that coercion uses: members in the order given, floats as the engine writes them.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, CoercedFormatter);
        serde::Serialize::serialize(self, &mut serializer).map_err(|_| fmt::Error)?;
        f.write_str(&String::from_utf8_lossy(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: impl Into<Value>) -> String {
        let value = value.into();
        ScalarText::of(&value).unwrap().as_str().to_owned()
    }

    #[test]
    fn floats_are_plain_between_1e_minus_4_and_1e16() {
        for (value, expected) in [
            (1.0, "1.0"),
            (2.5, "2.5"),
            (-2.5, "-2.5"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (12_345_678.9, "12345678.9"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1e21, "1e+21"),
            (1e16, "1e+16"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (-1.5e-7, "-1.5e-07"),
            (1e100, "1e+100"),
            (f64::MAX, "1.7976931348623157e+308"),
            (-f64::MIN_POSITIVE, "-2.2250738585072014e-308"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(value), expected);
        }
        assert_eq!(text(f64::NAN), "NaN");
    }

    #[test]
    fn integers_are_exact_over_both_64_bit_ranges() {
        assert_eq!(text(i64::MIN), "-9223372036854775808");
        assert_eq!(text(u64::MAX), "18446744073709551615");
        assert_eq!(text(0), "0");
    }

    #[test]
    fn objects_and_lists_are_compact_json_in_the_order_given() {
        let value: Value = r#"{ "b": [1, 1.0, "é<\u0001\n"], "a": {"x": null, "y": 1e-5} }"#.parse().unwrap();
        assert_eq!(text(value), r#"{"b":[1,1.0,"é<\u0001\n"],"a":{"x":null,"y":1e-05}}"#);
    }
}
