//! Who is in a cohort, beside a plain set.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::HashSet;
use std::error::Error;
use std::io::{self, Read};
use std::sync::Arc;

use cohorts::{Cohort, CohortError, CohortStore, StoredCohort, USER_GROUP_TYPE};
use proptest::prelude::*;

fn json(members: &[String]) -> Vec<u8> {
    serde_json::to_vec(&Cohort::new("c1", members)).unwrap()
}

/// The same cohort in every way that there is to make it.
fn every_way(members: &[String]) -> [Arc<StoredCohort>; 3] {
    let json = json(members);
    let mut store = CohortStore::new();
    store.insert(&Cohort::new("c1", members));
    [
        Arc::clone(store.get("c1").unwrap()),
        StoredCohort::from_json(&json).unwrap().into(),
        StoredCohort::from_reader(&json[..]).unwrap().into(),
    ]
}

/// Members are members, others are not, and each counts once.
fn assert_like_a_set(members: &[String], others: &[String]) {
    let set: HashSet<&String> = members.iter().collect();
    for cohort in every_way(members) {
        assert_eq!((cohort.len(), cohort.is_empty()), (set.len(), set.is_empty()));
        for id in members.iter().chain(others) {
            assert_eq!(cohort.contains(USER_GROUP_TYPE, id), set.contains(id), "{id:?} of {}", set.len());
            assert!(!cohort.contains("org", id));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_answers_like_a_set(
        members in prop::collection::vec("\\PC{0,3}|[a-c]{0,2}|[0-9a-f]{36}", 0..300),
        others in prop::collection::vec("\\PC{0,3}|[a-c]{0,3}", 0..50),
    ) {
        assert_like_a_set(&members, &others);
    }
}

#[test]
fn it_answers_like_a_set_at_the_borders_of_chunks() {
    for chunks in 1..=2 {
        for count in chunks * 4096 - 1..=chunks * 4096 + 1 {
            let members: Vec<String> = (0..count).map(|number| format!("user-{number}")).collect();
            let others: Vec<String> = (count..count + 500).map(|number| format!("user-{number}")).collect();
            assert_like_a_set(&members, &others);
        }
    }
}

#[test]
fn repeats_count_once_however_many() {
    let members: Vec<String> = (0..50_000).map(|number| format!("user-{}", number * 7919 % 5000)).collect();
    assert_like_a_set(&members, &["user-5000".to_owned()]);
    assert_like_a_set(&vec!["user-1".to_owned(); 20_000], &["user-2".to_owned()]);
}

#[test]
fn what_is_said_of_a_cohort_is_kept() {
    let json = br#"{"memberIds": ["x", "y"], "cohortId": "a", "lastModified": 5, "groupType": "org", "cohortId": "b", "memberIds": ["z"]}"#;
    let cohort = StoredCohort::from_reader(&json[..]).unwrap();
    assert_eq!((cohort.id(), cohort.group_type(), cohort.last_modified(), cohort.len()), ("b", "org", 5, 1));
    assert!(cohort.contains("org", "z") && !cohort.contains("org", "x"));
    let plain = StoredCohort::from_json(br#"{"cohortId": "a", "groupType": "", "memberIds": []}"#).unwrap();
    assert_eq!((plain.group_type(), plain.last_modified(), plain.is_empty()), ("User", 0, true));
}

#[test]
fn what_is_no_cohort_is_refused_as_elsewhere() {
    let mut half = json(&["u1".to_owned(), "u2".to_owned()]);
    half.truncate(half.len() - 4);
    for json in
        [&half[..], b"{}", br#"{"memberIds": [5, {"u1": 1}]}"#, br#"{"memberIds": []}"#, br#"{"memberIds": []} x"#, b""]
    {
        let expected = Cohort::from_json(json).unwrap_err().to_string();
        assert_eq!(StoredCohort::from_json(json).unwrap_err().to_string(), expected);
        // A reader's place may be a column further back.
        let what = expected.split(" at line").next().unwrap();
        assert!(StoredCohort::from_reader(json).unwrap_err().to_string().starts_with(what), "{expected}");
        assert!(!expected.contains("u1"), "{expected}");
    }
}

#[test]
fn a_reader_that_fails_is_told_from_a_text_that_is_wrong() {
    struct Reset;
    impl Read for Reset {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let body = br#"{"cohortId": "c1", "memberIds": ["u1","#;
    let error = StoredCohort::from_reader(body.chain(Reset)).unwrap_err();
    let CohortError::Read { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), io::ErrorKind::ConnectionReset);
    assert!(error.source().is_some() && !format!("{error} {error:?}").contains("u1"), "{error:?}");
}

#[test]
fn a_stored_cohort_is_shared_and_takes_the_place_of_its_id() {
    let [old, new] = [["u1"], ["u2"]].map(|members| members.map(str::to_owned));
    let mut first = CohortStore::new();
    first.insert_stored(StoredCohort::from_json(&json(&old)).unwrap().into());
    let mut second = CohortStore::new();
    second.insert_stored(Arc::clone(first.get("c1").unwrap()));
    assert!(Arc::ptr_eq(first.get("c1").unwrap(), second.get("c1").unwrap()));
    second.insert_stored(StoredCohort::from_json(&json(&new)).unwrap().into());
    assert!(first.contains("c1", "User", "u1") && !first.contains("c1", "User", "u2"));
    assert!(second.contains("c1", "User", "u2") && !second.contains("c1", "User", "u1"));
    assert_eq!(second.len(), 1);
}
