//! Two processes: a client here, and a server that is killed, not stopped.
//!
//! It is a program of its own, since it is both: started with an address, it serves there until its input ends.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, reason = "test code")]

use std::io::{BufRead, BufReader, Read, stdin};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use experiment::{LocalEvaluationClient, State, User};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "serve-at") {
        Some(place) => serve(&arguments[place + 1], &arguments[place + 2]).await,
        None => {
            a_killed_server_is_survived_and_its_return_noticed().await;
            println!("test result: ok. 1 passed; 0 failed; a killed server is survived, and its return noticed");
        }
    }
}

async fn serve(address: &str, flag: &str) {
    let flags =
        format!(r#"[{{"key": "{flag}", "variants": {{"on": {{"key": "on"}}}}, "segments": [{{"variant": "on"}}]}}]"#);
    let server = Server::builder().flags_json(flags).listen(address.parse().unwrap()).start().await.unwrap();
    println!("{}", server.address());
    let input = tokio::task::spawn_blocking(|| stdin().read_to_end(&mut Vec::new()));
    drop(input.await);
    server.shutdown().await;
}

/// A server in another process, with one flag.
struct Other {
    child: Child,
    address: String,
}

impl Other {
    fn start(address: &str, flag: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["serve-at", address, flag])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().to_owned() }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn a_killed_server_is_survived_and_its_return_noticed() {
    let server = Other::start("127.0.0.1:0", "before");
    let address = server.address.clone();
    let url = format!("http://{address}");
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(&url)
        .stream_server_url(&url)
        .stream_updates(true)
        .flag_config_polling_interval(Duration::from_millis(50))
        .updater(|config| {
            config.stream_retry = Duration::from_millis(100);
            config.stream_retry_jitter = Duration::from_millis(10);
            config.reconnect_delay_max = Duration::from_millis(10);
        })
        .build()
        .unwrap();
    client.start().await.unwrap();
    let has = |flag: &str| client.evaluate(&User::with_user_id("u1")).get(flag).is_some();
    assert!(has("before"));
    let mut watch = client.watch_status().unwrap();
    // Killed: no answer comes to its end.
    drop(server);
    timeout(PATIENCE, watch.wait_for(|status| status.state == State::Fallback)).await.unwrap().unwrap();
    assert!(has("before"));
    let _server = Other::start(&address, "after");
    timeout(PATIENCE, watch.wait_for(|status| status.state == State::Streaming)).await.unwrap().unwrap();
    assert!(has("after") && !has("before"));
    client.close().await;
}
