//! Patterns: what ours accepts, and where dialects read the same pattern differently.

use super::super::json::Json;
use super::super::rng::Rng;
use super::Row;
use super::example::{Example, word};

pub(super) const ROWS: &[Row] = &[
    Row::new("1", "a pattern is found anywhere in the text", anywhere),
    Row::new("30", "an invalid pattern matches nothing and spoils no other", invalid),
    Row::new("\\d \\w", "`\\d`, `\\w`, `\\s` and `\\b` are ASCII", ascii_classes),
    Row::new(".", "`.` is one code point", code_points),
    Row::advisory(". end", "`.` skips only the newline", line_ends),
    Row::new("$ end", "`$` is not before a last newline", last_newline),
    Row::new("look", "look-around and back-references work", look_around),
    Row::new("(?i)", "flags at the start work", flags),
    Row::new("names", "both ways to name a group work", named_groups),
    Row::new("\\p", "Unicode classes work", unicode_classes),
    Row::new("\\u", "escaped code points work", escapes),
    Row::new("{", "a lone brace is a character", lone_brace),
    Row::advisory("[&&]", "set operators and nested classes are characters", class_characters),
    Row::advisory("(?>)", "atomic groups and possessive repeats work", atomic),
    Row::new("\\A \\z", "`\\A` and `\\z` are the ends", ends),
];

fn matches(rng: &mut Rng, text: &str, pattern: &str, found: bool) -> Example {
    let negative = rng.percent(50);
    let op = if negative { "regex does not match" } else { "regex match" };
    Example::condition(Some(Json::text(text)), op, &[pattern], found != negative)
}

fn anywhere(rng: &mut Rng) -> Example {
    let parts = [word(rng), word(rng), word(rng)];
    let text = parts.join("-");
    let [start, middle, end] = &parts;
    let (pattern, found) = match rng.below(5) {
        0 => (format!("^{start}"), true),
        1 => (format!("-{middle}-"), true),
        2 => (format!("{end}$"), true),
        3 => (format!("^-{middle}"), false),
        _ => (format!("^{start}.*{end}$"), true),
    };
    matches(rng, &text, &pattern, found)
}

fn invalid(rng: &mut Rng) -> Example {
    let text = word(rng);
    let broken = rng.pick(&["(", "[", "a**", ")", "[z-a]", "*a", "(?"]);
    let good = format!("^{text}$");
    match rng.below(3) {
        0 => matches(rng, &text, broken, false),
        1 => Example::condition(Some(Json::text(&text)), "regex match", &[broken, &good], true),
        _ => Example::condition(Some(Json::text(&text)), "regex does not match", &[&good, broken], false),
    }
}

fn ascii_classes(rng: &mut Rng) -> Example {
    let (pattern, text, found) = rng.pick(&[
        (r"\d", "\u{661}\u{662}", false),
        (r"^\D+$", "\u{661}\u{662}", true),
        (r"\w", "日本é", false),
        (r"^\W$", "é", true),
        (r"\s", "a\u{a0}b\u{2003}c", false),
        (r"^\S+$", "a\u{a0}b", true),
        (r"a\b", "aé", true),
        (r"\bé", "é", false),
        (r"[\d]", "\u{967}", false),
    ]);
    matches(rng, text, pattern, found)
}

fn code_points(rng: &mut Rng) -> Example {
    let count = rng.between(1, 4);
    let text = "😀".repeat(count);
    let asked = rng.between(1, 4);
    matches(rng, &text, &format!("^.{{{asked}}}$"), asked == count)
}

fn line_ends(rng: &mut Rng) -> Example {
    let (end, found) = rng.pick(&[("\n", false), ("\r", true), ("\u{85}", true), ("\u{2028}", true)]);
    matches(rng, &format!("a{end}b"), "a.b", found)
}

fn last_newline(rng: &mut Rng) -> Example {
    let text = word(rng);
    matches(rng, &format!("{text}\n"), &format!("^{text}$"), false)
}

