//! Looking for patterns.

use super::{Engine, MAX_BACKTRACKING_SUBJECT_BYTES, Pattern};

/// The searches that one condition takes for one value: for each pattern, in each element of a list.
///
/// The first that goes past the bound on backtracking is the last that may backtrack, so that the
/// bound does not hold for each of them anew.
#[derive(Debug, Default)]
pub(crate) struct Search {
    gave_up: bool,
}

impl Search {
    /// Whether the pattern is found anywhere in `subject`. A search that goes past the bound on
    /// backtracking, or would by the length of `subject`, finds nothing; nor does one that may
    /// backtrack after that.
    pub(crate) fn finds(&mut self, pattern: &Pattern, subject: &str) -> bool {
        match &pattern.engine {
            Engine::Linear(regex) => regex.is_match(subject),
            Engine::Backtracking(_) if self.gave_up || subject.len() > MAX_BACKTRACKING_SUBJECT_BYTES => false,
            Engine::Backtracking(regex) => regex.is_match(subject).unwrap_or_else(|_| {
                self.gave_up = true;
                false
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_one_that_gave_up_only_the_linear_engine_searches() {
        let [runaway, look, plain] = [r"^(?:(a+)+\1)+$", "(?=b)b", "b"].map(|text| Pattern::alone(text).unwrap());
        let mut search = Search::default();
        assert!(search.finds(&look, "b"));
        // No search at all: the subject is too long.
        assert!(!search.finds(&look, &"b".repeat(MAX_BACKTRACKING_SUBJECT_BYTES + 1)));
        assert!(!search.finds(&runaway, "ab") && search.finds(&runaway, "aaaa") && search.finds(&look, "b"));
        assert!(!search.finds(&runaway, &("a".repeat(5_000) + "!")));
        assert!(!search.finds(&runaway, "aaaa") && !search.finds(&look, "b") && search.finds(&plain, "b"));
    }
}
