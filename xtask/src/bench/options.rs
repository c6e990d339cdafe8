//! What the command line asks for.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use lexopt::{Arg, ValueExt};

use super::workload::Workload;

pub(super) const USAGE: &str = "\
cargo xtask bench [options]            measure one task, print JSON lines
  --bench DIR                          the workload's folder (default: the repository's)
  --workload small|medium|large        10, 100 or 1,000 flags (default: medium)
  --mode engine|client|single          what one unit of work is (default: engine)
  --task eval|parse|memory|cohort      what is measured (default: eval)
  --threads N                          threads that evaluate (default: 1)
  --seconds S                          how long the timed part lasts (default: 3)

cargo xtask bench --gate               check counts (instructions, allocations, memory) against their limits
cargo xtask bench --compare            runs beside the official JavaScript engine, and a table of medians
  --repeats N                          rounds of the comparison (default: 5)
  --python                             compare with the official Python engine too (slow)

Internal:
  --passes N                           evaluate all users N times, with no timing: what --gate counts
";

/// The options of one run.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) bench: PathBuf,
    pub(super) workload: Workload,
    pub(super) mode: Mode,
    pub(super) task: Task,
    pub(super) threads: usize,
    pub(super) seconds: f64,
    pub(super) action: Action,
}

impl Options {
    /// Reads what is left of the command line; none when only help was asked for.
    pub(super) fn read(args: &mut lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self {
            bench: Self::own_workload(),
            workload: Workload::Medium,
            mode: Mode::Engine,
            task: Task::Eval,
            threads: 1,
            seconds: 3.0,
            action: Action::Measure,
        };
        let (mut gate, mut compare, mut passes) = (false, false, None);
        let (mut repeats, mut python) = (5, false);
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Long("bench") => options.bench = args.value()?.into(),
                Arg::Long("workload") => options.workload = args.value()?.parse()?,
                Arg::Long("mode") => options.mode = args.value()?.parse()?,
                Arg::Long("task") => options.task = args.value()?.parse()?,
                Arg::Long("threads") => options.threads = args.value()?.parse_with(at_least_one)?,
                Arg::Long("seconds") => options.seconds = args.value()?.parse_with(seconds)?,
                Arg::Long("gate") => gate = true,
                Arg::Long("compare") => compare = true,
                Arg::Long("repeats") => repeats = args.value()?.parse_with(at_least_one)?,
                Arg::Long("python") => python = true,
                Arg::Long("passes") => passes = Some(args.value()?.parse_with(at_least_one)?),
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                _ => return Err(arg.unexpected()),
            }
        }
        options.action = match (gate, compare, passes) {
            (false, false, None) => Action::Measure,
            (true, false, None) => Action::Gate,
            (false, true, None) => Action::Compare { repeats, python },
            (false, false, Some(passes)) => Action::Passes(passes),
            _ => return Err("--gate, --compare and --passes exclude one another".into()),
        };
        Ok(Some(options))
    }

    /// The workload that is kept in the repository.
    fn own_workload() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("workload")
    }

    /// The checksum that all engines agree on, where the workload is the repository's own.
    pub(super) fn known_checksum(&self) -> Option<&'static str> {
        (self.bench == Self::own_workload()).then(|| self.workload.checksum())
    }
}

/// What the run is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    Measure,
    Gate,
    Compare { repeats: usize, python: bool },
    Passes(usize),
}

/// One unit of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One user, all flags, all results.
    Engine,
    /// The same through the public client.
    Client,
    /// Every flag by its key, one at a time, each result dropped.
    Single,
}

impl Mode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Client => "client",
            Self::Single => "single",
        }
    }
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Engine, Self::Client, Self::Single];
        all.into_iter().find(|mode| mode.name() == text).ok_or("no such mode")
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Eval,
    Parse,
    Memory,
    Cohort,
}

impl Task {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Eval => "eval",
            Self::Parse => "parse",
            Self::Memory => "memory",
            Self::Cohort => "cohort",
        }
    }
}

impl FromStr for Task {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Eval, Self::Parse, Self::Memory, Self::Cohort];
        all.into_iter().find(|task| task.name() == text).ok_or("no such task")
    }
}

fn at_least_one(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|&number| number > 0).ok_or("a whole number from 1 is needed")
}

fn seconds(text: &str) -> Result<f64, &'static str> {
    let fits = |seconds: &f64| (0.001..=86_400.0).contains(seconds);
    text.parse().ok().filter(fits).ok_or("a number of seconds is needed, from 0.001 to a day")
}
