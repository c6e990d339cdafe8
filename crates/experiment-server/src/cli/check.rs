//! `experiment-server check`.

use std::error::Error;
use std::process::ExitCode;

use experiment_server::{check_cohorts, check_flags};

use super::Sources;
use super::output::Output;

/// Check files before they are deployed. Fails if one could not be served.
#[derive(clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    sources: Sources,

    /// Fail for warnings too.
    #[arg(long)]
    strict: bool,

    /// Print the findings as a JSON list.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        let (flags, mut problems) = check_flags(&self.sources.path);
        let mut cohorts = 0;
        if let Some(path) = &self.sources.cohorts {
            let (count, more) = check_cohorts(path);
            cohorts = count;
            problems.extend(more);
        }
        let errors = problems.iter().filter(|problem| problem.is_error()).count();
        let warnings = problems.len() - errors;
        let mut output = Output::stdout();
        if self.json {
            output.line(serde_json::to_string_pretty(&problems)?)?;
        } else {
            for problem in &problems {
                output.line(problem)?;
            }
            output.line(format_args!("{flags} flags, {cohorts} cohorts: {errors} errors, {warnings} warnings"))?;
        }
        // The exit code is about the files, whether or not somebody reads to the end.
        output.finish()?;
        let failed = errors > 0 || (self.strict && warnings > 0);
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
