//! Reading one bracketed class, and writing it so that both engines read it alike.
//!
//! Inside brackets the engines know nested classes and set operators, which the written pattern
//! does not. So every member is written anew, with everything but letters and digits escaped.

use super::cursor::Cursor;
use super::error::PatternError;
use super::escape::{self, AsciiSet, Escape};
use std::fmt::Write as _;

/// A class that no character is in.
pub(super) const NOTHING: &str = r"[^\x{0}-\x{10FFFF}]";
/// A class that every character is in.
pub(super) const ANYTHING: &str = r"(?s:.)";

/// The names that may stand in `[:name:]`, and whether ignoring case changes what they hold.
const POSIX: [(&str, bool); 13] = [
    ("alnum", false),
    ("alpha", false),
    ("ascii", false),
    ("blank", false),
    ("cntrl", false),
    ("digit", false),
    ("graph", false),
    ("lower", true),
    ("print", false),
    ("punct", false),
    ("space", false),
    ("upper", true),
    ("xdigit", false),
];

/// The members read so far.
#[derive(Debug, Default)]
struct Class {
    /// Members other than `\w` and `\W`, as written between brackets.
    members: String,
    /// Whether ignoring case may change what `members` holds.
    has_case: bool,
    /// Whether `\w` is a member.
    word: bool,
    /// Whether `\W` is a member.
    not_word: bool,
}

/// Reads the class whose `[` has just been read, and writes it to `out`.
pub(super) fn translate(cursor: &mut Cursor<'_>, ignore_case: bool, out: &mut String) -> Result<(), PatternError> {
    let negated = cursor.eat("^");
    let mut class = Class::default();
    let mut first = true;
    loop {
        match cursor.bump() {
            None => return Err(PatternError::invalid("a class `[` without `]`")),
            // A `]` in first place is a member.
            Some(']') if !first => break,
            Some('[') if class.posix(cursor) => {}
            Some('\\') => match escape::read(cursor, true)? {
                Escape::Char(low) => class.character_or_range(low, cursor)?,
                Escape::Set { set, negated } => class.set(set, negated),
                Escape::Property { name, negated } => class.property(name, negated),
                Escape::Quoted(text) => text.chars().for_each(|c| class.range(c.into(), c.into())),
                _ => return Err(PatternError::invalid("an escape that a class cannot hold")),
            },
            Some(low) => class.character_or_range(low.into(), cursor)?,
        }
        first = false;
    }
    class.write(negated, ignore_case, out);
    Ok(())
}

/// Appends `code` as it stands for itself, in and out of a class.
fn push_code(out: &mut String, code: u32) {
    match char::from_u32(code) {
        Some(c) if c.is_ascii_alphanumeric() || !c.is_ascii() => out.push(c),
        // Writing to a string cannot fail.
        _ => drop(write!(out, r"\x{{{code:X}}}")),
    }
}

impl Class {
    /// Adds `low`, or the range that it starts.
    fn character_or_range(&mut self, low: u32, cursor: &mut Cursor<'_>) -> Result<(), PatternError> {
        let mut ahead = *cursor;
        let mut high = low;
        if ahead.eat("-") {
            let end = match ahead.bump() {
                // A `-` before the end of the class, or before a set, is a member.
                None | Some(']') => None,
                Some('\\') => match escape::read(&mut ahead, true)? {
                    Escape::Char(code) => Some(code),
                    _ => None,
                },
                Some(c) => Some(c.into()),
            };
            if let Some(end) = end {
                high = end;
                *cursor = ahead;
            }
        }
        if high < low {
            return Err(PatternError::invalid("a range in a class that ends before it starts"));
        }
        self.range(low, high);
        Ok(())
    }

    /// Adds a range. Surrogates are left out, since no text holds one.
    fn range(&mut self, low: u32, high: u32) {
        let low = if (0xD800..0xE000).contains(&low) { 0xE000 } else { low };
        let high = if (0xD800..0xE000).contains(&high) { 0xD7FF } else { high };
        if high < low {
            return;
        }
        push_code(&mut self.members, low);
        if low < high {
            self.members.push('-');
            push_code(&mut self.members, high);
        }
        let touches = |from: char, to: char| low <= u32::from(to) && u32::from(from) <= high;
        self.has_case |= touches('A', 'Z') || touches('a', 'z') || high >= 0x80;
    }

    /// Adds one of the ASCII sets, or everything outside of it.
    fn set(&mut self, set: AsciiSet, negated: bool) {
        match (set, negated) {
            (AsciiSet::Word, false) => self.word = true,
            (AsciiSet::Word, true) => self.not_word = true,
            (set, false) => self.members.push_str(set.members()),
            (set, true) => self.members.extend(["[^", set.members(), "]"]),
        }
    }

    /// Adds a Unicode property.
    fn property(&mut self, name: &str, negated: bool) {
        self.members.extend([if negated { r"\P{" } else { r"\p{" }, name, "}"]);
        self.has_case = true;
    }

    /// Reads and adds `[:name:]` or `[:^name:]`, of which `[` has been read, and says whether it
    /// was one; otherwise that `[` is a member.
    fn posix(&mut self, cursor: &mut Cursor<'_>) -> bool {
        let mut ahead = *cursor;
        if !ahead.eat(":") {
            return false;
        }
        let negated = ahead.eat("^");
        let name = ahead.run(|c| c.is_ascii_alphabetic());
        if !ahead.eat(":]") {
            return false;
        }
        if name == "word" {
            self.set(AsciiSet::Word, negated);
        } else if let Some((_, has_case)) = POSIX.iter().find(|(known, _)| *known == name) {
            self.members.extend([if negated { "[:^" } else { "[:" }, name, ":]"]);
            self.has_case |= has_case;
        } else {
            return false;
        }
        *cursor = ahead;
        true
    }

    /// Writes the class.
    ///
    /// Ignoring case must not make `\w` hold `ſ` (which folds to `s`) and the Kelvin sign, nor
    /// `\W` hold `s` and `k`, so these two are kept out of the part that ignores case. In a
    /// negated class with other members that have case, where that cannot be written, `ſ` and the
    /// Kelvin sign count as word characters.
    fn write(&self, negated: bool, ignore_case: bool, out: &mut String) {
        let word = AsciiSet::Word.members();
        let mut words = String::new();
        if self.word {
            words.push_str(word);
        }
        if self.not_word {
            words.extend(["[^", word, "]"]);
        }
        let members = self.members.as_str();
        let caret = if negated { "^" } else { "" };
        if members.is_empty() && words.is_empty() {
            out.push_str(if negated { ANYTHING } else { NOTHING });
        } else if !ignore_case || !self.has_case {
            out.extend(["[", caret, members, &words, "]"]);
        } else if words.is_empty() {
            out.extend(["(?i:[", caret, members, "])"]);
        } else if !negated {
            out.extend(["(?:(?i:[", members, "])|[", &words, "])"]);
        } else if !self.not_word {
            out.extend(["(?i:[^", members, word, "])"]);
        } else if self.word {
            out.push_str(NOTHING);
        } else {
            out.extend(["(?i:[[", word, "]&&[^", members, "]])"]);
        }
    }
}
