//! `--compare`: runs beside the official engines, taking turns, so that all see the same machine.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde::Deserialize;

use super::options::{Mode, Options, Task};
use super::table::{self, Sample};
use super::workload::Workload;

/// One thing that is compared.
struct Step {
    name: &'static str,
    task: Task,
    mode: Mode,
    workload: Workload,
    /// Nanoseconds of the unit in which the table gives it.
    unit: f64,
    /// Whether the official engines do this too.
    with_peers: bool,
}

const STEPS: [Step; 4] = [
    Step {
        name: "engine, medium, ns per flag",
        task: Task::Eval,
        mode: Mode::Engine,
        workload: Workload::Medium,
        unit: 1.0,
        with_peers: true,
    },
    Step {
        name: "engine, large, ns per flag",
        task: Task::Eval,
        mode: Mode::Engine,
        workload: Workload::Large,
        unit: 1.0,
        with_peers: true,
    },
    Step {
        name: "single, medium, ns per flag",
        task: Task::Eval,
        mode: Mode::Single,
        workload: Workload::Medium,
        unit: 1.0,
        with_peers: false,
    },
    Step {
        name: "parse, large, ms",
        task: Task::Parse,
        mode: Mode::Engine,
        workload: Workload::Large,
        unit: 1e6,
        with_peers: true,
    },
];

/// Runs every step in every round, then prints the table.
pub(super) fn run(options: &Options, repeats: usize, python: bool) -> Result<ExitCode, Box<dyn Error>> {
    let engines = Engine::find(python)?;
    let mut samples = Vec::new();
    for round in 0..repeats {
        for step in &STEPS {
            for engine in engines.iter().filter(|engine| step.with_peers || engine.is_ours) {
                for line in engine.measure(step, options)? {
                    samples.push(line.sample(step, round)?);
                }
            }
        }
    }
    println!("\n{}", table::markdown(&STEPS.map(|step| step.name), &samples));
    Ok(ExitCode::SUCCESS)
}

/// A program that takes the options of this one.
struct Engine {
    is_ours: bool,
    program: PathBuf,
    first_arg: PathBuf,
    /// Where the JavaScript engine's package is.
    modules: PathBuf,
}

impl Engine {
    /// Ours and the peers, as `cargo xtask conformance` installs them.
    fn find(python: bool) -> Result<Vec<Self>, Box<dyn Error>> {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let installed = xtask.parent().ok_or("xtask stands in no workspace")?.join("target/conformance");
        let modules = installed.join("node/node_modules");
        let interpreter = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
        let interpreter = installed.join("python/venv").join(interpreter);

        let engine = |is_ours, program: PathBuf, first_arg: PathBuf| Self {
            is_ours,
            program,
            first_arg,
            modules: modules.clone(),
        };
        let mut engines = vec![
            engine(true, env::current_exe()?, "bench".into()),
            engine(false, "node".into(), xtask.join("peers/node/bench.mjs")),
        ];
        let mut needed = vec![modules.join("@amplitude/experiment-core")];
        if python {
            engines.push(engine(false, interpreter.clone(), xtask.join("peers/python/bench.py")));
            needed.push(interpreter);
        }
        match needed.iter().find(|path| !path.exists()) {
            Some(path) => {
                Err(format!("{} is not there: `cargo xtask conformance` installs the official engines", path.display())
                    .into())
            }
            None => Ok(engines),
        }
    }

    /// Runs one step, prints its lines and gives them.
    fn measure(&self, step: &Step, options: &Options) -> Result<Vec<Line>, Box<dyn Error>> {
        let output = Command::new(&self.program)
            .arg(&self.first_arg)
            .args(["--task", step.task.name(), "--mode", step.mode.name(), "--workload", step.workload.name()])
            .args(["--seconds", &options.seconds.to_string(), "--bench"])
            .arg(&options.bench)
            .env("NODE_PATH", &self.modules)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("{} does not start: {error}", self.program.display()))?;
        if !output.status.success() {
            return Err(format!("{} ended with {}", self.program.display(), output.status).into());
        }
        let text = String::from_utf8(output.stdout)?;
        print!("{text}");
        let lines = text.lines().map(serde_json::from_str::<Line>).collect::<Result<Vec<_>, _>>()?;
        for line in &lines {
            line.check(step, options)?;
        }
        Ok(lines)
    }
}

/// What is read of a line.
#[derive(Deserialize)]
struct Line {
    engine: String,
    flags: Option<f64>,
    ns_per_user: Option<f64>,
    ns_per_user_min: Option<f64>,
    cpu_ns_per_user: Option<f64>,
    checksum: Option<String>,
    ns: Option<f64>,
    ns_min: Option<f64>,
}

impl Line {
    /// An engine whose results are wrong has no speed.
    fn check(&self, step: &Step, options: &Options) -> Result<(), Box<dyn Error>> {
        let known = Options { workload: step.workload, bench: options.bench.clone(), ..*options }.known_checksum();
        match (known, &self.checksum) {
            (Some(known), Some(checksum)) if checksum != known => {
                Err(format!("{}: the checksum of {} is {checksum}, and {known} is right", self.engine, step.name)
                    .into())
            }
            _ => Ok(()),
        }
    }

    fn sample(self, step: &Step, round: usize) -> Result<Sample, Box<dyn Error>> {
        let missing = || format!("{} left out a figure of {}", self.engine, step.name);
        let (typical, best, cpu) = if step.task == Task::Parse {
            (self.ns.ok_or_else(missing)?, self.ns_min.ok_or_else(missing)?, None)
        } else {
            let flags = self.flags.ok_or_else(missing)?;
            let (typical, best) = (self.ns_per_user.ok_or_else(missing)?, self.ns_per_user_min.ok_or_else(missing)?);
            (typical / flags, best / flags, self.cpu_ns_per_user.map(|ns| ns / flags))
        };
        Ok(Sample {
            step: step.name,
            engine: self.engine,
            round,
            typical: typical / step.unit,
            best: best / step.unit,
            cpu: cpu.map(|ns| ns / step.unit),
        })
    }
}
