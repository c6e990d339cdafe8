//! The order of texts.

use std::cmp::Ordering;

/// Compares by UTF-16 code units, the order of the reference engine.
///
/// It differs from the order of bytes only where a character past U+FFFF meets one from U+E000 to U+FFFF.
pub(crate) fn compare_utf16(a: &str, b: &str) -> Ordering {
    if a.is_ascii() || b.is_ascii() {
        // A first difference that involves an ASCII character orders the same both ways.
        return a.cmp(b);
    }
    a.encode_utf16().cmp(b.encode_utf16())
}

#[cfg(test)]
mod tests {
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
}
