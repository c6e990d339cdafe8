//! Who is in a cohort.

use std::collections::HashSet;

/// A set of user ids or names of groups.
pub(crate) struct Members(HashSet<Box<str>>);

impl Members {
    pub(crate) fn contains(&self, member: &str) -> bool {
        self.0.contains(member)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> FromIterator<&'a str> for Members {
    fn from_iter<I: IntoIterator<Item = &'a str>>(members: I) -> Self {
        Self(members.into_iter().map(Box::from).collect())
    }
}
