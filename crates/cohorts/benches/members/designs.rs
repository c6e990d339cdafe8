//! Ways to keep members.

use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::marker::PhantomData;

use cohorts::{StoredCohort, USER_GROUP_TYPE};
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use siphasher::sip128::SipHasher13;

/// Members that are looked for by an id.
pub trait Set {
    fn contains(&self, member: &str) -> bool;
}

/// What members are put into while they are read.
pub trait Fill: Default {
    fn push(&mut self, member: &str);
}

pub const NAMES: [&str; 6] = ["chunks", "partitions", "starts", "sorted", "u128 set", "text set"];

pub fn read(design: &str, json: impl Read) -> Box<dyn Set> {
    match design {
        "chunks" => Box::new(StoredCohort::from_reader(json).unwrap()),
        "partitions" => Box::new(Partitions::new(filled(json))),
        "starts" => Box::new(Starts::new(filled(json))),
        "sorted" => Box::new(Sorted::new(filled::<Sorted>(json).0)),
        "u128 set" => Box::new(filled::<hashbrown::HashSet<u128, foldhash::fast::RandomState>>(json)),
        "text set" => Box::new(filled::<HashSet<Box<str>>>(json)),
        other => panic!("no design is called {other}"),
    }
}

/// Ours.
impl Set for StoredCohort {
    fn contains(&self, member: &str) -> bool {
        self.contains(USER_GROUP_TYPE, member)
    }
}

pub fn fingerprint(member: &str) -> u128 {
    SipHasher13::new_with_keys(7, 11).hash(member.as_bytes()).into()
}

/// The bucket of a fingerprint, of so many.
fn bucket(fingerprint: u128, buckets: usize) -> usize {
    (((fingerprint >> 64) * buckets as u128) >> 64) as usize
}

impl Set for HashSet<Box<str>> {
    fn contains(&self, member: &str) -> bool {
        self.contains(member)
    }
}

impl Fill for HashSet<Box<str>> {
    fn push(&mut self, member: &str) {
        self.insert(member.into());
    }
}

impl Set for hashbrown::HashSet<u128, foldhash::fast::RandomState> {
    fn contains(&self, member: &str) -> bool {
        self.contains(&fingerprint(member))
    }
}

impl Fill for hashbrown::HashSet<u128, foldhash::fast::RandomState> {
    fn push(&mut self, member: &str) {
        self.insert(fingerprint(member));
    }
}

/// Fingerprints in order, in one list.
#[derive(Default)]
pub struct Sorted(Vec<u128>);

impl Sorted {
    fn new(mut list: Vec<u128>) -> Self {
        list.sort_unstable();
        list.dedup();
        list.shrink_to_fit();
        Self(list)
    }
}

impl Set for Sorted {
    fn contains(&self, member: &str) -> bool {
        self.0.binary_search(&fingerprint(member)).is_ok()
    }
}

impl Fill for Sorted {
    fn push(&mut self, member: &str) {
        self.0.push(fingerprint(member));
    }
}

/// The same with the place where every bucket of some eight starts.
struct Starts {
    list: Vec<u128>,
    starts: Vec<u32>,
}

impl Starts {
    fn new(filled: Sorted) -> Self {
        let list = Sorted::new(filled.0).0;
        let buckets = list.len().div_ceil(8);
        Self { starts: starts(&list, |member| bucket(member, buckets), buckets), list }
    }
}

impl Set for Starts {
    fn contains(&self, member: &str) -> bool {
        let member = fingerprint(member);
        let bucket = bucket(member, self.starts.len() - 1);
        self.list[self.starts[bucket] as usize..self.starts[bucket + 1] as usize].contains(&member)
    }
}

fn starts(list: &[u128], bucket: impl Fn(u128) -> usize, buckets: usize) -> Vec<u32> {
    let mut starts = Vec::with_capacity(buckets + 1);
    for (place, member) in list.iter().enumerate() {
        starts.resize(starts.len().max(bucket(*member) + 1), place as u32);
    }
    starts.resize(buckets + 1, list.len() as u32);
    starts
}

/// 256 lists by the highest bits, each filled in chunks and put in a box of its own, with starts.
struct Partitions(Vec<(Box<[u128]>, Vec<u32>)>);

impl Partitions {
    fn new(filled: Chunked) -> Self {
        Self(filled.0.into_iter().map(Self::finish).collect())
    }

    fn finish(chunks: Vec<Vec<u128>>) -> (Box<[u128]>, Vec<u32>) {
        let mut list = Vec::with_capacity(chunks.iter().map(Vec::len).sum());
        chunks.into_iter().for_each(|chunk| list.extend(chunk));
        let list = Sorted::new(list).0;
        let buckets = list.len().div_ceil(8);
        let starts = starts(&list, |member| bucket(member << 8, buckets), buckets);
        (list.into_boxed_slice(), starts)
    }
}

impl Set for Partitions {
    fn contains(&self, member: &str) -> bool {
        let member = fingerprint(member);
        let (list, starts) = &self.0[bucket(member, 256)];
        let bucket = bucket(member << 8, starts.len() - 1);
        list[starts[bucket] as usize..starts[bucket + 1] as usize].contains(&member)
    }
}

struct Chunked(Vec<Vec<Vec<u128>>>);

impl Default for Chunked {
    fn default() -> Self {
        Self(vec![Vec::new(); 256])
    }
}

impl Fill for Chunked {
    fn push(&mut self, member: &str) {
        let member = fingerprint(member);
        let chunks = &mut self.0[bucket(member, 256)];
        if chunks.last().is_none_or(|chunk| chunk.len() == 256) {
            chunks.push(Vec::with_capacity(256));
        }
        chunks.last_mut().unwrap().push(member);
    }
}

/// Fills a design from the JSON of a cohort, with nothing made of a member on the way.
fn filled<F: Fill>(json: impl Read) -> F {
    #[derive(serde::Deserialize)]
    #[serde(bound = "F: Fill")]
    struct Cohort<F> {
        #[serde(rename = "memberIds")]
        members: Filled<F>,
    }
    let cohort: Cohort<F> = serde_json::from_reader(std::io::BufReader::with_capacity(64 * 1024, json)).unwrap();
    cohort.members.0
}

struct Filled<F>(F);

impl<'de, F: Fill> Deserialize<'de> for Filled<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List(PhantomData))
    }
}

struct List<F>(PhantomData<F>);

impl<'de, F: Fill> Visitor<'de> for List<F> {
    type Value = Filled<F>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Filled<F>, A::Error> {
        let mut fill = F::default();
        while seq.next_element_seed(Element(&mut fill))?.is_some() {}
        Ok(Filled(fill))
    }
}

struct Element<'a, F>(&'a mut F);

impl<'de, F: Fill> serde::de::DeserializeSeed<'de> for Element<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<F: Fill> Visitor<'_> for Element<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, member: &str) -> Result<(), E> {
        self.0.push(member);
        Ok(())
    }
}
