//! Members that could not be read.

use std::fmt;

/// The members of a cohort that could not be read and were left out: how many they are, and what is wrong with the first.
///
/// Never quotes members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    count: usize,
    first: String,
}

impl LeftOut {
    /// Notes one more. The function says where it stands and what is wrong with it.
    pub(crate) fn add(noted: &mut Option<Self>, problem: impl FnOnce() -> String) {
        match noted {
            Some(noted) => noted.count += 1,
            None => *noted = Some(Self { count: 1, first: problem() }),
        }
    }

    /// How many members were left out. At least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where the first of them stands and what is wrong with it, such as `memberIds[3]: expected a string, found null`.
    #[must_use]
    pub fn first(&self) -> &str {
        &self.first
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(f, "1 member cannot be read and is left out: {}", self.first),
            count => write!(f, "{count} members cannot be read and are left out; the first is {}", self.first),
        }
    }
}
