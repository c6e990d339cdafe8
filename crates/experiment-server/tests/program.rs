//! The program, as it is run.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]
#![cfg(feature = "cli")]

use std::io::{BufRead, BufReader, PipeWriter, Read, Write};
use std::path::Path;
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
    for (user, said) in [
        ("{", "not a JSON document: it ends too early, at line 1 column 1"),
        ("", "not a JSON document, but an empty text"),
        ("ingrid", "not a JSON document, but a text that is no JSON"),
        ("[]", "not a JSON object, but an empty JSON list"),
        ("\"ingrid\"", "not a JSON object, but a JSON string"),
    ] {
        let broken = program(&["explain", FLAGS, "--user", user]);
        assert_eq!(text(&broken.stderr), format!("error: the user cannot be read: {said}\n"));
        assert_eq!(broken.status.code(), Some(1));
    }
}

#[test]
fn check_and_explain_name_what_a_file_holds_in_place_of_flags() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    let path = path.to_str().unwrap();
    let flag = r#"{"key": "a", "variants": {}, "segments": []}"#;
    let old = r#"{"flagKey": "a", "enabled": true, "variants": [{"key": "on"}], "allUsersTargetingConfig": {}}"#;
    for (content, said) in [
        ("", ", but an empty text"),
        ("<!DOCTYPE html><html>Sign in</html>", ", but an HTML page"),
        (r#"{"error": "unauthorized"}"#, ", but a JSON object with an `error` member"),
        (
            &format!("{{\"flags\": [{flag}]}}"),
            ", but a JSON object that wraps the list of flags: take the list out of it",
        ),
        (&format!("{{\"a\": {flag}}}"), ", but a JSON object of flags by key: put the flags into a list"),
        (&format!("[{old}]"), ", but flags in the format used before 2023: take the flags from `/sdk/v2/flags`"),
        ("[\n", ": it ends too early, at line 2 column 1"),
        ("\n]", ", but a text that is no JSON"),
    ] {
        std::fs::write(path, content).unwrap();
        let expected = format!("error: {path}: not a JSON list of flags{said}\n");
        let checked = program(&["check", path]);
        assert!(text(&checked.stdout).starts_with(&expected), "{content}: {checked:?}");
        assert_eq!(checked.status.code(), Some(1));
        let explained = program(&["explain", path, "--user", "{}"]);
        assert_eq!((text(&explained.stderr), explained.status.code()), (expected, Some(1)), "{content}");
    }
}

/// A condition that silently compares strings, and one that selects nothing.
const SILENT: &str = r#"[{"key": "a", "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on", "conditions": [
    [{"selector": ["context", "user", "version"], "op": "version less", "values": ["v2.0.0"]}],
    [{"selector": ["user", "country"], "op": "set_contains_any", "values": []}]]}]}]"#;

#[test]
fn check_and_explain_warn_of_silent_comparisons() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    std::fs::write(&path, SILENT).unwrap();
    let path = path.to_str().unwrap();
    let warnings = [
        "segments[0].conditions[0][0].values[0]: `v2.0.0` is not a version, so the condition compares strings; write `2.0.0`",
        "segments[0].conditions[1][0].selector: the selector begins with `user`, so it selects nothing; put `context` before it",
        "segments[0].conditions[1][0].op: `set_contains_any` is not an operator; the condition never matches; did you mean `set contains any`?",
    ];

    let checked = program(&["check", path]);
    assert!(checked.status.success(), "{checked:?}");
    let expected: String = warnings.map(|warning| format!("warning: {path}: flag `a`: {warning}\n")).concat();
    assert_eq!(text(&checked.stdout), expected + "1 flags, 0 cohorts: 0 errors, 3 warnings\n");
    assert_eq!(program(&["check", "--strict", path]).status.code(), Some(1));

    let user = r#"{"user_id": "ingrid", "version": "10.0.0"}"#;
    let told = text(&program(&["explain", path, "--user", user]).stdout);
    for warning in warnings {
        assert!(told.contains(&format!("\n  warning: {warning}\n")), "{told}");
    }
    let line = "\n    yes context.user.version (\"10.0.0\") version less [\"v2.0.0\"], compared as text\n";
    assert!(told.contains(line), "{told}");

    let json = program(&["explain", path, "--user", user, "--json"]).stdout;
    let all: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(all[0]["segments"][0]["groups"][0][0]["comparedAsText"], true, "{all}");
    assert_eq!(all[0]["warnings"][2]["kind"], "unknown-operator", "{all}");
}

