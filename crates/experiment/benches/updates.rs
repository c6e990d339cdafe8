//! How long a change takes from the server's library call to a streaming client's `evaluate`, and how long 100 clients
//! take to be fresh again behind a server that was killed and started again.
//!
//! `cargo bench -p experiment --bench updates -- [CHANGES] [CLIENTS]`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and stops where something is wrong"
)]

use std::time::{Duration, Instant};

use experiment::{LocalEvaluationClient, State, User};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};
use tokio::time::timeout;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    changes(numbers.first().copied().unwrap_or(1000)).await;
    restart(numbers.get(1).copied().unwrap_or(100)).await;
}

/// The flags of the workload and one whose key is the number of the change.
fn flags(change: usize) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/workload/flags-medium.json");
    let flags = std::fs::read_to_string(path).unwrap();
    let flags = flags.trim().strip_suffix(']').unwrap().to_owned();
    let one = r#""variants": {"on": {"key": "on"}}, "segments": [{"variant": "on"}]"#;
    format!("{flags}, {{\"key\": \"change-{change}\", {one}}}]")
}

fn client(server: &Server) -> LocalEvaluationClient {
    let builder = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY);
    let builder = builder.server_url(server.url()).stream_server_url(server.url()).stream_updates(true);
    builder.build().unwrap()
}

async fn changes(count: usize) {
    let server = Server::builder().flags_json(flags(0)).start().await.unwrap();
    let client = client(&server);
    client.start().await.unwrap();
    let user = User::with_user_id("u1");
    let mut changes = client.changes();
    let mut times = Vec::with_capacity(count);
    for change in 1..=count {
        let (json, key) = (flags(change), format!("change-{change}"));
        let started = Instant::now();
        server.set_flags(json).unwrap();
        while client.evaluate(&user).get(&key).is_none() {
            timeout(PATIENCE, changes.next()).await.unwrap().unwrap();
        }
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{count} changes of 101 flags, from the call to the first evaluation by them:");
    println!("  p50 {:.1} ms, p99 {:.1} ms, slowest {:.1} ms", at(0.5), at(0.99), at(1.0));
    client.close().await;
    server.shutdown().await;
}

async fn restart(count: usize) {
    let server = Server::builder().flags_json(flags(0)).start().await.unwrap();
    let address = server.address();
    let mut clients = Vec::new();
    for _ in 0..count {
        let client = client(&server);
        client.start().await.unwrap();
        clients.push(client);
    }
    server.shutdown().await;
    drop(server);
    for client in &clients {
        let mut watch = client.watch_status().unwrap();
        timeout(PATIENCE, watch.wait_for(|status| status.state == State::Fallback)).await.unwrap().unwrap();
    }
    let started = Instant::now();
    let server = Server::builder().flags_json(flags(1)).listen(address).start().await.unwrap();
    let mut fresh = Vec::new();
    let mut streaming = Vec::new();
    let user = User::with_user_id("u1");
    for client in &clients {
        let mut watch = client.watch_status().unwrap();
        let is_fresh = || client.evaluate(&user).get("change-1").is_some();
        timeout(PATIENCE, watch.wait_for(|_| is_fresh())).await.unwrap().unwrap();
        fresh.push(started.elapsed());
        timeout(PATIENCE, watch.wait_for(|status| status.state == State::Streaming)).await.unwrap().unwrap();
        streaming.push(started.elapsed());
    }
    let last = |times: &[Duration]| times.iter().max().unwrap().as_secs_f64();
    println!("{count} clients behind a server that was killed and started again, default intervals:");
    println!("  all fresh after {:.1} s, all streaming after {:.1} s", last(&fresh), last(&streaming));
    for client in &clients {
        client.close().await;
    }
    server.shutdown().await;
}
