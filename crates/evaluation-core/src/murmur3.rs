//! MurmurHash3, x86, 32 bits, seed 0: the hash that buckets users.
//!
//! What is hashed is always `salt/value`, and the salt is known when flags are compiled, so the state behind
//! `salt/` is kept and only the value is mixed in for a user. The algorithm is Austin Appleby's, in the public domain;
//! the `murmur3` crate computes the same and is the oracle of a property test.

const C1: u32 = 0xcc9e_2d51;
const C2: u32 = 0x1b87_3593;

/// Hashes a text.
///
/// ```
/// assert_eq!(evaluation_core::murmur3_32(b"hello"), 0x248b_fa47);
/// ```
#[must_use]
pub fn murmur3_32(bytes: &[u8]) -> u32 {
    Prefix::EMPTY.finish(bytes)
}

/// The state of the hash behind a known beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix {
    state: u32,
    /// Up to three bytes that do not fill a block yet, the first one lowest.
    pending: u32,
    pending_bits: u32,
    /// Bytes seen, pending ones included. The hash takes it modulo 2^32.
    len: u32,
}

impl Prefix {
    const EMPTY: Self = Self { state: 0, pending: 0, pending_bits: 0, len: 0 };

    /// The state behind `salt/`.
    pub(crate) fn of_salt(salt: &str) -> Self {
        Self::EMPTY.extend(salt.as_bytes()).extend(b"/")
    }

    /// The hash of the beginning and `rest`.
    #[inline]
    pub(crate) fn finish(self, rest: &[u8]) -> u32 {
        let end = self.extend(rest);
        avalanche(end.state ^ scramble(end.pending) ^ end.len)
    }

    #[inline]
    fn extend(mut self, bytes: &[u8]) -> Self {
        let (blocks, tail) = bytes.as_chunks::<4>();
        for block in blocks {
            self.push(u32::from_le_bytes(*block), 32);
        }
        let mut last = [0; 4];
        for (to, from) in last.iter_mut().zip(tail) {
            *to = *from;
        }
        self.push(u32::from_le_bytes(last), tail.len() as u32 * 8);
        self.len = self.len.wrapping_add(bytes.len() as u32);
        self
    }

    /// Adds `bits` bits; those of `word` above them are zero.
    #[inline]
    fn push(&mut self, word: u32, bits: u32) {
        let joined = u64::from(self.pending) | (u64::from(word) << self.pending_bits);
        let total = self.pending_bits + bits;
        if total >= 32 {
            self.state = mix(self.state, joined as u32);
            self.pending = (joined >> 32) as u32;
            self.pending_bits = total - 32;
        } else {
            self.pending = joined as u32;
            self.pending_bits = total;
        }
    }
}

#[inline]
fn scramble(block: u32) -> u32 {
    block.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2)
}

#[inline]
fn mix(state: u32, block: u32) -> u32 {
    (state ^ scramble(block)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

#[inline]
fn avalanche(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_the_murmur3_crate(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let expected = murmur3::murmur3_32(&mut std::io::Cursor::new(&bytes), 0).unwrap();
            prop_assert_eq!(murmur3_32(&bytes), expected);
        }

        #[test]
        fn a_kept_prefix_changes_nothing(salt in ".{0,20}", value in ".{0,40}") {
            let whole = format!("{salt}/{value}");
            prop_assert_eq!(Prefix::of_salt(&salt).finish(value.as_bytes()), murmur3_32(whole.as_bytes()));
        }
    }
}
