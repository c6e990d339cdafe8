//! The README's table of the specification: the tests that it names are there, and so is every requirement.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

const FILES: [(&str, &str); 8] = [
    ("api", include_str!("api.rs")),
    ("context", include_str!("context.rs")),
    ("details", include_str!("details.rs")),
    ("exposures", include_str!("exposures.rs")),
    ("hooks", include_str!("hooks.rs")),
    ("lifecycle", include_str!("lifecycle.rs")),
    ("starting", include_str!("starting.rs")),
    ("values", include_str!("values.rs")),
];

/// What else stands in backticks there.
const OTHERS: [&str; 3] = ["unwrap_or", "initialize", "common::code"];

/// The numbers that the tests of `open-feature` 0.3.0 name. All others have a star in the table.
const REQUIREMENTS: &str = "\
    1.1.1 1.1.2.1 1.1.2.2 1.1.2.3 1.1.3 1.1.5 1.1.6 1.1.7 1.1.8 1.2.2 1.3.1.1 1.3.2.1 1.3.3.1 1.3.4 1.4.1.1 \
    1.4.2.1 1.4.3 1.4.4.1 1.4.5 1.4.6 1.4.7 1.4.8 1.4.9 1.4.10 1.4.12 1.4.13 1.4.14 1.4.14.1 1.6.1 2.1.1 2.2.1 \
    2.2.2.1 2.2.3 2.2.4 2.2.5 2.2.6 2.2.7 2.2.8.1 2.2.9 2.2.10 2.4.1 2.4.2 2.4.3 2.4.4 2.4.5 2.5.1 3.1.1 3.1.2 \
    3.1.3 3.1.4 3.2.1.1 3.2.2.1 3.2.2.2 3.2.3 3.2.4.1 4.1.1 4.1.2 4.1.3 4.2.1 4.2.2.1 4.2.2.2 4.2.2.3 4.3.1 \
    4.3.2.1 4.3.4 4.3.5 4.3.6 4.3.7 4.3.8 4.4.1 4.4.2 4.4.3 4.4.4 4.4.5 4.4.6 4.4.7";

fn rows() -> impl Iterator<Item = &'static str> {
    let (_, table) = include_str!("../README.md").split_once("| requirement |").unwrap();
    table.lines().filter(|line| line.starts_with("| "))
}

#[test]
fn every_test_of_the_table_is_there() {
    let mut named = 0;
    for row in rows() {
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
            assert!(source.contains(&format!("fn {test}()")), "{file}::{test}: {row}");
            named += 1;
        }
    }
    assert!(named > 100, "{named}");
}

#[test]
fn every_requirement_has_one_row() {
    let numbers: Vec<&str> = rows().map(|row| row[2..].split(" | ").next().unwrap()).collect();
    let of_the_sdk: Vec<&str> = numbers.iter().copied().filter(|number| !number.ends_with(" *")).collect();
    assert_eq!(of_the_sdk, REQUIREMENTS.split(' ').collect::<Vec<_>>());
    let plain: Vec<Vec<u32>> = numbers
        .iter()
        .map(|number| number.trim_end_matches(" *").split('.').map(|part| part.parse().unwrap()).collect())
        .collect();
    assert!(plain.is_sorted_by(|before, after| before < after), "in order, and each once: {numbers:?}");
}
