//! What holds for all flags and all contexts.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use evaluation_core::{DiagnosticKind, FlagSet, Operator, User, Value, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Texts on which operators have something to decide.
fn text() -> impl Strategy<Value = String> {
    let telling = select(vec![
        "",
        "a",
        "A",
        "b",
        "true",
        "TRUE",
        "false",
        "1",
        "1.0",
        "10",
        "9",
        " 2 ",
        "1e3",
        "NaN",
        "1.2",
        "1.2.3",
        "1.10.0",
        "1.2.3-rc",
        "(none)",
        "[\"a\",\"b\"]",
        "[]",
        "[1]",
        "é",
        "İ",
        "😀",
        "\u{E000}",
        "^a",
        "a.*",
        "(?=a)a",
        "(",
    ]);
    prop_oneof![8 => telling.prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

/// Values of user properties.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-20_i64..20).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        select(vec![0.0, 1.0, -0.5, 1e21, 1e-7]).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    scalar.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((select(vec!["x", "y"]), inner), 0..3).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn user() -> impl Strategy<Value = User> {
    let properties = vec((select(vec!["p", "q"]), value()), 0..3);
    let optional = || proptest::option::of(text());
    (optional(), optional(), optional(), properties, vec(text(), 0..3), vec(text(), 0..3)).prop_map(
        |(user_id, country, org, properties, cohorts, group_cohorts)| {
            let mut user = User::builder().user_properties(properties).cohort_ids(cohorts);
            if let Some(user_id) = user_id {
                user = user.user_id(user_id);
            }
            if let Some(country) = country {
                user = user.country(country);
            }
            if let Some(org) = org {
                user = user
                    .group_property("org", &org, "p", 5)
                    .group_cohort_ids("org", &org, group_cohorts)
                    .group("org", org);
            }
            user.build()
        },
    )
}

const SELECTORS: [&str; 12] = [
    r#"["context","user","user_id"]"#,
    r#"["context","user","country"]"#,
    r#"["context","user","user_properties","p"]"#,
    r#"["context","user","user_properties","q"]"#,
    r#"["context","user","user_properties","p","x"]"#,
    r#"["context","user","cohort_ids"]"#,
    r#"["context","groups","org","group_name"]"#,
    r#"["context","groups","org","group_properties","p"]"#,
    r#"["context","groups","org","cohort_ids"]"#,
    r#"["context","user"]"#,
    r#"["context"]"#,
    "[]",
];

fn selector(flag: usize) -> impl Strategy<Value = String> {
    let results = (0..flag.max(1), select(vec!["\"key\"", "\"metadata\",\"m\"", "\"payload\",\"x\""]));
    let result = results.prop_map(move |(other, member)| format!(r#"["result","f{other}",{member}]"#));
    prop_oneof![4 => select(SELECTORS.to_vec()).prop_map(str::to_owned), 1 => result]
}

fn condition(flag: usize) -> impl Strategy<Value = String> {
    let operators: Vec<&str> = Operator::ALL.iter().map(|it| it.as_str()).chain(["unknown"]).collect();
    (selector(flag), select(operators), vec(text(), 0..4)).prop_map(|(selector, operator, values)| {
        format!(r#"{{"selector":{selector},"op":"{operator}","values":{}}}"#, Value::from(values))
    })
}

fn segment(flag: usize) -> impl Strategy<Value = String> {
    let variant = || select(vec!["a", "b", "c", "missing"]);
    let ends = || (0_i64..6).prop_map(|end| end * 20);
    let share = (variant(), ends(), ends());
    let allocation = (ends(), ends(), vec(share, 0..4)).prop_map(|(start, end, shares)| {
        let shares: Vec<String> = shares
            .into_iter()
            .map(|(variant, start, end)| {
                format!(r#"{{"variant":"{variant}","range":[{},{}]}}"#, start * 429_497, end * 429_497)
            })
            .collect();
        format!(r#"{{"range":[{start},{end}],"distributions":[{}]}}"#, shares.join(","))
    });
    let bucket = (selector(flag), text(), vec(allocation, 0..3)).prop_map(|(selector, salt, allocations)| {
        format!(
            r#""bucket":{{"selector":{selector},"salt":{},"allocations":[{}]}},"#,
            Value::from(salt),
            allocations.join(",")
        )
    });
    let group = vec(condition(flag), 0..3).prop_map(|conditions| format!("[{}]", conditions.join(",")));
    let groups = vec(group, 0..3).prop_map(|groups| format!(r#""conditions":[{}],"#, groups.join(",")));
    let part = |part: BoxedStrategy<String>| prop_oneof![Just(String::new()), part];
    (part(bucket.boxed()), part(groups.boxed()), variant(), any::<bool>()).prop_map(
        |(bucket, groups, variant, default)| {
            let default = if default { format!(r#""variant":"{variant}","#) } else { String::new() };
            format!(r#"{{{bucket}{groups}{default}"metadata":{{"segmentName":"s","m":1}}}}"#)
        },
    )
}

/// A flag that depends on all flags before it, and so may read any of their results.
fn flag(index: usize) -> impl Strategy<Value = String> {
    vec(segment(index), 0..4).prop_map(move |segments| {
        let dependencies: Vec<String> = (0..index).map(|other| format!("f{other}")).collect();
        format!(
            r#"{{"key":"f{index}","dependencies":{},"metadata":{{"m":0}},"variants":{{
                "a":{{"key":"a","value":"a","metadata":{{"m":null}}}},"b":{{"key":"b","payload":{{"x":[1]}}}},"c":{{}}}},
                "segments":[{}]}}"#,
            Value::from(dependencies),
            segments.join(","),
        )
    })
}

fn flags() -> impl Strategy<Value = Vec<String>> {
    (flag(0), flag(1), flag(2), flag(3)).prop_map(|(a, b, c, d)| vec![a, b, c, d])
}

fn compile(list: &[String]) -> FlagSet {
    FlagSet::from_json(format!("[{}]", list.join(",")).as_bytes()).unwrap()
}

/// The context that a user stands for, as the specification builds it.
fn context(user: &User) -> Value {
    let explained = FlagSet::from_json(
        br#"[{"key":"f","variants":{},"segments":[{"conditions":[[{"selector":["context"],"op":"is","values":[]}]]}]}]"#,
    );
    explained.unwrap().explain(user, "f").unwrap().segments[0].groups[0][0].value.clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_way_in_decides_alike(list in flags(), user in user()) {
        let set = compile(&list);
        prop_assert_eq!(set.errors().count(), 0);
        let all = set.evaluate(&user, &[]);
        let keys: Vec<&str> = set.keys().collect();
        prop_assert_eq!(&set.evaluate(&user, &keys), &all);
        // A flag at the beginning has no results to read but its own, which it does not depend on.
        let declared = set.diagnostics().iter().all(|it| it.kind != DiagnosticKind::UndeclaredDependency);
        for key in keys {
            prop_assert_eq!(set.variant(&user, key), all.get(key));
            let explanation = set.explain(&user, key).unwrap();
            prop_assert_eq!(explanation.variant.is_some(), all.get(key).is_some());
            if declared {
                let alone = set.evaluate(&user, &[key]);
                prop_assert_eq!(alone.get(key), all.get(key));
            }
            let name = all.get(key).and_then(|it| it.key()).map(str::to_owned);
            prop_assert!(name.is_none() || explanation.variant == name);
        }
    }

    #[test]
    fn a_user_and_its_context_as_json_decide_alike(list in flags(), user in user()) {
        let set = compile(&list);
        prop_assert_eq!(set.evaluate(&user, &[]), set.evaluate(&context(&user), &[]));
    }

    #[test]
    fn the_order_of_the_list_makes_no_difference(list in flags(), user in user(), order in Just([0, 1, 2, 3]).prop_shuffle()) {
        let set = compile(&list);
        if set.diagnostics().iter().all(|it| it.kind != DiagnosticKind::UndeclaredDependency) {
            let shuffled: Vec<String> = order.iter().map(|index| list[*index].clone()).collect();
            prop_assert_eq!(set.evaluate(&user, &[]), compile(&shuffled).evaluate(&user, &[]));
        }
    }

    #[test]
    fn compiling_any_json_does_not_panic(value in value(), list in flags(), place in any::<prop::sample::Index>(), cut in value()) {
        let _ = FlagSet::from_json(value.to_string().as_bytes());
        let _ = FlagSet::from_json(format!("[{value}]").as_bytes());
        // A good list with one value replaced by another.
        let text = format!("[{}]", list.join(","));
        let colons: Vec<usize> = text.match_indices(':').map(|(at, _)| at).collect();
        let at = colons[place.index(colons.len())];
        let end = text[at..].find([',', '}']).map_or(text.len(), |end| at + end);
        if let Ok(set) = FlagSet::from_json(format!("{}:{cut}{}", &text[..at], &text[end..]).as_bytes()) {
            set.evaluate(&User::with_user_id("u"), &[]);
            prop_assert!(set.diagnostics().iter().all(|it| !it.to_string().is_empty()));
        }
    }

    #[test]
    fn results_read_back_as_they_were_written(list in flags(), user in user()) {
        let variants = compile(&list).evaluate(&user, &[]);
        let json = serde_json::to_string(&variants).unwrap();
        let read: evaluation_core::Variants = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&read, &variants);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    #[test]
    fn users_read_back_as_they_were_written(user in user()) {
        let json = serde_json::to_string(&user).unwrap();
        let (read, diagnostics) = User::from_json(json.as_bytes()).unwrap();
        prop_assert!(diagnostics.is_empty());
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }

    #[test]
    fn values_read_back_as_they_were_written(value in value()) {
        prop_assert_eq!(&Value::from_json(value.to_string().as_bytes()).unwrap(), &value);
    }

    #[test]
    fn the_order_of_versions_is_total(texts in vec("[0-2]{1,2}\\.[0-2](\\.[0-2](-[a-c0]{0,2})?(\\+b)?)?", 3)) {
        let versions: Vec<Version<'_>> = texts.iter().map(|text| Version::parse(text).unwrap()).collect();
        let [a, b, c] = [&versions[0], &versions[1], &versions[2]];
        prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
        prop_assert!(!(a <= b && b <= c) || a <= c);
        prop_assert_eq!(a == b, a.cmp(b).is_eq());
    }

    /// Semantic versions without pre-release are versions of ours, in the same order.
    #[test]
    fn versions_agree_with_semver_where_both_apply(a in "[0-9]{1,3}\\.[0-9]{1,2}\\.[0-9]", b in "[0-9]{1,3}\\.[0-9]{1,2}\\.[0-9]") {
        if let (Ok(semver_a), Ok(semver_b)) = (semver::Version::parse(&a), semver::Version::parse(&b)) {
            prop_assert_eq!(Version::parse(&a).unwrap().cmp(&Version::parse(&b).unwrap()), semver_a.cmp(&semver_b));
        }
    }
}
