//! Pieces of text: words, numbers and versions, and ways to write them otherwise.

use super::super::rng::Rng;

const WORDS: [&str; 30] = [
    "a",
    "b",
    "abc",
    "Alpha",
    "beta",
    "on",
    "off",
    "control",
    "premium",
    "United States",
    "user@example.com",
    "iOS",
    "Straße",
    "ΌΔΟΣ",
    "σοφός",
    "İstanbul",
    "naïve",
    "日本語",
    "emoji😀end",
    "(none)",
    "true",
    "False",
    "TRUE",
    "tab\tbed",
    "quote\"d",
    "back\\slash",
    "a,b",
    "{not json",
    "[a,b]",
    "x-1_y",
];

/// Letters and marks from which words are drawn.
const LETTERS: [&str; 16] = ["a", "b", "c", "A", "Z", "0", "7", "-", "_", ".", " ", "é", "ß", "Σ", "ж", "語"];

pub(super) fn word(rng: &mut Rng) -> String {
    if rng.percent(60) {
        return rng.pick(&WORDS).to_owned();
    }
    let length = rng.between(1, 8);
    (0..length).map(|_| rng.pick(&LETTERS)).collect()
}

/// A number that all engines write alike, as JSON.
pub(super) fn number(rng: &mut Rng) -> String {
    let sign = if rng.percent(25) { "-" } else { "" };
    let whole = rng.pick(&[3, 12, 100, 5_000, 1_000_000_000_000]);
    match rng.below(4) {
        0 | 1 => format!("{sign}{}", 1 + rng.below(whole)),
        2 => format!("{sign}{}.{}", rng.below(whole), 1 + rng.below(9)),
        _ => format!("{sign}{}.{:03}", rng.below(20), 1 + rng.below(999)),
    }
}

/// The same number, or one near it, written in another way.
pub(super) fn number_spelling(rng: &mut Rng, number: &str) -> String {
    match rng.below(12) {
        0 => format!(" {number} "),
        1 => format!("{number}e0"),
        2 => format!("{number}E+1"),
        3 => format!("{number}e-01"),
        4 => format!("\t{number}"),
        5 if !number.starts_with('-') => format!("+{number}"),
        6 if !number.starts_with('-') => format!("00{number}"),
        7 if !number.contains('.') => format!("{number}."),
        8 => number.replacen("0.", ".", 1),
        9 => rng.pick(&["Infinity", "-Infinity", "NaN", "1e400", "-1E400", "0", "-0", "0.0", "1e-400"]).to_owned(),
        10 => format!("{number}7"),
        _ => number.to_owned(),
    }
}

pub(super) fn version(rng: &mut Rng) -> String {
    let part = |rng: &mut Rng| match rng.below(5) {
        0 => format!("0{}", rng.below(12)),
        1 => rng.below(2_000).to_string(),
        _ => rng.below(12).to_string(),
    };
    let (major, minor) = (part(rng), part(rng));
    if rng.percent(15) {
        return format!("{major}.{minor}");
    }
    let release = format!("{major}.{minor}.{}", part(rng));
    match rng.below(10) {
        0..=4 => release,
        5 => format!("{release}-{}", rng.pick(&["alpha", "ALPHA", "beta", "rc", "a-b", "a_b", "-", "", "x."])),
        6 | 7 => format!("{release}-{}.{}", rng.pick(&["alpha", "beta", "rc"]), rng.below(12)),
        8 => format!("{release}-0{}", rng.below(3)),
        _ => near_version(rng, &release),
    }
}

/// Text that is nearly a version, or another version.
pub(super) fn near_version(rng: &mut Rng, version: &str) -> String {
    match rng.below(8) {
        0 => format!("v{version}"),
        1 => format!("{version}.1"),
        2 => format!(" {version}"),
        3 => format!("{version}-a..b"),
        4 => version.split('.').next().unwrap_or_default().to_owned(),
        5 => format!("{version}-.a"),
        6 => format!("{version}-rc"),
        _ => version.replace(".0", "."),
    }
}

/// Text with letters in another case.
pub(super) fn other_case(rng: &mut Rng, text: &str) -> String {
    match rng.below(3) {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        _ => text
            .chars()
            .map(|c| if rng.percent(50) { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect(),
    }
}

/// Some run of characters of a text.
pub(super) fn part(rng: &mut Rng, text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let start = rng.below(chars.len() + 1);
    let end = rng.between(start, chars.len());
    chars[start..end].iter().collect()
}

/// A key or identifier.
pub(super) fn id(rng: &mut Rng, prefix: &str) -> String {
    format!("{prefix}{}", rng.below(100_000))
}
