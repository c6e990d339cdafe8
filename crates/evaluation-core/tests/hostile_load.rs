//! Flag configs that are small but would take very much time or memory. Where a test has no count to look at, it would
//! not end if the work were more than it has to be.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::collections::HashSet;
use std::fmt::Write;

use evaluation_core::{Diagnostic, DiagnosticKind, FlagSet, Severity, User, Value};

fn compile(flags: &[String]) -> FlagSet {
    FlagSet::from_json(format!("[{}]", flags.join(","))).unwrap()
}

fn flag(key: &str, rest: &str) -> String {
    format!(r#"{{"key": "{key}", "variants": {{"on": {{"key": "on"}}}}, {rest}}}"#)
}

fn depending(key: &str, dependencies: &[&str]) -> String {
    flag(key, &format!(r#""segments": [{{"variant": "on"}}], "dependencies": {}"#, Value::from(dependencies.to_vec())))
}

fn condition(selector: &[&str], op: &str, value: &str) -> String {
    format!(r#"{{"selector": {}, "op": "{op}", "values": [{}]}}"#, Value::from(selector.to_vec()), Value::from(value))
}

/// Segments that no one gets to the end of, one for each condition.
fn segments(conditions: impl Iterator<Item = String>) -> String {
    let segments: Vec<String> =
        conditions.map(|it| format!(r#"{{"conditions": [[{it}]], "variant": "on"}}"#)).collect();
    format!(r#""segments": [{}]"#, segments.join(","))
}

fn size(diagnostics: &[Diagnostic]) -> usize {
    let texts =
        |it: &Diagnostic| it.flag.as_ref().map_or(0, String::capacity) + it.path.capacity() + it.message.capacity();
    diagnostics.iter().map(texts).sum()
}

#[test]
fn warnings_are_counted_where_they_are_too_many_to_be_told() {
    let key = "k".repeat(100_000);
    let set = compile(&[depending(&key, &[""; 20_000])]);
    let said = set.diagnostics();
    assert!(said.iter().all(|it| it.kind == DiagnosticKind::UnknownDependency && it.severity == Severity::Warning));
    assert_eq!((said.len(), said[15].path.as_str()), (17, "dependencies[15]"));
    assert_eq!(
        (said[16].path.as_str(), said[16].message.as_str()),
        ("", "19984 more warnings of this kind about the flag")
    );
    assert!(size(said) < 100_000, "{}", size(said));
    assert!(set.contains(&key));

    // Each flag and each kind has its own; as many as there are, if they are few.
    let known = "known".to_owned();
    let undeclared = segments(std::iter::repeat_n(condition(&["result", "known"], "is", "on"), 20));
    let both = flag("both", &format!(r#"{undeclared}, "dependencies": {}"#, Value::from(vec!["x"; 16])));
    let set = compile(&[both, depending("other", &["x"]), depending(&known, &[])]);
    let count =
        |kind, flag| set.diagnostics().iter().filter(|it| it.kind == kind && it.flag.as_deref() == Some(flag)).count();
    assert_eq!(count(DiagnosticKind::UnknownDependency, "both"), 16);
    assert_eq!(count(DiagnosticKind::UndeclaredDependency, "both"), 17);
    assert_eq!(count(DiagnosticKind::UnknownDependency, "other"), 1);
}

#[test]
fn what_is_said_of_long_texts_is_short() {
    let long = "x".repeat(100_000);
    let conditions = [condition(&[&long], &long, "a"), condition(&["result", &long], "is", "a")];
    let all = [
        flag(&long, &segments(conditions.into_iter())),
        flag("a", &format!(r#""segments": [{{"variant": "{long}"}}], "dependencies": ["{long}{long}"]"#)),
        format!(r#"{{"key": "b", "segments": [], "variants": {{"{long}": {{"payload": 1e999}}}}}}"#),
        format!(r#"{{"key": "c", "segments": "{long}", "variants": {{}}}}"#),
    ];
    let set = compile(&all);
    let kinds: Vec<DiagnosticKind> = set.diagnostics().iter().map(|it| it.kind).collect();
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    for said in set.diagnostics() {
        assert!(said.to_string().len() < 4_000, "{:?} {}", said.kind, said.path);
    }
    assert!(
        set.diagnostics()
            .iter()
            .any(|it| it.message.starts_with("`xxx") && it.message.ends_with("…` is not in the list"))
    );
}

#[test]
fn each_flag_of_a_cycle_is_told_in_few_words() {
    let keys: Vec<String> = (0..100).map(|place| format!("{place}-{}", "k".repeat(10_000))).collect();
    let flags: Vec<String> = (0..100).map(|place| depending(&keys[place], &[&keys[(place + 1) % 100]])).collect();
    let set = compile(&flags);
    let cyclic = |it: &&Diagnostic| it.kind == DiagnosticKind::DependencyCycle;
    assert_eq!(set.errors().filter(cyclic).count(), 100);
    assert!(size(set.diagnostics()) < 500_000, "{}", size(set.diagnostics()));
    let cycle = set.reaches_cycle(&[&keys[5]]).unwrap();
    assert!(cycle.ends_with("… -> … (93 more)") && cycle.len() < 1_000, "{cycle}");
    let shared: HashSet<*const str> =
        keys.iter().map(|key| std::ptr::from_ref(set.reaches_cycle(&[key]).unwrap())).collect();
    assert_eq!(shared.len(), 1);
}

#[test]
fn a_payload_is_read_once_however_many_conditions_and_segments_there_are() {
    let mut payload = String::from(r#"{"x": "found""#);
    (0..20_000).for_each(|place| write!(payload, r#", "x{place}": {place}"#).unwrap());
    let given = vec![r#"{"variant": "on"}"#; 2_000].join(",");
    let read = format!(r#"{{"key": "p", "variants": {{"on": {{"payload": {payload}}}}}}}, "segments": [{given}]}}"#);
    let conditions = (0..4_000).map(|place| condition(&["result", "p", "payload", "x"], "is", &place.to_string()));
    let apart = (0..4_000).map(|place| condition(&["result", "p", "payload", &format!("x{place}")], "is", "3999"));
    let reader = |key: &str, conditions: &mut dyn Iterator<Item = String>| {
        flag(key, &format!(r#"{}, "dependencies": ["p"]"#, segments(conditions)))
    };
    let found = condition(&["result", "p", "payload", "x"], "is", "found");
    let set = compile(&[
        read,
        reader("none", &mut conditions.clone()),
        reader("last", &mut conditions.chain([found])),
        reader("apart", &mut apart.clone()),
        reader("almost", &mut apart.take(3_999)),
    ]);
    let variants = set.evaluate(&User::default(), &[]);
    assert_eq!(variants.keys().collect::<Vec<_>>(), ["apart", "last", "p"]);
}

#[test]
fn results_are_told_apart_by_all_that_a_path_reads() {
    let given = r#"{"key": "p", "metadata": {"m": 0, "n": {"deep": "flag"}}, "segments": [
        {"conditions": [[{"selector": ["context", "user", "country"], "op": "is", "values": ["A"]}]], "variant": "on"},
        {"conditions": [[{"selector": ["context", "user", "country"], "op": "is", "values": ["B"]}]], "variant": "on",
         "metadata": {"m": 1, "n": "segment"}},
        {"conditions": [[{"selector": ["context", "user", "country"], "op": "is", "values": ["C"]}]], "variant": "off",
         "metadata": {"m": 1, "n": "segment"}},
        {"conditions": [[{"selector": ["context", "user", "country"], "op": "is", "values": ["D"]}]], "variant": "on"}],
        "variants": {"off": {"key": "off", "value": [1], "metadata": {"n": {"deep": "variant"}}},
                     "on": {"key": "on", "value": "v", "payload": {"x": null, "list": ["a", "b"]}}}}"#;
    let on = r#"{"key":"on","value":"v","payload":{"x":null,"list":["a","b"]},"metadata":{"m":0,"n":{"deep":"flag"}}}"#;
    for (path, op, value, expected) in [
        (&["key"][..], "is", "on", "ABD"),
        (&["key", "more"], "is", "(none)", "ABCD-"),
        (&["value"], "is", "1", "C"),
        (&["value"], "set is", "1", "C"),
        (&["payload", "list"], "set contains any", "b", "ABD"),
        (&["payload", "x"], "is", "(none)", "ABCD-"),
        (&["payload"], "is", "(none)", "C-"),
        (&["metadata", "m"], "is", "1", "BC"),
        (&["metadata", "n", "deep"], "is", "flag", "AD"),
        (&["metadata", "n", "deep"], "is", "variant", "C"),
        (&["metadata", "n"], "is", "segment", "B"),
        (&["metadata"], "is", r#"{"m":1,"n":"segment"}"#, "B"),
        (&[], "is", on, "AD"),
        (&[], "is", "(none)", "-"),
        (&["nothing"], "is", "(none)", "ABCD-"),
    ] {
        let selector: Vec<&str> = ["result", "p"].iter().chain(path).copied().collect();
        let reads = segments([condition(&selector, op, value)].into_iter());
        let set = compile(&[given.to_owned(), flag("f", &format!(r#"{reads}, "dependencies": ["p"]"#))]);
        let holds = |country: &&str| set.variant(&User::builder().country(*country).build(), "f").is_some();
        assert_eq!(
            ["A", "B", "C", "D", "-"].into_iter().filter(holds).collect::<String>(),
            expected,
            "{path:?} {op} {value}"
        );
    }
}

#[test]
fn a_dependency_counts_once_however_often_it_is_listed() {
    let mut flags = vec![depending("x", &[]), depending("often", &["x"; 600_000])];
    flags.extend((0..40_000).map(|place| depending(&place.to_string(), &["often"])));
    let set = compile(&flags);
    assert_eq!(set.diagnostics(), []);
    let explanation = set.explain(&User::default(), "39999").unwrap();
    assert_eq!(explanation.dependencies.iter().map(|it| it.flag.as_str()).collect::<Vec<_>>(), ["x", "often"]);
}

#[test]
fn a_chain_of_a_hundred_thousand_flags_is_explained() {
    let link = |place: usize| {
        let next = (place + 1).to_string();
        let reads = segments([condition(&["result", &next, "key"], "is", "on")].into_iter());
        flag(&place.to_string(), &format!(r#"{reads}, "dependencies": ["{next}"]"#))
    };
    let flags: Vec<String> = (0..100_000).map(link).chain([depending("100000", &[])]).collect();
    let explanation = compile(&flags).explain(&User::default(), "0").unwrap();
    assert_eq!((explanation.variant.as_deref(), explanation.dependencies.len()), (Some("on"), 100_000));
}

#[test]
fn the_patterns_of_a_set_have_a_limit_together() {
    let matching =
        |key: &str, pattern: &str| flag(key, &segments([condition(&["context"], "regex match", pattern)].into_iter()));
    let many_parts = |place: usize| matching(&place.to_string(), &format!("{place}(?:(?=a){})", "|a".repeat(8_000)));
    let mut flags: Vec<String> = (0..12).map(many_parts).collect();
    // Small ones fit as long as there is room; the first of all does in any case.
    flags.insert(0, matching("first", "norway"));
    let set = compile(&flags);
    let refused: Vec<&Diagnostic> = set.diagnostics().iter().collect();
    assert!((1..12).contains(&refused.len()), "{}", refused.len());
    for said in refused {
        assert_eq!((said.kind, said.severity), (DiagnosticKind::InvalidPattern, Severity::Warning));
        assert!(said.message.contains("pattern too large: with the other patterns"), "{}", said.message);
        assert_ne!(said.flag.as_deref(), Some("first"));
    }
    // Each is alone within the limits.
    assert_eq!(compile(&flags[12..]).diagnostics(), []);
}

#[test]
fn braces_that_repeat_nothing_are_looked_at_once() {
    let pattern = |place: usize| format!("{}{place}(", "{".repeat(130_000));
    let conditions = (0..40).map(|place| condition(&["context"], "regex match", &pattern(place)));
    let said = compile(&[flag("f", &segments(conditions))]).diagnostics().len();
    assert_eq!(said, 17);
}

#[test]
fn a_condition_gives_up_on_a_list_behind_several_runaway_searches() {
    let runaway = r"^(?:(a+)+\1)+$";
    let matching = |key: &str, op: &str| {
        flag(key, &segments([condition(&["context", "user", "user_properties", "p"], op, runaway)].into_iter()))
    };
    let set = compile(&[matching("is", "regex match"), matching("is not", "regex does not match")]);
    let decided = |list: Vec<String>| {
        let user = User::builder().user_property("p", list).build();
        (set.variant(&user, "is").is_some(), set.variant(&user, "is not").is_some())
    };
    let subject = "a".repeat(100) + "!";
    assert_eq!(decided(vec![subject.clone(); 200_000]), (false, true));
    assert_eq!(decided(vec!["aaaa".to_owned(); 3]), (true, false));
    assert_eq!(decided(vec!["b".to_owned(), "aaaa".to_owned(), subject.clone()]), (true, true));
    // One takes no other with it. What comes behind many is not searched.
    assert_eq!(decided(vec![subject.clone(), "aaaa".to_owned()]), (true, true));
    let many = std::iter::repeat_n(subject, 100).chain(["aaaa".to_owned()]);
    assert_eq!(decided(many.collect()), (false, true));
}
