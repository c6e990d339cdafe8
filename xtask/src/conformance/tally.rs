//! Counts of what passed and what failed.

use std::ops::AddAssign;

/// Passed and failed cases of a stage, and those that were only looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Advisory cases that did not come out as advised: reported, not failed.
    pub(crate) advisory: usize,
}

impl Tally {
    pub(crate) fn count(&mut self, passed: bool) {
        if passed { self.passed += 1 } else { self.failed += 1 }
    }

    /// Passed and failed together.
    pub(crate) fn total(&self) -> usize {
        self.passed + self.failed
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.advisory += other.advisory;
    }
}
