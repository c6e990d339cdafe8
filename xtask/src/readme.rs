//! `cargo xtask readme`: the commands of the pages for newcomers, run as they are printed.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::tools::{only_help, root};

const HELP: &str = "\
cargo xtask readme

Runs the blocks of commands in README.md, docs/guide.md and crates/experiment-server/README.md from the top of each page:
starts the local server where the page says so, and compares what curl prints with the block that follows.
Needs curl and the ports 3000 and 3001.
";

const PAGES: [&str; 3] = ["README.md", "docs/guide.md", "crates/experiment-server/README.md"];

/// How long the server may take to be built and to serve.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What has a step of its own in `ci`.
const ELSEWHERE: &str = "cargo test --workspace";

pub(crate) fn run(args: &mut lexopt::Parser) -> Result<bool, Box<dyn Error>> {
    if !only_help(args, HELP)? {
        return Ok(true);
    }
    let (mut passed, mut failed) = (0, 0);
    for page in PAGES {
        println!("{page}");
        let mut page = Page::read(page)?;
        page.look_for_examples()?;
        page.run()?;
        if page.passed + page.failed == 0 {
            return Err("the page has no command: take it off the list".into());
        }
        passed += page.passed;
        failed += page.failed;
    }
    println!("readme: {passed} passed, {failed} failed");
    Ok(failed == 0)
}

/// A page, and what came of its commands.
struct Page {
    root: PathBuf,
    text: String,
    passed: usize,
    failed: usize,
}

impl Page {
    fn read(path: &str) -> Result<Self, Box<dyn Error>> {
        let root = root();
        let text = std::fs::read_to_string(root.join(path))?;
        Ok(Self { root, text, passed: 0, failed: 0 })
    }

    /// Each program that the page names is there, in blocks or not.
    fn look_for_examples(&self) -> Result<(), Box<dyn Error>> {
        for named in self.text.split("--example ").skip(1) {
            let name: String = named.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
            // In capitals, it stands for any.
            if name != "NAME" && !self.root.join("examples").join(&name).with_extension("rs").is_file() {
                return Err(format!("there is no example `{name}`").into());
            }
        }
        Ok(())
    }

    /// Runs its blocks in order, with one server at most.
    fn run(&mut self) -> Result<(), Box<dyn Error>> {
        let text = std::mem::take(&mut self.text);
        let blocks = blocks(&text);
        let mut server = None;
        for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.kind == "sh") {
            let told = blocks.get(at + 1).filter(|next| next.kind != "sh").map(|next| next.text.trim_end());
            let commands = block.text.replace(ELSEWHERE, "");
            println!("$ {}", commands.trim());
            if commands.starts_with("cargo run -p experiment-server") {
                if server.is_some() {
                    return Err("the page starts a second server".into());
                }
                let (running, said) = Running::start(&self.root, &commands)?;
                server = Some(running);
                // Only some of it may stand there.
                if let Some(told) = told {
                    self.count(told.lines().all(|line| said.lines().any(|said| said == line)), &said, told);
                }
            } else if commands.starts_with("curl") {
                let output = Command::new("sh").args(["-c", &commands]).current_dir(&self.root).output()?;
                let printed = String::from_utf8_lossy(&output.stdout);
                let told = told.ok_or("a curl line says not what it prints")?.trim();
                self.count(printed.trim() == told, &printed, told);
            } else {
                for line in commands.trim().lines() {
                    let mut words = line.split_whitespace();
                    let mut command = Command::new(words.next().unwrap_or_default());
                    let status = command.args(words).current_dir(&self.root).stdout(Stdio::null()).status()?;
                    self.count(status.success(), &status.to_string(), "success");
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, good: bool, printed: &str, told: &str) {
        if good {
            self.passed += 1;
        } else {
            self.failed += 1;
            println!("printed\n{}\ninstead of\n{told}", printed.trim_end());
        }
    }
}

/// A block of code in Markdown.
struct Block<'a> {
    kind: &'a str,
    text: &'a str,
}

fn blocks(markdown: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = markdown;
    while let Some((_, block)) = rest.split_once("```") {
        let Some((kind, block)) = block.split_once('\n') else { break };
        let Some((text, after)) = block.split_once("```") else { break };
        blocks.push(Block { kind, text });
        rest = after;
    }
    blocks
}

/// The server as long as it is needed.
struct Running(Child);

impl Running {
    /// Starts the server and waits until it says that it serves. Gives all that it said.
    fn start(root: &Path, line: &str) -> Result<(Self, String), Box<dyn Error>> {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap_or_default();
        let mut child = Command::new(program).args(words).current_dir(root).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take();
        let running = Self(child);
        let lines = BufReader::new(output.ok_or("the server has no output")?).lines();
        let (told, tells) = channel();
        // It ends with the server's output, and goes on reading so that the server is never held up.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(told.send(line))));
        let (until, mut said) = (Instant::now() + PATIENCE, String::new());
        while let Ok(line) = tells.recv_timeout(until.saturating_duration_since(Instant::now())) {
            said.push_str(&line);
            said.push('\n');
            if line.contains("Ctrl-C") {
                return Ok((running, said));
            }
        }
        Err(format!("the server does not serve: are the ports 3000 and 3001 free? It said\n{said}").into())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
