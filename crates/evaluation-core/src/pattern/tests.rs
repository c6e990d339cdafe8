//! Tests of patterns: one table per rule of the dialect, the limits, and that nothing panics.

use super::translate::{MAX_BACKTRACKING_NESTING, MAX_NESTING, translate};
use super::{MAX_BACKTRACKING_PATTERN_BYTES, MAX_BACKTRACKING_SUBJECT_BYTES, MAX_PATTERN_BYTES, Pattern, PatternError};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// A pattern with subjects it is found in and subjects it is not found in.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Checks each row as it stands, and again behind an empty look-ahead, so that both engines are
/// held to the same answers.
fn check(rows: &[Row]) {
    for (written, found, not_found) in rows {
        for text in [(*written).to_owned(), format!("(?=)(?:{written})")] {
            let pattern = match Pattern::alone(&text) {
                Ok(pattern) => pattern,
                Err(error) => panic!("{text:?}: {error}"),
            };
            for subject in *found {
                assert!(pattern.is_found_in(subject), "{text:?} is in {subject:?}");
            }
            for subject in *not_found {
                assert!(!pattern.is_found_in(subject), "{text:?} is not in {subject:?}");
            }
        }
    }
}

fn compiled(text: &str) -> Pattern {
    Pattern::alone(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn reason(text: &str) -> String {
    match Pattern::alone(text) {
        Err(PatternError::Invalid { reason }) => reason,
        other => panic!("{text:?} should be invalid, got {other:?}"),
    }
}

fn is_too_large(text: &str) -> bool {
    matches!(Pattern::alone(text), Err(PatternError::TooLarge { .. }))
}

#[test]
fn found_anywhere() {
    check(&[
        ("", &["", "a"], &[]),
        ("b", &["abc"], &["ac", "B"]),
        ("^a", &["abc"], &["ba", "b\na"]),
        ("a$", &["ba"], &["ab", "a\n", "a\nb"]),
        (r"\Aa", &["ab"], &["ba"]),
        (r"a\z|b\Z", &["a", "b"], &["ax", "a\n", "b\n"]),
        ("a|b", &["xb"], &["c"]),
        ("^a{2,3}$", &["aa", "aaa"], &["a", "aaaa"]),
        ("^(?:ab){2}$|^c{2,}?$", &["abab", "ccc"], &["ab", "c"]),
        (r"^https?://[^/]+/path$", &["http://a.b/path"], &["http:///path"]),
    ]);
}

#[test]
fn escapes_for_sets_are_ascii() {
    check(&[
        (r"^\d+$", &["059"], &["٣", "a", ""]),
        (r"^\D$", &["٣", "é", "\n"], &["3"]),
        (r"^\w+$", &["aZ_9"], &["é", "-"]),
        (r"^\W$", &["é", "-"], &["a", "_"]),
        (r"^\s{6}$", &["\t\n\x0B\x0C\r "], &["\u{a0}     "]),
        (r"^\S$", &["\u{a0}", "\u{2028}"], &[" ", "\x0B"]),
        (r"^[\d]$", &["5"], &["٣"]),
        (r"^[\Dx]$", &["٣", "x"], &["5"]),
        (r"^[\w]$", &["a"], &["é"]),
        (r"^[\W]$", &["é"], &["a"]),
        (r"^[^\W]$", &["a"], &["é", "-"]),
        (r"^[\s]$", &[" ", "\x0B"], &["\u{a0}", "x"]),
        (r"^[^\s]$", &["\u{a0}"], &["\t"]),
        (r"^[\S]$", &["\u{a0}"], &["\t"]),
        (r"^[\w\W]$", &["a", "é", "\n"], &[""]),
    ]);
}

#[test]
fn word_boundaries_are_ascii() {
    check(&[
        (r"\bfoo\b", &["a foo b", "éfooé"], &["afoo", "foo_"]),
        (r"\Bb", &["ab"], &["b", "éb"]),
        (r"^\B$", &[""], &["a"]),
        (r"é\Bé", &["éé"], &["é"]),
        (r"\b+a", &["a"], &["ba"]),
    ]);
}

#[test]
fn ignoring_case_leaves_ascii_sets_alone() {
    // ſ folds to s, and the Kelvin sign to k.
    check(&[
        (r"(?i)^\w$", &["s"], &["ſ", "\u{212A}"]),
        (r"(?i)^\W$", &["ſ", "\u{212A}"], &["s", "k"]),
        (r"(?i)^[\w]$", &["s"], &["ſ"]),
        (r"(?i)^[\w.-]$", &["s", "."], &["ſ"]),
        (r"(?i)^[\wé]$", &["É", "s"], &["ſ"]),
        (r"(?i)^[\Wé]$", &["É", "ſ"], &["s", "K"]),
        (r"(?i)^[^\W_]$", &["s"], &["ſ", "_", "é"]),
        (r"(?i)^[^\wé]$", &["-"], &["É", "s"]),
        (r"(?i)^[^\Wx]$", &["s", "k"], &["X", "x", "-"]),
        (r"(?i)^[^\w\Wx]$", &[], &["s", "x", "-"]),
        (r"(?i)^[[:upper:]]$", &["a", "A"], &["1"]),
    ]);
}

#[test]
fn dot_is_a_code_point_other_than_newline() {
    check(&[
        ("^.$", &["a", "é", "😀", "\r", "\u{2028}", "\u{85}"], &["\n", "ab", ""]),
        ("^..$", &["😀é"], &["😀"]),
        ("a.c", &["abc"], &["a\nc"]),
        ("(?s)a.c", &["a\nc"], &["ac"]),
    ]);
}

#[test]
fn flags_last_to_the_end_of_their_group() {
    check(&[
        ("(?i)abc", &["xABc"], &["ab"]),
        ("(?i)é|ß", &["É", "ẞ"], &["e"]),
        ("a(?i)b|c", &["aB", "C"], &["AB"]),
        ("^(?:(?i)a)b$", &["Ab"], &["AB"]),
        ("^((?i)a)b$", &["Ab"], &["AB"]),
        ("^(?i:a)b$", &["Ab"], &["AB"]),
        ("(?i)^a(?-i)b$", &["Ab"], &["AB"]),
        ("(?m)^b$", &["a\nb\nc"], &["ab"]),
        ("(?im-s)^B.$", &["a\nbx"], &["b\n"]),
        ("(?x) a b # c ( \n c [ ]", &["abc "], &["ab c "]),
        ("(?x)a\\ b\\#", &["a b#"], &["ab"]),
        ("(?x: a b )c d", &["abc d"], &["abcd"]),
        ("(?x)^a {2}$ # end\n", &["aa"], &["a"]),
        ("(?u)a(?a)b", &["ab"], &["a"]),
    ]);
    for text in ["(?)", "(?-)a", "(?i", "(?z)a", "(?L)a", "(?i-)a", "(?i)*"] {
        assert!(!reason(text).contains('\n'), "{text:?}");
    }
}

#[test]
fn escaped_code_points() {
    check(&[
        (r"^\u0061\x61\x{1F600}\u{1F600}\U0001F600$", &["aa😀😀😀"], &["a"]),
        (r"^\uD83D\uDE00$", &["😀"], &["\u{FFFD}"]),
        (r"^[\uD83D\uDE00]$", &["😀"], &["a"]),
        (r"^[\u0061-\u0063]$", &["b"], &["d"]),
        // A lone surrogate is in no text.
        (r"\uD83D", &[], &["😀", "\u{FFFD}", ""]),
        (r"\uD83D|a", &["a"], &["b"]),
        (r"^[\uD83D]$", &[], &["😀", "a"]),
        (r"^[^\uD83D]$", &["a", "\n"], &[]),
        (r"^[\uD800-\uFFFF]$", &["\u{E000}"], &["a", "\u{D7FF}"]),
        (r"^[a-\uDBFF]$", &["\u{D7FF}"], &["\u{E000}"]),
        (r"^\0\07\a\t\n\v\f\r\e\cJ\cj$", &["\0\x07\x07\t\n\x0B\x0C\r\x1B\n\n"], &["0"]),
        (r"^[\0\b\n\61]$", &["\0", "\x08", "\n", "1"], &["b", "6"]),
        (r"\Qa.b[\E+$|\Qx.\E", &["a.b[[", "x."], &["aab[", "xy"]),
    ]);
    for text in [r"\u00", r"\x1", r"\x{110000}", r"\u{", r"\x{}", r"\c1", "\\", r"\y", r"[\B]"] {
        assert!(!reason(text).is_empty(), "{text:?}");
    }
}

#[test]
fn escaped_punctuation_is_literal() {
    check(&[
        (r"^\<b\>$", &["<b>"], &["b"]),
        (r"^\/api\/$", &["/api/"], &["api"]),
        (r"^\-\_\é\ \#\&\~\!\'\,\:\;\=\@\%$", &["-_é #&~!',:;=@%"], &["é"]),
        (r"^\.\^\$\|\?\*\+\(\)\[\]\{\}\\$", &[r".^$|?*+()[]{}\"], &[""]),
        (r"[\-\]\[\^\\\/\.]", &["-", "]", "[", "^", "\\", "/", "."], &["a"]),
    ]);
}

#[test]
fn unicode_properties() {
    check(&[
        (r"^\p{L}\pL\P{L}\PL$", &["éa11"], &["1é11"]),
        (r"^[\p{Lu}\p{Greek}]$", &["É", "α"], &["é"]),
        (r"^[^\p{L}\P{N}]$", &["1"], &["é", "-"]),
        (r"^\p{^L}$", &["1"], &["a"]),
        (r"(?i)^\p{Lu}[\p{Lu}]$", &["ab"], &["11"]),
        (r"^\p{IsLatin}+$", &["é"], &["α"]),
    ]);
    assert!(reason(r"\p{Nonsense}").contains("property"));
    assert!(reason(r"(?=a)\p{Nonsense}").contains("property"));
    for text in [r"\p", r"\p{", r"\p{}", r"\p1", r"\p{L\}"] {
        assert!(reason(text).contains("property"), "{text:?}");
    }
}

#[test]
fn braces_and_brackets_that_mean_nothing_are_literal() {
    check(&[
        ("a{", &["a{"], &["a"]),
        ("^a{,3}$", &["a{,3}"], &["aaa", "a"]),
        ("^a{ 2}$", &["a{ 2}"], &["aa"]),
        ("^a{x}}]$", &["a{x}}]"], &["a"]),
        ("^{$", &["{"], &[""]),
        ("^{a}+$", &["{a}}"], &["{a"]),
        ("^a{-1}$|^a{1,2,3}$|^a{1a}$", &["a{-1}", "a{1,2,3}", "a{1a}"], &["a"]),
    ]);
}

#[test]
fn brackets_know_no_set_operators() {
    check(&[
        ("^[a&&b]$", &["a", "&", "b"], &["c"]),
        ("^[a~~b*--c]$", &["~", "b", "-", ",", "c"], &["d"]),
        ("^[[a]b]$", &["[b]", "ab]"], &["a", "b"]),
        ("^[[]$", &["["], &["]"]),
        ("^[]a]$", &["]", "a"], &["["]),
        ("^[^]a]$", &["b"], &["]", "a"]),
        ("^[a-]$", &["a", "-"], &["b"]),
        ("^[-a]$", &["a", "-"], &["b"]),
        (r"^[\w-.]+$", &["a-."], &["+"]),
        (r"^[\w-]+@", &["a-b@"], &["@"]),
        (r"^[+-\d]+$", &["+-1"], &[","]),
        ("^[a-c-e]+$", &["b-e"], &["d"]),
        ("^[ #]+$", &[" #"], &["a"]),
        ("(?x)^[ #]+$", &[" #"], &["a"]),
        ("^[a^]$", &["^", "a"], &["b"]),
        ("^[$.|()*+?{}]+$", &["$.|()*+?{}"], &["a"]),
        ("^[[:alpha:]_]+$", &["aZ_"], &["1", "é", ":"]),
        ("^[[:^digit:]]$", &["a"], &["1"]),
        ("^[[:word:]]$", &["_"], &["-"]),
        ("^[[:nonsense:]]$", &["n]", ":]"], &["n"]),
        ("^[😀-😂]$", &["😁"], &["😃"]),
        ("^[A-Za-z0-9._%+-]+@amplitude\\.com$", &["a.b+c@amplitude.com"], &["@amplitude.com"]),
    ]);
    for text in ["[", "[a", "[]", "[^]", "[z-a]", "[a-[bc]]"] {
        assert!(reason(text).contains("class"), "{text:?}");
    }
}

#[test]
fn groups_and_references() {
    check(&[
        ("(?<n>a)(?P<m>b)", &["ab"], &["ba"]),
        (r"^(?<n>a|b)\k<n>$", &["aa", "bb"], &["ab"]),
        (r"^(?P<n>a|b)(?P=n)$", &["aa", "bb"], &["ab"]),
        (r"^(a)(b)\2\1$", &["abba"], &["abab"]),
        (r"^(?<n>a)(b)\1\2$", &["abab"], &["abba"]),
        (r"^(a)\10$", &["aa0"], &["aa"]),
        (r"^(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\10$", &["abcdefghijj"], &["abcdefghija0"]),
        (r"(?x)^(a)\1 0$", &["aa0"], &["a0"]),
        (r"(?i)^(a)\1$", &["aA"], &["ab"]),
        (r"^(a)?\1$", &["aa"], &["a"]),
    ]);
    for text in [
        r"\1",
        r"(a)\2",
        r"\k<n>",
        r"\k<n",
        r"(?P=n",
        "(?<n>a)(?<n>b)",
        "(?<>a)",
        "(?<1>a)",
        "(?<n",
        "(",
        ")",
        "(a",
        "a)",
        "(?R)",
        "(?(1)a)",
        "(?#x)",
        r"\K",
        r"\Ga",
        r"\g<1>",
        "(?~a)",
    ] {
        assert!(!reason(text).is_empty(), "{text:?}");
    }
}

#[test]
fn look_around_and_possession() {
    check(&[
        ("a(?=b)", &["ab"], &["ac"]),
        ("(?!a)b", &["b"], &["a"]),
        ("^(?!.*test)", &["prod"], &["a test"]),
        ("(?<=a)b", &["ab"], &["b"]),
        ("(?<!a)b", &["b", "cb"], &["ab"]),
        ("(?<=é)b", &["éb"], &["eb"]),
        ("(?<=a+b?)c", &["aac", "abc"], &["bc"]),
        (r"(?<=\b\w)x", &["ax", "é ax"], &["aax"]),
        ("(?>a*)b", &["aab"], &["a"]),
        ("(?>a|ab)c", &["ac"], &["abc"]),
        ("^a++b$", &["aab"], &["b"]),
        ("^a++a", &[], &["aaa"]),
        ("^a*+a|^b?+b$|^c{1,2}+c$", &["ccc"], &["aa", "b", "cc"]),
        ("(?=a)*b", &["b"], &["a"]),
        ("(?=a)+a", &["a"], &["b"]),
        ("(?:(?=a))?(?:)*b", &["b"], &["a"]),
    ]);
}

#[test]
fn the_linear_engine_serves_all_it_can() {
    for text in [r"\bfoo\b", "(?<n>a)", "(?i)[^\\W_]", "^.*$", "a{2,3}?", r"\p{L}+", r"(?s)\B.", r"\("] {
        assert!(compiled(text).is_linear(), "{text:?}");
    }
    for text in ["a(?=b)", "(?!a)", "(?<=a)", "(?<!a)", r"(a)\1", "(?>a)", "a++", "a{2}+"] {
        assert!(!compiled(text).is_linear(), "{text:?}");
    }
}

#[test]
fn repeating_nothing_is_invalid() {
    for text in ["*", "+a", "a|?", "(*a)", "a**", "a+*", "a???", "a{2}{3}", "{2}", "a{3,2}"] {
        assert!(reason(text).contains("repe"), "{text:?}: {}", reason(text));
    }
}

#[test]
fn messages_are_one_short_line() {
    let long = format!("(?<n{}", "é".repeat(5_000));
    for text in ["(", "[z-a]", r"\p{Foo}", "(?=a)\\p{Foo}", "a{70000}", &long, &"(".repeat(9_999)] {
        let error = Pattern::alone(text).expect_err("not a pattern").to_string();
        assert!(error.lines().count() == 1 && error.chars().count() < 200, "{error}");
    }
}

#[test]
fn large_patterns_end_in_bounded_time() {
    let start = Instant::now();
    assert!(is_too_large("(a{1000}){1000}"));
    assert!(is_too_large("(((a{100}){100}){100}){100}"));
    assert!(is_too_large(r"(?:\p{L}{1000}){1000}"));
    assert!(is_too_large("(?=x)(a{1000}){1000}"));
    assert!(is_too_large("a{99999999999999999999}"));
    assert!(is_too_large(&"a".repeat(1024 * 1024)));
    assert!(is_too_large(&"a".repeat(MAX_PATTERN_BYTES + 1)));
    assert!(is_too_large(&format!("(?=a){}", "a".repeat(MAX_BACKTRACKING_PATTERN_BYTES))));
    assert!(is_too_large(&"(".repeat(100_000)));
    let nested = |levels: usize| format!("{}{}", "(".repeat(levels), ")".repeat(levels));
    assert!(is_too_large(&nested(100_000)));
    assert!(is_too_large(&nested(MAX_NESTING + 1)));
    assert!(is_too_large(&format!("(?=a){}", nested(MAX_BACKTRACKING_NESTING + 1))));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());

    // The largest that are accepted.
    let longest: String = (100_000..116_000).map(|number| number.to_string()).collect();
    assert!(compiled(&longest).is_found_in(&format!("b{longest}")));
    let longest = format!("(?!b){}", "a".repeat(MAX_BACKTRACKING_PATTERN_BYTES - 5));
    assert!(compiled(&longest).is_found_in(&longest));
}

#[test]
fn deep_nesting_fits_a_small_stack() {
    let nest = |open: &str, close: &str, levels: usize| format!("{}b{}", open.repeat(levels), close.repeat(levels));
    let patterns = [
        nest("(a|", "){1,2}", 10),
        nest("(a|", "){1,2}", MAX_NESTING),
        nest("(?:a|b)*(a|", ")*", MAX_NESTING),
        nest("(?=a|", ")", MAX_BACKTRACKING_NESTING),
        nest(r"(\b(?=c)a|", ")*d", MAX_BACKTRACKING_NESTING - 1),
        nest(r"(?<=\ba*|", ")", MAX_BACKTRACKING_NESTING),
    ];
    let thread = std::thread::Builder::new().stack_size(1024 * 1024);
    let done =
        thread.spawn(move || patterns.map(|text| Pattern::alone(&text).map(|pattern| pattern.is_found_in("xa"))));
    let answers = done.expect("a thread").join().expect("no panic");
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5, "{answers:?}");
}

#[test]
fn runaway_backtracking_finds_nothing_in_bounded_time() {
    let start = Instant::now();
    let subject = format!("{}!", "a".repeat(5_000));
    assert!(!compiled(r"^(?=(a+)+$)a+b").is_found_in(&subject));
    assert!(!compiled(r"^(?:(a+)+\1)+$").is_found_in(&subject));
    // It is the bound that ended it: without `!` the pattern is there at once.
    assert!(compiled(r"^(?:(a+)+\1)+$").is_found_in("aaaa"));
    // A long scan from every place of a long subject.
    let subject = "a".repeat(MAX_BACKTRACKING_SUBJECT_BYTES);
    assert!(!compiled("(?=.*b)a").is_found_in(&subject));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn only_the_linear_engine_reads_very_long_subjects() {
    let subject = format!("{}b", "a".repeat(MAX_BACKTRACKING_SUBJECT_BYTES));
    assert!(compiled("b$").is_found_in(&subject));
    assert!(!compiled("(?<=a)b$").is_found_in(&subject));
    assert!(compiled("(?<=a)b$").is_found_in(subject.split_at(1).1));
}

/// Texts made of the pieces that patterns are made of.
pub(super) fn pattern_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(&[
            "(", ")", "[", "]", "{", "}", "*", "+", "?", "|", "^", "$", ".", "\\", "-", "&&", "--",
            "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?<n>", "(?P<n>", "(?P=n)", "(?i)", "(?x)",
            "(?s-m:", "(?", "[^", "[[:alpha:]", "{2}", "{,3}", "{1,2}", "{0}", "++", "*?", "#", "\n",
        ][..]).prop_map(str::to_owned),
        3 => prop::sample::select(&[
            "\\d", "\\W", "\\s", "\\b", "\\B", "\\1", "\\2", "\\0", "\\k<n>", "\\u0061", "\\uD83D",
            "\\uDE00", "\\x41", "\\x{1F600}", "\\p{L}", "\\PL", "\\A", "\\z", "\\Z", "\\Q", "\\E",
            "\\<", "\\cA", "\\u", "\\x{", "\\p{",
        ][..]).prop_map(str::to_owned),
        3 => "[a-cA-C0-2 é😀ſ]{1,2}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_panics(text in pattern_like(), subject in "[a-cA-C0-2 é😀ſ\n-]{0,12}") {
        if let Ok(pattern) = Pattern::alone(&text) {
            let _ = pattern.is_found_in(&subject);
        }
    }

    #[test]
    fn nothing_panics_on_any_text(text in any::<String>(), subject in any::<String>()) {
        if let Ok(pattern) = Pattern::alone(&text) {
            let _ = pattern.is_found_in(&subject);
        }
    }

    /// What the translation lets through to the linear-time engine is well formed there.
    #[test]
    fn engines_refuse_only_what_is_theirs_to_refuse(text in pattern_like()) {
        if let (Ok(translation), Err(error)) = (translate(&text), Pattern::alone(&text)) {
            let left = text.contains("\\p{") || translation.needs_backtracking;
            let too_large = matches!(error, PatternError::TooLarge { .. });
            prop_assert!(left || too_large, "{}: {}", error, translation.text);
        }
    }

    /// Both engines give one answer to a pattern that both can serve.
    #[test]
    fn engines_agree(text in pattern_like(), subject in "[a-cA-C0-2 é😀ſ\n-]{0,12}") {
        let behind_look = format!("(?=)(?:{text})");
        if let (Ok(linear), Ok(backtracking)) =
            (Pattern::alone(&format!("(?:{text})")), Pattern::alone(&behind_look))
            && linear.is_linear()
        {
            prop_assert_eq!(linear.is_found_in(&subject), backtracking.is_found_in(&subject));
        }
    }

    /// Escaping every character makes a pattern that is found in its own text.
    #[test]
    fn escaped_text_finds_itself(text in any::<String>()) {
        let escaped: String = text.chars().flat_map(|c| {
            let escape = (!c.is_ascii_alphanumeric()).then_some('\\');
            escape.into_iter().chain([c])
        }).collect();
        let pattern = compiled(&format!("^{escaped}$"));
        prop_assert!(pattern.is_found_in(&text));
    }
}