fn look_around(rng: &mut Rng) -> Example {
    let (one, other) = (word(rng), word(rng));
    let (pattern, text, found) = match rng.below(7) {
        0 => (format!("{one}(?=-{other})"), format!("{one}-{other}"), true),
        1 => (format!("^(?!{one})"), format!("{one}{other}"), false),
        2 => (format!("(?<=-){other}"), format!("{one}-{other}"), true),
        3 => (format!("(?<!-){other}$"), format!("{one}-{other}"), false),
        4 => (format!("^({one}|zz)-\\1$"), format!("{one}-{one}"), true),
        5 => (format!("^({one})-\\1$"), format!("{one}-{other}x"), false),
        _ => ("^(?!.*@test\\.)[^@]+@[^@]+$".to_owned(), format!("{one}@{other}.com"), true),
    };
    matches(rng, &text, &pattern, found)
}

fn flags(rng: &mut Rng) -> Example {
    let text = word(rng);
    let (pattern, text, found) = match rng.below(3) {
        0 => (format!("(?i)^{text}$"), text.to_uppercase(), true),
        1 => ("(?s)^a.b$".to_owned(), "a\nb".to_owned(), true),
        _ => (format!("(?i){text}x"), text.to_uppercase(), false),
    };
    matches(rng, &text, &pattern, found)
}

fn named_groups(rng: &mut Rng) -> Example {
    let text = word(rng);
    let open = rng.pick(&["(?P<name>", "(?<name>"]);
    let found = rng.percent(50);
    let subject = if found { format!("-{text}") } else { "-".to_owned() };
    matches(rng, &subject, &format!("{open}{text})"), found)
}

fn unicode_classes(rng: &mut Rng) -> Example {
    let (pattern, text, found) = rng.pick(&[
        (r"^\p{L}+$", "日本é", true),
        (r"^\p{L}+$", "a1", false),
        (r"\p{Lu}", "straßE", true),
        (r"\p{Lu}", "straße", false),
        (r"^\P{L}+$", "12", true),
        (r"^\p{Greek}+$", "λόγος", true),
    ]);
    matches(rng, text, pattern, found)
}

fn escapes(rng: &mut Rng) -> Example {
    let text = word(rng);
    let first = text.chars().next().map_or(0, u32::from);
    matches(rng, &text, &format!("^\\u{first:04x}"), true)
}

fn lone_brace(rng: &mut Rng) -> Example {
    let text = word(rng);
    let (pattern, subject) = rng.pick(&[("{", "{"), ("{x}", "{x}"), ("{", "")]);
    matches(rng, &format!("{text}{subject}"), &format!("{text}{pattern}"), !subject.is_empty())
}

fn class_characters(rng: &mut Rng) -> Example {
    let (pattern, text, found) = rng.pick(&[
        ("^[a&&b]$", "&", true),
        ("^[a&&b]$", "a", true),
        ("^[[a]b]$", "[b]", true),
        ("^[[a]b]$", "a", false),
        ("^[a~~b]$", "~", true),
        ("^[+--]$", ",", true),
    ]);
    matches(rng, text, pattern, found)
}

fn atomic(rng: &mut Rng) -> Example {
    let (pattern, text, found) = rng.pick(&[
        ("(?>a+)b", "aab", true),
        ("(?>a+)ab", "aab", false),
        ("a++b", "aab", true),
        ("a++ab", "aab", false),
        ("^a?+a", "a", false),
    ]);
    matches(rng, text, pattern, found)
}

fn ends(rng: &mut Rng) -> Example {
    let text = word(rng);
    let (pattern, found) = match rng.below(4) {
        0 => (format!("\\A{text}"), true),
        1 => (format!("{text}\\z"), true),
        2 => (format!("\\A.{text}"), false),
        _ => (format!("{text}.\\z"), false),
    };
    matches(rng, &text, &pattern, found)
}
