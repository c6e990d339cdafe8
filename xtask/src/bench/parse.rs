//! Task `parse`: from the file's bytes in memory to flags ready to evaluate.

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use evaluation_core::FlagSet;
use serde::Serialize;

use super::eval::{WARM_UP, repeat};
use super::figures::{least, median};
use super::options::Options;
use super::owned;

#[derive(Serialize)]
struct Line {
    engine: &'static str,
    version: &'static str,
    task: &'static str,
    workload: &'static str,
    ns: u64,
    ns_min: u64,
    ns_first: u64,
}

/// Measures ours and, in turn with it, serde_json into owned types alone.
pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let bytes = options.workload.flag_bytes(&options.bench)?;
    let ours = || time(|| FlagSet::from_json(black_box(&bytes)));
    let owned = || time(|| serde_json::from_slice::<Vec<owned::Flag>>(black_box(&bytes)));

    // Ours goes first: its first figure is that of a program that has just started.
    let first = (ours()?, owned()?);
    let in_turn = |seconds: f64| {
        repeat(seconds, || Ok((ours()?, owned()?))).into_iter().collect::<Result<Vec<_>, Box<dyn Error>>>()
    };
    in_turn(options.seconds * WARM_UP)?;
    let (ours, owned): (Vec<f64>, Vec<f64>) = in_turn(options.seconds)?.into_iter().unzip();

    for (engine, times, ns_first) in [("ours", ours, first.0), ("serde_json-owned", owned, first.1)] {
        let line = Line {
            engine,
            version: env!("CARGO_PKG_VERSION"),
            task: options.task.name(),
            workload: options.workload.name(),
            ns: median(&times) as u64,
            ns_min: least(&times) as u64,
            ns_first: ns_first as u64,
        };
        println!("{}", serde_json::to_string(&line)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// Nanoseconds until there is a result; freeing it again is not counted.
fn time<T, E>(parse: impl FnOnce() -> Result<T, E>) -> Result<f64, Box<dyn Error>>
where
    E: Error + 'static,
{
    let start = Instant::now();
    let result = black_box(parse());
    let elapsed = start.elapsed();
    result?;
    Ok(elapsed.as_nanos() as f64)
}
