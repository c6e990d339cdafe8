//! `cargo xtask bench`: how fast are flags decided, parsed and held?
//!
//! One process measures one task and prints JSON, one object a line; `--gate` and `--compare` start others of it. `docs/performance.md` says what the
//! figures mean.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the workspace: it prints its figures, and a broken assumption should stop it"
)]

mod cohort;
mod compare;
mod eval;
mod figures;
mod gate;
mod memory;
mod options;
mod owned;
mod parse;
mod process;
mod table;
mod work;
mod workload;

use std::error::Error;
use std::process::ExitCode;

use options::{Action, Options, Task};

/// Measures what the command line asks for.
pub(crate) fn run(args: &mut lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    let Some(options) = Options::read(args)? else {
        print!("{}", options::USAGE);
        return Ok(ExitCode::SUCCESS);
    };
    if cfg!(debug_assertions) {
        eprintln!("bench: built without optimisation, so these figures say nothing about speed");
    }
    match options.action {
        Action::Measure => measure(&options),
        Action::Gate => gate::run(&options),
        Action::Compare { repeats, python } => compare::run(&options, repeats, python),
        Action::Passes(passes) => gate::run_passes(&options, passes),
    }
}

fn measure(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    match options.task {
        Task::Cohort => cohort::run(options),
        Task::Parse => parse::run(options),
        Task::Memory => memory::run(options),
        Task::Eval => eval::run(options),
    }
}
