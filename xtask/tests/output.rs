//! The tools end quietly when their reader leaves.
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

#[test]
fn a_closed_standard_error_leaves_the_exit_code() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let status = command.arg("unknown").stdout(Stdio::null()).stderr(closed()).status().unwrap();
    assert_eq!(status.code(), Some(1));
}
