//! `cargo xtask readme`: the curl lines of the local server's README, run as they are printed.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const HELP: &str = "\
cargo xtask readme

Starts the local server as crates/experiment-server/README.md says, runs each of its blocks of curl lines, and compares
what they print with the block that follows. Needs curl and the ports 3000 and 3001.
";

const README: &str = include_str!("../../crates/experiment-server/README.md");

/// The server as long as it is needed.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run(args: &mut lexopt::Parser) -> Result<bool, Box<dyn Error>> {
    if let Some(argument) = args.next()? {
        if argument == lexopt::Arg::Long("help") {
            print!("{HELP}");
            return Ok(true);
        }
        return Err(argument.unexpected().into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let blocks = blocks(README);
    let serve = blocks.iter().find(|block| block.text.starts_with("cargo run")).ok_or("the README starts no server")?;
    println!("$ {}", serve.text.trim());
    let _server = start(&root, serve.text)?;
    let (mut passed, mut failed) = (0, 0);
    for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.text.starts_with("curl")) {
        let output = Command::new("sh").args(["-c", block.text]).current_dir(&root).output()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let expected =
            blocks.get(at + 1).filter(|next| next.kind != "sh").ok_or("a curl line says not what it prints")?;
        if printed.trim() == expected.text.trim() {
            passed += 1;
        } else {
            failed += 1;
            println!("{}printed\n{printed}instead of\n{}", block.text, expected.text);
        }
    }
    println!("readme: {passed} passed, {failed} failed");
    Ok(failed == 0 && passed > 0)
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

/// Starts the server and waits until it says that it serves.
fn start(root: &Path, line: &str) -> Result<Running, Box<dyn Error>> {
    let mut words = line.split_whitespace();
    let program = words.next().unwrap_or_default();
    let mut child = Command::new(program).args(words).current_dir(root).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take();
    let running = Running(child);
    let said = BufReader::new(output.ok_or("the server has no output")?).lines();
    for line in said {
        if line?.contains("Ctrl-C") {
            return Ok(running);
        }
    }
    Err("the server ended before it served: are the ports 3000 and 3001 free?".into())
}
