//! Local evaluation over real sockets: polls, bootstrap, offline, starting and closing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::time::Duration;

use common::{PATIENCE, flags, keys, known, polling, server, until, until_known};
use experiment::{
    Chain, ConfigError, Evaluate, EvaluateOptions, FlagOrigin, LocalEvaluationClient, LocalEvaluationConfig,
    ProxyConfig, Severity, StartError, State, User,
};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Fault, Route, Server};
use tokio::time::timeout;

#[tokio::test]
async fn flags_are_fetched_and_kept_fresh() {
    let server = server(&["a"]).await;
    let client = polling(&server).build().unwrap();
    assert!(known(&client).is_empty());
    assert_eq!((client.status().origin, client.status().flags), (FlagOrigin::None, 0));
    client.start().await.unwrap();
    assert_eq!(known(&client), ["a"]);
    let status = client.status();
    assert_eq!((status.origin, status.flags, status.updater.unwrap().state), (FlagOrigin::Poll, 1, State::Polling));
    server.set_flags(flags(&["a", "b"])).unwrap();
    until_known(&client, &["a", "b"]).await;
    client.close().await;
    let polls = server.requests();
    assert!(polls.iter().all(|poll| poll.route == Route::Flags && poll.header("x-amp-exp-library").is_some()));
    // Whoever has the flags is told so, and sends their tag.
    assert!(polls.iter().any(|poll| poll.status.is_some_and(|status| status == 304)) || polls.len() == 2);
}

#[tokio::test]
async fn a_poll_that_fails_keeps_the_flags_and_the_poller() {
    let server = server(&["a"]).await;
    let client = polling(&server).build().unwrap();
    client.start().await.unwrap();
    let faults = [
        Fault::status(500),
        Fault::too_many_requests(Duration::ZERO),
        Fault::reset(),
        Fault::body("<html>"),
        Fault::body("{}"),
        Fault::cut_after(10),
    ];
    server.faults().script(Route::Flags, faults);
    assert!(server.until(PATIENCE, |server| server.faults().pending(Route::Flags) == 0).await);
    assert_eq!(known(&client), ["a"]);
    server.set_flags(flags(&["b"])).unwrap();
    until_known(&client, &["b"]).await;
    client.close().await;
}

#[tokio::test]
async fn one_bad_flag_takes_no_other_down() {
    let server = server(&["a"]).await;
    let mixed = format!("[{},{{\"key\": \"bad\", \"variants\": 7}}]", flags(&["b"]).trim_matches(['[', ']']));
    server.faults().always(Route::Flags, Fault::body(mixed));
    let client = polling(&server).build().unwrap();
    client.start().await.unwrap();
    assert_eq!(known(&client), ["b"]);
    let diagnostics = client.diagnostics();
    assert_eq!((diagnostics[0].flag.as_deref(), diagnostics[0].severity), (Some("bad"), Severity::Error));
}

