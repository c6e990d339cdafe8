//! `cargo xtask features`: every crate with every few of its features, without a warning.

mod documented;
mod sets;

use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use serde::Deserialize;

use crate::tools::{CRATES, ENGINE, Metadata, Package, cargo_command, line, only_help};

const HELP: &str = "\
cargo xtask features

Checks the library of each crate with none of its features, with each, each two, the default ones and all. Sets that
come to the same are checked once. Errors and warnings in the workspace's own code fail; so does a feature that neither
the crate's README.md nor its src/lib.rs tells of. Names that begin with an underscore are left to those that need them.
Last, the engine's tests have to pass with features of serde_json that any crate may switch on for a whole program.
";

/// Features of what the engine shares with other crates of a program, and that change what it is given.
const SHARED: &str = "serde_json/arbitrary_precision,serde_json/preserve_order,serde_json/unbounded_depth";

pub(crate) fn run(args: &mut lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    if !only_help(args, HELP)? {
        return Ok(ExitCode::SUCCESS);
    }
    check().map(crate::passed)
}

/// Whether all crates are well with all sets of features.
pub(crate) fn check() -> Result<bool, Box<dyn Error>> {
    let start = Instant::now();
    let metadata = Metadata::of_workspace()?;
    let (mut passed, mut failed) = (0, 0);
    let mut told = BTreeSet::new();
    for name in CRATES {
        let package = metadata.package(name)?;
        for feature in documented::missing(package)? {
            failed += 1;
            println!("{name}: neither README.md nor src/lib.rs tells of the feature `{feature}`");
        }
        let sets = sets::sets(&package.features);
        println!("{name}: sets of features: {}", sets.len());
        for set in sets {
            if compiles(&metadata, package, &set, &mut told)? {
                passed += 1;
            } else {
                failed += 1;
            }
        }
    }
    println!("{ENGINE}: tests with features of others: {SHARED}");
    if tests_pass_with_shared()? {
        passed += 1;
    } else {
        failed += 1;
    }
    println!("checked in {} s", start.elapsed().as_secs());
    println!("features: {passed} passed, {failed} failed");
    Ok(failed == 0 && passed > 0)
}

/// A line of what `cargo check --message-format json` prints.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    package_id: String,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: Option<String>,
}

/// Checks a library with some of its features; prints what is wrong and was not told before. Cargo repeats the warnings
/// of what it does not compile anew, so nothing has to be built with other flags for them to count.
fn compiles(
    metadata: &Metadata,
    package: &Package,
    set: &[&str],
    told: &mut BTreeSet<String>,
) -> Result<bool, Box<dyn Error>> {
    let mut command = cargo_command(&["check", "--quiet", "-p", &package.name, "--lib", "--no-default-features"]);
    if !set.is_empty() {
        command.args(["--features", &set.join(",")]);
    }
    let line = line(&command);
    let output = command.args(["--message-format", "json"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let wrong = said(metadata, &text);
    if output.status.success() && wrong.is_empty() {
        return Ok(true);
    }
    println!("{line}: failed");
    if wrong.is_empty() {
        println!("{}", String::from_utf8_lossy(&output.stderr));
    }
    for message in wrong {
        if told.insert(message.clone()) {
            println!("{message}");
        }
    }
    Ok(false)
}

/// Tests the engine as part of a program in which other crates switch on the shared features.
fn tests_pass_with_shared() -> Result<bool, Box<dyn Error>> {
    let mut command = cargo_command(&["test", "--quiet", "-p", ENGINE, "--features", SHARED]);
    let output = command.output()?;
    if !output.status.success() {
        println!("{}: failed", line(&command));
        println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.success())
}

/// What the compiler says of the workspace's own code.
fn said(metadata: &Metadata, output: &str) -> Vec<String> {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let ours = lines.filter(|line| metadata.is_ours(&line.package_id)).filter_map(|line| line.message);
    ours.filter(|message| message.level.starts_with("error") || message.level == "warning")
        .map(|message| message.rendered.unwrap_or_default())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn warnings_count_in_own_code_only() {
        let metadata = Metadata {
            packages: Vec::new(),
            workspace_members: vec!["ours".to_owned()],
            target_directory: PathBuf::new(),
        };
        let output = r#"{"reason":"compiler-message","package_id":"theirs","message":{"level":"warning","rendered":"a"}}
{"reason":"compiler-message","package_id":"ours","message":{"level":"warning","rendered":"b"}}
{"reason":"compiler-message","package_id":"ours","message":{"level":"error: internal compiler error","rendered":"c"}}
{"reason":"compiler-message","package_id":"ours","message":{"level":"failure-note","rendered":"d"}}
{"reason":"compiler-artifact","package_id":"ours"}
not JSON
{"reason":"build-finished","success":true}"#;
        assert_eq!(said(&metadata, output), ["b", "c"]);
    }
}