#[test]
fn serve_fails_with_a_reason() {
    let missing = program(&["serve", "none.json", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).starts_with("error: none.json: cannot be read"), "{missing:?}");
}

/// Files and options that each are wrong in another way.
fn failures(folder: &Path) -> Vec<Vec<String>> {
    let file = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bad_flags = [
        file("broken.json", b"{"),
        file("object.json", b"{\"a\": 1}"),
        file("bytes.json", b"\xff\xfe"),
        file("empty.json", b""),
        file("flags.json", br#"[{"key": "a", "variants": {}, "segments": [{"conditions": 7}]}, {"key": "b"}, 7]"#),
        folder.join("none.json").to_str().unwrap().to_owned(),
        file("no-json/a.txt", b"").replace("/a.txt", ""),
    ];
    let warning = file(
        "twice.json",
        br#"[{"key": "a", "variants": {}, "segments": []}, {"key": "a", "variants": {}, "segments": []}]"#,
    );
    let bad_cohorts = [
        file("cohorts/a.json", b"{").replace("/a.json", ""),
        file("ids/a.json", br#"{"cohortId": "a"}"#).replace("/a.json", ""),
        folder.join("no-cohorts").to_str().unwrap().to_owned(),
    ];
    let user = ["--user", r#"{"user_id": "u"}"#];
    let quiet = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let mut all: Vec<Vec<&str>> = Vec::new();
    for flags in &bad_flags {
        all.push(vec!["check", flags]);
        all.push([&["explain", flags][..], &user].concat());
        all.push([&["serve", flags][..], &quiet].concat());
    }
    for cohorts in &bad_cohorts {
        all.push(vec!["check", &warning, "--cohorts", cohorts]);
        all.push([&["explain", &warning, "--cohorts", cohorts][..], &user].concat());
        all.push([&["serve", &warning, "--cohorts", cohorts][..], &quiet].concat());
    }
    all.push(vec!["explain", &warning, "--user", "{"]);
    all.push(vec!["explain", &warning, "--user", "7"]);
    all.push(vec!["explain", &warning, "--user", "{}", "--flag", "none"]);
    for options in [["--cors", "x"], ["--deployment-key", ""], ["--api-key", ""], ["--listen", "192.0.2.1:1"]] {
        all.push([&["serve", &warning, "--admin-listen", "127.0.0.1:0"][..], &options].concat());
    }
    all.push([&["serve", &warning, "--listen", "127.0.0.1:0", "--admin-listen", "192.0.2.1:1"][..]].concat());
    all.push(vec!["serve", &warning, "--listen", "x"]);
    all.push(vec!["unknown"]);
    all.into_iter().map(|arguments| arguments.into_iter().map(str::to_owned).collect()).collect()
}

#[test]
fn nothing_is_said_twice_of_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in failures(folder.path()) {
        let failed = program(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!failed.status.success(), "{arguments:?}: {failed:?}");
        let said = text(&failed.stdout) + &text(&failed.stderr);
        assert!(said.contains("error: "), "{arguments:?}: {said}");
        for line in said.lines() {
            let lower = line.to_lowercase();
            let severities = lower.matches("error").count() + lower.matches("warn").count();
            let may_be = if line.contains("(os error ") { 2 } else { 1 };
            let summary = line.ends_with(" warnings");
            assert!(summary || severities <= may_be, "{arguments:?}: {line}");
            let folder = folder.path().to_str().unwrap();
            assert!(line.matches(folder).count() <= 1, "{arguments:?}: {line}");
        }
    }
}

/// Runs the program with an output that is closed, as by `head` that has read enough.
fn unread(arguments: &[&str], close: fn(&mut Command, PipeWriter) -> &mut Command) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-server"));
    close(command.args(arguments), writer).output().unwrap()
}

#[test]
fn a_closed_output_ends_the_program_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    let bad = r#"{"key": "a", "variants": {}, "segments": [{"conditions": 7}]}"#;
    std::fs::write(&path, format!("[{}]", vec![bad; 2000].join(","))).unwrap();
    let bad = path.to_str().unwrap();
    let user = ["--user", r#"{"user_id": "ingrid"}"#];
    let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    for (arguments, code) in [
        (vec!["check", FLAGS], 0),
        (vec!["check", FLAGS, "--json"], 0),
        // Still a failure.
        (vec!["check", bad], 1),
        (vec!["check", bad, "--json"], 1),
        ([&["explain", FLAGS][..], &user].concat(), 0),
        ([&["explain", FLAGS, "--json"][..], &user].concat(), 0),
        ([&["serve", FLAGS][..], &ports].concat(), 0),
        (vec!["--help"], 0),
        (vec!["serve", "--help"], 0),
        (vec!["--version"], 0),
    ] {
        let ended = unread(&arguments, |command, closed| command.stdout(closed).stderr(Stdio::piped()));
        let said = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {said}");
        let logged = |line: &str| arguments[0] == "serve" && line.contains(" INFO ");
        assert!(said.lines().all(logged), "{arguments:?}: {said}");
    }
}

#[test]
fn a_closed_standard_error_does_no_harm() {
    for (arguments, code) in [
        (vec!["explain", FLAGS, "--user", "{"], 1),
        (vec!["serve", "none.json"], 1),
        (vec!["unknown"], 2),
        (vec!["check", FLAGS], 0),
    ] {
        let ended = unread(&arguments, |command, closed| command.stderr(closed).stdout(Stdio::piped()));
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let ports = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    for arguments in [
        vec!["check", FLAGS],
        vec!["explain", FLAGS, "--user", "{}", "--json"],
        [&["serve", FLAGS][..], &ports].concat(),
        vec!["--help"],
        vec!["check", "--help"],
        vec!["--version"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-server"));
        let ended =
            command.args(&arguments).env("RUST_LOG", "off").stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {ended:?}");
        assert!(text(&ended.stderr).starts_with("error: the output cannot be written: "), "{arguments:?}: {ended:?}");
    }
}

#[cfg(unix)]
#[test]
fn serve_goes_on_when_nobody_reads_its_log() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = Command::new(env!("CARGO_BIN_EXE_experiment-server"))
        .args(["serve", FLAGS, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .env("RUST_LOG", "debug")
        .stdout(Stdio::piped())
        .stderr(writer)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.find(|line| line.contains("server URL")).unwrap();
    let address = url.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    // A request is logged.
    for _ in 0..2 {
        let mut socket = std::net::TcpStream::connect(&address).unwrap();
        socket.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 200 OK\r\n"), "{answer}");
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

#[cfg(unix)]
#[test]
fn the_log_names_each_severity_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    let flag = r#"{"key": "a", "variants": {}, "segments": []}"#;
    std::fs::write(&path, format!("[{flag}, {flag}]")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_experiment-server"))
        .args(["serve", path.to_str().unwrap(), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut wait = |level: &str, words: &str| {
        let line = lines.find(|line| line.contains(words)).unwrap();
        let lower = line.to_lowercase();
        assert!(line.contains(&format!(" {level} ")), "{line}");
        assert_eq!(lower.matches("warn").count() + lower.matches("error").count(), 1, "{line}");
    };
    wait("WARN", "several flags of this key");
    std::fs::write(&path, "[7]").unwrap();
    wait("ERROR", "expected struct Flag");
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
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
