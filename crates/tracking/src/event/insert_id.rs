//! Insert ids: what the service knows repeats by.

use evaluation_core::{User, Variants};

use super::DAY;
use crate::canonical::{TextHash, canonical};

/// The insert ids of one evaluation.
pub(crate) struct InsertIds<'a> {
    user_id: &'a str,
    device_id: &'a str,
    canonical: TextHash,
    day: u64,
}

impl<'a> InsertIds<'a> {
    pub(crate) fn new(user: &'a User, variants: &Variants, time: u64) -> Self {
        let mut hash = TextHash::default();
        canonical(user, variants, |piece| hash.push(piece));
        Self {
            user_id: user.user_id().unwrap_or_default(),
            device_id: user.device_id().unwrap_or_default(),
            canonical: hash,
            day: time / DAY,
        }
    }

    /// That of the assignment.
    pub(crate) fn assignment(&self) -> String {
        self.of(self.canonical)
    }

    /// That of the exposure to a flag.
    pub(crate) fn exposure(&self, flag: &str) -> String {
        let mut front = TextHash::of(flag);
        front.push(" ");
        self.of(front.then(self.canonical))
    }

    fn of(&self, hash: TextHash) -> String {
        format!("{} {} {} {}", self.user_id, self.device_id, hash.value(), self.day)
    }
}
