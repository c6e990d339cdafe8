//! What ends in order is nothing to warn of: a stream that the service closes, a client that is dropped, a runtime that
//! is shut down.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod common;

use std::path::Path;
use std::time::Duration;

use common::cohorts::{cohort, downloads, flags_of};
use common::logs::Lines;
use common::{PATIENCE, flags, server, streaming, until};
use experiment::logging::LogLevel;
use experiment::tracking::ExposureConfig;
use experiment::{CohortSyncConfig, EvaluateOptions, LocalEvaluationClient, State, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_SECRET_KEY, Fault, Route, Server};
use tokio::runtime::{Builder, Runtime};

const FAILED: &str = "flags could not be brought up to date";

async fn logging(server: &Server, lines: &Lines) -> LocalEvaluationClient {
    let client = streaming(server).logger(lines.logger()).log_level(LogLevel::Debug).build().unwrap();
    client.start().await.unwrap();
    client
}

async fn reconnected(client: &LocalEvaluationClient, times: u64) {
    let mut watch = client.watch_status().unwrap();
    let back = watch.wait_for(|status| status.reconnects >= times && status.state == State::Streaming);
    tokio::time::timeout(PATIENCE, back).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_that_the_service_ends_is_opened_again_without_a_warning() {
    let server = server(&["a"]).await;
    let lines = Lines::default();
    let client = logging(&server, &lines).await;
    for times in 1..=2 {
        server.end_streams();
        reconnected(&client, times).await;
    }
    let loud: Vec<String> = lines.all().into_iter().filter(|line| !line.starts_with("debug ")).collect();
    assert!(loud.is_empty(), "{loud:?}");
    let ended = lines.all().iter().filter(|line| line.contains("the service closed the stream")).count();
    assert_eq!(ended, 2, "{:?}", lines.all());
    assert_eq!(client.status().updater.unwrap().reconnects, 2);
    client.close().await;
}

#[tokio::test]
async fn a_connection_that_breaks_after_a_while_is_none_and_one_that_breaks_at_once_is() {
    let server = Server::builder().flags_json(flags(&["a"])).keep_alive(Duration::from_millis(50));
    let server = server.start().await.unwrap();
    let lines = Lines::default();
    let client = streaming(&server).logger(lines.logger()).log_level(LogLevel::Debug).updater(|config| {
        config.keep_alive_timeout = Duration::from_secs(2);
        config.reconnect_delay_max = Duration::from_millis(20);
    });
    let client = client.build().unwrap();
    client.start().await.unwrap();
    let opened = client.status().updater.unwrap().last_update.unwrap();
    let deadline = opened + PATIENCE;
    while client.status().updater.unwrap().last_contact.unwrap() < opened + Duration::from_secs(2) {
        assert!(std::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    server.cut_streams();
    reconnected(&client, 1).await;
    assert!(lines.loud().is_empty() && lines.have("debug", "the connection broke"), "{:#?}", lines.all());
    server.cut_streams();
    reconnected(&client, 2).await;
    assert_eq!(lines.count("warn", FAILED), 1, "{:#?}", lines.all());
    client.close().await;
}

#[tokio::test]
async fn an_end_behind_which_the_next_attempt_fails_is_a_warning() {
    let server = server(&["a"]).await;
    let lines = Lines::default();
    let client = logging(&server, &lines).await;
    server.faults().always(Route::Stream, Fault::status(503));
    server.end_streams();
    until(&client, State::Fallback).await;
    assert!(lines.count("warn", FAILED) == 1 && lines.have("warn", "503"), "{:?}", lines.all());
    server.faults().clear();
    until(&client, State::Streaming).await;
    assert_eq!(lines.count("info", "flags are brought up to date again"), 1, "{:?}", lines.all());
    client.close().await;
}

#[tokio::test]
async fn streams_that_end_within_seconds_again_and_again_are_one_warning() {
    for fault in [Fault::body(format!("data: {}\n\n", flags(&["a"]))), Fault::none()] {
        let server = server(&["a"]).await;
        let lines = Lines::default();
        let client = logging(&server, &lines).await;
        server.faults().always(Route::Stream, fault);
        for _ in 0..10 {
            server.end_streams();
            let before = client.status().updater.unwrap().updates;
            let mut watch = client.watch_status().unwrap();
            let came = watch.wait_for(|status| status.updates > before);
            tokio::time::timeout(PATIENCE, came).await.unwrap().unwrap();
        }
        assert_eq!(lines.loud().len(), 1, "{:#?}", lines.all());
        client.close().await;
    }
}

/// What a client is at when it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Amid {
    Start,
    Poll,
    Stream,
    Download,
    Upload,
}

/// A client of a server, amid something, that keeps its events on disk.
async fn amid(what: Amid, server: &Server, folder: &Path, lines: &Lines) -> LocalEvaluationClient {
    let cohorts = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(server.url());
    let mut exposures = ExposureConfig::new(DEFAULT_API_KEY);
    exposures.delivery.server_url = format!("{}/2/httpapi", server.url());
    exposures.delivery.flush_interval = Duration::from_millis(1);
    exposures.delivery.spool_folder = Some(folder.to_owned());
    let builder = if what == Amid::Poll { common::polling(server) } else { streaming(server) };
    let builder = builder.cohort_sync(cohorts).exposure_tracking(exposures);
    let client = builder.logger(lines.logger()).log_level(LogLevel::Warn).build().unwrap();
    let asked = |route| move |server: &Server| server.requests().iter().any(|request| request.route == route);
    match what {
        Amid::Start => {
            server.faults().always(Route::Stream, Fault::stall());
            client.start_in_background().unwrap();
            assert!(server.until(PATIENCE, asked(Route::Stream)).await);
        }
        Amid::Poll => {
            client.start().await.unwrap();
            server.faults().always(Route::Flags, Fault::stall());
            server.clear_requests();
            assert!(server.until(PATIENCE, asked(Route::Flags)).await);
        }
        Amid::Stream => client.start().await.unwrap(),
        Amid::Download => {
            server.set_cohort(cohort("c1", &["u1"], 1));
            server.set_flags(flags_of(&["c1"])).unwrap();
            server.faults().always(Route::Cohort, Fault::stall_after(10));
            client.start_in_background().unwrap();
            assert!(server.until(PATIENCE, |server| !downloads(server).is_empty()).await);
        }
        Amid::Upload => {
            client.start().await.unwrap();
            server.faults().always(Route::HttpApi, Fault::stall());
            let options = EvaluateOptions::default().with_tracks_exposure(true);
            let _ = client.evaluate_with(&User::with_user_id("u1"), &options);
            // On disk before it is sent: nothing is lost.
            assert!(server.until(PATIENCE, asked(Route::HttpApi)).await);
        }
    }
    client
}

/// A runtime of one thread, or of more.
fn runtime(threads: usize) -> Runtime {
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.worker_threads(threads).enable_all().build().unwrap()
}

/// What a client logs that ends amid something, before its runtime or behind it.
fn logged(service: &Runtime, what: Amid, threads: usize, end: fn(Runtime), client_first: bool) -> Vec<String> {
    let server = service.block_on(server(&["a"]));
    let (lines, folder) = (Lines::default(), tempfile::tempdir().unwrap());
    let runtime = runtime(threads);
    let client = runtime.block_on(amid(what, &server, folder.path(), &lines));
    if client_first {
        drop(client);
        end(runtime);
    } else {
        end(runtime);
        drop(client);
    }
    lines.all()
}

#[test]
fn nothing_warns_when_the_last_handle_is_dropped_or_the_runtime_ends() {
    let service = Runtime::new().unwrap();
    let ends: [fn(Runtime); 3] =
        [drop, Runtime::shutdown_background, |runtime| runtime.shutdown_timeout(Duration::from_secs(1))];
    let mut loud = Vec::new();
    for what in [Amid::Start, Amid::Poll, Amid::Stream, Amid::Download, Amid::Upload] {
        // Where tasks end beside each other, chance decides which of them sees what of the others.
        for (threads, runs) in [(1, 2), (2, 10)] {
            for (end, client_first) in ends.into_iter().flat_map(|end| [(end, true), (end, false)]) {
                for _ in 0..runs {
                    let lines = logged(&service, what, threads, end, client_first);
                    if !lines.is_empty() {
                        loud.push(format!("{what:?}, {threads} threads, client first: {client_first}: {lines:?}"));
                    }
                }
            }
        }
    }
    assert!(loud.is_empty(), "{} of 360 runs: {loud:#?}", loud.len());
}
