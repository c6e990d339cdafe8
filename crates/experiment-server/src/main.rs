//! `experiment-server`: serves the wire protocol from a flags file.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program's output")]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
