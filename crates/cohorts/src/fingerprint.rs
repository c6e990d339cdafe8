//! What stands for a member's id.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use siphasher::sip128::SipHasher13;

/// 128 bits of a keyed hash of an id: as good as the id for telling members apart, and 16 bytes however long it is.
///
/// The key is random, and one for the process, so that one fingerprint serves all cohorts and nobody can choose ids that
/// have the same. Nothing of it may outlive the process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fingerprint(u128);

impl Fingerprint {
    pub(crate) fn of(id: &str) -> Self {
        static HASHER: OnceLock<SipHasher13> = OnceLock::new();
        let hasher = HASHER.get_or_init(|| {
            let random = RandomState::new();
            SipHasher13::new_with_keys(random.hash_one(0_u8), random.hash_one(1_u8))
        });
        Self(hasher.hash(id.as_bytes()).into())
    }

    /// Which of so many buckets it is in. Buckets are of one width, and in the order of fingerprints.
    #[inline]
    pub(crate) fn bucket(self, buckets: usize) -> usize {
        let high = (self.0 >> 64) * buckets as u128;
        (high >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ids_and_no_others_have_equal_fingerprints() {
        let ids = ["", "a", "b", "ab", "ba", "a\0", "\u{e9}", "e\u{301}"];
        for a in ids {
            for b in ids {
                assert_eq!(Fingerprint::of(a) == Fingerprint::of(b), a == b, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn buckets_are_in_order_and_of_one_width() {
        for buckets in [1, 2, 3, 255, 256, 1_000_003] {
            assert_eq!(Fingerprint(0).bucket(buckets), 0);
            assert_eq!(Fingerprint(u128::MAX).bucket(buckets), buckets - 1);
            assert_eq!(Fingerprint(u128::MAX / 2 + 1).bucket(buckets), buckets / 2);
        }
    }
}
