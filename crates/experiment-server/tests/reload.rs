//! Files that change while they are served.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use common::{PATIENCE, Stream, ask, flags_named, get, post};
use experiment_server::{Cohort, Server, StartError};
use http::Method;
use tokio::task::yield_now;
use tokio::time::Instant;

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

/// Asks until it is so.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline);
        // The server runs on this thread too.
        yield_now().await;
    }
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

/// Puts a file in place whole, as deployments do.
fn put(path: &Path, text: &str) {
    let new = path.with_file_name(".new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}

#[tokio::test]
async fn an_invalid_file_keeps_the_last_good_set_and_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    fs::write(&path, flags_named(&["a"])).unwrap();
    let server = serving(&path).await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.keys().await, ["a"]);
    let deadline = Instant::now() + PATIENCE;
    while reloads(&server, "invalid").await == 0 {
        // The same again is no news, however often it is put there.
        put(&path, r#"[{"key": "a", "segments": 7}]"#);
        assert!(Instant::now() < deadline);
    }
    assert_eq!(server.flag_count(), 1);
    put(&path, &flags_named(&["b", "c"]));
    assert_eq!(stream.keys().await, ["b", "c"]);
    put(&path, &flags_named(&["d"]));
    assert_eq!(stream.keys().await, ["d"]);
    until(async || reloads(&server, "ok").await == 2).await;
    assert_eq!(reloads(&server, "invalid").await, 1);
}

#[cfg(feature = "cli")]
#[test]
fn what_is_invalid_is_told_once_and_by_name() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    fs::write(&path, flags_named(&["a"])).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_experiment-server"))
        .args(["serve", path.to_str().unwrap(), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // What it prints has somewhere to go.
    let _output = server.stdout.take();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut until = |words: &str| {
        let mut errors = 0;
        for line in log.by_ref() {
            errors += usize::from(line.contains("ERROR"));
            if line.contains(words) {
                return errors;
            }
        }
        panic!("the log ends without `{words}`");
    };
    assert_eq!(until("flags loaded"), 0);
    put(&path, "[7]");
    assert_eq!(until("the flags are invalid: the flags that were served before are kept"), 2);
    put(&path, "[7]");
    put(&path, &flags_named(&["b"]));
    assert_eq!(until("flags loaded"), 0);
    server.kill().unwrap();
    server.wait().unwrap();
}

#[tokio::test]
async fn a_folder_may_be_gone_for_a_while() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("app/config");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("flags.json"), flags_named(&["a"])).unwrap();
    let server = serving(&folder).await;
    let mut stream = Stream::open(&server).await;
    assert_eq!(stream.keys().await, ["a"]);
    fs::remove_dir_all(root.path().join("app")).unwrap();
    until(async || reloads(&server, "invalid").await == 1).await;
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("flags.json"), flags_named(&["b"])).unwrap();
    assert_eq!(stream.keys().await, ["b"]);
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

/// Whether a user is in cohort `c1`.
async fn is_member(server: &Server, user: &str) -> bool {
    let answer = post(server, "/sdk/v2/vardata", &[], format!("{{\"user_id\": \"{user}\"}}")).await;
    answer.json()["nav"]["key"] == "on"
}

async fn serving_cohorts(folder: &Path) -> Server {
    Server::builder().flags_json(common::FLAGS).cohorts_path(folder).start().await.unwrap()
}

#[tokio::test]
async fn cohorts_are_read_again_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c1.txt"), "u1\n").unwrap();
    let server = serving_cohorts(folder.path()).await;
    assert!(is_member(&server, "u1").await && !is_member(&server, "u2").await);
    fs::write(folder.path().join("c1.txt"), "u2\n").unwrap();
    until(async || is_member(&server, "u2").await).await;
    assert!(!is_member(&server, "u1").await);
}

#[tokio::test]
async fn a_list_is_not_served_by_halves() {
    // What the server may take for rest, and for never resting, with something to spare.
    const REST: Duration = Duration::from_millis(28);
    const NEVER: Duration = Duration::from_millis(900);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c1.txt");
    fs::write(&path, "old\n").unwrap();
    let server = serving_cohorts(folder.path()).await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let began = Instant::now();
        let mut file = fs::File::create(&path).unwrap();
        let (mut before, mut longest, mut halves) = (began, Duration::ZERO, 0);
        for member in 0..30 {
            halves += u32::from(!is_member(&server, "old").await);
            let now = Instant::now();
            file.write_all(format!("new{member}\n").as_bytes()).unwrap();
            longest = longest.max(before.elapsed());
            before = now;
        }
        // If the machine was so busy that this test itself took a rest, it says nothing.
        if longest < REST && began.elapsed() < NEVER {
            assert_eq!(halves, 0);
            break;
        }
        assert!(Instant::now() < deadline, "{longest:?}");
        until(async || is_member(&server, "new29").await).await;
        fs::write(&path, "old\n").unwrap();
        until(async || is_member(&server, "old").await).await;
    }
    until(async || is_member(&server, "new29").await).await;
    assert!(!is_member(&server, "old").await);
}

#[tokio::test]
async fn files_that_never_rest_are_read_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c1.txt");
    fs::write(&path, "old\n").unwrap();
    let server = serving_cohorts(folder.path()).await;
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    until(async || {
        file.write_all(b"new\n").unwrap();
        is_member(&server, "new").await
    })
    .await;
}

#[tokio::test]
async fn the_last_writer_wins() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("flags.json"), flags_named(&["a"])).unwrap();
    fs::create_dir(at("cohorts")).unwrap();
    for name in ["c1", "c2", "c3"] {
        fs::write(at(&format!("cohorts/{name}.txt")), "file\n").unwrap();
    }
    let server = Server::builder().path(at("flags.json")).cohorts_path(at("cohorts")).start().await.unwrap();
    server.set_flags(common::FLAGS).unwrap();
    server.set_cohort(Cohort::new("c1", ["code"]));
    assert!(server.remove_cohort("c2"));

    // A cohort's file is about that cohort, and about no flags.
    put(&at("cohorts/c4.txt"), "file\n");
    until(async || server.cohort_count() == 3).await;
    assert!(is_member(&server, "code").await && !is_member(&server, "file").await);
    // Flags are about no cohorts.
    let nav = common::FLAGS.replace("\"plain\"", "\"other\"");
    put(&at("flags.json"), &nav);
    until(async || get(&server, "/sdk/v2/flags", &[]).await.text().contains("other")).await;
    assert!(is_member(&server, "code").await && server.cohort_count() == 3);
    // And a file that is written later wins.
    put(&at("cohorts/c1.txt"), "later\n");
    until(async || is_member(&server, "later").await).await;
    assert!(!is_member(&server, "code").await);
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
