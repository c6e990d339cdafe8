//! What the client adds to the bare engine, on one thread, on two, and while another swaps the flags.
//!
//! `cargo bench -p experiment --bench client -- [ROUNDS]`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and stops where something is wrong"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use experiment::{FlagSet, LocalEvaluationClient, User};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};

const WORKLOAD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/workload");

/// How long each part of a round lasts.
const PART: Duration = Duration::from_millis(1000);

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5);
    let flags = std::fs::read(format!("{WORKLOAD}/flags-medium.json")).unwrap();
    let users: Vec<User> = std::fs::read_to_string(format!("{WORKLOAD}/users.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let engine = FlagSet::from_json(&flags).unwrap();
    let client = LocalEvaluationClient::offline(&flags).unwrap();
    let mut figures: Vec<[f64; 5]> = Vec::new();
    for _ in 0..rounds {
        let bare = median_of(&users, |user| drop(black_box(engine.evaluate(user, &[]))));
        let through = median_of(&users, |user| drop(black_box(client.evaluate(user))));
        let one = throughput(1, &users, &client);
        let two = throughput(2, &users, &client);
        let (quiet, busy) = swapping(&flags, &users);
        println!(
            "engine {bare:.0} ns per user, client {through:.0} ns ({:+.1} %); {one:.0} users/s on one thread, {two:.0} on two ({:.2} times); p99 {quiet:.0} ns, {busy:.0} ns while flags are swapped 10 times a second ({:.2} times)",
            (through / bare - 1.0) * 100.0,
            two / one,
            busy / quiet
        );
        figures.push([bare, through, through / bare, two / one, busy / quiet]);
    }
    let median = |place: usize| {
        let mut values: Vec<f64> = figures.iter().map(|figures| figures[place]).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!(
        "medians of {rounds} interleaved rounds: engine {:.0} ns, client {:.0} ns, {:+.1} %; two threads {:.2} times one; p99 while swapping {:.2} times",
        median(0),
        median(1),
        (median(2) - 1.0) * 100.0,
        median(3),
        median(4)
    );
}

/// The median over passes of the time for one user, in nanoseconds.
fn median_of(users: &[User], mut unit: impl FnMut(&User)) -> f64 {
    let mut passes = Vec::new();
    let started = Instant::now();
    while started.elapsed() < PART {
        let pass = Instant::now();
        users.iter().for_each(&mut unit);
        passes.push(pass.elapsed().as_nanos() as f64 / users.len() as f64);
    }
    passes.sort_by(f64::total_cmp);
    passes[passes.len() / 2]
}

/// Users per second of all threads together.
fn throughput(threads: usize, users: &[User], client: &LocalEvaluationClient) -> f64 {
    thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| 1e9 / median_of(users, |user| drop(black_box(client.evaluate(user))))))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    })
}

/// The 99th percentile of single evaluations, alone and while the flags are swapped ten times a second.
fn swapping(flags: &[u8], users: &[User]) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let other = String::from_utf8(flags.to_vec()).unwrap().replacen("\"deployed\": true", "\"deployed\": false", 1);
    let server = runtime.block_on(Server::builder().flags_json(flags).start()).unwrap();
    let builder = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY);
    let builder = builder.server_url(server.url()).stream_server_url(server.url()).stream_updates(true);
    let client = builder.build().unwrap();
    runtime.block_on(client.start()).unwrap();
    let quiet = p99(users, &client);
    let stop = Arc::new(AtomicBool::new(false));
    let swaps = {
        let (stop, server, sets) = (Arc::clone(&stop), server.clone(), [other.into_bytes(), flags.to_vec()]);
        thread::spawn(move || {
            let mut turn = 0;
            while !stop.load(Ordering::Relaxed) {
                server.set_flags(&sets[turn % 2]).unwrap();
                turn += 1;
                thread::sleep(Duration::from_millis(100));
            }
        })
    };
    let busy = p99(users, &client);
    stop.store(true, Ordering::Relaxed);
    swaps.join().unwrap();
    runtime.block_on(async {
        client.close().await;
        server.shutdown().await;
    });
    (quiet, busy)
}

fn p99(users: &[User], client: &LocalEvaluationClient) -> f64 {
    let mut times = Vec::new();
    let started = Instant::now();
    while started.elapsed() < PART * 2 {
        for user in users {
            let one = Instant::now();
            drop(black_box(client.evaluate(user)));
            times.push(one.elapsed().as_nanos() as f64);
        }
    }
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}
