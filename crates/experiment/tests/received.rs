//! Something else responds in the service's place: log lines, statuses and reports name what was received.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::cohorts::{server_of, status, syncing, until_cohorts};
use common::{PATIENCE, flags, polling, server, streaming, until_known};
use experiment::logging::{LogLevel, LogRecord, LoggerProvider};
use experiment::tracking::ExposureConfig;
use experiment::{Chain, EvaluateOptions, ProxyConfig, RemoteEvaluationClient, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Fault, Route};
use transport::http::HeaderValue;
use transport::http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// The lines of a client.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn logger(&self) -> Arc<dyn LoggerProvider> {
        let lines = self.clone();
        Arc::new(move |record: &LogRecord<'_>| lines.0.lock().unwrap().push(record.to_string()))
    }

    /// Checks that a line has these words, and no line what none may have.
    fn check(&self, words: &str) {
        let lines = self.0.lock().unwrap();
        assert!(lines.iter().any(|line| line.contains(words)), "{words}: {lines:#?}");
        for never in ["hush", "column 0", "error: error"] {
            assert!(!lines.iter().any(|line| line.contains(never)), "{never}: {lines:#?}");
        }
    }
}

fn typed(kind: &'static str, body: &str) -> Fault {
    Fault::body(body.to_owned()).with_header(CONTENT_TYPE, HeaderValue::from_static(kind))
}

