//! What the engine reads in texts: numbers, versions, booleans, lists, order.

mod contains;
mod list;
mod number;
mod order;
mod same;
mod version;

pub(crate) use contains::Needle;
pub(crate) use list::parse_list;
pub(crate) use number::parse_number;
pub(crate) use order::compare_utf16;
pub(crate) use same::same_text;
pub use version::Version;

/// `true` or `false` for a text that is one of them in any letter case; every other text as it is.
///
/// `is` compares booleans without regard to case and everything else exactly. With both sides folded, that is plain
/// equality: a boolean word can only equal a boolean word.
pub(crate) fn fold_boolean(text: &str) -> &str {
    match text.len() {
        4 if text.eq_ignore_ascii_case("true") => "true",
        5 if text.eq_ignore_ascii_case("false") => "false",
        _ => text,
    }
}
