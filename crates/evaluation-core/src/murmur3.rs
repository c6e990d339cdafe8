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

    /// The bytes that wait for a block to be filled. Behind prefixes that agree in them, a value falls into the same
    /// blocks.
    pub(crate) fn pending(self) -> Pending {
        Pending { bytes: self.pending, bits: self.pending_bits }
    }

    /// The hash of the beginning and a value that was cut into blocks for its pending bytes.
    #[inline]
    pub(crate) fn finish_blocks(self, value: &Blocks) -> u32 {
        let blocks = value.blocks.get(..value.count).unwrap_or_default();
        let state = blocks.iter().fold(self.state, |state, block| step(state, *block));
        avalanche(state ^ value.tail ^ self.len.wrapping_add(value.len))
    }

    #[inline]
    fn extend(mut self, bytes: &[u8]) -> Self {
        let (blocks, tail) = bytes.as_chunks::<4>();
        let mut carry = u64::from(self.pending);
        for block in blocks {
            carry |= u64::from(u32::from_le_bytes(*block)) << self.pending_bits;
            self.state = mix(self.state, carry as u32);
            carry >>= 32;
        }
        let last = match *tail {
            [a] => u64::from(a),
            [a, b] => u64::from(u16::from_le_bytes([a, b])),
            [a, b, c] => u64::from(u32::from_le_bytes([a, b, c, 0])),
            _ => 0,
        };
        carry |= last << self.pending_bits;
        self.pending_bits += tail.len() as u32 * 8;
        if self.pending_bits >= 32 {
            self.state = mix(self.state, carry as u32);
            carry >>= 32;
            self.pending_bits -= 32;
        }
        self.pending = carry as u32;
        self.len = self.len.wrapping_add(bytes.len() as u32);
        self
    }
}

/// Up to three bytes at the end of a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Pending {
    bytes: u32,
    bits: u32,
}

/// A value cut into blocks, the part of the hash that does not depend on the prefix done.
///
/// A user's id is hashed under the salts of many flags. Most salts are of one length, and then everything about the
/// id but the mixing into the state is the same for all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks {
    blocks: [u32; Self::CAPACITY],
    count: usize,
    tail: u32,
    /// Bytes of the value.
    len: u32,
}

impl Blocks {
    const CAPACITY: usize = 12;

    /// Cuts a value; none if it is too long to be kept.
    pub(crate) fn new(pending: Pending, value: &[u8]) -> Option<Self> {
        let mut blocks = [0; Self::CAPACITY];
        let (whole, tail) = value.as_chunks::<4>();
        let mut carry = u64::from(pending.bytes);
        let mut count = 0;
        let mut push = |carry: u64| {
            *blocks.get_mut(count)? = scramble(carry as u32);
            count += 1;
            Some(carry >> 32)
        };
        for block in whole {
            carry = push(carry | u64::from(u32::from_le_bytes(*block)) << pending.bits)?;
        }
        let mut bits = pending.bits;
        for byte in tail {
            carry |= u64::from(*byte) << bits;
            bits += 8;
        }
        if bits >= 32 {
            carry = push(carry)?;
        }
        Some(Self { blocks, count, tail: scramble(carry as u32), len: value.len() as u32 })
    }
}

#[inline]
fn scramble(block: u32) -> u32 {
    block.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2)
}

#[inline]
fn mix(state: u32, block: u32) -> u32 {
    step(state, scramble(block))
}

#[inline]
fn step(state: u32, scrambled: u32) -> u32 {
    (state ^ scrambled).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
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
            let prefix = Prefix::of_salt(&salt);
            prop_assert_eq!(prefix.finish(value.as_bytes()), murmur3_32(whole.as_bytes()));
            if let Some(blocks) = Blocks::new(prefix.pending(), value.as_bytes()) {
                prop_assert_eq!(prefix.finish_blocks(&blocks), murmur3_32(whole.as_bytes()));
            }
        }
    }
}
