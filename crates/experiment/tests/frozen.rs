//! A process that is stopped for 20 seconds, and finds the connections dead that it kept.
//!
//! It is a program of its own, since it is both: started with addresses, it is the process that gets stopped. It does
//! what its input says, and prints what came of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, reason = "test code")]

mod common;
#[path = "../../transport/tests/common/fault_proxy.rs"]
mod fault_proxy;

use std::io::{BufRead, BufReader, Lines, Write, stdin};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use common::cohorts::{cohort, flag};
use common::flags;
use experiment::tracking::ExposureConfig;
use experiment::{
    CohortSyncConfig, EvaluateOptions, LocalEvaluationClient, ProxyConfig, RemoteEvaluationClient,
    RemoteEvaluationConfig, State, User,
};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, DEFAULT_SECRET_KEY, Server};
use fault_proxy::FaultProxy;

const FREEZE: Duration = Duration::from_secs(20);

/// What a call may take over a dead connection: the first byte timeout, and as much again on this busy machine.
const BOUND: Duration = Duration::from_millis(2500);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match arguments.iter().position(|argument| argument == "clients-of") {
        Some(place) => runtime.block_on(clients(&arguments[place + 1])),
        None => {
            runtime.block_on(a_stopped_process_finds_its_way_back_at_once());
            println!("test result: ok. 1 passed; 0 failed; a stopped process finds its way back at once");
        }
    }
}

/// The process that is stopped: all clients of one service.
async fn clients(url: &str) {
    let mut exposures = ExposureConfig::new(DEFAULT_API_KEY);
    exposures.delivery.server_url = format!("{url}/2/httpapi");
    let cohorts = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(url);
    // Connections are kept for longer than the process is stopped, so that it meets dead ones.
    let local = || {
        LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
            .server_url(url)
            .stream_server_url(url)
            .proxy(ProxyConfig::Off)
            .connection_idle_timeout(Duration::from_secs(600))
            .flag_config_polling_interval(Duration::from_secs(5))
    };
    let polling = local().exposure_tracking(exposures).build().unwrap();
    let streaming = local().stream_updates(true).cohort_sync(cohorts).build().unwrap();
    let remote = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .config(RemoteEvaluationConfig::server())
        .fetch_retries(0)
        .server_url(url)
        .proxy(ProxyConfig::Off)
        .connection_idle_timeout(Duration::from_secs(600))
        .build()
        .unwrap();
    polling.start().await.unwrap();
    streaming.start().await.unwrap();
    let user = User::with_user_id("u1");
    let mut exposed = 0;
    let (lines, mut orders) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || stdin().lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
    while let Some(order) = orders.recv().await {
        let begin = Instant::now();
        let done = match order.as_str() {
            "fetch" => remote.fetch(&user).await.map(drop).map_err(|error| format!("{error:?}")),
            "expose" => {
                exposed += 1;
                let options = EvaluateOptions::default().with_tracks_exposure(true);
                let _ = polling.evaluate_with(&User::with_user_id(format!("u{exposed}")), &options);
                let report = polling.flush().await;
                report.is_complete().then_some(()).ok_or_else(|| format!("{report:?}"))
            }
            // Before anything else has been heard.
            "stale" => {
                let status = polling.status();
                let is_stale = !status.is_fresh() && status.updater.as_ref().unwrap().state == State::Stale;
                is_stale.then_some(()).ok_or_else(|| format!("{status:?}"))
            }
            // The next poll is due at once after a freeze; it must not fail.
            "poll" => knows(&polling, "b").await,
            // The stream is found silent, and opened again; the new flag needs a cohort.
            "stream" => knows(&streaming, "c1").await,
            other => Err(format!("no such order: {other}")),
        };
        println!("{} {}", begin.elapsed().as_millis(), done.map_or_else(|error| error, |()| "ok".to_owned()));
    }
}

/// Waits until a client has a flag, without a failure on the way.
async fn knows(client: &LocalEvaluationClient, flag: &str) -> Result<(), String> {
    let user = User::with_user_id("u1");
    let mut changes = client.changes();
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while client.evaluate(&user).get(flag).is_none() {
            changes.next().await;
        }
    });
    waited.await.map_err(|_| format!("{:?}", client.status()))
}

struct Stopped {
    child: Child,
    orders: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Stopped {
    fn start(url: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["clients-of", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        Self { child, orders, lines }
    }

    /// Has an order carried out; gives how long that took.
    fn order(&mut self, order: &str) -> Duration {
        self.send(order);
        self.done(order)
    }

    fn send(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    fn done(&mut self, order: &str) -> Duration {
        let line = self.lines.next().unwrap().unwrap();
        let (millis, result) = line.split_once(' ').unwrap();
        assert_eq!(result, "ok", "{order}");
        Duration::from_millis(millis.parse().unwrap())
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success(), "{name}");
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn a_stopped_process_finds_its_way_back_at_once() {
    let server = Server::builder().flags_json(flags(&["a"])).cohort(cohort("c1", &["u1"], 1)).start().await.unwrap();
    let proxy = FaultProxy::before(server.address());
    let mut process = Stopped::start(&proxy.url());
    for order in ["fetch", "expose"] {
        process.order(order);
    }
    process.signal("-STOP");
    proxy.silence_open_connections();
    server.set_flags(format!("[{},{}", flag("c1"), &flags(&["b"])[1..])).unwrap();
    tokio::time::sleep(FREEZE).await;
    // The first call of all.
    process.send("stale");
    process.signal("-CONT");
    process.done("stale");
    for order in ["fetch", "expose", "poll", "stream"] {
        let took = process.order(order);
        println!("{order} after {FREEZE:?} of standstill: {took:?}");
        assert!(took < BOUND, "{order}: {took:?}");
    }
    // The service tells assignments of fetches by itself.
    let exposures =
        server.events().iter().filter(|event| event.value()["event_type"] == "[Experiment] Exposure").count();
    assert_eq!(exposures, 2, "each exposure arrived once");
}
