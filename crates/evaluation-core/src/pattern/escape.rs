//! Reading one escape: what follows a backslash.

use super::cursor::Cursor;
use super::error::PatternError;

/// What an escape stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Escape<'p> {
    /// One code point; may be a lone surrogate, which no text holds.
    Char(u32),
    /// `\d`, `\w`, `\s` or, negated, `\D`, `\W`, `\S`.
    Set { set: AsciiSet, negated: bool },
    /// A Unicode property such as `\p{L}`.
    Property { name: &'p str, negated: bool },
    /// `\b` or, negated, `\B`.
    WordBoundary { negated: bool },
    /// `\A`.
    Start,
    /// `\z` or `\Z`.
    End,
    /// A digit from 1 to 9 that starts a back-reference. The digit is still unread.
    NumberedReference,
    /// `\k<name>`.
    NamedReference(&'p str),
    /// `\Q…\E`: literal text.
    Quoted(&'p str),
}

/// The sets of characters with an escape of their own, which hold ASCII only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AsciiSet {
    /// `\d`.
    Digit,
    /// `\w`.
    Word,
    /// `\s`.
    Space,
}

impl AsciiSet {
    /// The members, in the form that stands between the brackets of a class.
    pub(super) fn members(self) -> &'static str {
        match self {
            Self::Digit => "0-9",
            Self::Word => "0-9A-Za-z_",
            Self::Space => r"\x{9}-\x{D}\x{20}",
        }
    }
}

/// Reads the escape whose backslash has just been read.
pub(super) fn read<'p>(cursor: &mut Cursor<'p>, in_class: bool) -> Result<Escape<'p>, PatternError> {
    let before = *cursor;
    let Some(letter) = cursor.bump() else {
        return Err(PatternError::invalid("a backslash at the end"));
    };
    Ok(match letter {
        'd' => Escape::Set { set: AsciiSet::Digit, negated: false },
        'D' => Escape::Set { set: AsciiSet::Digit, negated: true },
        'w' => Escape::Set { set: AsciiSet::Word, negated: false },
        'W' => Escape::Set { set: AsciiSet::Word, negated: true },
        's' => Escape::Set { set: AsciiSet::Space, negated: false },
        'S' => Escape::Set { set: AsciiSet::Space, negated: true },
        'p' | 'P' => property(cursor, letter == 'P')?,
        'a' => Escape::Char(0x07),
        't' => Escape::Char(0x09),
        'n' => Escape::Char(0x0A),
        'v' => Escape::Char(0x0B),
        'f' => Escape::Char(0x0C),
        'r' => Escape::Char(0x0D),
        'e' => Escape::Char(0x1B),
        'c' => Escape::Char(control(cursor)?),
        'x' => Escape::Char(hexadecimal(cursor, 2, 'x')?),
        'u' => Escape::Char(utf16(cursor)?),
        'U' => Escape::Char(hexadecimal(cursor, 8, 'U')?),
        'Q' => Escape::Quoted(cursor.until(r"\E").unwrap_or_else(|| cursor.remainder())),
        // Octal: always after `\0`, and inside a class, where there is nothing to refer back to.
        '0' => Escape::Char(cursor.digits(8, 2, false).unwrap_or(0)),
        '1'..='7' if in_class => {
            *cursor = before;
            Escape::Char(cursor.digits(8, 3, false).unwrap_or(0))
        }
        'b' if in_class => Escape::Char(0x08),
        'b' => Escape::WordBoundary { negated: false },
        'B' if !in_class => Escape::WordBoundary { negated: true },
        'A' if !in_class => Escape::Start,
        'z' | 'Z' if !in_class => Escape::End,
        '1'..='9' if !in_class => {
            *cursor = before;
            Escape::NumberedReference
        }
        'k' if !in_class && cursor.eat("<") => match cursor.until(">") {
            Some(name) => Escape::NamedReference(name),
            None => return Err(PatternError::invalid(r"`\k<` without `>`")),
        },
        letter if letter.is_ascii_alphanumeric() => {
            return Err(PatternError::invalid(format_args!(r"unknown escape `\{letter}`")));
        }
        other => Escape::Char(u32::from(other)),
    })
}

/// Reads what follows `\p` or `\P`: one letter, or a name in braces, negated by `^`.
fn property<'p>(cursor: &mut Cursor<'p>, negated: bool) -> Result<Escape<'p>, PatternError> {
    let (name, negated) = if cursor.eat("{") {
        let inverted = cursor.eat("^");
        (cursor.until("}"), negated != inverted)
    } else {
        (cursor.letter(), negated)
    };
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '=' | ':' | ' ' | '-');
    match name {
        Some(name) if !name.is_empty() && name.chars().all(part) => Ok(Escape::Property { name, negated }),
        _ => Err(PatternError::invalid(r"`\p` without the name of a Unicode property")),
    }
}

/// Reads the letter of `\cX`.
fn control(cursor: &mut Cursor<'_>) -> Result<u32, PatternError> {
    let letter = cursor.bump().filter(char::is_ascii_alphabetic);
    letter.map(|letter| u32::from(letter) & 0x1F).ok_or_else(|| PatternError::invalid(r"`\c` without a letter"))
}

/// Reads the two halves of a surrogate pair as one code point, and any other `\u` as it stands.
fn utf16(cursor: &mut Cursor<'_>) -> Result<u32, PatternError> {
    let high = hexadecimal(cursor, 4, 'u')?;
    let mut ahead = *cursor;
    if (0xD800..0xDC00).contains(&high)
        && ahead.eat(r"\u")
        && let Some(low @ 0xDC00..0xE000) = ahead.digits(16, 4, true)
    {
        *cursor = ahead;
        return Ok(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
    }
    Ok(high)
}

/// Reads a code point in hexadecimal, in braces or of exactly `width` digits.
fn hexadecimal(cursor: &mut Cursor<'_>, width: usize, letter: char) -> Result<u32, PatternError> {
    let value = if cursor.eat("{") {
        cursor.digits(16, 8, false).filter(|_| cursor.eat("}"))
    } else {
        cursor.digits(16, width, true)
    };
    value
        .filter(|value| *value <= u32::from(char::MAX))
        .ok_or_else(|| PatternError::invalid(format_args!(r"`\{letter}` without a code point")))
}
