//! `cargo xtask public-api`: what each crate offers, kept in files, and no types of others in it.

mod diff;
mod foreign;
mod rustdoc;

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use lexopt::prelude::*;

use crate::tools::{CRATES, Metadata, root};
use rustdoc::Api;

const HELP: &str = "\
cargo xtask public-api [--update]

Compares what each crate offers, with all features, with its listing in docs/public-api, and looks for types and traits
of crates that are not allowed there. --update writes the listings. Needs a nightly toolchain whose rustdoc JSON is of
the version that is understood; without one it says so and passes.
";

/// What a run came to.
pub(crate) enum Outcome {
    Passed,
    Failed,
    Skipped(String),
}

pub(crate) fn run(args: &mut lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    let mut update = false;
    while let Some(argument) = args.next()? {
        match argument {
            Long("update") => update = true,
            Long("help") => {
                print!("{HELP}");
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    check(update).map(|outcome| crate::passed(!matches!(outcome, Outcome::Failed)))
}

/// Compares all listings, or writes them.
pub(crate) fn check(update: bool) -> Result<Outcome, Box<dyn Error>> {
    let target = Metadata::of_workspace()?.target_directory.join("public-api");
    if let Err(reason) = rustdoc::nightly() {
        return Ok(skipped(reason));
    }
    let (mut passed, mut failed) = (0, 0);
    for name in CRATES {
        let json = rustdoc::json(name, &target)?;
        let Api { listing, document } = match rustdoc::read(&json)? {
            Ok(api) => api,
            Err(reason) => return Ok(skipped(reason)),
        };
        let is_same = compare(name, &listing, update)?;
        let foreign = foreign::in_crate(name, &document);
        for found in &foreign {
            println!("{name}: {found}");
        }
        if is_same && foreign.is_empty() {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    println!("public-api: {passed} passed, {failed} failed");
    Ok(if failed == 0 { Outcome::Passed } else { Outcome::Failed })
}

fn skipped(reason: String) -> Outcome {
    println!("public-api: skipped, {reason}");
    Outcome::Skipped(reason)
}

/// Whether a crate offers what its listing says, which `update` writes instead.
fn compare(name: &str, listing: &str, update: bool) -> Result<bool, Box<dyn Error>> {
    let folder = root().join("docs/public-api");
    let path = folder.join(format!("{name}.txt"));
    if update {
        fs::create_dir_all(&folder)?;
        fs::write(&path, listing)?;
        return Ok(true);
    }
    let Ok(kept) = fs::read_to_string(&path) else {
        println!("{name}: docs/public-api/{name}.txt cannot be read; `cargo xtask public-api --update` writes it");
        return Ok(false);
    };
    let differences = diff::between(&kept, listing);
    if differences.is_empty() {
        return Ok(true);
    }
    println!("{name}: what it offers is not what docs/public-api/{name}.txt says:");
    for difference in differences {
        println!("  {difference}");
    }
    println!("If this is meant, write it with `cargo xtask public-api --update`, and tell it in CHANGELOG.md.");
    Ok(false)
}
