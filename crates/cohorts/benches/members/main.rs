//! What a cohort holds, takes while it is read and costs to ask: ours, other designs, and sets of other languages.
//!
//! `cargo bench -p cohorts --bench members -- [ROUNDS]`
//!
//! Each figure is from a process of its own, and the median of all rounds. All members are asked for in an order by
//! chance, so that what is kept has to come from memory; then 2,000 of them again and again, so that it comes from caches;
//! then as many others. Needs Linux, for what is resident; `node` and `python3` are left out where they are not there.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a bench prints, and stops where something is wrong"
)]

mod designs;
mod ids;
mod watch;

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use designs::{NAMES, fingerprint, read};
use ids::{Ids, LENGTHS};
use watch::Watch;

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers");
const COLUMNS: &str =
    "bytes per member: held, peak, resident, peak resident | ns per member, one of 2,000, other | ms to read";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [design, count, length] = &arguments[..] {
        return measure(design, count.parse().unwrap(), length.parse().unwrap());
    }
    let rounds = arguments.first().map_or(3, |rounds| rounds.parse().unwrap());
    let cases = NAMES.iter().map(|name| (*name, 1_000_000, LENGTHS[0])).chain([
        ("hash alone", 1_000_000, LENGTHS[0]),
        ("node", 1_000_000, LENGTHS[0]),
        ("python", 1_000_000, LENGTHS[0]),
        ("chunks", 1_000_000, LENGTHS[1]),
        ("chunks", 10_000_000, LENGTHS[0]),
        ("chunks", 10_000_000, LENGTHS[1]),
    ]);
    let mut found: Vec<_> = cases.map(|case| (case, Vec::new())).collect();
    for _ in 0..rounds {
        for ((name, count, length), figures) in &mut found {
            figures.extend(alone(name, *count, *length));
        }
    }
    println!("{COLUMNS}; medians of {rounds} rounds");
    for ((name, count, length), figures) in found.iter().filter(|(_, figures)| !figures.is_empty()) {
        let of = |place: usize| {
            let mut values: Vec<f64> = figures.iter().map(|figures: &Vec<f64>| figures[place]).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        println!(
            "{name:<10} {count:>8} ids of {length:>2}: {:6.2} {:6.2} {:6.2} {:6.2} | {:5.1} {:5.1} {:5.1} | {:6.0}",
            of(0),
            of(1),
            of(2),
            of(3),
            of(4),
            of(5),
            of(6),
            of(7)
        );
    }
}

/// Figures of one case from a process of its own; none where its program is missing.
fn alone(name: &str, count: usize, length: usize) -> Option<Vec<f64>> {
    let mut command = match name {
        "node" => {
            let mut command = Command::new("node");
            command.args(["--expose-gc", "--max-old-space-size=4096"]).arg(format!("{PEERS}/members.mjs"));
            command
        }
        "python" => {
            let mut command = Command::new("python3");
            command.arg(format!("{PEERS}/members.py"));
            command
        }
        _ => {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg(name);
            command
        }
    };
    let output = command.arg(count.to_string()).arg(length.to_string()).output().ok()?;
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.split_whitespace().map(|figure| figure.parse().unwrap()).collect())
}

fn measure(design: &str, count: usize, length: usize) {
    if design == "hash alone" {
        let ns = ask(&Ids::shuffled(0, count, length), |id| fingerprint(id) != 0);
        return println!("0 0 0 0 {ns} {ns} {ns} 0");
    }
    let json = ids::json(count, length);
    let (_, before) = resident();
    let watch = Watch::new();
    let set = read(design, watch.over(&json[..]));
    let (held, peak) = (watch.held(), watch.peak());
    let (highest, now) = resident();
    let started = Instant::now();
    drop(black_box(read(design, &json[..])));
    let ms = started.elapsed().as_secs_f64() * 1e3;
    drop(json);
    let members = ask(&Ids::shuffled(0, count, length), |id| set.contains(id));
    let few = ask(&Ids::shuffled(0, 2000, length), |id| set.contains(id));
    let others = ask(&Ids::shuffled(count, 2 * count, length), |id| !set.contains(id));
    let each = |bytes: usize| bytes as f64 / count as f64;
    let more = |bytes: usize| each(bytes.saturating_sub(before));
    println!("{} {} {} {} {members} {few} {others} {ms}", each(held), each(peak), more(now), more(highest));
}

/// Nanoseconds per question, every one of which must be answered with yes: the median of some times all of them.
fn ask(ids: &Ids, question: impl Fn(&str) -> bool) -> f64 {
    let mut passes: Vec<f64> = (0..if ids.iter().len() > 1_000_000 { 1 } else { 5 })
        .map(|_| {
            let started = Instant::now();
            let yes = ids.iter().filter(|id| question(black_box(id))).count();
            assert_eq!(yes, ids.iter().len());
            started.elapsed().as_nanos() as f64 / yes as f64
        })
        .collect();
    passes.sort_by(f64::total_cmp);
    passes[passes.len() / 2]
}

/// The most bytes that were ever resident, and those that are now.
fn resident() -> (usize, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    };
    (of("VmHWM:"), of("VmRSS:"))
}
