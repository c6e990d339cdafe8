//! What several commands need: the crates, cargo, and what cargo knows of the workspace.

pub(crate) mod metadata;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use metadata::{Metadata, Package};

/// The crate that decides flags.
pub(crate) const ENGINE: &str = "evaluation-core";

/// The library crates: each is checked on its own.
pub(crate) const CRATES: [&str; 7] =
    [ENGINE, "cohorts", "transport", "tracking", "experiment", "experiment-openfeature", "experiment-server"];

/// For commands that take no options: whether they should run. Otherwise the help was printed.
pub(crate) fn only_help(args: &mut lexopt::Parser, help: &str) -> Result<bool, lexopt::Error> {
    match args.next()? {
        None => Ok(true),
        Some(lexopt::Arg::Long("help")) => {
            print!("{help}");
            Ok(false)
        }
        Some(other) => Err(other.unexpected()),
    }
}

/// Where the workspace stands.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// The cargo that started this program, in the workspace.
pub(crate) fn cargo_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

pub(crate) fn cargo(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    step(&mut cargo_command(arguments))
}

/// Runs a command that has to succeed, and prints it first.
pub(crate) fn step(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let line = line(command);
    println!("$ {line}");
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{line}: {status}").into()) }
}

/// A command as it would be typed.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}
