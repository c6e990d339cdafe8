//! Who is in a cohort.

mod chunks;

use crate::fingerprint::Fingerprint;
use chunks::Chunks;

/// How many members share a start: few enough to look at all of them, and enough for starts to take little room.
const BUCKET: usize = 8;

/// The most members of a cohort: starts have 32 bits.
pub(crate) const MOST: usize = u32::MAX as usize;

/// A set of user ids or names of groups, as fingerprints in order.
///
/// Asking costs one look at where the fingerprint's bucket starts, and one at the few fingerprints in it.
pub(crate) struct Members {
    chunks: Chunks,
    /// Where each bucket starts, and last where all end.
    starts: Box<[u32]>,
}

impl Members {
    #[inline]
    pub(crate) fn contains(&self, member: Fingerprint) -> bool {
        let bucket = member.bucket(self.starts.len().saturating_sub(1));
        match (self.starts.get(bucket), self.starts.get(bucket + 1)) {
            (Some(&start), Some(&end)) => self.chunks.has(member, start as usize, end as usize),
            _ => false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.chunks.len()
    }
}

impl<'a> FromIterator<&'a str> for Members {
    fn from_iter<I: IntoIterator<Item = &'a str>>(members: I) -> Self {
        let mut builder = MembersBuilder::new();
        members.into_iter().take(MOST).for_each(|member| builder.push(member));
        builder.finish()
    }
}

/// Takes members in, in any order and repeated or not.
#[derive(Default)]
pub(crate) struct MembersBuilder {
    chunks: Chunks,
}

impl MembersBuilder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Takes one more in, of [`MOST`] at most.
    pub(crate) fn push(&mut self, member: &str) {
        self.chunks.push(Fingerprint::of(member));
    }

    pub(crate) fn finish(self) -> Members {
        let mut chunks = self.chunks;
        chunks.sort();
        chunks.dedup();
        let starts = starts(&chunks);
        Members { chunks, starts }
    }
}

/// Where the buckets start among members in order, and where the last one ends.
fn starts(members: &Chunks) -> Box<[u32]> {
    let buckets = members.len().div_ceil(BUCKET);
    let mut starts = Vec::with_capacity(buckets + 1);
    let mut position = 0;
    for member in members.iter() {
        starts.resize(starts.len().max(member.bucket(buckets) + 1), position);
        position += 1;
    }
    starts.resize(buckets + 1, position);
    starts.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(count: usize) -> Members {
        let ids: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        ids.iter().map(String::as_str).collect()
    }

    #[test]
    fn members_are_in_order_and_starts_say_where() {
        for count in [0, 1, 7, 8, 9, 4096, 4097, 30_000] {
            let members = members(count);
            let list: Vec<Fingerprint> = members.chunks.iter().collect();
            assert!(list.is_sorted() && list.len() == count, "{count}");
            let buckets = count.div_ceil(BUCKET);
            assert_eq!(members.starts.len(), buckets + 1);
            for bucket in 0..buckets {
                let (start, end) = (members.starts[bucket] as usize, members.starts[bucket + 1] as usize);
                assert!(list[start..end].iter().all(|member| member.bucket(buckets) == bucket), "{count}");
            }
            assert_eq!(members.starts[buckets] as usize, count);
        }
    }
}
