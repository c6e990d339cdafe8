//! The official engines' results for users and groups in cohorts, by the whole way of the data: a server, cohort sync,
//! and the client. What a context says of cohorts becomes memberships in large cohorts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::cohorts::syncing;
use common::polling;
use experiment::cohorts::{Cohort, USER_GROUP_TYPE};
use experiment::{Evaluate, EvaluateOptions, FlagSet, LocalEvaluationClient, User};
use experiment_server::{Fault, Route, Server};
use serde_json::{Map, Value, json};

/// How many members each cohort has.
const SIZE: usize = 100_000;

/// A case that a user can stand for.
struct Case {
    name: String,
    /// With the cohorts that the context says.
    user: User,
    /// Who is in which cohorts: group type, name, ids.
    members: BTreeMap<(String, String), BTreeSet<String>>,
    keys: Vec<String>,
    expected: Map<String, Value>,
}

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

/// Cases in which each user and each group is in the same cohorts wherever it appears.
fn batches(cases: Vec<Case>) -> Vec<Vec<Case>> {
    let mut batches: Vec<(BTreeMap<(String, String), BTreeSet<String>>, Vec<Case>)> = Vec::new();
    for case in cases {
        let fits =
            |members: &BTreeMap<_, _>| case.members.iter().all(|(of, ids)| members.get(of).is_none_or(|it| it == ids));
        let place = batches.iter().position(|(members, _)| fits(members)).unwrap_or_else(|| {
            batches.push(Default::default());
            batches.len() - 1
        });
        batches[place].0.extend(case.members.clone());
        batches[place].1.push(case);
    }
    batches.into_iter().map(|(_, cases)| cases).collect()
}

fn padded(of: &str, id: &str, cases: &[Case]) -> Cohort {
    let members = cases.iter().flat_map(|case| &case.members);
    let inside: BTreeSet<String> = members
        .filter(|((group_type, _), ids)| group_type == of && ids.contains(id))
        .map(|((_, name), _)| name.clone())
        .collect();
    let padding = (inside.len()..SIZE).map(|index| format!("padding-{index}"));
    Cohort::new(id, inside.iter().cloned().chain(padding)).with_group_type(of)
}

/// Flags that ask for groups where no user has any.
fn unread(flags: &Value) -> BTreeSet<String> {
    keys_of(flags, |selector, _| selector.starts_with(&["context", "user", "groups"]))
}

fn other_condition_on_cohorts(selector: &[&str], op: &str) -> bool {
    selector.last() == Some(&"cohort_ids") && !["set contains any", "set does not contain any"].contains(&op)
}

/// The keys of flags that have such a condition.
fn keys_of(flags: &Value, is: impl Fn(&[&str], &str) -> bool) -> BTreeSet<String> {
    fn conditions(flag: &Value) -> impl Iterator<Item = &Value> {
        let segments = flag["segments"].as_array().into_iter().flatten();
        let groups = segments.flat_map(|segment| segment["conditions"].as_array().into_iter().flatten());
        groups.flat_map(|group| group.as_array().into_iter().flatten())
    }
    let has = |condition: &Value| {
        let selector: Vec<&str> =
            condition["selector"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        is(&selector, condition["op"].as_str().unwrap_or_default())
    };
    let flags = flags.as_array().into_iter().flatten().filter(|flag| conditions(flag).any(has));
    flags.filter_map(|flag| flag["key"].as_str().map(str::to_owned)).collect()
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

/// Numbers by their value.
fn number(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => list.iter().map(number).collect(),
        Value::Object(object) => {
            Value::Object(object.iter().map(|(key, value)| (key.clone(), number(value))).collect())
        }
        other => other.clone(),
    }
}

/// The same user without cohorts of its own.
fn bare(user: &User) -> User {
    let mut json = serde_json::to_value(user).unwrap();
    json.as_object_mut().unwrap().retain(|name, _| name != "cohort_ids" && name != "group_cohort_ids");
    serde_json::from_value(json).unwrap()
}

/// The case as a user, or why no user can stand for it.
fn read(case: &Value, expected: &str) -> Result<Case, &'static str> {
    let context = &case["context"];
    let Some(expected) = case[expected].as_object() else { return Err("no results are expected") };
    let mut fields = context["user"].as_object().cloned().unwrap_or_default();
    fields.remove("groups");
    let user_id = fields.get("user_id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
    let mut members = BTreeMap::new();
    if let Some(id) = user_id {
        members
            .insert((USER_GROUP_TYPE.to_owned(), id), texts(&fields.get("cohort_ids").cloned().unwrap_or_default())?);
    } else if fields.contains_key("cohort_ids") {
        return Err("a user without id is in cohorts");
    }
    let mut groups = Map::new();
    let mut properties = Map::new();
    let mut cohorts = Map::new();
    for (of, group) in context["groups"].as_object().into_iter().flatten() {
        let Some(name) = group["group_name"].as_str().filter(|name| !name.is_empty()) else {
            return Err("a group has no name");
        };
        if group
            .as_object()
            .unwrap()
            .keys()
            .any(|key| !["group_name", "group_properties", "cohort_ids"].contains(&&**key))
        {
            return Err("a group has a field that no user's group has");
        }
        groups.insert(of.clone(), json!([name]));
        if !group["group_properties"].is_null() {
            properties.insert(of.clone(), json!({ name: group["group_properties"] }));
        }
        if !group["cohort_ids"].is_null() {
            cohorts.insert(of.clone(), json!({ name: group["cohort_ids"] }));
        }
        members.insert((of.clone(), name.to_owned()), texts(&group["cohort_ids"])?);
    }
    let given = fields.clone();
    for (name, value) in [("groups", groups), ("group_properties", properties), ("group_cohort_ids", cohorts)] {
        if !value.is_empty() {
            fields.insert(name.to_owned(), value.into());
        }
    }
    let unusable = "the user has a field that no user has, or one of another type";
    let user: User = serde_json::from_value(fields.into()).map_err(|_| unusable)?;
    let written = serde_json::to_value(&user).unwrap();
    if given.iter().any(|(name, value)| number(&written[name]) != number(value)) {
        return Err(unusable);
    }
    let keys = texts(&case["flag_keys"])?.into_iter().collect();
    Ok(Case { name: case["name"].as_str().unwrap().to_owned(), user, members, keys, expected: expected.clone() })
}

fn texts(list: &Value) -> Result<BTreeSet<String>, &'static str> {
    let texts = list.as_array().into_iter().flatten().map(|text| text.as_str().map(str::to_owned));
    let read: Option<BTreeSet<String>> = texts.collect();
    read.filter(|_| list.is_null() || list.is_array()).ok_or("a list of cohorts is no list of texts")
}
