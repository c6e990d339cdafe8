//! docs/logs.md lists all that clients log, as they log it: people build alerts on these texts and names.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, reason = "test code")]

mod sources;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sources::each_source;

/// The crates that clients are made of, and the target that each logs under.
const CRATES: [(&str, &str); 5] = [
    ("experiment", "experiment"),
    ("transport", "experiment::transport"),
    ("cohorts", "experiment::cohorts"),
    ("tracking", "experiment::tracking"),
    ("experiment-openfeature", "experiment::openfeature"),
];
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

#[test]
fn the_page_on_logs_lists_what_is_logged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut logged = BTreeSet::new();
    for (name, target) in CRATES {
        let sources = root.join("crates").join(name).join("src");
        let before = logged.len();
        each_source(&sources, &mut |text| {
            for constant in text.split("const TARGET: &str = \"").skip(1) {
                assert_eq!(constant.split('"').next(), Some(target), "{name}");
            }
            for level in LEVELS {
                for call in text.split(&format!("tracing::{level}!(")).skip(1) {
                    logged.insert(row(target, level, arguments(call)));
                }
            }
        });
        assert!(logged.len() > before, "{name} logs nothing");
    }
    let page = fs::read_to_string(root.join("docs/logs.md")).unwrap();
    let listed: BTreeSet<String> = listed(&page);
    let (missing, stale): (Vec<_>, Vec<_>) =
        (logged.difference(&listed).collect(), listed.difference(&logged).collect());
    assert!(missing.is_empty() && stale.is_empty(), "not in docs/logs.md: {missing:#?}\nno longer logged: {stale:#?}");
}

/// What stands between the parentheses, of which the first is open already.
fn arguments(call: &str) -> &str {
    let (mut depth, mut quoted, mut escaped) = (1, false, false);
    for (at, byte) in call.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &call[..at];
        }
    }
    panic!("no end: {call:.100}");
}

/// A line of the page: the target, the level, the message, and the names of the fields.
fn row(target: &str, level: &str, arguments: &str) -> String {
    let (before, message) = arguments.trim_end().trim_end_matches([',', '"']).rsplit_once('"').unwrap();
    let mut own = None;
    let mut fields = Vec::new();
    for argument in before.split(',').map(str::trim).filter(|argument| !argument.is_empty()) {
        match argument.strip_prefix("target:") {
            Some(said) => own = Some(said.trim().trim_matches('"')),
            None => fields.push(argument.split('=').next().unwrap().trim().trim_start_matches(['%', '?'])),
        }
    }
    // Where it is a constant, it is the crate's.
    let own = own.unwrap_or_else(|| panic!("no target: {arguments}"));
    assert!(own == target || own.ends_with("TARGET"), "{own} in a crate that logs under {target}");
    line(target, level, message, &fields)
}

fn line(target: &str, level: &str, message: &str, fields: &[&str]) -> String {
    format!("{target} {level}: {message} {fields:?}")
}

/// The lines of the page's tables, of which one stands below the heading of each target.
fn listed(page: &str) -> BTreeSet<String> {
    let mut target = "";
    let mut listed = BTreeSet::new();
    for text in page.lines() {
        if let Some(heading) = text.strip_prefix("### `") {
            target = heading.trim_end_matches('`');
        }
        let cells: Vec<&str> = text.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect();
        if let [level, message, fields] = cells[..]
            && LEVELS.contains(&level.trim_matches('`'))
        {
            let fields: Vec<&str> =
                fields.split(", ").map(|field| field.trim_matches('`')).filter(|field| !field.is_empty()).collect();
            assert!(listed.insert(line(target, level.trim_matches('`'), message, &fields)), "twice: {text}");
        }
    }
    listed
}
