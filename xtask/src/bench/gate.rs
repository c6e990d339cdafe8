//! `--gate`: limits on counts, which unlike times do not depend on what else the machine does.

use std::env;
use std::error::Error;
use std::io::ErrorKind;
use std::process::{Command, ExitCode, Stdio};

use serde_json::Value;

use super::options::{Mode, Options};
use super::work::Work;
use super::workload::Workload;

/// Instructions for one flag of one user: medium workload, mode `engine`.
const INSTRUCTIONS_PER_FLAG: f64 = 450.0;

/// Allocations for one user: medium workload.
const ALLOCATIONS: [(Mode, f64); 2] = [(Mode::Engine, 2.0), (Mode::Single, 0.0)];

/// Bytes for each byte of JSON, large workload: what the flags hold, and by how much the process grows until it has them.
const HELD_PER_BYTE: f64 = 2.0;
const PEAK_PER_BYTE: f64 = 4.0;

/// Two runs that differ in nothing but the number of passes, so that loading cancels out.
const PASSES: (usize, usize) = (1, 3);

/// Counts, prints and compares; what valgrind counts is left out, with a word, where there is none.
pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    if cfg!(debug_assertions) {
        return Err("the gate counts what the compiler makes of the code: run it from a release build".into());
    }
    let options = &Options { workload: Workload::Medium, mode: Mode::Engine, bench: options.bench.clone(), ..*options };
    let mut passed = true;
    for (mode, limit) in ALLOCATIONS {
        let work = Work::load(options, mode)?;
        if let Some(known) = options.known_checksum() {
            let checksum = work.checksum();
            if checksum != known {
                return Err(format!("the checksum of mode {} is {checksum}, and {known} is right", mode.name()).into());
            }
        }
        let what = format!("allocations per user, medium, {}", mode.name());
        passed &= holds(&what, work.allocs_per_user(), limit);
    }
    let (held, peak) = bytes_per_byte(options)?;
    passed &= holds("bytes held per byte of JSON, large", held, HELD_PER_BYTE);
    match peak {
        Some(peak) => passed &= holds("bytes resident at most per byte of JSON, large", peak, PEAK_PER_BYTE),
        None => println!("gate: bytes resident at most: not counted, the system does not tell"),
    }
    if has_valgrind()? {
        passed &=
            holds("instructions per flag, medium, engine", instructions_per_flag(options)?, INSTRUCTIONS_PER_FLAG);
    } else {
        println!("gate: instructions per flag: not counted, valgrind is not installed");
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `--passes`: what is counted. Nothing is timed, nothing else is done.
pub(super) fn run_passes(options: &Options, passes: usize) -> Result<ExitCode, Box<dyn Error>> {
    let work = Work::load(options, options.mode)?;
    work.pass(0, passes * work.users());
    Ok(ExitCode::SUCCESS)
}

fn holds(what: &str, count: f64, limit: f64) -> bool {
    let (word, passed) = if count <= limit { ("ok", true) } else { ("TOO MANY", false) };
    println!("gate: {what}: {count:.2}, limit {limit}: {word}");
    passed
}

/// Of a process that does nothing else.
fn bytes_per_byte(options: &Options) -> Result<(f64, Option<f64>), Box<dyn Error>> {
    let output = Command::new(env::current_exe()?)
        .args(["bench", "--workload", Workload::Large.name(), "--task", "memory", "--bench"])
        .arg(&options.bench)
        .stderr(Stdio::inherit())
        .output()?;
    let line: Value = serde_json::from_slice(&output.stdout)?;
    let bytes = |name: &str| line.get(name).and_then(Value::as_f64);
    let json = bytes("json_bytes").ok_or("task memory does not tell how much JSON there is")?;
    let held = bytes("held").ok_or("task memory does not tell what is held")?;
    Ok((held / json, bytes("peak_rss_bytes").map(|peak| peak / json)))
}

fn instructions_per_flag(options: &Options) -> Result<f64, Box<dyn Error>> {
    let work = Work::load(options, Mode::Engine)?;
    let flags = (work.users() * work.flags() * (PASSES.1 - PASSES.0)) as f64;
    let few = instructions(options, PASSES.0)?;
    let many = instructions(options, PASSES.1)?;
    Ok((many - few) as f64 / flags)
}

/// Runs this program under callgrind and reads how many instructions it executed.
fn instructions(options: &Options, passes: usize) -> Result<i64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["bench", "--workload", options.workload.name(), "--mode", options.mode.name()])
        .args(["--passes", &passes.to_string(), "--bench"])
        .arg(&options.bench)
        .stdin(Stdio::null())
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind ended with {}:\n{log}", output.status).into());
    }
    collected(&log).ok_or_else(|| format!("valgrind gave no count:\n{log}").into())
}

/// The count in callgrind's last words: `==123== Collected : 456`.
fn collected(log: &str) -> Option<i64> {
    let (_, count) = log.lines().find_map(|line| line.split_once("Collected :"))?;
    count.split_ascii_whitespace().next()?.parse().ok()
}

fn has_valgrind() -> Result<bool, Box<dyn Error>> {
    let status = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) => Ok(status.success()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn the_count_is_found_in_the_log() {
        let log = "==7== Events    : Ir\n==7== Collected : 25013531\n==7==\n";
        assert_eq!(collected(log), Some(25_013_531));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }
}
