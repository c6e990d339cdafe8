//! `cargo xtask conformance`: does our engine decide as the official ones do?
//!
//! Four stages: the vectors, a generated run beside the official engines, the known differences one
//! at a time, and the official clients against our server. `docs/conformance.md` describes each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the workspace: it prints its findings, and a broken assumption should stop it"
)]

mod agreed;
mod case;
mod clients;
mod differential;
mod engines;
mod generate;
mod install;
mod json;
mod outcome;
mod peers;
mod rng;
mod rows;
mod shrink;
mod tally;
mod vectors;

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use lexopt::{Arg, ValueExt};

use engines::Engines;
use peers::Peer;
use tally::Tally;

const HELP: &str = "\
cargo xtask conformance [OPTIONS]

  --cases N        generated cases to compare with the official engines (20000)
  --seed S         seed of everything random, decimal or 0x...
  --skip-peers     without the official engines and clients
  --vectors-only   the vectors alone
  --clients-only   the official clients against our server alone
  --browser        the JavaScript client in Chromium too

docs/conformance.md says what each stage shows.
";

/// The seed of a run that names none.
const SEED: u64 = 0x00c0_ffee;

/// What the command line asks for.
struct Options {
    cases: usize,
    seed: u64,
    skip_peers: bool,
    vectors_only: bool,
    clients_only: bool,
    browser: bool,
    help: bool,
}

impl Options {
    fn read(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        let mut options = Self {
            cases: 20_000,
            seed: SEED,
            skip_peers: false,
            vectors_only: false,
            clients_only: false,
            browser: false,
            help: false,
        };
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Long("cases") => options.cases = args.value()?.parse()?,
                Arg::Long("seed") => options.seed = args.value()?.parse_with(seed)?,
                Arg::Long("skip-peers") => options.skip_peers = true,
                Arg::Long("help") | Arg::Short('h') => options.help = true,
                Arg::Long("vectors-only") => options.vectors_only = true,
                Arg::Long("clients-only") => options.clients_only = true,
                Arg::Long("browser") => options.browser = true,
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(options)
    }
}

/// A seed as it is printed, `0x…`, or decimal.
fn seed(text: &str) -> Result<u64, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    }
}

/// Runs the stages asked for; true when nothing failed.
pub(crate) fn run(args: &mut lexopt::Parser) -> Result<bool, Box<dyn Error>> {
    let options = Options::read(args)?;
    if options.help {
        print!("{HELP}");
        return Ok(true);
    }
    let start = Instant::now();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask stands in no workspace")?;
    let target = root.join("target/conformance");
    let (mut tally, mut skipped) = (Tally::default(), 0);
    if !options.clients_only {
        (tally, skipped) = engines(&options, root, &target)?;
    }
    if !options.skip_peers && !options.vectors_only {
        let (clients, missing) = clients::run(root, &target, options.browser)?;
        tally += clients;
        skipped += missing;
    }

    let mut closing = format!("conformance: {} passed, {} failed", tally.passed, tally.failed);
    // Where a run is meant to prove something, a peer that is not there proves nothing.
    let peers_missing = skipped > 0 && std::env::var("CI").is_ok_and(|ci| ci == "true");
    if peers_missing {
        closing = format!("{closing} ({skipped} peers missing, which fails in CI)");
    }
    println!("took {:.1} s", start.elapsed().as_secs_f64());
    println!("{closing}");
    Ok(tally.failed == 0 && !peers_missing)
}

/// The stages of the engine, and how many peers were skipped.
fn engines(options: &Options, root: &Path, target: &Path) -> Result<(Tally, usize), String> {
    let (peers, skipped) =
        if options.skip_peers || options.vectors_only { (Vec::new(), 0) } else { start_peers(target) };
    let mut engines = Engines::new(peers);

    println!("vectors:");
    let mut tally = vectors::run(&mut engines, &root.join("crates/evaluation-core/tests/vectors"))?;
    if !options.vectors_only {
        tally += generated(&mut engines, options)?;
        println!("known differences, ours by the rules (seed {:#x}):", options.seed);
        tally += rows::run(&mut engines, options.seed)?;
    }
    Ok((tally, skipped))
}

fn generated(engines: &mut Engines, options: &Options) -> Result<Tally, String> {
    if engines.peers.is_empty() {
        println!("generated cases: none, there is no peer to compare with");
        return Ok(Tally::default());
    }
    println!("generated cases (seed {:#x}):", options.seed);
    let tally = differential::run(engines, options.cases, options.seed)?;
    for peer in &engines.peers {
        println!("  {} cases compared with {} ({})", tally.total(), peer.name, peer.about);
    }
    println!("  {} passed, {} failed", tally.passed, tally.failed);
    Ok(tally)
}

/// Installs and starts the peers; says which are skipped and why.
fn start_peers(target: &Path) -> (Vec<Peer>, usize) {
    println!("peers:");
    let commands: [(&'static str, Result<Command, String>); 2] =
        [("node", install::node(target, "driver.mjs")), ("python", install::python(target, "driver.py"))];
    let mut peers = Vec::new();
    let mut skipped = 0;
    for (name, command) in commands {
        match command.and_then(|command| Peer::start(name, command)) {
            Ok(peer) => {
                println!("  {name:7} {}", peer.about);
                peers.push(peer);
            }
            Err(reason) => {
                println!("  {name:7} skipped: {reason}");
                skipped += 1;
            }
        }
    }
    (peers, skipped)
}
