//! Knows repeats: the same user with the same results, within a day.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use evaluation_core::{User, Variants};
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::canonical::canonical;
use crate::event::DAY;

/// Which results were seen, and when first.
///
/// Results are known by a fingerprint of 128 bits, under keys drawn for each tracker, so that nobody can make two results
/// look alike. A hit makes an entry younger in the order in which entries are given up, but not in age: after a day it is
/// tracked again, however active the user is.
pub(crate) struct Dedupe {
    seen: Cache<u128, u64, Fingerprinted>,
    keys: (u64, u64),
}

impl Dedupe {
    pub(crate) fn new(capacity: u64) -> Self {
        let random = RandomState::new();
        Self {
            // The default policy refuses newcomers when full: they would be tracked again and again.
            seen: Cache::builder()
                .max_capacity(capacity)
                .eviction_policy(EvictionPolicy::lru())
                .build_with_hasher(Fingerprinted::default()),
            keys: (random.hash_one(0_u8), random.hash_one(1_u8)),
        }
    }

    /// True if this was not seen within a day. From now on it was: of several who ask at a time, one is told so.
    pub(crate) fn is_new(&self, user: &User, variants: &Variants, now: u64) -> bool {
        let fingerprint = self.fingerprint(user, variants);
        // A clock that was set back further than that counts as one that went on.
        let is_fresh = |seen: u64| now.abs_diff(seen) <= DAY;
        // Repeats are the rule, and this is the cheaper way to find one.
        if self.seen.get(&fingerprint).is_some_and(is_fresh) {
            return false;
        }
        let result = self.seen.entry(fingerprint).and_compute_with(|entry| match entry {
            Some(entry) if is_fresh(*entry.value()) => Op::Nop,
            _ => Op::Put(now),
        });
        matches!(result, CompResult::Inserted(_) | CompResult::ReplacedWith(_))
    }

    fn fingerprint(&self, user: &User, variants: &Variants) -> u128 {
        let mut pieces =
            Pieces { hasher: SipHasher13::new_with_keys(self.keys.0, self.keys.1), held: [0; 256], used: 0 };
        canonical(user, variants, |piece| pieces.push(piece.as_bytes()));
        pieces.finish()
    }
}

impl fmt::Debug for Dedupe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedupe").field("entries", &self.seen.entry_count()).finish_non_exhaustive()
    }
}

/// Collects short pieces before they are hashed: each call costs the hasher more than a few bytes do.
struct Pieces {
    hasher: SipHasher13,
    held: [u8; 256],
    used: usize,
}

impl Pieces {
    #[inline]
    fn push(&mut self, piece: &[u8]) {
        let end = self.used.saturating_add(piece.len());
        if let Some(place) = self.held.get_mut(self.used..end) {
            place.copy_from_slice(piece);
            self.used = end;
        } else {
            self.write_held();
            match self.held.get_mut(..piece.len()) {
                Some(place) => {
                    place.copy_from_slice(piece);
                    self.used = piece.len();
                }
                None => self.hasher.write(piece),
            }
        }
    }

    fn write_held(&mut self) {
        self.hasher.write(self.held.get(..self.used).unwrap_or_default());
        self.used = 0;
    }

    fn finish(mut self) -> u128 {
        self.write_held();
        self.hasher.finish128().into()
    }
}

/// Fingerprints are hashes already.
#[derive(Debug, Clone, Copy, Default)]
struct Fingerprinted(u64);

