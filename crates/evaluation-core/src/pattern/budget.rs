//! What the patterns of one set may take together.

use super::MAX_SET_BYTES;
use super::error::PatternError;

/// The sizes that a program is tried with, in bytes, the smallest first: the engine does not tell how large one is, only
/// whether it is within a limit. The first is the least that one takes with all that comes with it.
const SIZES: [usize; 7] = [16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20];

/// What is left for the patterns of a set, in bytes.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    /// Builds a program, which takes from `least` to `most` bytes, within the smallest size that suffices, and charges
    /// that. What is too large even for the last is charged too: it took its time.
    pub(super) fn build<P>(
        &mut self,
        least: usize,
        most: usize,
        build: impl Fn(usize) -> Result<P, PatternError>,
    ) -> Result<P, PatternError> {
        let mut charged = 0;
        let mut sizes = SIZES.into_iter().filter(|size| *size >= least.min(most) && *size <= most).peekable();
        while let Some(size) = sizes.next() {
            self.left = self.left.checked_sub(size - charged).ok_or_else(|| {
                PatternError::too_large(format_args!("with the other patterns, more than {MAX_SET_BYTES} bytes"))
            })?;
            charged = size;
            match build(size) {
                Err(PatternError::TooLarge { .. }) if sizes.peek().is_some() => {}
                built => return built,
            }
        }
        Err(PatternError::too_large(format_args!("a program of more than {most} bytes")))
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MAX_SET_BYTES }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::tests::pattern_like;
    use crate::pattern::translate::{flatten, translate};
    use crate::pattern::{MAX_PROGRAM_BYTES, Pattern, backtracking};
    use proptest::prelude::*;

    fn cost(text: &str) -> usize {
        let mut budget = Budget::default();
        let _ = Pattern::compile(text, &mut budget);
        MAX_SET_BYTES - budget.left
    }

    #[test]
    fn tens_of_thousands_of_simple_patterns_fit() {
        for simple in
            ["a", "^https?://[^/]+/path$", r"^[\w.+-]+@example\.com$", "(?i)norway|sweden", r"^\d{1,3}(\.\d+)*$"]
        {
            assert!(MAX_SET_BYTES / cost(simple) > 30_000, "{simple}: {}", cost(simple));
        }
        for look in ["^(?!.*test)", "^(?=.*[A-Z])(?=.*[0-9]).+$", r"(a|b)\1"] {
            assert!(MAX_SET_BYTES / cost(look) > 8_000, "{look}: {}", cost(look));
        }
    }

    #[test]
    fn short_patterns_with_large_programs_are_refused_once_they_are_too_many() {
        let mut budget = Budget { left: 64 * 1024 * 1024 };
        let mut compiled = |make: &dyn Fn(usize) -> String| {
            let texts = (0..500).map(make);
            texts.filter(|text| Pattern::compile(text, &mut budget).is_ok()).count()
        };
        let large = compiled(&|place| format!(r"\p{{L}}{{40}}{place}"));
        assert!((1..=16).contains(&large), "{large}");
        // Nothing is left but for small ones.
        assert_eq!(compiled(&|place| format!(r"(?=a)\p{{L}}{{40}}{place}")), 0);
        assert_eq!(Budget { left: 32 * 1024 }.compiled(["a", "b", "c"]), [true, true, false]);
    }

    #[test]
    fn parts_of_one_pattern_count_together() {
        // One part, however many alternatives.
        let words: Vec<String> = (0..1_500).map(|word| format!("word{word}")).collect();
        assert!(MAX_SET_BYTES / cost(&format!("(?!x)({})", words.join("|"))) >= 32);
        let parts = |count: usize| (0..count).map(|place| format!(r"|\p{{L}}{{20}}{place}")).collect::<String>();
        assert!(Pattern::alone(&format!("(?=a){}", parts(10))).is_ok());
        let many = Pattern::alone(&format!("(?=a){}", parts(1_000)));
        assert!(matches!(many, Err(PatternError::TooLarge { .. })));
    }

    #[test]
    fn what_is_refused_is_charged_and_what_is_no_pattern_is_not() {
        assert_eq!(cost(r"\p{L}{9999}"), MAX_PROGRAM_BYTES);
        assert_eq!(cost("("), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// The pattern that stands for the parts of another one is well formed where that is.
        #[test]
        fn what_is_measured_is_a_pattern(text in pattern_like()) {
            let text = format!("(?=){text}");
            if let Ok(translation) = translate(&text) && backtracking(&translation.text).is_ok() {
                prop_assert!(Pattern::compile(&text, &mut Budget::default()).is_ok(), "{:?}", flatten(&text));
            }
        }
    }

    impl Budget {
        fn compiled<const N: usize>(mut self, texts: [&str; N]) -> [bool; N] {
            texts.map(|text| Pattern::compile(text, &mut self).is_ok())
        }
    }
}
