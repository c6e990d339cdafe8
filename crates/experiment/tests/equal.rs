//! Remote evaluation, local evaluation by polls and by a stream: all give the same.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]
#![cfg(all(feature = "remote", feature = "streaming"))]

mod common;

use common::{polling, streaming};
use experiment::{RemoteEvaluationClient, User};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap()
}

async fn all_ways(flags: String, users: Vec<User>) {
    let server = Server::builder().flags_json(flags).request_capacity(0).start().await.unwrap();
    let remote = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url()).build().unwrap();
    let (polls, streams) = (polling(&server).build().unwrap(), streaming(&server).build().unwrap());
    polls.start().await.unwrap();
    streams.start().await.unwrap();
    for user in &users {
        let local = polls.evaluate(user);
        assert!(!local.is_empty());
        assert_eq!(local, streams.evaluate(user), "{user:?}");
        assert_eq!(local, remote.fetch(user).await.unwrap(), "{user:?}");
    }
    polls.close().await;
    streams.close().await;
}

#[tokio::test]
async fn the_examples() {
    let users: Vec<User> = serde_json::from_str(&read("examples/users.json")).unwrap();
    assert_eq!(users.len(), 5);
    all_ways(read("examples/flags.json"), users).await;
}

#[tokio::test]
async fn the_workload() {
    let users: Vec<User> =
        read("xtask/workload/users.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(users.len() >= 1000);
    all_ways(read("xtask/workload/flags-medium.json"), users).await;
}
