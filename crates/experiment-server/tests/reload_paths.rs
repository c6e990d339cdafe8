//! Files that change by other ways than being written: links that turn, folders that go and come back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use common::{PATIENCE, Stream, flags_named, post};
use experiment_server::Server;
use tokio::time::{Instant, timeout};

async fn serving(path: &Path) -> (Server, Stream) {
    let server = Server::builder().path(path).start().await.unwrap();
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.keys().await, ["a"]);
    (server, stream)
}

/// A folder with a file of flags.
fn release(folder: &Path, flag: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("flags.json"), flags_named(&[flag])).unwrap();
}

/// Makes a link lead elsewhere at once.
fn turn(link: &Path, target: &str) {
    let new = link.with_file_name(".link");
    symlink(target, &new).unwrap();
    fs::rename(&new, link).unwrap();
}

#[tokio::test]
async fn a_link_that_turns_to_another_file_is_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("one"), flags_named(&["a"])).unwrap();
    fs::write(at("two"), flags_named(&["b"])).unwrap();
    symlink(at("one"), at("flags.json")).unwrap();
    let (_server, mut stream) = serving(&at("flags.json")).await;
    symlink(at("two"), at("link")).unwrap();
    fs::rename(at("link"), at("flags.json")).unwrap();
    assert_eq!(stream.keys().await, ["b"]);
}

#[tokio::test]
async fn what_a_link_leads_to_may_change_in_place() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    release(elsewhere.path(), "a");
    symlink(elsewhere.path().join("flags.json"), folder.path().join("flags.json")).unwrap();
    // As a file, and in a folder.
    for path in [&folder.path().join("flags.json"), folder.path()] {
        release(elsewhere.path(), "a");
        let (_server, mut stream) = serving(path).await;
        release(elsewhere.path(), "b");
        assert_eq!(stream.keys().await, ["b"]);
    }
}

#[tokio::test]
async fn a_link_on_the_way_may_turn() {
    let folder = tempfile::tempdir().unwrap();
    for (release_name, flag) in [("v1", "a"), ("v2", "b"), ("v3", "c")] {
        release(&folder.path().join(release_name), flag);
    }
    let current = folder.path().join("current");
    for path in [&current.join("flags.json"), &current] {
        turn(&current, "v1");
        let (_server, mut stream) = serving(path).await;
        turn(&current, "v2");
        assert_eq!(stream.keys().await, ["b"]);
        turn(&current, "v3");
        assert_eq!(stream.keys().await, ["c"]);
        // And where it leads is watched.
        fs::write(folder.path().join("v3/flags.json"), flags_named(&["d"])).unwrap();
        assert_eq!(stream.keys().await, ["d"]);
        release(&folder.path().join("v3"), "c");
    }
}

#[tokio::test]
async fn the_folder_of_cohorts_may_turn() {
    let folder = tempfile::tempdir().unwrap();
    for (name, member) in [("v1", "u1"), ("v2", "u2")] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("c1.txt"), member).unwrap();
    }
    let current = folder.path().join("current");
    turn(&current, "v1");
    let server = Server::builder().flags_json(common::FLAGS).cohorts_path(&current).start().await.unwrap();
    turn(&current, "v2");
    let deadline = Instant::now() + PATIENCE;
    while post(&server, "/sdk/v2/vardata", &[], r#"{"user_id": "u2"}"#).await.json()["nav"]["key"] != "on" {
        assert!(Instant::now() < deadline);
    }
}

#[tokio::test]
async fn a_folder_may_go_and_come_back() {
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("app/config");
    for (path, gone) in [(config.join("flags.json"), "app"), (config.join("flags.json"), "app/config"), (config, "app")]
    {
        release(&root.path().join("app/config"), "a");
        let (server, mut stream) = serving(&path).await;
        for flag in ["b", "c"] {
            fs::remove_dir_all(root.path().join(gone)).unwrap();
            assert_eq!(server.flag_count(), 1);
            release(&root.path().join("app/config"), flag);
            assert_eq!(stream.keys().await, [flag]);
        }
        // It is watched as before.
        release(&root.path().join("app/config"), "d");
        assert_eq!(stream.keys().await, ["d"]);
    }
}

#[tokio::test]
async fn another_folder_may_take_the_place() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    release(&at("app/config"), "a");
    let (_server, mut stream) = serving(&at("app/config/flags.json")).await;
    release(&at("new/config"), "b");
    fs::rename(at("app"), at("old")).unwrap();
    fs::rename(at("new"), at("app")).unwrap();
    assert_eq!(stream.keys().await, ["b"]);
    release(&at("app/config"), "c");
    assert_eq!(stream.keys().await, ["c"]);
}

#[tokio::test]
async fn a_change_right_after_the_start_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    release(folder.path(), "a");
    let server = Server::builder().path(folder.path()).start().await.unwrap();
    // Nothing else has run since on this runtime, so that no one looks yet.
    release(folder.path(), "b");
    let mut stream = Stream::open(&server).await;
    let first = stream.keys().await;
    assert!(first == ["b"] || stream.keys().await == ["b"]);
}

#[tokio::test]
async fn a_pipe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("flags.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [&pipe, folder.path()] {
        let started = timeout(PATIENCE, Server::builder().path(path).start()).await.unwrap();
        let refused = started.unwrap_err().to_string();
        assert!(refused.contains("flags.json: cannot be read: it is neither a file nor a folder"), "{refused}");
    }
}