impl BuildHasher for Fingerprinted {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for Fingerprinted {
    // Half of a fingerprint is as good a hash as any.
    fn write_u128(&mut self, fingerprint: u128) {
        self.0 = fingerprint as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use evaluation_core::Variant;

    use super::*;

    fn variants(key: &str) -> Variants {
        [("flag", Variant::new(key))].into_iter().collect()
    }

    #[test]
    fn a_repeat_is_known_for_a_day_from_when_it_was_new() {
        let (dedupe, user, variants) = (Dedupe::new(100), User::with_user_id("u1"), variants("on"));
        assert!(dedupe.is_new(&user, &variants, 1000));
        // Being seen in between makes no difference.
        for now in [1000, 1000 + DAY / 2, 1000 + DAY, 0] {
            assert!(!dedupe.is_new(&user, &variants, now), "{now}");
        }
        assert!(dedupe.is_new(&user, &variants, 1001 + DAY));
        assert!(!dedupe.is_new(&user, &variants, 1001 + 2 * DAY));
    }

    #[test]
    fn a_clock_that_was_far_ahead_does_not_hide_what_comes_later() {
        let (dedupe, user, variants) = (Dedupe::new(100), User::with_user_id("u1"), variants("on"));
        assert!(dedupe.is_new(&user, &variants, 100 * DAY));
        assert!(!dedupe.is_new(&user, &variants, 99 * DAY));
        assert!(dedupe.is_new(&user, &variants, 99 * DAY - 1));
        assert!(!dedupe.is_new(&user, &variants, 99 * DAY));
    }

    #[test]
    fn other_users_devices_and_variants_are_no_repeats() {
        let dedupe = Dedupe::new(100);
        let user = |user_id: &str, device_id: &str| User::builder().user_id(user_id).device_id(device_id).build();
        for (user, key, new) in [
            (user("a", ""), "on", true),
            (user("", "a"), "on", true),
            (user("a", "a"), "on", true),
            (user("a", ""), "off", true),
            (user(" a", ""), "on", false),
            (User::with_user_id("a"), "on", false),
        ] {
            assert_eq!(dedupe.is_new(&user, &variants(key), 0), new, "{user:?} {key}");
        }
    }

    #[test]
    fn a_fingerprint_is_the_same_however_long_the_pieces_are() {
        let dedupe = Dedupe::new(100);
        for length in [1, 100, 254, 255, 256, 257, 300, 1000] {
            let user = User::with_user_id("u".repeat(length));
            let many: Variants = (0..length / 10).map(|flag| (format!("flag-{flag}"), Variant::new("on"))).collect();
            let mut text = String::new();
            canonical(&user, &many, |piece| text.push_str(piece));
            let mut whole = SipHasher13::new_with_keys(dedupe.keys.0, dedupe.keys.1);
            whole.write(text.as_bytes());
            assert_eq!(dedupe.fingerprint(&user, &many), u128::from(whole.finish128()), "{length}");
        }
    }

    #[test]
    fn when_full_the_one_that_was_not_asked_for_longest_goes() {
        let (dedupe, variants) = (Dedupe::new(100), variants("on"));
        let user = |index: u32| User::with_user_id(format!("user-{index}"));
        for index in 0..100 {
            assert!(dedupe.is_new(&user(index), &variants, 0));
            dedupe.seen.run_pending_tasks();
        }
        assert!(!dedupe.is_new(&user(0), &variants, 0));
        dedupe.seen.run_pending_tasks();
        for index in 100..150 {
            assert!(dedupe.is_new(&user(index), &variants, 0));
            dedupe.seen.run_pending_tasks();
            // Newcomers are taken in.
            assert!(!dedupe.is_new(&user(index), &variants, 0));
        }
        assert!(!dedupe.is_new(&user(0), &variants, 0));
        assert!(dedupe.is_new(&user(1), &variants, 0));
    }

    #[test]
    fn of_a_thousand_at_a_time_one_is_new() {
        let (dedupe, user, variants) = (Dedupe::new(100), User::with_user_id("u1"), variants("on"));
        let (new, start) = (AtomicUsize::new(0), Barrier::new(1000));
        thread::scope(|scope| {
            for _ in 0..1000 {
                scope.spawn(|| {
                    start.wait();
                    new.fetch_add(usize::from(dedupe.is_new(&user, &variants, 0)), Ordering::Relaxed);
                });
            }
        });
        assert_eq!(new.into_inner(), 1);
    }
}
