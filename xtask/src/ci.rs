//! Every check that has to pass, in the order in which they fail fastest.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use lexopt::prelude::*;

use crate::tools::{ENGINE, Metadata, Package, cargo, cargo_command, step};

const HELP: &str = "\
cargo xtask ci [--full]

Runs every check that has to pass before a change lands, and stops at the first that does not.
--full adds what installs tools of its own, which takes minutes: cargo-deny.
";

/// Programs that are run as they stand.
const EXAMPLES: [&str; 12] = [
    "quickstart",
    "streaming",
    "offline",
    "remote",
    "cohorts",
    "exposures",
    "errors",
    "page",
    "blocking",
    "openfeature",
    "transport",
    "testing",
];

/// What crates may not depend on: the engine and the pure part of cohorts do no I/O, and nothing of the server reaches
/// what clients are made of.
const NEVER: [(&str, Features, &[&str]); 7] = [
    ("evaluation-core", Features::All, &ASYNC),
    ("cohorts", Features::None, &ASYNC),
    ("cohorts", Features::All, &[]),
    ("transport", Features::All, &[]),
    ("tracking", Features::All, &[]),
    ("experiment", Features::All, &[]),
    ("experiment-openfeature", Features::All, &[]),
];
const ASYNC: [&str; 7] = ["tokio", "hyper", "futures", "futures-core", "async-trait", "mio", "reqwest"];
const SERVER: [&str; 6] = ["experiment-server", "axum", "tower-http", "notify", "clap", "prometheus-client"];

/// How many crates some may depend on, and what the engine's sources may not name.
const CORE_NEVER_USES: [&str; 7] =
    ["std::fs", "std::net", "std::thread", "std::time", "std::env", "std::process", "std::os"];
const MOST: [(&str, usize); 2] = [("evaluation-core", 28), ("experiment", 110)];

#[derive(Clone, Copy)]
enum Features {
    None,
    All,
}

pub(crate) fn run(args: &mut lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    let mut full = false;
    while let Some(argument) = args.next()? {
        match argument {
            Long("full") => full = true,
            Long("help") => {
                print!("{HELP}");
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])?;
    cargo(&["test", "--workspace"])?;
    step(cargo_command(&["doc", "--workspace", "--no-deps", "--all-features"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    xtask(&["public-api"])?;
    xtask(&["features"])?;
    check_dependencies()?;
    check_compilers()?;
    check_core_sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/evaluation-core/src")))?;
    for name in EXAMPLES {
        cargo(&["run", "--quiet", "--example", name])?;
    }
    xtask(&["readme"])?;
    xtask(&["conformance"])?;
    xtask(&["bench", "--gate"])?;
    if full {
        cargo(&["install", "--locked", "cargo-deny"])?;
        cargo(&["deny", "check", "bans", "licenses", "sources"])?;
    }
    println!("ci: everything passed");
    Ok(ExitCode::SUCCESS)
}

/// Nothing depends on what it may not, and the engine stays small.
fn check_dependencies() -> Result<(), Box<dyn Error>> {
    for (name, features, never) in NEVER {
        let crates = dependencies(name, features)?;
        if let Some(found) =
            crates.iter().find(|found| never.contains(&found.as_str()) || SERVER.contains(&found.as_str()))
        {
            return Err(format!("{name} depends on {found}").into());
        }
        println!("{name} depends on {} crates, none of {never:?} or {SERVER:?}", crates.len());
    }
    for (name, most) in MOST {
        let crates = dependencies(name, Features::All)?.len();
        if crates > most {
            return Err(format!("{name} depends on {crates} crates, of {most} it may").into());
        }
    }
    Ok(())
}

/// The engine is for older compilers than the rest, and so is all that it depends on.
fn check_compilers() -> Result<(), Box<dyn Error>> {
    let metadata = Metadata::of_everything()?;
    let stated = |package: &Package| package.rust_version.as_deref().and_then(release);
    let own = stated(metadata.package(ENGINE)?);
    if own.is_none() || own >= stated(metadata.package("xtask")?) {
        return Err(format!("{ENGINE} states no compiler older than the workspace's").into());
    }
    let crates = tree(ENGINE, Features::All)?;
    let mut packages = metadata.packages.iter();
    let newer = packages.find(|it| stated(it) > own && crates.contains(&format!("{} v{}", it.name, it.version)));
    match newer {
        Some(package) => Err(format!("{} needs a later compiler than {ENGINE} states", package.name).into()),
        None => Ok(()),
    }
}

/// The release of a compiler: `1.88` and `1.88.0` are the same.
fn release(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next().unwrap_or(Some(0))?))
}

/// The names of all crates below one.
fn dependencies(name: &str, features: Features) -> Result<Vec<String>, Box<dyn Error>> {
    let tree = tree(name, features)?;
    let mut crates: Vec<String> = tree.iter().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    crates.dedup();
    crates.retain(|found| found != name);
    if crates.is_empty() {
        return Err(format!("cargo tells no dependencies of {name}").into());
    }
    Ok(crates)
}

/// A crate and all below it, by name and version.
fn tree(name: &str, features: Features) -> Result<Vec<String>, Box<dyn Error>> {
    let features = match features {
        Features::None => "--no-default-features",
        Features::All => "--all-features",
    };
    let arguments = ["tree", "-p", name, features, "-e", "normal", "--prefix", "none", "--format", "{p}"];
    println!("$ cargo {}", arguments.join(" "));
    let output = cargo_command(&arguments).output()?;
    if !output.status.success() {
        return Err(format!("cargo tells no dependencies of {name}").into());
    }
    let lines = String::from_utf8(output.stdout)?;
    // Where the crate comes from may follow.
    let first_words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let mut crates: Vec<String> = lines.lines().map(first_words).collect();
    crates.sort_unstable();
    crates.dedup();
    crates.retain(|found| !found.is_empty());
    Ok(crates)
}

/// Nor does its own code reach for files, networks, threads, clocks or the environment.
fn check_core_sources(folder: &Path) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            check_core_sources(&path)?;
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            let text = fs::read_to_string(&path)?;
            if let Some(name) = CORE_NEVER_USES.iter().find(|name| text.contains(**name)) {
                return Err(format!("{} uses {name}", path.display()).into());
            }
        }
    }
    Ok(())
}

/// Another command of this program.
fn xtask(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    step(Command::new(std::env::current_exe()?).args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_compare_by_their_numbers() {
        assert_eq!(release("1.88"), release("1.88.0"));
        assert!(release("1.88") < release("1.88.1") && release("1.9") < release("1.88"));
        assert_eq!((release("1"), release("1.x")), (None, None));
        assert!(release("") < release("1.0"), "what states none needs none");
    }
}
