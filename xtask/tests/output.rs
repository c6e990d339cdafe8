//! The tools end quietly when their reader leaves, and with an error when their output cannot be written.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::io::Write;
use std::process::{Command, Stdio};

fn closed() -> std::io::PipeWriter {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer
}

#[test]
fn a_closed_output_ends_a_command_quietly() {
    let lines = "{\"id\": 1, \"murmur3\": \"a\"}\n".repeat(10_000);
    for (arguments, input, code) in [
        (vec!["help"], "", 0),
        (vec!["ci", "--help"], "", 0),
        (vec!["driver"], lines.as_str(), 0),
        // It has found out nothing.
        (vec!["readme"], "", 1),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(&arguments)
            .stdin(Stdio::piped())
            .stdout(closed())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may end before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {ended:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{arguments:?}");
    }
}

/// Writing to it fails as to a full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_an_error() {
    for (arguments, input) in [
        (vec!["--help"], ""),
        (vec!["help"], ""),
        (vec!["ci", "--help"], ""),
        (vec!["release", "--help"], ""),
        (vec!["driver"], "{\"id\": 1, \"murmur3\": \"a\"}\n"),
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(&arguments)
            .stdin(Stdio::piped())
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: the output cannot be written: ") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_closed_standard_error_leaves_the_exit_code() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let status = command.arg("unknown").stdout(Stdio::null()).stderr(closed()).status().unwrap();
    assert_eq!(status.code(), Some(1));
}
