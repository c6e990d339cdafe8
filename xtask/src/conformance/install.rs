//! Installs the official engines and clients under `target/conformance`, with the package managers
//! as they are configured.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What is written beside the packages.
const NODE_FILES: [(&str, &str); 6] = [
    ("driver.mjs", include_str!("../../peers/node/driver.mjs")),
    ("lines.mjs", include_str!("../../peers/node/lines.mjs")),
    ("clients.mjs", include_str!("../../peers/node/clients.mjs")),
    ("page-client.mjs", include_str!("../../peers/node/page-client.mjs")),
    ("browser.mjs", include_str!("../../peers/node/browser.mjs")),
    ("page.html", include_str!("../../peers/node/page.html")),
];
const NODE_MANIFEST: &str = include_str!("../../peers/node/package.json");
const PYTHON_FILES: [(&str, &str); 3] = [
    ("lines.py", include_str!("../../peers/python/lines.py")),
    ("driver.py", include_str!("../../peers/python/driver.py")),
    ("clients.py", include_str!("../../peers/python/clients.py")),
];
const PYTHON_REQUIREMENTS: &str = include_str!("../../peers/python/requirements.txt");

/// How long a package manager may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// The file that says what was installed; written last.
const STAMP: &str = "installed";

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
const VENV_PYTHON: &str = if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" };

/// The command that starts a script beside the JavaScript packages, or why there is none.
pub(super) fn node(target: &Path, script: &str) -> Result<Command, String> {
    let dir = target.join("node");
    needs("node")?;
    for (name, text) in NODE_FILES {
        write(&dir, name, text)?;
    }
    if !is_installed(&dir, NODE_MANIFEST) {
        needs(NPM)?;
        write(&dir, "package.json", NODE_MANIFEST)?;
        let mut install = Command::new(NPM);
        install.args(["install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix"]).arg(&dir);
        run(&dir, "npm install", install)?;
        write(&dir, STAMP, NODE_MANIFEST)?;
    }
    let mut command = Command::new("node");
    command.arg(dir.join(script));
    Ok(command)
}

/// The command that starts a script with the Python packages, or why there is none.
pub(super) fn python(target: &Path, script: &str) -> Result<Command, String> {
    let dir = target.join("python");
    let base = ["python3", "python"].into_iter().find(|name| needs(name).is_ok()).ok_or("python3 not found")?;
    for (name, text) in PYTHON_FILES {
        write(&dir, name, text)?;
    }
    if !is_installed(&dir, PYTHON_REQUIREMENTS) {
        write(&dir, "requirements.txt", PYTHON_REQUIREMENTS)?;
        let mut venv = Command::new(base);
        venv.args(["-m", "venv", "--clear"]).arg(dir.join("venv"));
        run(&dir, "python -m venv", venv)?;
        let mut install = Command::new(dir.join(VENV_PYTHON));
        install
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(dir.join("requirements.txt"));
        run(&dir, "pip install", install)?;
        write(&dir, STAMP, PYTHON_REQUIREMENTS)?;
    }
    let mut command = Command::new(dir.join(VENV_PYTHON));
    command.arg(dir.join(script));
    Ok(command)
}

fn is_installed(dir: &Path, wanted: &str) -> bool {
    fs::read_to_string(dir.join(STAMP)).is_ok_and(|stamp| stamp == wanted)
}

fn needs(program: &str) -> Result<(), String> {
    let status = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("{program} not found")),
    }
}

fn write(dir: &Path, name: &str, text: &str) -> Result<(), String> {
    let written = fs::create_dir_all(dir).and_then(|()| fs::write(dir.join(name), text));
    written.map_err(|error| format!("cannot write {}: {error}", dir.join(name).display()))
}

/// Runs an installer with its output in a file, and not for ever.
fn run(dir: &Path, name: &str, mut command: Command) -> Result<(), String> {
    let log = dir.join("install.log");
    let file = fs::File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
    let (out, err) = file.map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|error| format!("{name} does not start: {error}"))?;
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => break,
            Ok(None) if start.elapsed() < PATIENCE => sleep(Duration::from_millis(50)),
            Ok(None) | Err(_) => {
                // Fails only when it has just ended.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{name} took longer than {} s", PATIENCE.as_secs()));
            }
        }
    }
    let log = fs::read_to_string(&log).unwrap_or_default();
    let reason = log
        .lines()
        .rev()
        .find(|line| line.to_lowercase().contains("error"))
        .or(log.lines().last())
        .unwrap_or_default()
        .trim();
    Err(format!("{name} failed: {reason}"))
}