#[tokio::test]
async fn starting_fails_with_its_cause_and_may_be_tried_again() {
    let server = server(&["a"]).await;
    server.faults().always(Route::Flags, Fault::status(503));
    let client = polling(&server).build().unwrap();
    let error = client.start().await.unwrap_err();
    assert!(matches!(&error, StartError::Failed { attempts: 5, .. }), "{error:?}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "a poll for flags failed");
    assert_eq!(server.requests().len(), 5);
    assert_eq!(client.status().updater.unwrap().state, State::Idle);
    server.faults().clear();
    client.start().await.unwrap();
    client.start().await.unwrap();
    assert_eq!(known(&client), ["a"]);
    client.close().await;
    client.close().await;
    assert_eq!(client.status().updater.unwrap().state, State::Stopped);
    // What is closed still decides, and may be started again.
    assert_eq!(known(&client), ["a"]);
    server.set_flags(flags(&["b"])).unwrap();
    client.start().await.unwrap();
    until_known(&client, &["b"]).await;
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waited_for_the_start_finds_the_status_as_it_is() {
    let server = server(&["a"]).await;
    for _ in 0..100 {
        let client = polling(&server).build().unwrap();
        client.start().await.unwrap();
        assert_eq!(client.status().updater.unwrap().state, State::Polling);
        client.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_in_the_background_is_not_lost_to_one_that_fails() {
    let server = server(&["a"]).await;
    server.faults().always(Route::Flags, Fault::status(500));
    for round in 0..200 {
        let client = polling(&server).flag_config_polling_interval(Duration::from_millis(5));
        let client = client.updater(|config| config.initial_attempts = 1).build().unwrap();
        let (waits, seen) = (client.clone(), server.requests().len());
        let waiting = tokio::spawn(async move { waits.start().await });
        // At one moment or another of the failing start.
        assert!(server.until(PATIENCE, |server| server.requests().len() > seen).await);
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        client.start_in_background().unwrap();
        let mut watch = client.watch_status().unwrap();
        let tried = timeout(PATIENCE, watch.wait_for(|status| status.failures >= 3)).await;
        assert!(tried.is_ok(), "round {round}: {:?}", client.status());
        client.close().await;
        assert!(waiting.await.unwrap().is_err());
        server.clear_requests();
    }
}

#[tokio::test]
async fn a_wrong_key_fails_the_start_at_once() {
    let server = server(&["a"]).await;
    let client = LocalEvaluationClient::builder("wrong-secret").server_url(server.url()).build().unwrap();
    let error = client.start().await.unwrap_err();
    assert!(matches!(error, StartError::Unauthorized(_)), "{error:?}");
    assert_eq!(server.requests().len(), 1);
    assert!(!format!("{error:?} {client:?}").contains("wrong-secret"));
}

#[tokio::test]
async fn a_key_that_is_refused_later_keeps_the_flags() {
    let server = server(&["a"]).await;
    let client = polling(&server).build().unwrap();
    client.start().await.unwrap();
    server.faults().always(Route::Flags, Fault::status(401));
    until(&client, State::Unauthorized).await;
    assert_eq!(known(&client), ["a"]);
    server.faults().clear();
    server.set_flags(flags(&["b"])).unwrap();
    until_known(&client, &["b"]).await;
    client.close().await;
}

#[tokio::test]
async fn starting_has_a_deadline() {
    let server = server(&["a"]).await;
    server.faults().always(Route::Flags, Fault::stall());
    let client = polling(&server).start_timeout(Duration::from_millis(100)).build().unwrap();
    let error = timeout(PATIENCE, client.start()).await.unwrap().unwrap_err();
    assert!(matches!(error, StartError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn a_start_in_the_background_serves_the_bootstrap_and_keeps_trying() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    std::fs::write(&path, flags(&["seed"])).unwrap();
    let server = server(&["a"]).await;
    server.faults().always(Route::Flags, Fault::status(500));
    let client = polling(&server).bootstrap_file(&path).build().unwrap();
    client.start_in_background().unwrap();
    assert!(server.until(PATIENCE, |server| server.requests().len() > 7).await);
    assert_eq!((known(&client), client.status().origin), (vec!["seed".to_owned()], FlagOrigin::Bootstrap));
    server.faults().clear();
    // The first set replaces the seed as a whole.
    until_known(&client, &["a"]).await;
    assert_eq!(client.status().origin, FlagOrigin::Poll);
    client.close().await;
}

#[tokio::test]
async fn changes_are_told_with_their_keys() {
    let server = server(&["a", "same"]).await;
    let client = polling(&server).build().unwrap();
    let mut changes = client.changes();
    client.start().await.unwrap();
    let first = timeout(PATIENCE, changes.next()).await.unwrap().unwrap();
    assert_eq!(&*first.keys, ["a", "same"]);
    server.set_flags(flags(&["same", "new"])).unwrap();
    let change = timeout(PATIENCE, changes.next()).await.unwrap().unwrap();
    assert_eq!((&*change.keys, change.missed), (["a".to_owned(), "new".to_owned()].as_slice(), 0));
    client.close().await;
    drop(client);
    assert_eq!(timeout(PATIENCE, changes.next()).await.unwrap(), None);
}

#[tokio::test]
async fn dropping_the_last_handle_stops_the_polls() {
    let server = server(&["a"]).await;
    let client = polling(&server).build().unwrap();
    client.start().await.unwrap();
    let mut watch = client.watch_status().unwrap();
    drop(client);
    let gone = timeout(PATIENCE, async { while watch.changed().await.is_some() {} }).await;
    assert!(gone.is_ok());
}

#[test]
fn offline_clients_need_no_runtime_and_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    std::fs::write(&path, flags(&["a", "b"])).unwrap();
    let client = LocalEvaluationClient::offline_file(&path).unwrap();
    assert_eq!((known(&client), client.status().origin), (vec!["a".to_owned(), "b".to_owned()], FlagOrigin::Offline));
    let one = client.evaluate_with(&User::default(), &EvaluateOptions::default().with_flag_keys(["b"]));
    assert_eq!(keys(&one), ["b"]);
    let any: &dyn Evaluate = &client;
    assert!(any.evaluate(&User::default()).is_on("a"));
    assert!(client.status().updater.is_none() && client.watch_status().is_none());
}

#[test]
fn files_and_texts_without_flags_are_told_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let (none, path) = (folder.path().join("flgas.json"), folder.path().join("flags.json"));
    std::fs::write(&path, "7").unwrap();
    let builder = || LocalEvaluationClient::builder("key");
    for error in [LocalEvaluationClient::offline_file(&none), builder().bootstrap_file(&none).build()] {
        let error = error.unwrap_err();
        assert!(matches!(&error, ConfigError::File { path, .. } if *path == none), "{error:?}");
        let said = format!("{} cannot be read: give the path of a file that holds flags", none.display());
        assert_eq!(error.to_string(), said);
        assert!(Chain(&error).to_string().len() > said.len(), "{}", Chain(&error));
    }
    for (error, option) in [
        (LocalEvaluationClient::offline_file(&path), "offline_file"),
        (LocalEvaluationClient::offline("7"), "offline"),
        (LocalEvaluationClient::offline_builder().bootstrap_json("7").build(), "bootstrap"),
        (builder().bootstrap_file(&path).build(), "bootstrap_file"),
    ] {
        let error = Chain(&error.unwrap_err()).to_string();
        let said =
            format!("`{option}` holds no flags that can be read: give those of the service, as a list or by key: ");
        assert_eq!(error, format!("{said}not a JSON list of flags, but a JSON number"));
    }
}

#[test]
fn starting_without_a_runtime_is_an_error_and_evaluating_is_not() {
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).bootstrap_json(flags(&["a"])).build().unwrap();
    assert!(matches!(client.start_in_background(), Err(StartError::NoRuntime)));
    assert_eq!(known(&client), ["a"]);
}

#[test]
fn options_that_make_no_sense_are_refused_by_name() {
    let builder = || LocalEvaluationClient::builder("key");
    for (built, said) in [
        (LocalEvaluationClient::builder("").build(), "deployment key is empty"),
        (builder().server_url("localhost").build(), "`serverUrl`"),
        (builder().stream_server_url("ftp://a").build(), "`streamServerUrl`"),
        (builder().flag_config_polling_interval(Duration::ZERO).build(), "flagConfigPollingIntervalMillis"),
        (builder().bootstrap_json("{").build(), "`bootstrap`"),
    ] {
        let error = built.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_is_asked_for_hosts_that_only_it_knows() {
    let server = server(&["a"]).await;
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url("http://flags.invalid");
    let through = client.clone().proxy(ProxyConfig::Url(server.url())).build().unwrap();
    through.start().await.unwrap();
    assert_eq!(known(&through), ["a"]);
    through.close().await;
    let config: LocalEvaluationConfig = serde_json::from_str(r#"{"proxy": "off"}"#).unwrap();
    let direct = client.config(config).server_url("http://flags.invalid").build().unwrap();
    assert!(direct.start().await.is_err());
}

#[tokio::test]
async fn a_set_that_is_too_large_is_refused() {
    let server = server(&["a"]).await;
    let error = polling(&server).max_flags_bytes(20).build().unwrap().start().await.unwrap_err();
    let mut causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
    assert!(causes.any(|cause| cause.to_string().contains("more than the 20 bytes")), "{error:?}");
}

#[tokio::test]
async fn a_poll_has_its_deadline() {
    let server = server(&["a"]).await;
    server.faults().once(Route::Flags, Fault::stall());
    let client = polling(&server).flag_config_poller_request_timeout(Duration::from_millis(300)).build().unwrap();
    timeout(PATIENCE, client.start()).await.unwrap().unwrap();
    assert_eq!(known(&client), ["a"]);
    assert!(server.requests().len() >= 2);
    client.close().await;
}

#[tokio::test]
async fn flags_that_nothing_has_confirmed_for_long_are_stale() {
    let server = server(&["a"]).await;
    // Three intervals.
    let client = polling(&server).updater(|_| ()).build().unwrap();
    client.start().await.unwrap();
    server.faults().always(Route::Flags, Fault::status(500));
    until(&client, State::Stale).await;
    let status = client.status().updater.unwrap();
    assert!(status.age().unwrap() >= Duration::from_millis(150) && status.last_error.is_some());
    assert_eq!(known(&client), ["a"]);
    server.faults().clear();
    until(&client, State::Polling).await;
    client.close().await;
}

#[tokio::test]
async fn servers_behind_a_path_are_reached() {
    // A prefix is kept, and a slash at the end is none.
    let server = Server::builder().start().await.unwrap();
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY);
    let client = client.server_url(format!("{}/some/prefix/", server.url())).build().unwrap();
    assert!(client.start().await.is_err());
    assert_eq!(server.requests()[0].path, "/some/prefix/sdk/v2/flags");
}
