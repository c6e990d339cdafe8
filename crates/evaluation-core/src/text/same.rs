//! Equality of short texts.

/// True when two texts are equal.
///
/// Keys, ids and values are short, and for short texts a call that compares memory costs more than comparing does. Up
/// to 32 bytes are compared as two words, which overlap where there are fewer.
#[inline]
pub(crate) fn same_text(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        16..=32 => a.first_chunk::<16>() == b.first_chunk() && a.last_chunk::<16>() == b.last_chunk(),
        8..16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        4..8 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        0..4 => a.iter().eq(b),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_plain_equality(a in "[ab]{0,40}", b in "[ab]{0,40}") {
            prop_assert_eq!(same_text(&a, &b), a == b);
            prop_assert!(same_text(&a, &a.clone()));
        }

        #[test]
        fn finds_any_one_difference(text in "[a-c]{1,40}", place in any::<prop::sample::Index>()) {
            let mut other = text.clone().into_bytes();
            other[place.index(text.len())] = b'x';
            prop_assert!(!same_text(&text, &String::from_utf8(other).unwrap()));
        }
    }
}
