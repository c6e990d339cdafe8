//! Looked-up cohort membership: when it is asked, and how it answers each operator.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use evaluation_core::{EvaluationContext, FlagSet, Membership, Selected, Selector, User};

/// Cohorts by group type and name, and how often they were asked for.
struct Known {
    user: User,
    cohorts: HashMap<(&'static str, &'static str), Cohorts>,
    asked: Cell<usize>,
}

struct Cohorts(HashSet<&'static str>);

impl Membership for Cohorts {
    fn contains(&self, cohort_id: &str) -> bool {
        self.0.contains(cohort_id)
    }
}

impl EvaluationContext for Known {
    fn select<'a>(&'a self, selector: &Selector) -> Selected<'a> {
        self.user.select(selector)
    }

    fn membership(&self, group_type: &str, name: &str) -> Option<&dyn Membership> {
        self.asked.set(self.asked.get() + 1);
        let found = self.cohorts.iter().find(|((known, of), _)| *known == group_type && *of == name);
        found.map(|(_, cohorts)| cohorts as &dyn Membership)
    }
}

fn known(user: User, cohorts: &[(&'static str, &'static str, &[&'static str])]) -> Known {
    let cohorts =
        cohorts.iter().map(|(group_type, name, ids)| ((*group_type, *name), Cohorts(ids.iter().copied().collect())));
    Known { user, cohorts: cohorts.collect(), asked: Cell::new(0) }
}

/// A flag that is on when one condition holds, beside one that makes the set ask about cohorts c1 to c3.
fn flags(selector: &str, op: &str, values: &str) -> FlagSet {
    let json = format!(
        r#"[{{"key": "f", "variants": {{"on": {{"key": "on"}}}}, "segments": [
            {{"conditions": [[{{"selector": {selector}, "op": "{op}", "values": {values}}}]], "variant": "on"}}]}},
           {{"key": "names-cohorts", "variants": {{}}, "segments": [{{"conditions": [[
            {{"selector": {selector}, "op": "set contains any", "values": ["c1", "c2", "c3"]}}]]}}]}}]"#
    );
    FlagSet::from_json(json.as_bytes()).unwrap()
}

const USER: &str = r#"["context", "user", "cohort_ids"]"#;
const GROUP: &str = r#"["context", "groups", "org", "cohort_ids"]"#;

/// The answer by every way into the engine.
fn holds(flags: &FlagSet, context: &Known) -> bool {
    let whole = flags.evaluate(context, &[]).get("f").is_some();
    assert_eq!(whole, flags.variant(context, "f").is_some());
    assert_eq!(whole, flags.evaluate(context, &["f"]).get("f").is_some());
    assert_eq!(whole, flags.explain(context, "f").unwrap().variant.is_some());
    whole
}

#[test]
fn an_answer_replaces_the_users_own_cohorts() {
    let user = User::builder().user_id("u").cohort_ids(["c2"]).build();
    let context = known(user, &[("User", "u", &["c1", "unneeded"])]);
    for (op, values, expected) in [
        ("set contains any", r#"["c1"]"#, true),
        ("set contains any", r#"["c2"]"#, false),
        ("set does not contain any", r#"["c2"]"#, true),
        ("set does not contain any", r#"["c1"]"#, false),
        ("set contains", r#"["c1"]"#, true),
        ("set contains", r#"["c1", "c2"]"#, false),
        // Only cohorts that some flag asks about are in the list.
        ("set is", r#"["c1"]"#, true),
        ("set is not", r#"["c1"]"#, false),
        ("is", r#"["c1"]"#, true),
        ("is not", r#"["c1"]"#, false),
        ("contains", r#"["C"]"#, true),
        ("regex match", r#"["^c1$"]"#, true),
    ] {
        assert_eq!(holds(&flags(USER, op, values), &context), expected, "{op} {values}");
    }
}

#[test]
fn a_user_in_no_cohort_has_an_empty_list_and_a_group_none() {
    let user = User::builder().user_id("u").group("org", "acme").build();
    let context = known(user, &[("User", "u", &[]), ("org", "acme", &[])]);
    for (op, values, of_user, of_group) in [
        ("set contains any", r#"["c1"]"#, false, false),
        ("set contains any", r#"["c1", "(none)"]"#, false, true),
        ("set does not contain any", r#"["c1"]"#, true, true),
        ("set does not contain any", r#"["c1", "(none)"]"#, true, false),
        ("set is", r#"["(none)"]"#, false, true),
        ("is not", r#"["c1"]"#, false, true),
    ] {
        assert_eq!(holds(&flags(USER, op, values), &context), of_user, "user {op} {values}");
        assert_eq!(holds(&flags(GROUP, op, values), &context), of_group, "group {op} {values}");
    }
}

#[test]
fn without_an_answer_the_contexts_own_cohorts_count() {
    let user = User::builder().user_id("u").cohort_ids(["c2"]).group("org", "acme");
    let user = user.group_cohort_ids("org", "acme", ["c3"]).build();
    let context = known(user, &[]);
    assert!(holds(&flags(USER, "set contains any", r#"["c2"]"#), &context));
    assert!(holds(&flags(GROUP, "set contains any", r#"["c3"]"#), &context));
    assert!(!holds(&flags(GROUP, "set contains any", r#"["c2"]"#), &context));
}

#[test]
fn membership_is_asked_only_when_a_condition_is_reached() {
    let json = r#"[{"key": "f", "variants": {"on": {"key": "on"}}, "segments": [{"conditions": [[
        {"selector": ["context", "user", "country"], "op": "is", "values": ["Norway"]},
        {"selector": ["context", "user", "cohort_ids"], "op": "set contains any", "values": ["c1"]}
    ]], "variant": "on"}]}]"#;
    let flags = FlagSet::from_json(json.as_bytes()).unwrap();
    let elsewhere = known(User::builder().user_id("u").country("Chile").build(), &[("User", "u", &["c1"])]);
    assert!(flags.evaluate(&elsewhere, &[]).is_empty());
    assert_eq!(elsewhere.asked.get(), 0);
    let there = known(User::builder().user_id("u").country("Norway").build(), &[("User", "u", &["c1"])]);
    assert_eq!(flags.evaluate(&there, &[]).len(), 1);
    assert_eq!(there.asked.get(), 1);
    // Nobody is looked up by an empty id.
    let nobody = known(User::builder().user_id("").country("Norway").build(), &[("User", "", &["c1"])]);
    assert!(flags.evaluate(&nobody, &[]).is_empty());
    assert_eq!(nobody.asked.get(), 0);
}

#[test]
fn the_set_tells_which_cohorts_it_needs() {
    let json = r#"[{"key": "f", "variants": {}, "segments": [{"conditions": [[
        {"selector": ["context", "user", "cohort_ids"], "op": "set contains any", "values": ["b", "a"]},
        {"selector": ["context", "user", "cohort_ids"], "op": "set contains", "values": ["not needed"]},
        {"selector": ["context", "user", "user_properties", "p"], "op": "set contains any", "values": ["nor this"]}
    ], [
        {"selector": ["context", "user", "cohort_ids"], "op": "set does not contain any", "values": ["c", "a"]},
        {"selector": ["context", "groups", "org", "cohort_ids"], "op": "set contains any", "values": ["g"]}
    ]]}]}]"#;
    let flags = FlagSet::from_json(json.as_bytes()).unwrap();
    let needed: Vec<(&str, Vec<&str>)> =
        flags.cohort_ids().map(|(group_type, ids)| (group_type, ids.collect())).collect();
    assert_eq!(needed, [("User", vec!["a", "b", "c"]), ("org", vec!["g"])]);
}
