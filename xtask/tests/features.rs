//! Messages of all crates name the features of the crate `experiment`, on which users depend, and no feature of the
//! crates below it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod sources;

use std::fs;
use std::path::Path;

use sources::each_source;

/// The crates whose errors and logs reach a user of the facade.
const CRATES: [&str; 5] = ["experiment", "transport", "cohorts", "tracking", "experiment-openfeature"];

const FACADE: &str = " of the crate `experiment`";

#[test]
fn messages_name_features_of_the_crate_that_users_depend_on() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let manifest = fs::read_to_string(crates.join("experiment/Cargo.toml")).unwrap();
    let features = manifest.split("[features]").nth(1).unwrap().split("\n[").next().unwrap();
    let features: Vec<&str> = features.lines().filter_map(|line| Some(line.split_once(" = [")?.0)).collect();
    assert!(features.contains(&"rustls-webpki-roots"));
    let mut found = 0;
    for name in CRATES {
        each_source(&crates.join(name).join("src"), &mut |text| {
            for message in messages(text) {
                found += 1;
                let (named, rest) = named(&message);
                assert!(rest.starts_with(FACADE), "{name}: name the crate: {message}");
                let unknown = named.iter().find(|feature| !features.contains(feature));
                assert_eq!(unknown, None, "{name}: no feature of the facade: {message}");
            }
        });
    }
    assert!(found > 3, "{found}");
}

/// The texts in code that begin with ``feature ` ``, each with what follows in its string.
fn messages(text: &str) -> Vec<String> {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code: Vec<&str> = text.lines().filter(is_code).map(str::trim).collect();
    // A string goes on after a backslash at the end of its line.
    let code = code.join("\n").replace("\\\n", "");
    code.split("feature `").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// The names at the beginning, of which all but the first are in backticks, and what follows the last.
fn named(message: &str) -> (Vec<&str>, &str) {
    let (first, mut rest) = message.split_once('`').unwrap();
    let mut names = vec![first];
    while let Some((name, after)) = rest.strip_prefix(" or `").and_then(|more| more.split_once('`')) {
        names.push(name);
        rest = after;
    }
    (names, rest)
}
