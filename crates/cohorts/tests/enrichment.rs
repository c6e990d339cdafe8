//! Users with their cohorts from a store, through the engine.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use cohorts::{Cohort, CohortStore, EnrichedUser};
use evaluation_core::{FlagSet, User};

/// A flag for users in `c1`, one for users not in `c1`, and one for organisations in `g1`.
fn flags() -> FlagSet {
    let flag = |key: &str, selector: &str, op: &str, id: &str| {
        format!(
            r#"{{"key": "{key}", "variants": {{"on": {{"key": "on"}}}}, "segments": [
                {{"conditions": [[{{"selector": {selector}, "op": "{op}", "values": ["{id}"]}}]], "variant": "on"}}]}}"#
        )
    };
    let user = r#"["context", "user", "cohort_ids"]"#;
    let org = r#"["context", "groups", "org", "cohort_ids"]"#;
    let team = r#"["context", "groups", "team", "cohort_ids"]"#;
    let list = [
        flag("in", user, "set contains any", "c1"),
        flag("out", user, "set does not contain any", "c1"),
        flag("org", org, "set contains any", "g1"),
        // No condition on sets, so no one asks the store about teams.
        flag("team", team, "is", "t1"),
    ];
    FlagSet::from_json(format!("[{}]", list.join(",")).as_bytes()).unwrap()
}

fn store() -> CohortStore {
    let mut store = CohortStore::new();
    store.insert(&Cohort::new("c1", ["u1"]));
    store.insert(&Cohort::new("g1", ["acme"]).with_group_type("org"));
    store.insert(&Cohort::new("t1", ["blue"]).with_group_type("team"));
    store
}

/// The flags that are on, with the store and without.
fn on(user: &User) -> (Vec<String>, Vec<String>) {
    let (flags, store) = (flags(), store());
    let keys = |variants: evaluation_core::Variants| variants.iter().map(|(key, _)| key.to_owned()).collect();
    (keys(flags.evaluate(&EnrichedUser::new(user, &store), &[])), keys(flags.evaluate(user, &[])))
}

#[test]
fn users_and_the_first_of_their_groups_are_looked_up() {
    let user = User::builder().user_id("u1").groups("org", ["acme", "other"]).build();
    assert_eq!(on(&user).0, ["in", "org"]);
    let user = User::builder().user_id("u2").groups("org", ["other", "acme"]).build();
    assert_eq!(on(&user).0, ["out"]);
}

#[test]
fn the_store_replaces_what_the_user_brings() {
    let user = User::builder().user_id("u2").cohort_ids(["c1"]).group("org", "other");
    let user = user.group_cohort_ids("org", "other", ["g1"]).build();
    assert_eq!(on(&user), (vec!["out".to_owned()], vec!["in".to_owned(), "org".to_owned()]));
}

#[test]
fn who_cannot_be_looked_up_keeps_its_own() {
    for user in [User::builder().device_id("d1"), User::builder().user_id("")] {
        assert_eq!(on(&user.cohort_ids(["c1"]).build()).0, ["in"]);
    }
}

#[test]
fn group_types_that_no_flag_asks_about_are_left_alone() {
    let user = User::builder().user_id("u2").group("team", "red").group_cohort_ids("team", "red", ["t1"]).build();
    assert_eq!(on(&user).0, ["out", "team"]);
}

#[test]
fn devices_are_never_looked_up() {
    assert_eq!(on(&User::builder().device_id("u1").build()).0, ["out"]);
}
