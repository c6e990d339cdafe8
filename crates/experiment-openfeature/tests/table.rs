//! The README's table of the specification: the tests that it names are there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

const FILES: [(&str, &str); 5] = [
    ("context", include_str!("context.rs")),
    ("details", include_str!("details.rs")),
    ("exposures", include_str!("exposures.rs")),
    ("lifecycle", include_str!("lifecycle.rs")),
    ("values", include_str!("values.rs")),
];

/// What else stands in backticks there.
const OTHERS: [&str; 3] = ["unwrap_or", "initialize", "common::code"];

#[test]
fn every_test_of_the_table_is_there() {
    let (_, table) = include_str!("../README.md").split_once("| requirement |").unwrap();
    let mut named = 0;
    for row in table.lines().filter(|line| line.starts_with("| ")) {
        let shown = row.split(" | ").nth(2).unwrap();
        // A name without its file is in that of the one before.
        let mut file = "";
        for name in shown.split('`').skip(1).step_by(2) {
            if OTHERS.contains(&name) || name.starts_with(char::is_uppercase) {
                continue;
            }
            let test = name.split_once("::").map_or(name, |(of, test)| {
                file = of;
                test
            });
            let source = FILES.iter().find(|(of, _)| *of == file).map(|(_, source)| source).expect(row);
            assert!(test == "*" || source.contains(&format!("fn {test}()")), "{file}::{test}: {row}");
            named += 1;
        }
    }
    assert!(named > 60, "{named}");
}
