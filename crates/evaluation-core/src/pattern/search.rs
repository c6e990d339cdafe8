//! Looking for patterns.

use super::{Engine, MAX_BACKTRACKING_SUBJECT_BYTES, Pattern};

/// The searches that one condition takes for one value: for each pattern, in each element of a list.
///
/// When several have gone past the bound on backtracking, none that may backtrack is begun any more, so that the bound does
/// not hold for each of them anew.
#[derive(Debug, Default)]
pub(crate) struct Search {
    given_up: u8,
}

impl Search {
    /// How many may go past the bound: more than any flag that was meant well has, in a list of ordinary length.
    const MOST_GIVEN_UP: u8 = 16;

    /// Whether the pattern is found anywhere in `subject`. A search that goes past the bound on backtracking, or would by the
    /// length of `subject`, finds nothing; nor does one that may backtrack behind so many of them.
    pub(crate) fn finds(&mut self, pattern: &Pattern, subject: &str) -> bool {
        match &pattern.engine {
            Engine::Linear(regex) => regex.is_match(subject),
            Engine::Backtracking(_) if self.given_up == Self::MOST_GIVEN_UP => false,
            Engine::Backtracking(_) if subject.len() > MAX_BACKTRACKING_SUBJECT_BYTES => false,
            Engine::Backtracking(regex) => regex.is_match(subject).unwrap_or_else(|_| {
                self.given_up += 1;
                false
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_several_that_gave_up_only_the_linear_engine_searches() {
        let [runaway, look, plain] = [r"^(?:(a+)+\1)+$", "(?=b)b", "b"].map(|text| Pattern::alone(text).unwrap());
        let mut search = Search::default();
        assert!(search.finds(&look, "b"));
        // No search at all: the subject is too long.
        assert!(!search.finds(&look, &"b".repeat(MAX_BACKTRACKING_SUBJECT_BYTES + 1)));
        assert!(!search.finds(&runaway, "ab") && search.finds(&runaway, "aaaa") && search.finds(&look, "b"));
        let subject = "a".repeat(5_000) + "!";
        for _ in 0..Search::MOST_GIVEN_UP {
            assert!(search.finds(&runaway, "aaaa") && search.finds(&look, "b"));
            assert!(!search.finds(&runaway, &subject));
        }
        assert!(!search.finds(&runaway, "aaaa") && !search.finds(&look, "b") && search.finds(&plain, "b"));
    }
}
