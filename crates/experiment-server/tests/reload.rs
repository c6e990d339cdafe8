//! Files that change while they are served.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::fs;
use std::path::Path;

use common::{PATIENCE, Stream, ask, flags_named, post};
use experiment_server::{Server, StartError};
use http::Method;
use tokio::time::{Instant, sleep};

async fn serving(path: &Path) -> Server {
    Server::builder().path(path).admin_listen(([127, 0, 0, 1], 0).into()).start().await.unwrap()
}

/// How many readings of changed files went which way.
async fn reloads(server: &Server, result: &str) -> u64 {
    let admin = format!("http://{}", server.admin_address().unwrap());
    let metrics = ask(&admin, Method::GET, "/metrics", &[], "").await.text();
    let name = format!("experiment_server_reloads_total{{result=\"{result}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
}

#[tokio::test]
async fn a_file_written_again_reaches_streams() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    fs::write(&path, flags_named(&["a"])).unwrap();
    let server = serving(&path).await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.keys().await, ["a"]);
    fs::write(&path, flags_named(&["b"])).unwrap();
    assert_eq!(stream.keys().await, ["b"]);
    // As editors and deployments do it: another file takes its place.
    let new = folder.path().join("flags.json.new");
    fs::write(&new, flags_named(&["c"])).unwrap();
    fs::rename(&new, &path).unwrap();
    assert_eq!(stream.keys().await, ["c"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_turns_to_another_file_is_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("one"), flags_named(&["a"])).unwrap();
    fs::write(at("two"), flags_named(&["b"])).unwrap();
    std::os::unix::fs::symlink(at("one"), at("flags.json")).unwrap();
    let server = serving(&at("flags.json")).await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.keys().await, ["a"]);
    std::os::unix::fs::symlink(at("two"), at("link")).unwrap();
    fs::rename(at("link"), at("flags.json")).unwrap();
    assert_eq!(stream.keys().await, ["b"]);
}

#[tokio::test]
async fn an_invalid_file_keeps_the_last_good_set_and_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    fs::write(&path, flags_named(&["a"])).unwrap();
    let server = serving(&path).await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.keys().await, ["a"]);
    let deadline = Instant::now() + PATIENCE;
    while reloads(&server, "invalid").await == 0 {
        // The same again is no news: it must be counted, and told, once.
        fs::write(&path, r#"[{"key": "a", "segments": 7}]"#).unwrap();
        assert!(Instant::now() < deadline);
        sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(server.flag_count(), 1);
    fs::write(&path, flags_named(&["b"])).unwrap();
    assert_eq!(stream.keys().await, ["b"]);
    assert_eq!(reloads(&server, "invalid").await, 1);
}

#[tokio::test]
async fn a_folder_takes_new_files_in() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.json"), flags_named(&["a"])).unwrap();
    let server = serving(folder.path()).await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.keys().await, ["a"]);
    let new = folder.path().join(".two.json");
    fs::write(&new, flags_named(&["b"])).unwrap();
    fs::rename(&new, folder.path().join("two.json")).unwrap();
    assert_eq!(stream.keys().await, ["a", "b"]);
    fs::remove_file(folder.path().join("one.json")).unwrap();
    assert_eq!(stream.keys().await, ["b"]);
}

#[tokio::test]
async fn cohorts_are_read_again_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c1.txt"), "u1\n").unwrap();
    let server = Server::builder().flags_json(common::FLAGS).cohorts_path(folder.path()).start().await.unwrap();
    let nav = async |user: &str| {
        let answer = post(&server, "/sdk/v2/vardata", &[], format!("{{\"user_id\": \"{user}\"}}")).await;
        answer.json()["nav"]["key"].clone()
    };
    assert_eq!((nav("u1").await, nav("u2").await), ("on".into(), "off".into()));
    fs::write(folder.path().join("c1.txt"), "u2\n").unwrap();
    let deadline = Instant::now() + PATIENCE;
    while nav("u2").await != "on" {
        assert!(Instant::now() < deadline);
    }
    assert_eq!(nav("u1").await, "off");
}

#[tokio::test]
async fn a_server_does_not_start_from_what_it_cannot_serve() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    let missing = Server::builder().path(&path).start().await.unwrap_err();
    assert!(missing.to_string().contains("flags.json: cannot be read"), "{missing}");
    fs::write(&path, r#"[{"key": "a", "variants": {}, "segments": [{"bucket": {"salt": []}}]}]"#).unwrap();
    let invalid = Server::builder().path(&path).start().await.unwrap_err();
    assert!(
        matches!(&invalid, StartError::Invalid(invalid) if invalid.problems()[0].path.starts_with("segments[0].bucket")),
        "{invalid:?}"
    );
    let taken = Server::builder().start().await.unwrap();
    let refused = Server::builder().listen(taken.address()).start().await.unwrap_err();
    assert!(matches!(refused, StartError::Listen { .. }), "{refused:?}");
    let empty = Server::builder().deployment_key("").start().await.unwrap_err();
    assert_eq!(empty.to_string(), "the deployment key is empty");
    let origin = Server::builder().cors_origin("localhost").start().await.unwrap_err();
    assert!(matches!(origin, StartError::Cors(_)), "{origin:?}");
}
