//! The vectors kept beside the engine: inputs with the results that the official engines gave.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::engines::Engines;
use super::outcome::Outcome;
use super::tally::Tally;

/// Flags and contexts stay as they are written: members in order, `1` and `1.0` told apart.
#[derive(Deserialize)]
struct Topic {
    topic: String,
    suites: Vec<Suite>,
}

#[derive(Deserialize)]
struct Suite {
    name: String,
    flags: Box<RawValue>,
    cases: Vec<SuiteCase>,
}

#[derive(Deserialize)]
struct SuiteCase {
    name: String,
    context: Box<RawValue>,
    flag_keys: Option<Box<RawValue>>,
    expected: Option<Map<String, Value>>,
    expected_error: Option<String>,
}

#[derive(Deserialize)]
struct Divergent {
    cases: Vec<DivergentCase>,
}

#[derive(Deserialize)]
struct DivergentCase {
    name: String,
    flags: Box<RawValue>,
    context: Box<RawValue>,
    flag_keys: Option<Box<RawValue>>,
    recommended: Option<Map<String, Value>>,
    recommended_error: Option<String>,
    advisory: bool,
}

#[derive(Deserialize)]
struct Hashes {
    cases: Vec<HashCase>,
}

#[derive(Deserialize)]
struct HashCase {
    input: String,
    hash: u32,
}

#[derive(Deserialize)]
struct Versions {
    cases: Vec<VersionCase>,
    divergent: Vec<VersionCase>,
}

#[derive(Deserialize)]
struct VersionCase {
    a: String,
    b: String,
    a_valid: bool,
    b_valid: bool,
    compare: Option<i8>,
}

/// Runs every file of the directory through our engine.
pub(super) fn run(engines: &mut Engines, dir: &Path) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let topics = dir.join("evaluation");
    let listed = fs::read_dir(&topics).map_err(|error| format!("{}: {error}", topics.display()))?;
    let mut files: Vec<_> = listed
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .collect();
    files.sort();
    for file in files {
        let counted = if file.ends_with("divergent.json") {
            divergent(engines, &read(&file)?)
        } else {
            topic(engines, &read(&file)?)
        };
        report(&file, counted);
        tally += counted;
    }
    for (name, check) in
        [("murmur3.json", hashes as fn(&mut Engines, &Path) -> Result<Tally, String>), ("semver.json", versions)]
    {
        let file = dir.join(name);
        let counted = check(engines, &file)?;
        report(&file, counted);
        tally += counted;
    }
    Ok(tally)
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

fn report(file: &Path, counted: Tally) {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let advisory = if counted.advisory > 0 { format!(", {} advisory differ", counted.advisory) } else { String::new() };
    println!("  {name:16} {:5} passed, {} failed{advisory}", counted.passed, counted.failed);
}

fn topic(engines: &mut Engines, topic: &Topic) -> Tally {
    let mut tally = Tally::default();
    for suite in &topic.suites {
        for case in &suite.cases {
            let name = format!("{}: {}: {}", topic.topic, suite.name, case.name);
            let expected = expectation(case.expected.as_ref(), case.expected_error.as_ref());
            let line = line(&suite.flags, &case.context, case.flag_keys.as_deref());
            tally.count(check(engines, &name, &line, &expected));
        }
    }
    tally
}

fn divergent(engines: &mut Engines, divergent: &Divergent) -> Tally {
    let mut tally = Tally::default();
    for case in &divergent.cases {
        let expected = expectation(case.recommended.as_ref(), case.recommended_error.as_ref());
        let name = if case.advisory { format!("(advisory) {}", case.name) } else { case.name.clone() };
        let passed = check(engines, &name, &line(&case.flags, &case.context, case.flag_keys.as_deref()), &expected);
        if case.advisory && !passed {
            tally.advisory += 1;
        } else {
            tally.count(passed);
        }
    }
    tally
}

fn expectation(results: Option<&Map<String, Value>>, error: Option<&String>) -> Outcome {
    match (results, error) {
        (Some(results), None) => Outcome::results(results.clone()),
        (_, Some(error)) if error == "cycle" => Outcome::Cycle,
        _ => Outcome::Error(format!("{error:?}")),
    }
}

/// A driver line; line breaks of a wrapped file are blanks.
fn line(flags: &RawValue, context: &RawValue, flag_keys: Option<&RawValue>) -> String {
    let keys = flag_keys.map(|keys| format!(",\"flag_keys\":{keys}")).unwrap_or_default();
    format!("{{\"id\":1,\"flags\":{flags},\"context\":{context}{keys}}}").replace(['\n', '\r'], " ")
}

fn check(engines: &mut Engines, name: &str, line: &str, expected: &Outcome) -> bool {
    let got = Outcome::from_reply(&engines.ask_ours(line));
    let passed = got.same(expected);
    if !passed {
        println!("vector {name}");
        println!("  flags:    {:?}", expected.differing_flags(&got));
        println!("  line:     {line}");
        println!("  expected: {expected}");
        println!("  got:      {got}");
    }
    passed
}

fn hashes(engines: &mut Engines, file: &Path) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for case in read::<Hashes>(file)?.cases {
        let line = format!("{{\"id\":1,\"murmur3\":{}}}", Value::from(case.input));
        let expected = format!("{{\"id\":1,\"result\":{}}}", case.hash);
        tally.count(check_reply(engines, &line, &expected));
    }
    Ok(tally)
}

fn versions(engines: &mut Engines, file: &Path) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let versions: Versions = read(file)?;
    for case in versions.cases.into_iter().chain(versions.divergent) {
        let line = format!("{{\"id\":1,\"version\":[{},{}]}}", Value::from(case.a), Value::from(case.b));
        let compare = case.compare.map_or("null".to_owned(), |compare| compare.to_string());
        let expected = format!(
            "{{\"id\":1,\"result\":{{\"a_valid\":{},\"b_valid\":{},\"compare\":{compare}}}}}",
            case.a_valid, case.b_valid
        );
        tally.count(check_reply(engines, &line, &expected));
    }
    Ok(tally)
}

fn check_reply(engines: &mut Engines, line: &str, expected: &str) -> bool {
    let got = engines.ask_ours(line);
    let passed = serde_json::from_str::<Value>(&got).ok() == serde_json::from_str(expected).ok();
    if !passed {
        println!("vector {line}\n  expected: {expected}\n  got:      {got}");
    }
    passed
}
