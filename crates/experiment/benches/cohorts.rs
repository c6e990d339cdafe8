//! Evaluation while a cohort of a million members is replaced over and over: how late the latest answers are, and that
//! each of them is right.
//!
//! `cargo bench -p experiment --bench cohorts -- [ROUNDS]`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and stops where something is wrong"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use experiment::http::{Request, Response};
use experiment::{BodyStream, BoxFuture, Bytes, CohortSyncConfig, HttpClient, HttpError, LocalEvaluationClient};
use experiment::{Stream, User, Variants};

use tokio::sync::watch;

const MEMBERS: usize = 1_000_000;

/// How long each part of a round lasts.
const PART: Duration = Duration::from_secs(3);

/// As pieces of a body come from a socket.
const CHUNK: usize = 64 << 10;

/// The service, from memory: flags, and a cohort that is another one each time while updates are on. While they are not,
/// it lets who asks wait.
struct Service {
    flags: Bytes,
    cohorts: [Bytes; 2],
    updating: watch::Sender<bool>,
    served: AtomicUsize,
}

impl HttpClient for Service {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<BodyStream>, HttpError>> {
        let of_cohort = request.uri().path().contains("/cohort/");
        Box::pin(async move {
            if !of_cohort {
                return Ok(Response::new(BodyStream::from_bytes(self.flags.clone())));
            }
            if self.served.load(Ordering::SeqCst) > 0 {
                let _ = self.updating.subscribe().wait_for(|updating| *updating).await;
            }
            let served = self.served.fetch_add(1, Ordering::SeqCst);
            Ok(Response::new(BodyStream::new(Chunks(self.cohorts[served % 2].clone()))))
        })
    }
}

struct Chunks(Bytes);

impl Stream for Chunks {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let length = self.0.len().min(CHUNK);
        Poll::Ready((length > 0).then(|| Ok(self.0.split_to(length))))
    }
}

/// Who is asked for: in both cohorts, in one of them, in none.
const KINDS: [&str; 4] = ["both", "first", "second", "neither"];

fn id(kind: &str, index: usize) -> String {
    format!("{kind}-{index:08}-0000-4000-8000-000000000000")
}

fn cohort(kinds: [&str; 2], modified: usize) -> Bytes {
    let ids = kinds.iter().flat_map(|kind| (0..MEMBERS / 2).map(move |index| format!("\"{}\"", id(kind, index))));
    let ids: Vec<String> = ids.collect();
    format!(r#"{{"cohortId": "million", "lastModified": {modified}, "memberIds": [{}]}}"#, ids.join(",")).into()
}

/// The workload's flags that ask about no other cohort, and two that ask about this one.
fn flags() -> Bytes {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/workload/flags-medium.json");
    let flags: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let flags: Vec<String> =
        flags.iter().map(ToString::to_string).filter(|flag| !flag.contains("cohort_ids")).collect();
    let flags = flags.join(",");
    let one = |key: &str, op: &str| {
        format!(
            r#"{{"key": "{key}", "variants": {{"on": {{"key": "on", "value": "on"}}}}, "segments": [{{"conditions": [[
                {{"selector": ["context", "user", "cohort_ids"], "op": "{op}", "values": ["million"]}}]],
                "variant": "on"}}]}}"#
        )
    };
    format!("[{flags},{},{}]", one("in", "set contains any"), one("out", "set does not contain any")).into()
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(5);
    let service = Arc::new(Service {
        flags: flags(),
        cohorts: [cohort(["both", "first"], 1), cohort(["both", "second"], 2)],
        updating: watch::Sender::new(false),
        served: AtomicUsize::new(0),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = LocalEvaluationClient::builder("key")
        .http_client(Arc::clone(&service) as Arc<dyn HttpClient>)
        .flag_config_polling_interval(Duration::from_secs(3600))
        .cohort_sync(CohortSyncConfig::new("api", "secret"))
        .cohort_downloads(|config| config.polling_interval = Duration::from_millis(1))
        .build()
        .unwrap();
    runtime.block_on(client.start()).unwrap();
    assert!(client.status().cohorts.iter().all(experiment::cohorts::CohortStatus::is_there), "{:?}", client.status());
    // Spread over the whole cohort, in no order.
    let users: Vec<(usize, User)> = (0..40_000)
        .map(|index| (index % 4, User::with_user_id(id(KINDS[index % 4], index * 7919 % (MEMBERS / 2)))))
        .collect();
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let quiet = part(&client, &users);
        let before = service.served.load(Ordering::SeqCst);
        service.updating.send_replace(true);
        let busy = part(&client, &users);
        service.updating.send_replace(false);
        let updates = service.served.load(Ordering::SeqCst) - before;
        println!(
            "p99 {:.0} ns, {:.0} ns during {updates} updates of {MEMBERS} members ({:.2} times); p50 {:.0} and {:.0} ns; {} answers, all right",
            quiet.p99,
            busy.p99,
            busy.p99 / quiet.p99,
            quiet.p50,
            busy.p50,
            quiet.answers + busy.answers
        );
        ratios.push(busy.p99 / quiet.p99);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median of {rounds} interleaved rounds: p99 {:.2} times", ratios[ratios.len() / 2]);
    runtime.block_on(client.close());
}

struct Figures {
    p50: f64,
    p99: f64,
    answers: usize,
}

/// Evaluates for a while, and looks at each answer.
fn part(client: &LocalEvaluationClient, users: &[(usize, User)]) -> Figures {
    let mut times = Vec::new();
    let started = Instant::now();
    while started.elapsed() < PART {
        for (kind, user) in users {
            let one = Instant::now();
            let variants = client.evaluate(user);
            times.push(one.elapsed().as_nanos() as f64);
            assert!(is_right(*kind, &variants), "{user:?}");
        }
    }
    times.sort_by(f64::total_cmp);
    Figures { p50: times[times.len() / 2], p99: times[times.len() * 99 / 100], answers: times.len() }
}

/// True for what the old cohort says, and for what the new one does: both flags by the same one.
fn is_right(kind: usize, variants: &Variants) -> bool {
    let (inside, outside) = (variants.is_on("in"), variants.is_on("out"));
    inside != outside
        && match KINDS[kind] {
            "both" => inside,
            "neither" => outside,
            _ => true,
        }
}
