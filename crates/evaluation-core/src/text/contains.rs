//! Substrings without regard to case.

use memchr::memmem::Finder;

/// Subjects up to this many bytes are lower-cased on the stack.
const INLINE_BYTES: usize = 128;

/// A value of `contains`, lower-cased and ready to be searched for.
#[derive(Debug)]
pub(crate) struct Needle {
    finder: Finder<'static>,
    ascii: bool,
}

impl Needle {
    pub(crate) fn new(value: &str) -> Self {
        let lower = value.to_lowercase();
        Self { ascii: lower.is_ascii(), finder: Finder::new(&lower).into_owned() }
    }

    /// True when one of `needles` is in `subject`, both lower-cased by the full Unicode rules.
    pub(crate) fn any_in(needles: &[Self], subject: &str) -> bool {
        if !subject.is_ascii() {
            let lower = subject.to_lowercase();
            return needles.iter().any(|needle| needle.is_in(lower.as_bytes()));
        }
        // Lower-cased ASCII is ASCII, so a needle with anything else cannot be in it.
        let mut inline = [0; INLINE_BYTES];
        match inline.get_mut(..subject.len()) {
            Some(lower) => {
                lower.copy_from_slice(subject.as_bytes());
                lower.make_ascii_lowercase();
                needles.iter().any(|needle| needle.ascii && needle.is_in(lower))
            }
            None => {
                let lower = subject.to_ascii_lowercase();
                needles.iter().any(|needle| needle.ascii && needle.is_in(lower.as_bytes()))
            }
        }
    }

    fn is_in(&self, lower: &[u8]) -> bool {
        self.finder.find(lower).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(subject: &str, value: &str) -> bool {
        Needle::any_in(&[Needle::new(value)], subject)
    }

    #[test]
    fn case_is_folded_by_the_full_unicode_rules() {
        assert!(contains("Hello World", "lo wo"));
        assert!(contains("anything", ""));
        assert!(contains("", ""));
        assert!(contains("ΌΔΟΣ", "όδος"));
        assert!(contains("İstanbul", "i\u{307}stan"));
        assert!(contains("\u{212A}elvin", "kelvin"), "the Kelvin sign lower-cases to k");
        assert!(contains("kelvin", "\u{212A}"));
        assert!(!contains("straße", "ss"));
        assert!(!contains("abc", "é"));
        assert!(!contains("ab", "abc"));
    }

    #[test]
    fn subjects_of_any_length() {
        let long = "x".repeat(1_000) + "NEEDLE";
        assert!(contains(&long, "needle"));
        assert!(!contains(&long, "needles"));
        let edge = "y".repeat(INLINE_BYTES - 1) + "Z";
        assert!(contains(&edge, "yz"));
    }
}
