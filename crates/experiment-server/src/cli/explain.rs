//! `experiment-server explain`.

use std::error::Error;
use std::process::ExitCode;

use experiment_server::explain;

use super::Sources;
use super::output::Output;

/// Explain which variant a user gets, and why.
#[derive(clap::Args)]
pub(super) struct Explain {
    #[command(flatten)]
    sources: Sources,

    /// The user, as SDKs send it: '{"user_id": "ingrid", "country": "Norway"}'.
    #[arg(long, value_name = "JSON")]
    user: String,

    /// Only this flag, with those it depends on; all without it.
    #[arg(long, value_name = "KEY")]
    flag: Option<String>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        let Sources { path, cohorts } = &self.sources;
        let mut explained = explain(path, cohorts.as_deref(), &self.user, self.flag.as_deref())?;
        let mut output = Output::stdout();
        if self.json {
            output.line(serde_json::to_string_pretty(&explained)?)?;
        } else {
            // One text says once what of the user could not be read.
            explained.iter_mut().skip(1).for_each(|explanation| explanation.user_diagnostics.clear());
            for explanation in explained {
                output.line(explanation)?;
            }
        }
        output.finish()?;
        Ok(ExitCode::SUCCESS)
    }
}
