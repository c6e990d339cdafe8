//! Local evaluation by a stream, with polls while there is none, over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]
#![cfg(feature = "streaming")]

mod common;

use std::time::Duration;

use common::{PATIENCE, flags, known, server, streaming, until, until_known};
use experiment::{FlagOrigin, State};
use experiment_server::{Fault, Route, Server};

fn count(server: &Server, route: Route) -> usize {
    server.requests().iter().filter(|request| request.route == route).count()
}

#[tokio::test]
async fn flags_come_by_the_stream_alone() {
    let server = server(&["a"]).await;
    let client = streaming(&server).build().unwrap();
    client.start().await.unwrap();
    assert_eq!((known(&client), client.status().origin), (vec!["a".to_owned()], FlagOrigin::Stream));
    assert_eq!(client.status().updater.unwrap().state, State::Streaming);
    server.set_flags(flags(&["b"])).unwrap();
    until_known(&client, &["b"]).await;
    client.close().await;
    assert!(server.until(PATIENCE, |server| server.open_streams() == 0).await);
    assert_eq!((count(&server, Route::Stream), count(&server, Route::Flags)), (1, 0));
    let request = &server.requests()[0];
    assert_eq!(request.header("accept"), Some("text/event-stream"));
    assert!(request.header("x-amp-exp-library").is_some());
}

#[tokio::test]
async fn whatever_keeps_the_stream_from_opening_polls_stand_in_until_it_returns() {
    for fault in [
        Fault::status(500),
        Fault::status(501),
        Fault::status(404),
        Fault::reset(),
        Fault::body("<html>"),
        Fault::cut_after(20),
        Fault::stall(),
        Fault::stall_after(20),
    ] {
        let server = server(&["a"]).await;
        server.faults().always(Route::Stream, fault.clone());
        let client = streaming(&server).stream_flag_conn_timeout(Duration::from_millis(200)).build().unwrap();
        client.start().await.unwrap();
        let status = client.status();
        assert_eq!((known(&client), status.origin), (vec!["a".to_owned()], FlagOrigin::Poll), "{fault:?}");
        assert_eq!(status.updater.unwrap().state, State::Fallback, "{fault:?}");
        server.set_flags(flags(&["b"])).unwrap();
        until_known(&client, &["b"]).await;
        server.faults().clear();
        until(&client, State::Streaming).await;
        let polls = count(&server, Route::Flags);
        server.set_flags(flags(&["c"])).unwrap();
        until_known(&client, &["c"]).await;
        // At most one more was under way.
        assert!(count(&server, Route::Flags) <= polls + 1, "{fault:?}");
        client.close().await;
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_opened_again() {
    let server = server(&["a"]).await;
    let client = streaming(&server).build().unwrap();
    client.start().await.unwrap();
    for (round, end) in [Server::end_streams, Server::cut_streams, Server::end_streams].iter().enumerate() {
        end(&server);
        let key = format!("round-{round}");
        server.set_flags(flags(&[&key])).unwrap();
        until_known(&client, &[&key]).await;
    }
    until(&client, State::Streaming).await;
    assert_eq!(count(&server, Route::Flags), 0);
    assert!(client.status().updater.unwrap().reconnects >= 1);
    client.close().await;
}

#[tokio::test]
async fn a_stream_that_is_always_cut_is_replaced_by_polls() {
    let server = server(&["a"]).await;
    let client = streaming(&server).updater(|config| config.reconnect_delay_max = Duration::from_millis(5));
    let client = client.build().unwrap();
    client.start().await.unwrap();
    let whole = flags(&["a"]);
    // Every stream brings its flags, and ends.
    server.faults().always(Route::Stream, Fault::body(format!("data: {whole}\n\n")));
    server.cut_streams();
    until(&client, State::Fallback).await;
    assert!(count(&server, Route::Stream) <= 10, "{}", count(&server, Route::Stream));
    client.close().await;
}

#[tokio::test]
async fn a_stream_that_does_not_come_back_is_replaced_by_polls() {
    let server = server(&["a"]).await;
    let client = streaming(&server).build().unwrap();
    client.start().await.unwrap();
    server.faults().always(Route::Stream, Fault::status(503));
    server.cut_streams();
    until(&client, State::Fallback).await;
    server.set_flags(flags(&["b"])).unwrap();
    until_known(&client, &["b"]).await;
    server.faults().clear();
    until(&client, State::Streaming).await;
    client.close().await;
}

#[tokio::test]
async fn a_silent_stream_is_given_up() {
    let server = Server::builder().flags_json(flags(&["a"])).keep_alive(Duration::ZERO).start().await.unwrap();
    let client = streaming(&server);
    let client = client.updater(|config| {
        config.keep_alive_timeout = Duration::from_millis(100);
        config.reconnect_delay_max = Duration::from_millis(5);
    });
    let client = client.build().unwrap();
    client.start().await.unwrap();
    assert!(server.until(PATIENCE, |server| count(server, Route::Stream) >= 3).await);
    assert_eq!(known(&client), ["a"]);
    client.close().await;
}

#[tokio::test]
async fn keep_alives_keep_a_stream() {
    let server =
        Server::builder().flags_json(flags(&["a"])).keep_alive(Duration::from_millis(20)).start().await.unwrap();
    let client = streaming(&server).updater(|config| config.keep_alive_timeout = Duration::from_millis(500));
    let client = client.build().unwrap();
    client.start().await.unwrap();
    let before = client.status().updater.unwrap().last_contact.unwrap();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    // Several times as long as a silent stream would live.
    while client.status().updater.unwrap().last_contact.unwrap() < before + Duration::from_millis(1500) {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    assert_eq!(count(&server, Route::Stream), 1);
    client.close().await;
}

#[tokio::test]
async fn a_set_that_cannot_be_read_leaves_the_one_before() {
    let server = server(&["a"]).await;
    let client = streaming(&server).build().unwrap();
    client.start().await.unwrap();
    server.faults().once(Route::Stream, Fault::body("data: {\"no\": \"list\"}\n\n"));
    server.cut_streams();
    assert!(server.until(PATIENCE, |server| count(server, Route::Stream) >= 2).await);
    assert_eq!(known(&client), ["a"]);
    until(&client, State::Streaming).await;
    client.close().await;
}

#[tokio::test]
async fn when_nothing_answers_the_start_fails_and_leaves_nothing_running() {
    let server = server(&["a"]).await;
    server.faults().always(Route::Stream, Fault::status(500));
    server.faults().always(Route::Flags, Fault::status(500));
    let client = streaming(&server).build().unwrap();
    assert!(client.start().await.is_err());
    assert_eq!(client.status().updater.unwrap().state, State::Idle);
    server.faults().clear();
    client.start().await.unwrap();
    assert_eq!(known(&client), ["a"]);
    client.close().await;
}

#[tokio::test]
async fn a_server_that_is_gone_and_back_finds_its_clients_again() {
    let server = server(&["a"]).await;
    let address = server.address();
    let client = streaming(&server).build().unwrap();
    client.start().await.unwrap();
    server.shutdown().await;
    until(&client, State::Fallback).await;
    assert_eq!(known(&client), ["a"]);
    let server = Server::builder().flags_json(flags(&["b"])).listen(address).start().await.unwrap();
    until_known(&client, &["b"]).await;
    until(&client, State::Streaming).await;
    client.close().await;
    server.shutdown().await;
}
