//! `cargo xtask release`: what has to hold before crates are published, and what would be.

mod changelog;
mod licences;
mod manifests;
mod packages;
mod registry;
mod spdx;

use std::error::Error;
use std::process::{Command, ExitCode, Stdio};

use lexopt::prelude::*;

use crate::public_api::Outcome;
use crate::tools::{CRATES, Metadata, cargo, cargo_command, root};
use crate::{features, public_api};

const HELP: &str = "\
cargo xtask release [--dry-run | --publish]

Goes through all that has to hold before the crates are published, says what fails, and prints what would be published
and by which commands. --dry-run is what it does without options. --publish runs these commands as well, if everything
holds. docs/releasing.md says what to do by hand.
";

/// What a step has to say, if it holds; else why not.
type Said = Result<String, Box<dyn Error>>;

pub(crate) fn run(args: &mut lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    let mut publish = false;
    while let Some(argument) = args.next()? {
        match argument {
            Long("dry-run") => publish = false,
            Long("publish") => publish = true,
            Long("help") => {
                print!("{HELP}");
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let all = Metadata::of_everything()?;
    let order = manifests::in_order(&all)?;
    let baseline = baseline()?;
    let (mut passed, mut failed) = (0, 0);
    let mut step = |name: &str, said: Said| match said {
        Ok(said) => {
            passed += 1;
            println!("ok      {name}: {said}");
        }
        Err(error) => {
            failed += 1;
            println!("FAILED  {name}: {error}");
        }
    };
    step("clean tree", clean_tree());
    step("versions", manifests::check(&all, &order));
    step("changelog", changelog::check(&all, publish));
    step("licences", licences::check(&all, &order));
    step("packages", packages::check(&all, &order));
    step("semver", semver(baseline.as_deref()));
    step("public api", listing(publish));
    step("features", features());
    let plan = registry::Plan::of(&all, &order, baseline.is_some())?;
    plan.print();
    println!("release: {passed} passed, {failed} failed");
    if publish {
        if let Some(reason) = plan.refusal() {
            return Err(format!("nothing was published: {reason}").into());
        }
        if failed > 0 {
            return Err("nothing was published: mend what failed first".into());
        }
        plan.publish()?;
    }
    Ok(crate::passed(failed == 0))
}

/// What is published is what is committed.
fn clean_tree() -> Said {
    let changes = git(&["status", "--porcelain"])?;
    match changes.lines().count() {
        0 => Ok("everything is committed".to_owned()),
        count => {
            Err(format!("{count} files are not committed, the first: {}", changes.lines().next().unwrap_or("")).into())
        }
    }
}

/// The tag of the newest release, if there was one.
fn baseline() -> Result<Option<String>, Box<dyn Error>> {
    Ok(git(&["tag", "--list", "v*", "--sort=-version:refname"])?.lines().next().map(str::to_owned))
}

/// Nothing breaks those who use the newest release, or the version says so.
fn semver(baseline: Option<&str>) -> Said {
    let Some(tag) = baseline else {
        return Ok("no baseline: nothing was released yet".to_owned());
    };
    let version =
        cargo_command(&["semver-checks", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !version.success() {
        return Err("cargo-semver-checks is missing: `cargo install --locked cargo-semver-checks`".into());
    }
    // By name: of a whole workspace it passes over crates that are not to be published.
    let mut arguments = vec!["semver-checks", "--baseline-rev", tag];
    arguments.extend(CRATES.iter().flat_map(|name| ["-p", name]));
    cargo(&arguments)?;
    Ok(format!("compared with {tag}"))
}

fn listing(publish: bool) -> Said {
    match public_api::check(false)? {
        Outcome::Passed => Ok("as listed in docs/public-api".to_owned()),
        Outcome::Skipped(reason) if publish => Err(format!("not to be skipped before publishing: {reason}").into()),
        Outcome::Skipped(reason) => Ok(format!("skipped, {reason}")),
        Outcome::Failed => Err("see above".into()),
    }
}

fn features() -> Said {
    if features::check()? { Ok("every set compiles without a warning".to_owned()) } else { Err("see above".into()) }
}

/// What git says.
fn git(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new("git").args(arguments).current_dir(root()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()).into())
}
