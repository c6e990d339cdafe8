//! Task `eval`: how long one user's unit of work takes.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::figures::{least, median, round};
use super::options::Options;
use super::process;
use super::work::Work;

/// The part of the timed seconds that goes before them untimed.
pub(super) const WARM_UP: f64 = 0.3;

#[derive(Serialize)]
struct Line {
    engine: &'static str,
    version: &'static str,
    task: &'static str,
    workload: &'static str,
    mode: &'static str,
    threads: usize,
    flags: usize,
    ns_per_user: f64,
    ns_per_flag: f64,
    ns_per_user_min: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_ns_per_user: Option<f64>,
    passes: usize,
    checksum: String,
    allocs_per_user: f64,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let work = Work::load(options, options.mode)?;
    let checksum = work.checksum();
    let allocs_per_user = work.allocs_per_user();
    let threads = measure(&work, options);

    let ns_per_user = together(&threads, median);
    let passes = threads.iter().map(|thread| thread.ns_per_user.len()).sum();
    let cpu_ns = threads.iter().map(|thread| thread.cpu_ns).sum::<Option<u64>>();
    let users = passes * options.workload.users_per_pass();
    let line = Line {
        engine: "ours",
        version: env!("CARGO_PKG_VERSION"),
        task: options.task.name(),
        workload: options.workload.name(),
        mode: options.mode.name(),
        threads: options.threads,
        flags: work.flags(),
        ns_per_user: round(ns_per_user, 1),
        ns_per_flag: round(ns_per_user / work.flags() as f64, 3),
        ns_per_user_min: round(together(&threads, least), 1),
        cpu_ns_per_user: cpu_ns.map(|ns| round(ns as f64 / users as f64, 1)),
        passes,
        checksum,
        allocs_per_user: round(allocs_per_user, 3),
    };
    println!("{}", serde_json::to_string(&line)?);

    match options.known_checksum() {
        Some(known) if known != line.checksum => {
            eprintln!("bench: the checksum is {}, and {known} is right: these results are wrong", line.checksum);
            Ok(ExitCode::FAILURE)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// What one thread measured.
struct Timed {
    /// Of each pass.
    ns_per_user: Vec<f64>,
    /// Of all passes; none where the system does not tell.
    cpu_ns: Option<u64>,
}

fn measure(work: &Work, options: &Options) -> Vec<Timed> {
    let ready = Barrier::new(options.threads);
    if options.threads == 1 {
        // A second thread, even an idle one, would make the allocator take locks.
        return vec![measure_thread(work, options, &ready)];
    }
    thread::scope(|scope| {
        let start = |_| scope.spawn(|| measure_thread(work, options, &ready));
        let threads: Vec<_> = (0..options.threads).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("a measuring thread does not panic")).collect()
    })
}

fn measure_thread(work: &Work, options: &Options, ready: &Barrier) -> Timed {
    let users = options.workload.users_per_pass();
    let mut next = 0;
    let mut pass = || {
        let start = Instant::now();
        next = work.pass(next, users);
        start.elapsed().as_nanos() as f64 / users as f64
    };
    repeat(options.seconds * WARM_UP, &mut pass);
    ready.wait();
    let cpu_before = process::thread_cpu_ns();
    let ns_per_user = repeat(options.seconds, &mut pass);
    let cpu_after = process::thread_cpu_ns();
    let cpu_ns = cpu_before.zip(cpu_after).map(|(before, after)| after - before);
    Timed { ns_per_user, cpu_ns }
}

/// A second divided by the users that all threads together finish in one.
fn together(threads: &[Timed], figure: impl Fn(&[f64]) -> f64) -> f64 {
    1.0 / threads.iter().map(|thread| 1.0 / figure(&thread.ns_per_user)).sum::<f64>()
}

/// Calls until the time is up, at least once.
pub(super) fn repeat<T>(seconds: f64, mut call: impl FnMut() -> T) -> Vec<T> {
    let (start, limit) = (Instant::now(), Duration::from_secs_f64(seconds));
    let mut results = vec![call()];
    while start.elapsed() < limit {
        results.push(call());
    }
    results
}

#[cfg(test)]
mod tests {
    use super::{Timed, together};

    #[test]
    fn threads_share_the_work() {
        let thread = |ns: f64| Timed { ns_per_user: vec![ns], cpu_ns: None };
        let ns = together(&[thread(100.0), thread(100.0)], |passes| passes[0]);
        assert!((ns - 50.0).abs() < 1e-9, "{ns}");
    }
}
