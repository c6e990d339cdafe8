//! A process that is killed, and what its spool leaves.
//!
//! It is a program of its own, since it is both: started with a folder, it tracks there until it is killed, or until its
//! input ends since whoever started it is gone. Otherwise it takes the arguments that tests take.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, reason = "test code")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use evaluation_core::{User, Variant, Variants};
use tracking::{AssignmentConfig, Tracking};
use transport::http::{Request, Response};
use transport::{BodyStream, BoxFuture, Bytes, HttpClient, HttpError};

const NAME: &str = "what_was_written_before_a_kill_is_sent_after_it_once";

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "track-in") {
        return track_until_killed(Path::new(&arguments[place + 1])).await;
    }
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if !is_asked_for(&arguments[1..]) || has("--ignored") {
        return;
    }
    if has("--list") {
        return println!("{NAME}: test");
    }
    what_was_written_before_a_kill_is_sent_after_it_once().await;
    println!("test {NAME} ... ok");
}

/// Whether the arguments leave this test in: they may name tests, or parts of names, and which ones to skip.
fn is_asked_for(arguments: &[String]) -> bool {
    let (mut is_filtered, mut is_named) = (false, false);
    let is_exact = arguments.iter().any(|argument| argument == "--exact");
    let is_meant = |name: &str| if is_exact { NAME == name } else { NAME.contains(name) };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--skip" if arguments.next().is_some_and(|name| is_meant(name)) => return false,
            "--skip" => {}
            "--test-threads" | "--format" | "--color" | "--logfile" | "--shuffle-seed" | "-Z" => drop(arguments.next()),
            option if option.starts_with('-') => {}
            name => (is_filtered, is_named) = (true, is_named || is_meant(name)),
        }
    }
    is_named || !is_filtered
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
            // As the service responds: nothing else says that events were taken.
            Ok(Response::new(BodyStream::from_bytes(r#"{"code": 200, "events_ingested": 1}"#)))
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
    thread::spawn(|| {
        drop(stdin().read_to_end(&mut Vec::new()));
        std::process::exit(1);
    });
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

/// The process that is killed; also if this one panics.
struct Killed(Child);

impl Killed {
    fn start(folder: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["track-in", folder.to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// What it says first.
    fn line(&mut self) -> String {
        let (tell, told) = channel();
        let mut output = BufReader::new(self.0.stdout.take().unwrap());
        thread::spawn(move || {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            tell.send(line)
        });
        told.recv_timeout(PATIENCE).unwrap()
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        // Not a stop: the process has no chance to do anything any more.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn what_was_written_before_a_kill_is_sent_after_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut killed = Killed::start(folder.path());
    assert_eq!(killed.line().trim(), "500");
    drop(killed);
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
