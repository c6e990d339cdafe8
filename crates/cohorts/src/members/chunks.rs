//! Fingerprints in chunks.

use std::mem;

use crate::fingerprint::Fingerprint;

/// The fingerprints of one chunk: 64 KiB.
const CHUNK: usize = 4096;

/// How many fingerprints are looked at together.
const WINDOW: usize = 8;

/// A long list of fingerprints.
///
/// In chunks, because one vector would be there twice each time it grows; sorted in place, because a copy would be there
/// beside it. All chunks but the last are full.
#[derive(Default)]
pub(super) struct Chunks(Vec<Vec<Fingerprint>>);

impl Chunks {
    pub(super) fn push(&mut self, fingerprint: Fingerprint) {
        if let Some(last) = self.0.last_mut()
            && last.len() < CHUNK
        {
            return last.push(fingerprint);
        }
        // The first grows with its members: most cohorts may be small.
        let mut chunk = Vec::with_capacity(if self.0.is_empty() { 0 } else { CHUNK });
        chunk.push(fingerprint);
        self.0.push(chunk);
    }

    pub(super) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * CHUNK + last.len())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Fingerprint> {
        self.0.iter().flatten().copied()
    }

    /// True when a fingerprint is among those from one place to before another.
    #[inline]
    pub(super) fn has(&self, fingerprint: Fingerprint, mut from: usize, to: usize) -> bool {
        while from < to {
            let rest = self.0.get(from / CHUNK).and_then(|chunk| chunk.get(from % CHUNK..)).unwrap_or_default();
            // A fixed number, and all of them: branches would wait for memory, and be foreseen wrongly.
            let here = rest.first_chunk::<WINDOW>().map_or(rest, |window| window);
            if here.iter().fold(false, |found, it| found | (*it == fingerprint)) {
                return true;
            }
            from += here.len().max(1);
        }
        false
    }

    /// Puts all in order, in place.
    pub(super) fn sort(&mut self) {
        if let [only] = &mut self.0[..] {
            return only.sort_unstable();
        }
        // First roughly, so that what is moved to its small group is already near it.
        self.group(256);
        let ends = self.group(self.len() / 8);
        self.sort_groups(&ends);
    }

    /// Takes repeats out of a list in order, and gives back the room that is not needed.
    pub(super) fn dedup(&mut self) {
        let (mut kept, mut last) = (0, None);
        for place in 0..self.len() {
            let fingerprint = self.get(place);
            if let Some(new) = fingerprint.filter(|_| fingerprint != last) {
                self.replace(kept, new);
                (kept, last) = (kept + 1, fingerprint);
            }
        }
        self.0.truncate(kept.div_ceil(CHUNK));
        self.0.shrink_to_fit();
        let before = self.0.len().saturating_sub(1) * CHUNK;
        if let Some(chunk) = self.0.last_mut() {
            chunk.truncate(kept - before);
            chunk.shrink_to_fit();
        }
    }

    /// Puts the fingerprints of each bucket together, and buckets in order: each is put where its bucket goes on, and
    /// what it displaces is next, until one closes the circle. Gives where the buckets end.
    fn group(&mut self, buckets: usize) -> Vec<usize> {
        let mut next = vec![0; buckets + 1];
        for fingerprint in self.iter() {
            take(&mut next, fingerprint.bucket(buckets) + 1);
        }
        let mut sum = 0;
        for count in &mut next {
            sum += *count;
            *count = sum;
        }
        let ends = next.get(1..).unwrap_or_default().to_vec();
        for (bucket, end) in ends.iter().enumerate() {
            while let Some(mut moved) = next.get(bucket).filter(|next| *next < end).and_then(|next| self.get(*next)) {
                loop {
                    let to = moved.bucket(buckets);
                    moved = self.replace(take(&mut next, to), moved);
                    if to == bucket {
                        break;
                    }
                }
            }
        }
        ends
    }

    /// Puts groups in order that are small, save where members are repeated.
    fn sort_groups(&mut self, ends: &[usize]) {
        let (mut place, mut group) = (0, Vec::new());
        for end in ends {
            group.extend((place..*end).filter_map(|place| self.get(place)));
            group.sort_unstable();
            for fingerprint in group.drain(..) {
                self.replace(place, fingerprint);
                place += 1;
            }
        }
    }

    #[inline]
    fn get(&self, place: usize) -> Option<Fingerprint> {
        self.0.get(place / CHUNK)?.get(place % CHUNK).copied()
    }

    /// Puts a fingerprint in a place, and gives the one that was there.
    #[inline]
    fn replace(&mut self, place: usize, fingerprint: Fingerprint) -> Fingerprint {
        let there = self.0.get_mut(place / CHUNK).and_then(|chunk| chunk.get_mut(place % CHUNK));
        there.map_or(fingerprint, |there| mem::replace(there, fingerprint))
    }
}

/// Counts one up, and gives what was there.
#[inline]
fn take(counts: &mut [usize], bucket: usize) -> usize {
    counts.get_mut(bucket).map_or(0, |count| mem::replace(count, *count + 1))
}
