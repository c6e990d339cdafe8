//! The workspace's own tools. `cargo xtask help` lists them.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a tool for people who work on this repository: it prints, and stops where something is wrong"
)]

#[macro_use]
mod output;

mod bench;
mod ci;
mod conformance;
mod driver;
mod features;
mod public_api;
mod readme;
mod release;
mod tools;

use std::alloc::System;
use std::error::Error;
use std::process::ExitCode;

use lexopt::prelude::*;
use output::Ended;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts what is allocated and held, for `bench`.
#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const HELP: &str = "\
cargo xtask <COMMAND>

  ci [--full]    every check that has to pass, in order; --full adds those that install tools
  conformance    vectors, and generated cases beside the official engines
  driver         evaluates JSON lines from standard input: docs/conformance.md
  bench          speed, memory and instruction counts: docs/performance.md
  readme         the commands that pages print, and what they print
  features       each library with few of its features at a time
  public-api     what each crate offers, compared with docs/public-api
  release        what has to hold before crates are published, and what would be: docs/releasing.md

Each takes --help.
";

/// Commands that find out whether something holds: not finding out is no success.
const CHECKS: [&str; 6] = ["ci", "conformance", "features", "public-api", "readme", "release"];

fn main() -> ExitCode {
    match output::run(run) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        Err(Ended::Unwritable(error)) => {
            eprintln!("error: the output cannot be written: {error}");
            ExitCode::FAILURE
        }
        Err(Ended::Closed) => {
            let arguments: Vec<String> = std::env::args().skip(1).collect();
            let named = |name: &&str| arguments.iter().any(|argument| argument == name);
            passed(["--help", "-h"].iter().any(named) || !CHECKS.iter().chain(&["--gate"]).any(named))
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut args = lexopt::Parser::from_env();
    let command = match args.next()? {
        Some(Value(command)) => command.string()?,
        Some(Long("help") | Short('h')) | None => "help".to_owned(),
        Some(other) => return Err(other.unexpected().into()),
    };
    match command.as_str() {
        "bench" => bench::run(&mut args),
        "ci" => ci::run(&mut args),
        "conformance" => conformance::run(&mut args).map(passed),
        "driver" => driver::run(&mut args),
        "features" => features::run(&mut args),
        "public-api" => public_api::run(&mut args),
        "readme" => readme::run(&mut args).map(passed),
        "release" => release::run(&mut args),
        "help" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(format!("no command `{other}`; see `cargo xtask help`").into()),
    }
}

fn passed(passed: bool) -> ExitCode {
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
