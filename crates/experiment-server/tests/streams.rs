//! Flag streams, over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::time::Duration;

use common::{PATIENCE, Stream, flags_named, get};
use experiment_server::{Cohort, Override, Server};

async fn server() -> Server {
    Server::builder().flags_json(flags_named(&["a", "b"])).start().await.unwrap()
}

#[tokio::test]
async fn all_flags_come_at_once_and_on_every_change() {
    let server = server().await;
    let mut stream = Stream::open(&server).await;
    let first = stream.next().await.unwrap().unwrap();
    let polled = get(&server, "/sdk/v2/flags", &[]).await.text();
    assert_eq!(first, format!("data: {polled}"));
    server.set_flags(flags_named(&["c"])).unwrap();
    assert_eq!(stream.keys().await, ["c"]);
    server.set_override(Override::for_user("c", "on", "u1")).unwrap();
    assert!(stream.next().await.unwrap().unwrap().contains("u1"));
    server.shutdown().await;
}

#[tokio::test]
async fn what_is_no_change_of_flags_is_no_message() {
    let server = server().await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.keys().await, ["a", "b"]);
    for member in ["u1", "u2"] {
        server.set_flags(flags_named(&["a", "b"])).unwrap();
        server.set_cohort(Cohort::new("c1", [member]));
        // The stream has its turn before an answer to this.
        assert_eq!(get(&server, "/healthz", &[]).await.status, 200);
    }
    server.set_flags(flags_named(&["last"])).unwrap();
    assert_eq!(stream.keys().await, ["last"]);
}

#[tokio::test]
async fn an_invalid_set_changes_nothing() {
    let server = server().await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.keys().await, ["a", "b"]);
    let invalid = server.set_flags(r#"[{"key": "x", "variants": 7, "segments": []}]"#).unwrap_err();
    assert!(invalid.to_string().starts_with("the flags given: flag `x`: variants: "), "{invalid}");
    assert!(server.set_flags("{").is_err());
    server.set_flags(flags_named(&["last"])).unwrap();
    assert_eq!(stream.keys().await, ["last"]);
}

#[tokio::test]
async fn quiet_streams_are_kept_alive_by_a_space() {
    let server = Server::builder().keep_alive(Duration::from_millis(20)).start().await.unwrap();
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.next().await.unwrap().unwrap(), "data: []");
    for _ in 0..3 {
        assert_eq!(stream.next().await.unwrap().unwrap(), "data:  ");
    }
}

#[tokio::test]
async fn what_was_published_before_the_end_comes_before_it() {
    let server = server().await;
    for round in 0..20 {
        let mut stream = Stream::open(&server).await;
        stream.keys().await;
        let key = format!("round-{round}");
        server.set_flags(flags_named(&[&key])).unwrap();
        server.end_streams();
        assert_eq!(stream.keys().await, [key]);
        assert_eq!(stream.next().await, Ok(None));
    }
}

#[tokio::test]
async fn keep_alives_can_be_turned_off() {
    for never in [Duration::ZERO, Duration::MAX] {
        let server = Server::builder().keep_alive(never).start().await.unwrap();
        let mut stream = Stream::open(&server).await;
        assert_eq!(stream.next().await.unwrap().unwrap(), "data: []");
        server.set_flags(flags_named(&["a"])).unwrap();
        assert_eq!(stream.keys().await, ["a"]);
    }
}

#[tokio::test]
async fn streams_end_are_cut_and_are_counted() {
    let server = server().await;
    let mut ended = Stream::open(&server).await;
    assert_eq!(server.open_streams(), 1);
    ended.keys().await;
    server.end_streams();
    assert_eq!(ended.next().await, Ok(None));
    assert!(server.until(PATIENCE, |server| server.open_streams() == 0).await);
    let mut cut = Stream::open(&server).await;
    cut.keys().await;
    server.cut_streams();
    assert!(cut.next().await.is_err());
    // One that goes away is no longer counted either.
    let gone = Stream::open(&server).await;
    drop(gone);
    assert!(server.until(PATIENCE, |server| server.open_streams() == 0).await);
}

#[tokio::test]
async fn stopping_ends_streams_cleanly() {
    let server = server().await;
    let mut stream = Stream::open(&server).await;
    stream.keys().await;
    server.shutdown().await;
    assert_eq!(stream.next().await, Ok(None));
    assert_eq!(server.open_streams(), 0);
}

#[tokio::test]
async fn dropping_the_last_handle_stops_the_server() {
    let server = server().await;
    let (url, other) = (server.url(), server.clone());
    drop(server);
    assert_eq!(get(&other, "/healthz", &[]).await.status, 200);
    let mut stream = Stream::open(&other).await;
    stream.keys().await;
    drop(other);
    assert!(!matches!(stream.next().await, Ok(Some(_))));
    assert!(common::open(&url, http::Method::GET, "/healthz", &[], "").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_reaches_many_streams() {
    let server = server().await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        let mut stream = Stream::open(&server).await;
        assert_eq!(stream.keys().await, ["a", "b"]);
        streams.push(stream);
    }
    assert_eq!(server.open_streams(), 100);
    server.set_flags(flags_named(&["changed"])).unwrap();
    for stream in &mut streams {
        assert_eq!(stream.keys().await, ["changed"]);
    }
}
