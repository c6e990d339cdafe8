//! The program, as it is run.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]
#![cfg(feature = "cli")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};

const FLAGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/flags.json");

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_experiment-server")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_tells_what_there_is() {
    let help = text(&program(&["--help"]).stdout);
    for word in ["serve", "check", "explain"] {
        assert!(help.contains(word), "{help}");
    }
    let help = text(&program(&["serve", "--help"]).stdout);
    for word in
        ["--listen", "127.0.0.1:3000", "--admin-listen", "--deployment-key", "--cohorts", "--cors", "--secret-key"]
    {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn check_passes_good_files_and_fails_bad_ones() {
    let good = program(&["check", FLAGS]);
    assert!(good.status.success(), "{good:?}");
    assert!(text(&good.stdout).ends_with("flags, 0 cohorts: 0 errors, 0 warnings\n"), "{good:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    std::fs::write(&path, r#"[{"key": "a", "variants": {}, "segments": [{"conditions": 7}]}]"#).unwrap();
    let bad = program(&["check", path.to_str().unwrap()]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad.stdout).contains("flags.json: flag `a`: segments[0].conditions"), "{bad:?}");
    std::fs::write(&path, r#"[{"key": "a", "dependencies": ["none"], "variants": {}, "segments": []}]"#).unwrap();
    assert_eq!(program(&["check", path.to_str().unwrap()]).status.code(), Some(0));
    let strict = program(&["check", "--strict", "--json", path.to_str().unwrap()]);
    assert_eq!(strict.status.code(), Some(1));
    let problems: serde_json::Value = serde_json::from_slice(&strict.stdout).unwrap();
    assert_eq!(problems[0]["severity"], "warning");
}

#[test]
fn explain_tells_why() {
    let user = r#"{"user_id": "ingrid", "country": "Norway"}"#;
    let told = text(&program(&["explain", FLAGS, "--user", user, "--flag", "upload-limits"]).stdout);
    assert!(told.starts_with("upload-limits: standard, by segment"), "{told}");
    let json = program(&["explain", FLAGS, "--user", user, "--json"]).stdout;
    let all: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 6);
    let odd = r#"{"user_id": "ingrid", "web_exp_id": "w1", "country": ["Norway"], "version": 1e999}"#;
    let told = text(&program(&["explain", FLAGS, "--user", odd]).stdout);
    assert!(
        told.starts_with("of the user, version: number out of range\nof the user, country: expected a text\n"),
        "{told}"
    );
    assert_eq!(told.matches("of the user").count(), 2, "{told}");
    let json = program(&["explain", FLAGS, "--user", odd, "--json"]).stdout;
    let all: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(all[5]["userDiagnostics"][1]["path"], "country");
    let unknown = program(&["explain", FLAGS, "--user", user, "--flag", "none"]);
    assert_eq!((unknown.status.code(), text(&unknown.stderr).as_str()), (Some(1), "error: there is no flag `none`\n"));
    let broken = program(&["explain", FLAGS, "--user", "{"]);
    assert!(text(&broken.stderr).starts_with("error: the user is not JSON: "), "{broken:?}");
}

#[test]
fn serve_fails_with_a_reason() {
    let missing = program(&["serve", "none.json", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("error: none.json: cannot be read"), "{missing:?}");
}

#[cfg(unix)]
#[test]
fn serve_says_where_it_is_and_stops_when_told() {
    let arguments =
        ["serve", FLAGS, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--deployment-key", "my-secret"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_experiment-server"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while !told.contains("Ctrl-C") {
        assert_ne!(output.read_line(&mut told).unwrap(), 0, "{told}");
    }
    assert!(told.contains("server URL      http://127.0.0.1:"), "{told}");
    assert!(told.contains("local-secret-key") && !told.contains("my-secret"), "{told}");
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("stopping") && !log.contains("my-secret"), "{log}");
}