/// What responds, and how it is named.
fn others() -> Vec<(Fault, &'static str)> {
    vec![
        (typed("text/html", "<!DOCTYPE html><title>hush</title>"), "but an HTML page"),
        (typed("text/plain", ""), "but an empty text"),
        (typed("text/plain", "hush is blocked"), "but a text that is no JSON"),
        (typed("application/json", r#"{"error": "hush"}"#), "but a JSON object with an `error` member"),
        (typed("application/json", r#""hush""#), "but a JSON string"),
    ]
}

#[tokio::test]
async fn in_place_of_flags() {
    let mut others = others();
    let old = r#"[{"flagKey": "hush", "enabled": true, "variants": [{"key": "on"}]}]"#;
    others.push((Fault::body(old), "but flags in the format used before 2023: take the flags from `/sdk/v2/flags`"));
    let wrapped = format!("{{\"flags\": {}}}", flags(&["hush"]));
    others.push((Fault::body(wrapped), "but a JSON object that wraps the list of flags"));
    others.push((Fault::body("[\n"), "it ends too early, at line 2 column 1"));
    for (fault, named) in others {
        let server = server(&["a"]).await;
        let lines = Lines::default();
        let client = polling(&server).logger(lines.logger()).log_level(LogLevel::Debug).build().unwrap();
        client.start().await.unwrap();
        server.faults().always(Route::Flags, fault.clone());
        let mut watch = client.watch_status().unwrap();
        let failed = tokio::time::timeout(PATIENCE, watch.wait_for(|status| status.failures > 0));
        let status = failed.await.unwrap().unwrap();
        let said = Chain(&status.last_error.unwrap()).to_string();
        assert!(said.contains(named) && said.contains("check the URL"), "{fault:?}: {said}");
        assert_eq!(said.matches(named).count(), 1, "{said}");
        client.close().await;
        lines.check(named);
        assert_eq!(common::known(&client), ["a"], "{fault:?}");
    }
}

#[tokio::test]
async fn in_place_of_a_stream_and_of_its_flags() {
    for (fault, named) in [
        (typed("text/html", "<html>hush</html>"), "not a stream of events, but an HTML page"),
        (Fault::body(r#"{"error": "hush"}"#), "not a stream of events, but a JSON object with an `error` member"),
        (Fault::body(""), "not a stream of events, but an empty text"),
        (
            typed("text/event-stream", "data: {\"error\": \"hush\"}\n\n"),
            "not a JSON list of flags, but a JSON object with an `error` member",
        ),
        (typed("text/event-stream", "data: <html>hush</html>\n\n"), "not a JSON list of flags, but an HTML page"),
    ] {
        let server = server(&["a"]).await;
        server.faults().always(Route::Stream, fault.clone());
        let lines = Lines::default();
        let client = streaming(&server).logger(lines.logger()).log_level(LogLevel::Debug).build().unwrap();
        client.start().await.unwrap();
        until_known(&client, &["a"]).await;
        client.close().await;
        lines.check(named);
    }
}

#[tokio::test]
async fn in_place_of_variants() {
    for (fault, named) in others() {
        let server = server(&["a"]).await;
        server.faults().always(Route::Variants, fault);
        let lines = Lines::default();
        let builder = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url());
        let builder = builder.proxy(ProxyConfig::Off).fetch_retries(0).logger(lines.logger());
        let client = builder.log_level(LogLevel::Debug).build().unwrap();
        let error = client.fetch(&User::with_user_id("u1")).await.unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
        lines.check(named);
    }
}

#[tokio::test]
async fn in_place_of_a_cohort() {
    for (fault, named) in others() {
        let server = server_of(&["c1"]).await;
        server.faults().always(Route::Cohort, fault);
        let lines = Lines::default();
        let client = syncing(&server).logger(lines.logger()).log_level(LogLevel::Debug).build().unwrap();
        client.start().await.unwrap();
        until_cohorts(&client, |client| status(client, "c1").failures > 0).await;
        let said = Chain(&*status(&client, "c1").last_error.unwrap()).to_string();
        assert!(said.contains(&format!("not the JSON of a cohort, {named}")), "{said}");
        client.close().await;
        lines.check(named);
    }
}

#[tokio::test]
async fn in_place_of_what_is_said_to_an_upload() {
    for (fault, named) in others() {
        let server = server(&["a"]).await;
        let lines = Lines::default();
        let mut config = ExposureConfig::new(DEFAULT_API_KEY);
        config.delivery.server_url = format!("{}/2/httpapi", server.url());
        let builder = polling(&server).exposure_tracking(config).logger(lines.logger());
        let client = builder.log_level(LogLevel::Debug).build().unwrap();
        client.start().await.unwrap();
        server.faults().script(Route::HttpApi, [fault.clone()]);
        let options = EvaluateOptions::default().with_tracks_exposure(true);
        let _ = client.evaluate_with(&User::with_user_id("u1"), &options);
        let report = tokio::time::timeout(PATIENCE, client.flush()).await.unwrap();
        assert!(report.is_complete(), "{fault:?}: {report:?}");
        assert_eq!(server.events().len(), 1, "{fault:?}");
        client.close().await;
        lines.check(named);
        lines.check("(status 200): check the URL");
    }
}

#[tokio::test]
async fn an_encoding_that_was_not_requested() {
    let server = server_of(&["c1"]).await;
    server.set_flags(format!("[{},{}", common::cohorts::flag("c1"), &flags(&["b"])[1..])).unwrap();
    let lines = Lines::default();
    let mut exposures = ExposureConfig::new(DEFAULT_API_KEY);
    exposures.delivery.server_url = format!("{}/2/httpapi", server.url());
    let builder = syncing(&server).stream_updates(true).stream_server_url(server.url()).exposure_tracking(exposures);
    let client = builder.logger(lines.logger()).log_level(LogLevel::Debug).build().unwrap();
    let builder = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url());
    let builder = builder.proxy(ProxyConfig::Off).fetch_retries(0).logger(lines.logger());
    let remote = builder.log_level(LogLevel::Debug).build().unwrap();
    let fault = || {
        let fault = Fault::body(&b"\x0b\x02\x80[]\x03"[..]);
        fault.with_header(CONTENT_ENCODING, HeaderValue::from_static("br"))
    };
    for route in [Route::Stream, Route::Cohort] {
        server.faults().always(route, fault());
    }
    for route in [Route::Flags, Route::HttpApi, Route::Variants] {
        server.faults().script(route, [fault()]);
    }
    client.start().await.unwrap();
    let user = User::with_user_id("u1");
    assert!(remote.fetch(&user).await.is_err());
    let _ = client.evaluate_with(&user, &EvaluateOptions::default().with_tracks_exposure(true));
    client.close().await;
    for endpoint in ["flag stream", "flags", "cohort", "events", "variants"] {
        lines.check(&format!("{endpoint}: the response is compressed with br, which the client did not request"));
    }
}

/// Events that are in a spool stay there until the service itself says that it took them.
#[tokio::test]
async fn events_on_disk_stay_there_for_the_next_start() {
    let server = server(&["a"]).await;
    let folder = tempfile::tempdir().unwrap();
    let build = || {
        let mut config = ExposureConfig::new(DEFAULT_API_KEY);
        config.delivery.server_url = format!("{}/2/httpapi", server.url());
        config.delivery.spool_folder = Some(folder.path().to_owned());
        config.delivery.close_timeout = Duration::from_secs(2);
        polling(&server).exposure_tracking(config).build().unwrap()
    };
    server.faults().always(Route::HttpApi, typed("text/html", "<html>Sign in</html>"));
    let client = build();
    client.start().await.unwrap();
    let _ = client.evaluate_with(&User::with_user_id("u1"), &EvaluateOptions::default().with_tracks_exposure(true));
    let report = client.close().await.events;
    assert!(server.events().is_empty());
    let stats = client.stats().exposures.unwrap().events;
    assert_eq!((stats.sent, stats.spooled), (0, 1), "{report:?}");
    server.faults().clear();
    let client = build();
    client.start().await.unwrap();
    client.flush().await;
    assert_eq!((server.events().len(), client.stats().exposures.unwrap().events.recovered), (1, 1));
    client.close().await;
}
