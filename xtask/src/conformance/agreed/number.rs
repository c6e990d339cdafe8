//! Numbers: how they are written, and which texts every engine reads as one.

/// What engines make of a text where a number is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Number,
    /// Not a number to any of them.
    Word,
    /// A number to some (rows 22b to 22d).
    Doubtful,
}

/// The largest integers that a 64-bit float holds exactly have 15 digits (row 14).
const EXACT_DIGITS: usize = 15;

/// The text of a JSON number, where all engines write it alike and none takes it for nothing.
pub(super) fn text(written: &str) -> Option<String> {
    let digits = written.strip_prefix('-').unwrap_or(written);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let exact = digits.len() <= EXACT_DIGITS && digits.bytes().any(|digit| digit != b'0');
        return exact.then(|| written.to_owned());
    }
    let number: f64 = written.parse().ok()?;
    // Rows 11 and 12: whole floats and those written with an exponent differ.
    let plain = number.fract() != 0.0 && (1e-4..1e16).contains(&number.abs());
    plain.then(|| number.to_string())
}

/// Reads a text as the engines do when they compare.
pub(super) fn read(text: &str) -> Reading {
    let trimmed = text.trim_matches([' ', '\t', '\n']);
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if is_decimal(unsigned) || unsigned == "Infinity" || trimmed == "NaN" {
        return Reading::Number;
    }
    let lower = unsigned.to_ascii_lowercase();
    let named = ["inf", "infinity", "nan"].contains(&lower.as_str());
    let radix = ["0x", "0o", "0b"].iter().any(|prefix| lower.starts_with(prefix));
    let doubtful =
        unsigned.is_empty() || named || radix || lower.contains('_') || !text.is_ascii() || trimmed.is_empty();
    if doubtful { Reading::Doubtful } else { Reading::Word }
}

fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_holds = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    exponent_holds && digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_numbers() {
        assert_eq!(text("12"), Some("12".to_owned()));
        assert_eq!(text("2.50"), Some("2.5".to_owned()));
        for outside in ["0", "-0", "0.0", "1.0", "1e3", "1e-5", "0.00001", "9007199254740993"] {
            assert_eq!(text(outside), None, "{outside}");
        }
    }

    #[test]
    fn readings() {
        for number in ["1", " 01 ", "+5.", "-.5e-3", "1E+400", "-Infinity", "NaN"] {
            assert_eq!(read(number), Reading::Number, "{number}");
        }
        for word in ["abc", "10d", "1.2.3", "1e", "."] {
            assert_eq!(read(word), Reading::Word, "{word}");
        }
        for doubtful in ["", " ", "0x10", "1_000", "nan", "-inf", "\u{661}"] {
            assert_eq!(read(doubtful), Reading::Doubtful, "{doubtful}");
        }
    }
}
