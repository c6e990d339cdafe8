//! Texts, each kept once.

use hashbrown::HashTable;

use crate::compiled::{hash_text, index32};
use crate::text::same_text;

/// Hands out one id per distinct text.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: Vec<Box<str>>,
    ids: HashTable<u32>,
}

impl Texts {
    pub(super) fn id(&mut self, text: &str) -> u32 {
        let same = |id: &u32| self.texts.get(*id as usize).is_some_and(|known| same_text(known, text));
        let hash = |id: &u32| self.texts.get(*id as usize).map_or(0, |known| hash_text(known));
        let entry = self.ids.entry(hash_text(text), same, hash);
        let id = *entry.or_insert(index32(self.texts.len())).get();
        if id as usize == self.texts.len() {
            self.texts.push(text.into());
        }
        id
    }

    pub(super) fn get(&self, id: u32) -> &str {
        self.texts.get(id as usize).map(|text| &**text).unwrap_or_default()
    }

    pub(super) fn all(&self) -> &[Box<str>] {
        &self.texts
    }

    pub(super) fn into_boxed(self) -> Box<[Box<str>]> {
        self.texts.into_boxed_slice()
    }
}
