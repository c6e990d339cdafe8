//! What it costs to track a result that was seen before.
//!
//! `cargo bench -p tracking --bench repeat -- [ROUNDS]`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a bench prints")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use evaluation_core::{FlagSet, User, Variants};
use tracking::{Event, ExposureConfig, Tracker, Tracking};

const WORKLOAD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/workload");

/// How long each part of a round lasts.
const PART: Duration = Duration::from_millis(300);

struct Nowhere;

impl Tracker for Nowhere {
    fn track(&self, events: Vec<Event>) {
        drop(events);
    }
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5);
    for workload in ["small", "medium"] {
        let flags = std::fs::read(format!("{WORKLOAD}/flags-{workload}.json")).unwrap();
        let flags = FlagSet::from_json(&flags).unwrap();
        let users = std::fs::read_to_string(format!("{WORKLOAD}/users.jsonl")).unwrap();
        let users = users.lines().map(|line| serde_json::from_str::<User>(line).unwrap());
        let results: Vec<_> = users.map(|user| (flags.evaluate(&user, &[]), user)).collect();
        let tracking = Tracking::exposures(ExposureConfig::new("")).tracker(Arc::new(Nowhere)).build().unwrap();
        let mut medians: Vec<f64> = (0..rounds).map(|_| median(&results, &tracking)).collect();
        medians.sort_by(f64::total_cmp);
        let flags = results[0].0.len();
        println!(
            "{workload}, {flags} flags: {:.0} ns per repeat, median of {rounds} rounds",
            medians[medians.len() / 2]
        );
    }
}

/// The median over passes of the time for one repeat, in nanoseconds.
fn median(results: &[(Variants, User)], tracking: &Tracking) -> f64 {
    results.iter().for_each(|(variants, user)| tracking.track(user, variants));
    let new = tracking.stats().new;
    let mut passes = Vec::new();
    let started = Instant::now();
    while started.elapsed() < PART {
        let pass = Instant::now();
        for (variants, user) in results {
            tracking.track(black_box(user), black_box(variants));
        }
        passes.push(pass.elapsed().as_nanos() as f64 / results.len() as f64);
    }
    assert_eq!(tracking.stats().new, new, "all of them are repeats");
    passes.sort_by(f64::total_cmp);
    passes[passes.len() / 2]
}
