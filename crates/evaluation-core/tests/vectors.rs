//! The expected results of the official engines, through every way into this one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::fs;
use std::path::{Path, PathBuf};

use evaluation_core::{FlagSet, Value, Version, murmur3_32};

/// What a case asks for.
enum Expected {
    Results(Value),
    Cycle,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn read(path: &Path) -> Value {
    Value::from_json(fs::read(path).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap()
}

/// Compares as the vectors are meant: member order is free, numbers by value, and an absent, null or empty metadata and
/// an absent or null value or payload are the same.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a == b),
    }
}

fn normalised(results: &Value) -> Value {
    let variants = results.as_object().unwrap().iter().map(|(key, variant)| {
        let members =
            variant.as_object().unwrap().iter().filter(|(_, value)| {
                !value.is_null() && !value.as_object().is_some_and(evaluation_core::Object::is_empty)
            });
        let variant: evaluation_core::Object = members.map(|(key, value)| (key, value.clone())).collect();
        (key, Value::from(variant))
    });
    Value::Object(variants.collect())
}

/// Runs a case through every way into the engine. Gives what went wrong.
fn check(flags: &Value, case: &Value, expected: &Expected) -> Result<(), String> {
    let context = case.get("context").unwrap();
    let keys: Vec<&str> = list(case, "flag_keys").iter().filter_map(Value::as_str).collect();
    let set = FlagSet::from_json(flags.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let expected = match (expected, set.reaches_cycle(&keys)) {
        (Expected::Cycle, Some(_)) => return Ok(()),
        (Expected::Cycle, None) => return Err("expected a cycle".to_owned()),
        (Expected::Results(_), Some(cycle)) => return Err(format!("got a cycle: {cycle}")),
        (Expected::Results(expected), None) => normalised(expected),
    };
    let variants = set.evaluate(context, &keys);
    let got = normalised(&serde_json::to_string(&variants).unwrap().parse().unwrap());
    let fail = |what: &str| {
        let diagnostics: Vec<String> = set.diagnostics().iter().map(ToString::to_string).collect();
        Err(format!(
            "{what}\nflags {flags}\ncontext {context}\nkeys {keys:?}\nexpected {expected}\ngot {got}\n{diagnostics:?}"
        ))
    };
    if !same(&got, &expected) {
        return fail("evaluate");
    }
    // One flag alone, and explained, comes to the same, unless the flag reads results that it does not depend on.
    if set.diagnostics().iter().any(|it| it.kind == evaluation_core::DiagnosticKind::UndeclaredDependency) {
        return Ok(());
    }
    let all: Vec<&str> = set.keys().collect();
    if keys.is_empty() && set.evaluate(context, &all) != variants {
        return fail("evaluate with all keys");
    }
    for (key, variant) in variants.iter() {
        if set.variant(context, key) != Some(variant) {
            return fail(&format!("variant of {key}"));
        }
    }
    for key in all.into_iter().filter(|key| keys.is_empty() || keys.contains(key)) {
        let explanation = set.explain(context, key).unwrap();
        if explanation.variant.is_some() != variants.get(key).is_some() {
            return fail(&format!("explain of {key}"));
        }
    }
    Ok(())
}

#[test]
fn every_topic() {
    let mut files: Vec<_> =
        fs::read_dir(folder().join("evaluation")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut count, mut failures) = (0, Vec::new());
    for file in files.iter().filter(|file| !file.ends_with("divergent.json")) {
        let document = read(file);
        for suite in list(&document, "suites") {
            for case in list(suite, "cases") {
                let expected = match case.get("expected") {
                    Some(expected) => Expected::Results(expected.clone()),
                    None => Expected::Cycle,
                };
                count += 1;
                if let Err(failure) = check(suite.get("flags").unwrap(), case, &expected) {
                    failures.push(format!("{}: {}: {failure}", text(suite, "name"), text(case, "name")));
                }
            }
        }
    }
    println!("{count} cases of {} topics", files.len() - 1);
    assert!(count > 4000, "{count}");
    assert!(
        failures.is_empty(),
        "{} failures\n\n{}",
        failures.len(),
        failures.iter().take(12).cloned().collect::<Vec<_>>().join("\n\n")
    );
}

#[test]
fn where_engines_differ_the_recommended_answer() {
    let document = read(&folder().join("evaluation/divergent.json"));
    let (mut required, mut advisory, mut failures) = (0, 0, Vec::new());
    for case in list(&document, "cases") {
        let expected = match case.get("recommended") {
            Some(expected) => Expected::Results(expected.clone()),
            None => Expected::Cycle,
        };
        let outcome = check(case.get("flags").unwrap(), case, &expected);
        if case.get("advisory") == Some(&Value::Bool(true)) {
            advisory += 1;
            if let Err(failure) = outcome {
                println!("advisory: {}: {failure}", text(case, "name"));
            }
        } else {
            required += 1;
            failures.extend(outcome.err().map(|failure| format!("{}: {failure}", text(case, "name"))));
        }
    }
    println!("{required} required, {advisory} advisory");
    assert!(required > 300, "{required}");
    assert!(
        failures.is_empty(),
        "{} failures\n\n{}",
        failures.len(),
        failures.iter().take(12).cloned().collect::<Vec<_>>().join("\n\n")
    );
}

#[test]
fn hashes() {
    let document = read(&folder().join("murmur3.json"));
    for case in list(&document, "cases") {
        let hash = i64::from(murmur3_32(text(case, "input").as_bytes()));
        assert_eq!(Some(hash), case.get("hash").and_then(Value::as_i64), "{case}");
    }
}

#[test]
fn versions() {
    let document = read(&folder().join("semver.json"));
    for case in list(&document, "cases").iter().chain(list(&document, "divergent")) {
        let (a, b) = (Version::parse(text(case, "a")), Version::parse(text(case, "b")));
        assert_eq!(case.get("a_valid"), Some(&Value::Bool(a.is_some())), "{case}");
        assert_eq!(case.get("b_valid"), Some(&Value::Bool(b.is_some())), "{case}");
        let compare = a.zip(b).map(|(a, b)| a.cmp(&b) as i64);
        assert_eq!(case.get("compare").and_then(Value::as_i64), compare, "{case}");
    }
}
