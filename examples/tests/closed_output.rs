//! The examples end quietly when their reader leaves, and with an error when their output cannot be written.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where Cargo puts the examples, which it builds with the tests of their package: beside the folder of this program.
fn example(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.parent().unwrap().with_file_name("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

#[test]
fn a_closed_output_ends_an_example_quietly() {
    let manifest = include_str!("../Cargo.toml");
    let names: Vec<&str> =
        manifest.split("[[example]]\nname = \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let path = example(name);
        assert!(path.is_file(), "{} is missing: run `cargo test -p examples`", path.display());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = Command::new(path).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && !said.contains("panicked") && !said.contains("error:"), "{name}: {said}");
    }
}

/// Writing to it fails as to a full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_an_error() {
    for name in ["offline", "testing"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ended =
            Command::new(example(name)).stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{name}: {said}");
        assert!(said.starts_with("error: the output cannot be written: "), "{name}: {said}");
    }
}
