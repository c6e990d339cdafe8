//! What deciding allocates: the result of a whole set and nothing else, and for one flag nothing at all.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test code")]

use std::alloc::System;

use evaluation_core::{FlagSet, User};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Every operator that needs no coerced text, every kind of bucket, dependencies, groups and cohorts.
const FLAGS: &str = r#"[
    {"key": "rollout", "variants": {"on": {"key": "on"}, "off": {"key": "off"}}, "segments": [
        {"bucket": {"selector": ["context", "user", "user_id"], "salt": "s", "allocations": [
            {"range": [0, 50], "distributions": [{"variant": "on", "range": [0, 42949673]}]}
        ]}, "variant": "off"}
    ]},
    {"key": "targeted", "variants": {"on": {"key": "on"}, "off": {"key": "off"}}, "segments": [
        {"conditions": [
            [{"selector": ["context", "user", "country"], "op": "is", "values": ["Norway", "Sweden"]},
             {"selector": ["context", "user", "user_properties", "plan"], "op": "is not", "values": ["free"]},
             {"selector": ["context", "user", "user_properties", "seats"], "op": "greater", "values": ["3"]},
             {"selector": ["context", "user", "version"], "op": "version greater or equal", "values": ["1.2.0"]},
             {"selector": ["context", "user", "user_properties", "email"], "op": "contains", "values": ["EXAMPLE"]},
             {"selector": ["context", "user", "user_properties", "tags"], "op": "set contains any", "values": ["b"]},
             {"selector": ["context", "user", "user_properties", "tags"], "op": "set contains", "values": ["a", "b"]},
             {"selector": ["context", "user", "user_properties", "beta"], "op": "is", "values": ["TRUE"]},
             {"selector": ["context", "user", "user_properties", "none"], "op": "is", "values": ["(none)"]},
             {"selector": ["context", "user", "city"], "op": "is", "values": ["(none)"]},
             {"selector": ["context", "user", "landing_url"], "op": "is not", "values": ["https://example.com"]}]
        ], "variant": "on"},
        {"variant": "off"}
    ]},
    {"key": "grouped", "variants": {"on": {"key": "on"}}, "segments": [
        {"conditions": [[
            {"selector": ["context", "groups", "org", "group_properties", "tier"], "op": "is", "values": ["gold"]},
            {"selector": ["context", "groups", "org", "cohort_ids"], "op": "set contains any", "values": ["g1"]},
            {"selector": ["context", "user", "cohort_ids"], "op": "set contains any", "values": ["c1"]}
        ]], "bucket": {"selector": ["context", "groups", "org", "group_name"], "salt": "x", "allocations": []},
         "variant": "on"}
    ]},
    {"key": "dependent", "dependencies": ["rollout", "targeted"], "variants": {"on": {"key": "on"}}, "segments": [
        {"conditions": [[{"selector": ["result", "targeted", "key"], "op": "is", "values": ["on"]}]], "variant": "on"}
    ]}
]"#;

/// One test, because the counts are those of the whole process.
#[test]
fn deciding_allocates_only_the_result() {
    let flags = FlagSet::from_json(FLAGS.as_bytes()).unwrap();
    assert!(flags.diagnostics().is_empty(), "{:?}", flags.diagnostics());
    let user = User::builder()
        .user_id("user-1")
        .country("Norway")
        .version("1.10.2")
        .user_property("plan", "pro")
        .user_property("seats", 5)
        .user_property("email", "Someone@Example.org")
        .user_property("tags", ["a", "b", "c"])
        .user_property("beta", true)
        .group("org", "acme")
        .group_property("org", "acme", "tier", "gold")
        .group_cohort_ids("org", "acme", ["g1"])
        .cohort_ids(["c1", "c2"])
        .build();

    // What users have no place of their own for is read in place too.
    let browser = user.to_builder().field("landing_url", "https://example.org").field("device_category", "tv").build();
    for user in [&browser, &user] {
        let region = Region::new(GLOBAL);
        let variants = flags.evaluate(user, &[]);
        let change = region.change();
        assert_eq!((change.allocations, change.reallocations), (1, 0));
        assert_eq!(variants.get("targeted").and_then(|variant| variant.key()), Some("on"));
    }

    let region = Region::new(GLOBAL);
    let variants = flags.evaluate(&user, &[]);
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (1, 0));
    // All of it was there to be decided.
    assert_eq!(variants.len(), 4);

    let region = Region::new(GLOBAL);
    for key in ["rollout", "targeted", "grouped", "dependent", "unknown"] {
        let variant = flags.variant(&user, key);
        assert_eq!(variant.is_some(), key != "unknown");
    }
    let read = variants.get("targeted").is_some_and(|variant| variant.key() == Some("on"));
    let count = variants.iter().filter(|(_, variant)| variant.metadata().get("segmentName").is_none()).count();
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));
    assert_eq!((read, count), (true, 4));
}
