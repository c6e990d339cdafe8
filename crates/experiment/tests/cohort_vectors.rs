//! The official engines' results for users and groups in cohorts, by the whole way of the data: a server, cohort sync,
//! and the client. What a context says of cohorts becomes memberships in large cohorts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;
#[path = "common/vectors.rs"]
mod vectors;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::cohorts::syncing;
use common::polling;
use experiment::{Evaluate, EvaluateOptions, FlagSet, LocalEvaluationClient, User};
use experiment_server::{Fault, Route, Server};
use serde_json::{Map, Value, json};
use vectors::{Case, SIZE, bare, batches, keys_of, number, other_condition_on_cohorts, padded, read, unread};

#[derive(Default)]
struct Count {
    synced: usize,
    unsynced: usize,
    left_out: BTreeMap<&'static str, usize>,
    /// Of cases with sync.
    flags_left_out: usize,
}

#[tokio::test]
async fn every_case_with_groups_or_cohorts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../evaluation-core/tests/vectors/evaluation");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut count = Count::default();
    for file in files {
        let document: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for suite in document["suites"].as_array().into_iter().flatten() {
            run(&suite["flags"], suite["cases"].as_array().unwrap(), "expected", &mut count).await;
        }
        // Where engines differ: each has flags of its own.
        for case in document["cases"].as_array().into_iter().flatten().filter(|case| case["advisory"] != true) {
            run(&case["flags"], std::slice::from_ref(case), "recommended", &mut count).await;
        }
    }
    let Count { synced, unsynced, left_out, flags_left_out } = count;
    println!(
        "{unsynced} cases without sync, {synced} with sync; left out: {left_out:?}; with sync {flags_left_out} results \
        of flags that read cohorts by other conditions than those that name them"
    );
    assert!(unsynced >= 180 && synced >= 180, "{unsynced} {synced}");
}

/// Runs those of some cases that say something of groups or cohorts.
async fn run(flags: &Value, cases: &[Value], expected: &str, count: &mut Count) {
    let json = flags.to_string();
    let Ok(set) = FlagSet::from_json(json.as_bytes()) else { return };
    let needed: BTreeMap<String, BTreeSet<String>> =
        set.cohort_ids().map(|(of, ids)| (of.to_owned(), ids.map(str::to_owned).collect())).collect();
    let mut usable = Vec::new();
    for case in cases {
        let context = &case["context"];
        if context["groups"].is_null() && context["user"]["cohort_ids"].is_null() {
            continue;
        }
        match read(case, expected) {
            Ok(case) => usable.push(case),
            Err(reason) => *count.left_out.entry(reason).or_default() += 1,
        }
    }
    if usable.is_empty() {
        return;
    }
    let server = Server::builder().start().await.unwrap();
    server.faults().always(Route::Flags, Fault::body(json.clone()));
    // What users bring, without sync.
    let client = polling(&server).build().unwrap();
    client.start().await.unwrap();
    usable.iter().for_each(|case| check(&client, case, &case.user, &unread(flags)));
    count.unsynced += usable.len();
    client.close().await;
    // What is looked up. A lookup finds the cohorts that some flag's set condition names; other conditions on cohorts
    // can tell whether the context said more than those.
    let whole = |case: &Case| {
        let found = |((of, _), ids): (&(String, String), &BTreeSet<String>)| {
            ids.is_empty() || needed.get(of).is_some_and(|needed| ids.is_subset(needed))
        };
        case.members.iter().all(found)
    };
    let others = keys_of(flags, other_condition_on_cohorts);
    for batch in batches(usable) {
        for (of, ids) in &needed {
            for id in ids {
                server.set_cohort(padded(of, id, &batch));
            }
        }
        let client = syncing(&server).build().unwrap();
        client.start().await.unwrap();
        assert!(client.status().cohorts.iter().all(|cohort| cohort.copy.as_ref().unwrap().size == SIZE));
        for case in &batch {
            let left_out = if whole(case) { &BTreeSet::new() } else { &others };
            count.flags_left_out += left_out.len();
            check(&client, case, &bare(&case.user), &unread(flags).union(left_out).cloned().collect());
        }
        count.synced += batch.len();
        client.close().await;
    }
}

fn check(client: &LocalEvaluationClient, case: &Case, user: &User, left_out: &BTreeSet<String>) {
    let options = EvaluateOptions::default().with_flag_keys(&case.keys);
    let variants = Evaluate::evaluate_with(client, user, &options);
    let Value::Object(got) = serde_json::to_value(&variants).unwrap() else { panic!("no object") };
    let (mut got, mut expected) = (normalised(&got), normalised(&case.expected));
    got.retain(|key, _| !left_out.contains(key));
    expected.retain(|key, _| !left_out.contains(key));
    assert_eq!(got, expected, "{}: {user:?}", case.name);
}

/// Without what is absent either way.
fn normalised(variants: &Map<String, Value>) -> Map<String, Value> {
    let of = |variant: &Value| -> Map<String, Value> {
        let members = variant.as_object().unwrap().iter();
        let given = members.filter(|(_, value)| !value.is_null() && **value != json!({}));
        given.map(|(key, value)| (key.clone(), number(value))).collect()
    };
    variants.iter().map(|(key, variant)| (key.clone(), Value::Object(of(variant)))).collect()
}
