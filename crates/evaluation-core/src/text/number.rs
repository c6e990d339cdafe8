//! Numbers in texts.

/// Reads a text as a number: optional blanks around; optional sign; digits with an optional point; optional exponent;
/// or `Infinity` or `NaN`. Too large becomes infinite.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| matches!(c, ' ' | '\t' | '\n' | '\x0B' | '\x0C' | '\r'));
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "Infinity" || unsigned == "NaN" || is_decimal(unsigned.as_bytes()) {
        // What is left is within what the standard reader takes, spelled as it takes it.
        return text.parse().ok();
    }
    None
}

/// Digits with an optional point before, between or behind them, and an optional exponent.
fn is_decimal(text: &[u8]) -> bool {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = match rest.split_first() {
        Some((b'.', rest)) => split_digits(rest),
        _ => (0, rest),
    };
    if whole + fraction == 0 {
        return false;
    }
    match rest.split_first() {
        None => true,
        Some((b'e' | b'E', exponent)) => {
            let digits = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
            matches!(split_digits(digits), (1.., []))
        }
        Some(_) => false,
    }
}

/// How many digits a text begins with, and what follows them.
fn split_digits(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count, text.get(count..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_grammar_allows() {
        for (text, number) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("007", 7.0),
            ("+1.5", 1.5),
            ("5.", 5.0),
            (".5", 0.5),
            ("-.5e-1", -0.05),
            ("1E3", 1000.0),
            (" \t1\r\n", 1.0),
            ("1e400", f64::INFINITY),
            ("-1e400", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
        ] {
            assert_eq!(parse_number(text), Some(number), "{text}");
        }
        assert!(parse_number("NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "", " ", ".", "e5", "1e", "1e+", "--1", "+-1", "1 2", "0x10", "1_000", "1,000", "10d", "10f", "inf", "nan",
            "infinity", "NAN", "١", "1.2.3", "true",
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }
}
