//! Tracking exposures through a client, a server and a queue: that everything arrives once under load, that the accounts
//! add up, and what a repeat costs.
//!
//! `cargo bench -p experiment --bench tracking -- [EVALUATIONS]`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and stops where something is wrong"
)]

use std::collections::HashSet;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use experiment::tracking::ExposureConfig;
use experiment::{EvaluateOptions, LocalEvaluationClient, ProxyConfig, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Server};
use tokio::runtime::Runtime;

const WORKLOAD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/workload");

/// How many of the evaluations differ.
const DISTINCT: usize = 100_000;

const FLAG: &str =
    r#"[{"key": "new-nav", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on"}]}]"#;

fn main() {
    let evaluations = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let roomy = |config: &mut ExposureConfig| {
        config.cache_capacity = 200_000;
        config.delivery.queue_capacity = 200_000;
    };
    load("with room for all", &runtime, evaluations, roomy, true);
    load("with the defaults", &runtime, evaluations, |_| (), false);
    for workload in ["small", "medium"] {
        repeats(workload, &runtime);
    }
}

fn client(runtime: &Runtime, server: &Server, adjust: impl Fn(&mut ExposureConfig)) -> LocalEvaluationClient {
    let mut config = ExposureConfig::new(DEFAULT_API_KEY);
    config.delivery.server_url = format!("{}/2/httpapi", server.url());
    config.delivery.close_timeout = Duration::from_secs(60);
    adjust(&mut config);
    let builder = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url());
    let client = builder.proxy(ProxyConfig::Off).exposure_tracking(config).build().unwrap();
    runtime.block_on(client.start()).unwrap();
    client
}

/// Many evaluations from two threads.
fn load(name: &str, runtime: &Runtime, evaluations: usize, adjust: impl Fn(&mut ExposureConfig), all_arrive: bool) {
    let server = Server::builder().flags_json(FLAG).event_capacity(2 * DISTINCT);
    let server = runtime.block_on(server.start()).unwrap();
    let client = client(runtime, &server, adjust);
    let began = Instant::now();
    thread::scope(|scope| {
        for part in 0..2 {
            let (client, runtime) = (&client, runtime.handle());
            scope.spawn(move || {
                let _within = runtime.enter();
                let options = EvaluateOptions::default().with_tracks_exposure(true);
                for index in (part..evaluations).step_by(2) {
                    let user = User::with_user_id(format!("user-{:06}", index % DISTINCT));
                    drop(black_box(client.evaluate_with(&user, &options)));
                }
            });
        }
    });
    let tracked = began.elapsed();
    let report = runtime.block_on(client.close()).events;
    let stats = client.stats().exposures.unwrap();
    let arrived: Vec<String> = server
        .events()
        .iter()
        .map(|event| event.value()["insert_id"].as_str().map(str::to_owned).unwrap_or_default())
        .collect();
    let distinct: HashSet<&String> = arrived.iter().collect();
    println!(
        "{name}: {evaluations} evaluations in {tracked:.1?}, closed after {:.1?}: {} sent + {} deduplicated + {} dropped = {}; {} arrived, {} insert ids; {:?}",
        began.elapsed(),
        stats.events.sent,
        stats.deduplicated,
        stats.events.dropped.total(),
        stats.events.sent + stats.deduplicated + stats.events.dropped.total(),
        arrived.len(),
        distinct.len(),
        stats.events.dropped
    );
    assert_eq!(stats.results(), evaluations as u64);
    assert_eq!(stats.events.sent + stats.deduplicated + stats.events.dropped.total(), evaluations as u64);
    assert_eq!(stats.events.sent, server.event_count());
    // With room for fewer than there are, results are forgotten and told again, by the insert ids that they had.
    if all_arrive {
        assert_eq!(arrived.len(), distinct.len());
        assert!(report.is_complete(), "{report:?}");
        assert_eq!(arrived.len(), DISTINCT.min(evaluations));
    }
    runtime.block_on(server.shutdown());
}

/// What tracking adds for users whose exposures were seen before.
fn repeats(workload: &str, runtime: &Runtime) {
    let flags = std::fs::read(format!("{WORKLOAD}/flags-{workload}.json")).unwrap();
    let users: Vec<User> = std::fs::read_to_string(format!("{WORKLOAD}/users.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let server = runtime.block_on(Server::builder().flags_json(flags).start()).unwrap();
    // Only the first sight of a user makes events, which are of no interest here.
    let client = client(runtime, &server, |config| config.delivery.opt_out = true);
    let (plain, shown) = (EvaluateOptions::default(), EvaluateOptions::default().with_tracks_exposure(true));
    median_of(&users, |user| drop(black_box(client.evaluate_with(user, &shown))));
    let mut added = Vec::new();
    for _ in 0..9 {
        let without = median_of(&users, |user| drop(black_box(client.evaluate_with(user, &plain))));
        let with = median_of(&users, |user| drop(black_box(client.evaluate_with(user, &shown))));
        added.push(with - without);
    }
    added.sort_by(f64::total_cmp);
    println!(
        "{workload}: a repeat adds {:.0} ns to an evaluation (median of 9 interleaved rounds, {:.0} to {:.0})",
        added[added.len() / 2],
        added[0],
        added[added.len() - 1]
    );
    runtime.block_on(async {
        client.close().await;
        server.shutdown().await;
    });
}

/// The median over passes of the time for one user, in nanoseconds.
fn median_of(users: &[User], mut unit: impl FnMut(&User)) -> f64 {
    let mut passes = Vec::new();
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(300) {
        let pass = Instant::now();
        users.iter().for_each(&mut unit);
        passes.push(pass.elapsed().as_nanos() as f64 / users.len() as f64);
    }
    passes.sort_by(f64::total_cmp);
    passes[passes.len() / 2]
}
