//! `experiment-server`: serves the wire protocol from a flags file.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
