//! Task `memory`: what the flags hold once they are ready to evaluate.

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use evaluation_core::FlagSet;
use serde::Serialize;

use super::options::Options;
use super::process::{live_heap, peak_resident_bytes, resident_bytes};

#[derive(Serialize)]
struct Line {
    engine: &'static str,
    version: &'static str,
    task: &'static str,
    workload: &'static str,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rss_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_rss_bytes: Option<i64>,
    held: i64,
    json_bytes: usize,
}

/// The text is read before and kept until after, so that it is in neither figure.
pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let bytes = options.workload.flag_bytes(&options.bench)?;
    let (resident, live) = (resident_bytes(), live_heap());
    let flags = FlagSet::from_json(black_box(&bytes))?;
    let (resident_after, peak, live_after) = (resident_bytes(), peak_resident_bytes(), live_heap());
    black_box((&bytes, &flags));

    let line = Line {
        engine: "ours",
        version: env!("CARGO_PKG_VERSION"),
        task: options.task.name(),
        workload: options.workload.name(),
        what: "flags",
        rss_bytes: resident_after.zip(resident).map(|(after, before)| after - before),
        peak_rss_bytes: peak.zip(resident).map(|(peak, before)| peak - before),
        held: live_after - live,
        json_bytes: bytes.len(),
    };
    println!("{}", serde_json::to_string(&line)?);
    Ok(ExitCode::SUCCESS)
}
