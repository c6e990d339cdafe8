//! The order of texts.

use std::cmp::Ordering;

/// Compares by UTF-16 code units, the order of the reference engine.
///
/// It differs from the order of bytes only where a character past U+FFFF, which UTF-16 writes as surrogates, meets one
/// from U+E000 to U+FFFF. Where two texts first differ, these show as a byte of 0xF0 and up against 0xEE or 0xEF.
pub(crate) fn compare_utf16(a: &str, b: &str) -> Ordering {
    let mut pairs = a.bytes().zip(b.bytes());
    match pairs.find(|(a, b)| a != b) {
        Some((a, b)) if a >= 0xEE && b >= 0xEE && (a >= 0xF0) != (b >= 0xF0) => b.cmp(&a),
        Some((a, b)) => a.cmp(&b),
        None => a.len().cmp(&b.len()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_past_the_basic_plane_come_before_private_use() {
        assert_eq!(compare_utf16("😀", "\u{E000}"), Ordering::Less);
        assert_eq!(compare_utf16("a😀", "a\u{FFFF}"), Ordering::Less);
        assert_eq!(compare_utf16("é", "😀"), Ordering::Less);
        assert_eq!(compare_utf16("a", "é"), Ordering::Less);
        assert_eq!(compare_utf16("ab", "a"), Ordering::Greater);
        assert_eq!(compare_utf16("é", "é"), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn is_the_order_of_utf16_units(
            a in "[a\u{7F}éߖ\u{D7FF}\u{E000}\u{FFFF}😀\u{10FFFF}]{0,6}",
            b in "[a\u{7F}éߖ\u{D7FF}\u{E000}\u{FFFF}😀\u{10FFFF}]{0,6}",
        ) {
            prop_assert_eq!(compare_utf16(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        }
    }
}
