//! The command line.

mod check;
mod explain;
mod output;
mod serve;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Serves feature flags and experiments from a file, as Amplitude Experiment's service does.
///
/// Point the server URL of any SDK at it: no account and no network are needed.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Check(check::Check),
    Explain(explain::Explain),
}

/// Where flags and cohorts are read from.
#[derive(clap::Args)]
struct Sources {
    /// A JSON file with a list of flags, or a folder of such files.
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// A folder of cohorts: <id>.json as the service delivers it, or <id>.txt with one member per line.
    #[arg(long, value_name = "DIR")]
    cohorts: Option<PathBuf>,
}

pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) => return output::usage(&usage),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // Otherwise it panics where it reports on standard error that standard error is closed.
        .log_internal_errors(false)
        .init();
    let done = match arguments.command {
        Command::Serve(serve) => serve.run(),
        Command::Check(check) => check.run(),
        Command::Explain(explain) => explain.run(),
    };
    done.unwrap_or_else(|error| {
        output::complain(format_args!("error: {}", with_sources(&*error)));
        ExitCode::FAILURE
    })
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}
