//! What a cohort holds, and what reading it takes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    reason = "test code, some of it the bench's"
)]

#[path = "../benches/members/ids.rs"]
mod ids;
#[path = "../benches/members/watch.rs"]
mod watch;

use cohorts::{Cohort, CohortStore, StoredCohort};
use watch::Watch;

/// Bytes held by a cohort of so many members, and the most that were held while it was read.
fn figures(json: &[u8], members: usize) -> (usize, usize) {
    let watch = Watch::new();
    let cohort = StoredCohort::from_reader(watch.over(json)).unwrap();
    assert_eq!(cohort.len(), members);
    (watch.held(), watch.peak())
}

/// One test, because the counts are those of the whole process.
#[test]
fn members_are_small_and_reading_them_takes_little_more() {
    let many = 200_000;
    for length in ids::LENGTHS {
        let (held, peak) = figures(&ids::json(many, length), many);
        assert!(held <= 18 * many, "{held} bytes for {many} ids of {length} bytes");
        assert!(held >= 16 * many, "{held} bytes are too few: not counted");
        assert!(peak <= 2 * held, "up to {peak} bytes to get {held}");
    }

    // What was repeated is given back.
    let repeats = serde_json::to_vec(&Cohort::new("c1", (0..many).map(|number| format!("{}", number % 10)))).unwrap();
    let (held, _) = figures(&repeats, 10);
    assert!(held <= 1000, "{held} bytes for 10 members");

    // Small cohorts are small, in a store too.
    let watch = Watch::new();
    let mut store = CohortStore::new();
    for number in 0..1000 {
        let member = |place| format!("user-{}", number + place);
        store.insert(&Cohort::new(format!("cohort-{number}"), (0..10).map(member)));
    }
    let held = watch.held();
    assert!(held <= 600 * 1000, "{held} bytes for 1,000 cohorts of 10");
    assert_eq!(store.len(), 1000);
}
