//! A byte order mark before a cohort: every reader skips one, and no more than one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use std::fs;
use std::io::{self, Read};

use cohorts::{Cohort, StoredCohort, USER_GROUP_TYPE, read_folder};

const COHORT: &str = r#"{"cohortId": "c1", "memberIds": ["u1"]}"#;

/// A reader that gives one byte at a time.
struct Drop<'a>(&'a [u8]);

impl Read for Drop<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(1);
        self.0.read(&mut into[..length])
    }
}

/// The cohort of a folder's one file.
fn from_folder(name: &str, contents: &str) -> Option<Cohort> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), contents).unwrap();
    read_folder(folder.path()).unwrap().cohorts.pop()
}

#[test]
fn every_reader_skips_one_mark() {
    let has_member = |cohort: StoredCohort| cohort.contains(USER_GROUP_TYPE, "u1");
    type Reads<'a> = &'a dyn Fn(&str) -> bool;
    let readers: [(&str, Reads<'_>); 5] = [
        ("text", &|json| Cohort::from_json(json.as_bytes()).is_ok_and(|cohort| cohort.member_ids == ["u1"])),
        ("text that is stored", &|json| StoredCohort::from_json(json.as_bytes()).is_ok_and(has_member)),
        ("a reader", &|json| StoredCohort::from_reader(json.as_bytes()).is_ok_and(has_member)),
        ("a slow reader", &|json| StoredCohort::from_reader(Drop(json.as_bytes())).is_ok_and(has_member)),
        ("a file", &|json| from_folder("c1.json", json).is_some_and(|cohort| cohort.member_ids == ["u1"])),
    ];
    for (what, reads) in readers {
        assert!(reads(COHORT), "{what}");
        assert!(reads(&format!("\u{feff}{COHORT}")), "{what}, with a mark");
        for broken in [format!("\u{feff}\u{feff}{COHORT}"), format!(" \u{feff}{COHORT}"), "\u{feff}".to_owned()] {
            assert!(!reads(&broken), "{what}: {broken:?}");
        }
    }
}

#[test]
fn a_file_of_members_has_one_mark_skipped_too() {
    let members = |text: &str| from_folder("c1.txt", text).unwrap().member_ids;
    assert_eq!(members("\u{feff}u1\nu2"), ["u1", "u2"]);
    assert_eq!(members("\u{feff}\u{feff}u1\nu2"), ["\u{feff}u1", "u2"]);
}
