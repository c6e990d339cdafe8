//! A process that is killed, and what its spool leaves.
//!
//! It is a program of its own, since it is both: started with a folder, it tracks there until it is killed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, reason = "test code")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evaluation_core::{User, Variant, Variants};
use tracking::{AssignmentConfig, Tracking};
use transport::http::{Request, Response};
use transport::{BodyStream, BoxFuture, Bytes, HttpClient, HttpError};

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "track-in") {
        return track_until_killed(Path::new(&arguments[place + 1])).await;
    }
    what_was_written_before_a_kill_is_sent_after_it_once().await;
    println!("test result: ok. 1 passed; 0 failed; what was written before a kill is sent after it, once");
}

/// A service that takes the first uploads, and then none.
#[derive(Default)]
struct Service {
    taken: Mutex<HashMap<String, usize>>,
    limit: Option<usize>,
}

impl HttpClient for Service {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<BodyStream>, HttpError>> {
        Box::pin(async move {
            let upload: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let mut taken = self.taken.lock().unwrap();
            if self.limit.is_some_and(|limit| taken.len() >= limit) {
                return Err(HttpError::broken("down"));
            }
            for event in upload["events"].as_array().unwrap() {
                *taken.entry(event["user_id"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            Ok(Response::new(BodyStream::from_bytes("{}")))
        })
    }
}

fn tracking(service: &Arc<Service>, folder: &Path) -> Tracking {
    let mut config = AssignmentConfig::new("key");
    config.delivery.spool_folder = Some(folder.to_owned());
    config.delivery.close_timeout = Duration::from_secs(2);
    Tracking::assignments(config).http_client(Arc::clone(service) as Arc<dyn HttpClient>).build().unwrap()
}

/// Has 200 events taken and 500 not, says so, and goes on without ever being asked to stop.
async fn track_until_killed(folder: &Path) {
    let service = Arc::new(Service { limit: Some(200), ..Service::default() });
    let tracking = tracking(&service, folder);
    let variants: Variants = [("flag", Variant::new("on"))].into_iter().collect();
    let track = |index: usize| tracking.track(&User::with_user_id(format!("user-{index}")), &variants);
    (0..200).for_each(track);
    tracking.flush().await;
    (200..700).for_each(track);
    // It comes back when all is written, though not sent.
    let report = tracking.flush().await;
    println!("{}", report.pending);
    for index in 700.. {
        track(index);
        tokio::task::yield_now().await;
    }
}

async fn what_was_written_before_a_kill_is_sent_after_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["track-in", folder.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    // Not a stop: the process has no chance to do anything any more.
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line.trim(), "500");
    let service = Arc::new(Service::default());
    let tracking = tracking(&service, folder.path());
    tracking.flush().await;
    let report = tracking.close().await;
    assert_eq!(report.dropped + report.pending + report.spooled, 0, "{report:?}");
    let taken = service.taken.lock().unwrap().clone();
    assert!(taken.values().all(|times| *times == 1), "{taken:?}");
    for index in 0..700 {
        assert_eq!(taken.contains_key(&format!("user-{index}")), index >= 200, "{index}");
    }
}
