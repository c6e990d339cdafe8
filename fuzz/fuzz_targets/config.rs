//! Any bytes as a list of flags: reading never panics, and what could be read decides alike through every way in, for
//! a user as for that user's context as JSON.

#![no_main]

use std::sync::LazyLock;

use evaluation_core::{DiagnosticKind, FlagSet, User, Value};
use evaluation_core_fuzz::{assert_ways_agree, context_of};
use libfuzzer_sys::fuzz_target;

static USER: LazyLock<User> = LazyLock::new(|| {
    User::builder()
        .user_id("user-1")
        .device_id("device-1")
        .country("Norway")
        .version("1.10.0-beta")
        .user_properties([
            ("p", Value::from("a")),
            ("q", Value::from(vec![Value::from("true"), Value::from(1.0), Value::Null])),
            ("n", Value::from(10)),
            ("list", Value::from("[\"a\",2]")),
        ])
        .group("org", "acme")
        .group_property("org", "acme", "p", 5)
        .group_cohort_ids("org", "acme", ["g1"])
        .cohort_ids(["c1", "c2"])
        .build()
});

static CONTEXT: LazyLock<Value> = LazyLock::new(|| context_of(&*USER));

fuzz_target!(|data: &[u8]| {
    let Ok(set) = FlagSet::from_json(data) else {
        return;
    };
    assert_eq!(set.keys().len(), set.len());
    for key in set.keys() {
        assert!(set.contains(key));
    }
    for diagnostic in set.diagnostics() {
        assert!(!diagnostic.to_string().is_empty() && !diagnostic.message.is_empty());
    }
    let mut cyclic = set.diagnostics().iter().filter(|it| it.kind == DiagnosticKind::DependencyCycle).peekable();
    assert_eq!(set.reaches_cycle(&[]).is_some(), cyclic.peek().is_some());
    for diagnostic in cyclic {
        let key = diagnostic.flag.as_deref().expect("cycles are of flags with a key");
        assert!(set.reaches_cycle(&[key]).is_some() && !set.contains(key));
    }
    for (group_type, ids) in set.cohort_ids() {
        let ids: Vec<&str> = ids.collect();
        assert!(ids.is_sorted(), "cohorts of {group_type}");
    }

    let for_user = assert_ways_agree(&set, &*USER);
    let for_context = assert_ways_agree(&set, &*CONTEXT);
    assert_eq!(for_user, for_context, "a user and its context");
});
