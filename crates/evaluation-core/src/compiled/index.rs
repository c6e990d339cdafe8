//! The truth table's index: which conditions a text makes true, found by one look-up.
//!
//! For a whole set, conditions are not asked one by one. Each slot's value is looked up once in the slot's vocabulary,
//! which gives the bits of all conditions on that slot that name it.

use hashbrown::HashTable;

use super::{Span, hash_text};
use crate::text::{fold_boolean, same_text};

/// Bits of one word of the truth table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mask {
    pub(crate) word: u32,
    pub(crate) bits: u32,
}

impl Mask {
    /// Masks for some bits, given in ascending order.
    pub(crate) fn push_all(masks: &mut Vec<Self>, bits: impl IntoIterator<Item = u32>) -> Span {
        let start = masks.len();
        for bit in bits {
            let (word, bits) = (bit / u32::BITS, 1 << (bit % u32::BITS));
            match masks.get_mut(start..).and_then(<[Self]>::last_mut) {
                Some(last) if last.word == word => last.bits |= bits,
                _ => masks.push(Self { word, bits }),
            }
        }
        Span::new(start, masks.len())
    }
}

/// Inverts bits of the truth table.
#[inline]
pub(crate) fn toggle(truth: &mut [u32], masks: &[Mask]) {
    for mask in masks {
        if let Some(word) = truth.get_mut(mask.word as usize) {
            *word ^= mask.bits;
        }
    }
}

/// The texts that a slot's conditions name.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    entries: HashTable<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    text: u32,
    uses: Uses,
}

/// Where a text occurs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Uses {
    /// Bits inverted when the value is this text: `is`, `is not`.
    pub(crate) as_text: Span,
    /// Bits set when the value is a list with this text: `is` and the `any` operators.
    pub(crate) in_list: Span,
}

impl Vocabulary {
    pub(crate) fn new(texts: &[Box<str>], uses: impl ExactSizeIterator<Item = (u32, Uses)>) -> Self {
        let hash = |entry: &Entry| texts.get(entry.text as usize).map_or(0, |text| hash_text(text));
        let mut entries = HashTable::with_capacity(uses.len());
        for (text, uses) in uses {
            let entry = Entry { text, uses };
            entries.insert_unique(hash(&entry), entry, hash);
        }
        Self { entries }
    }

    /// Where a text occurs; nowhere, if no condition names it.
    #[inline]
    pub(crate) fn find(&self, texts: &[Box<str>], text: &str) -> Uses {
        let text = fold_boolean(text);
        let same = |entry: &Entry| texts.get(entry.text as usize).is_some_and(|known| same_text(known, text));
        self.entries.find(hash_text(text), same).map(|entry| entry.uses).unwrap_or_default()
    }
}
