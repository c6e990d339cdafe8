//! Patterns: some made from the text they are to meet, some made from the dialect's grammar.

use super::super::agreed;
use super::super::rng::Rng;
use super::texts;

const ATOMS: [&str; 26] = [
    "a",
    "b",
    "0",
    "e",
    " ",
    "-",
    "@",
    ".",
    r"\.",
    r"\d",
    r"\w",
    r"\s",
    r"\S",
    r"\D",
    "[a-z]",
    "[^a-z]",
    "[A-Z0-9._%+-]",
    r"[\d.]",
    r"[^\s@]",
    "é",
    "[а-я]",
    r"\b",
    r"\/",
    r"\-",
    r"\<",
    "日",
];

const WHOLE: [&str; 28] = [
    "",
    ".*",
    "^$",
    "^.+$",
    r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$",
    r"^\d+\.\d+(\.\d+)?$",
    "(?:on|off|control)",
    "^(a|b)",
    r"\bbeta\b",
    r"^(.)\1",
    r"(\w+)-\1$",
    r"([ab])\1",
    "a{",
    "a{b}",
    "{x",
    "}",
    "]",
    r"\u0061",
    r"\x41b?",
    "(?<=a)b",
    r"(?<=-)\w",
    "(?<!a)b",
    "^(?!.*test).*$",
    "^(?=.*[0-9])(?=.*[a-z]).+$",
    "a(?=b)",
    "a(?!b)",
    "^a$|^b",
    "[-a]",
];

pub(super) fn pattern(rng: &mut Rng, text: &str) -> String {
    match rng.below(10) {
        0..=2 => from_text(rng, text),
        3 | 4 => rng.pick(&WHOLE).to_owned(),
        _ => {
            (0..8).map(|_| alternatives(rng, 0)).find(|pattern| agreed::pattern_is_common(pattern)).unwrap_or_default()
        }
    }
}

/// A part of the text, quoted, at an end or anywhere.
fn from_text(rng: &mut Rng, text: &str) -> String {
    let part = texts::part(rng, text);
    let quoted: String =
        part.chars().flat_map(|c| if r"\.*+?()[]{}|^$".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
    match rng.below(5) {
        0 => format!("^{quoted}"),
        1 => format!("{quoted}$"),
        2 => format!("^{quoted}.*$"),
        3 => format!("{quoted}|zzz"),
        _ => quoted,
    }
}

fn alternatives(rng: &mut Rng, depth: usize) -> String {
    let branches = rng.pick(&[1, 1, 1, 2, 3]);
    let branches: Vec<String> = (0..branches).map(|_| sequence(rng, depth)).collect();
    branches.join("|")
}

fn sequence(rng: &mut Rng, depth: usize) -> String {
    let start = if rng.percent(20) { "^" } else { "" };
    let end = if rng.percent(20) { "$" } else { "" };
    let items: String = (0..rng.between(1, 4)).map(|_| item(rng, depth)).collect();
    format!("{start}{items}{end}")
}

fn item(rng: &mut Rng, depth: usize) -> String {
    let atom = if depth < 2 && rng.percent(20) {
        let open = rng.pick(&["(", "(?:", "(?=", "(?!"]);
        format!("{open}{})", alternatives(rng, depth + 1))
    } else {
        rng.pick(&ATOMS).to_owned()
    };
    let repeat = if rng.percent(35) {
        rng.pick(&["*", "+", "?", "{2}", "{1,}", "{0,3}", "*?", "+?", "??", "{1,2}?"])
    } else {
        ""
    };
    format!("{atom}{repeat}")
}
