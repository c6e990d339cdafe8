//! Patterns in the dialect that all engines share, and the texts on which they read it alike.

/// What in a pattern makes it depend on the text it meets.
#[derive(Clone, Copy, Debug, Default)]
struct Needs {
    /// `\d`, `\w`, `\s`, `\b` and their opposites mean more than ASCII to some.
    ascii: bool,
    /// Anything but plain characters counts UTF-16 units in one.
    plane: bool,
}

/// Patterns outside the grammar below that are known to read alike everywhere.
const FIXED: [&str; 16] = [
    r"^(.)\1",
    r"(\w+)-\1$",
    r"([ab])\1",
    r"^(a|b)+?\.\1",
    "a{",
    "a{b}",
    "{x",
    "}",
    "]",
    r"\u0061",
    r"\x41b?",
    r"(?<=a)b",
    r"(?<=-)\w",
    r"(?<!a)b",
    r"^(?!.*test).*$",
    r"^(?=.*[0-9])(?=.*[a-z]).+$",
];

/// Whether a pattern is in the common dialect.
pub(crate) fn is_common(pattern: &str) -> bool {
    needs(pattern).is_some()
}

/// Whether all engines read the pattern alike on this text.
pub(super) fn reads_alike(pattern: &str, text: &str) -> bool {
    // Rows of the dialect table: `.` and `$` at line ends.
    let has_line_end = text.contains(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    let in_plane = text.chars().chain(pattern.chars()).all(|c| c <= '\u{ffff}');
    needs(pattern).is_some_and(|needs| !has_line_end && (!needs.ascii || text.is_ascii()) && (!needs.plane || in_plane))
}

fn needs(pattern: &str) -> Option<Needs> {
    if FIXED.contains(&pattern) {
        return Some(Needs { ascii: true, plane: true });
    }
    let mut reader = Reader { rest: pattern.chars().collect(), at: 0, needs: Needs::default(), unbounded: 0 };
    reader.alternatives(0)?;
    (reader.at == reader.rest.len()).then_some(reader.needs)
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    needs: Needs,
    /// Unbounded repeats seen so far: a repeated group must have none inside, or matching may take
    /// for ever.
    unbounded: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest[self.at..].iter().copied().take(wanted.len()).eq(wanted.chars());
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn alternatives(&mut self, depth: usize) -> Option<()> {
        loop {
            while !matches!(self.peek(), None | Some('|' | ')')) {
                self.repeated(depth)?;
            }
            if !self.take("|") {
                return Some(());
            }
            self.needs.plane = true;
        }
    }

    fn repeated(&mut self, depth: usize) -> Option<()> {
        let unbounded = self.unbounded;
        let may_repeat = self.atom(depth)?;
        let has_unbounded = self.unbounded > unbounded;
        let repeats = self.repeat()?;
        (!repeats || (may_repeat && !has_unbounded)).then_some(())
    }

    /// An atom; true when it may be repeated.
    fn atom(&mut self, depth: usize) -> Option<bool> {
        let first = self.peek()?;
        self.at += 1;
        self.needs.plane |= "^$.([".contains(first);
        match first {
            '^' | '$' => Some(false),
            '.' => Some(true),
            '\\' => self.escape(),
            '[' => self.class().map(|()| true),
            '(' if depth < 3 => {
                let looks = self.take("?=") || self.take("?!");
                if !looks && !self.take("?:") && self.peek() == Some('?') {
                    return None;
                }
                self.alternatives(depth + 1)?;
                self.take(")").then_some(!looks)
            }
            _ if "*+?{}])(".contains(first) || first.is_control() => None,
            _ => Some(true),
        }
    }

    fn escape(&mut self) -> Option<bool> {
        let escaped = self.peek()?;
        self.at += 1;
        let shorthand = "dDwWsS".contains(escaped);
        let boundary = "bB".contains(escaped);
        self.needs.ascii |= shorthand || boundary;
        self.needs.plane |= shorthand || boundary;
        (shorthand || boundary || escaped == 't' || (escaped.is_ascii_punctuation() && escaped != '_'))
            .then_some(!boundary)
    }

    /// `[…]` with plain characters, plain ranges, escaped punctuation and shorthands that start no
    /// range.
    fn class(&mut self) -> Option<()> {
        self.take("^");
        let start = self.at;
        while self.peek()? != ']' {
            let low = self.member()?;
            if self.peek() == Some('-') && self.rest.get(self.at + 1).is_some_and(|next| *next != ']') {
                self.at += 1;
                let high = self.member()?;
                if low.zip(high).is_none_or(|(low, high)| low > high) {
                    return None;
                }
            }
        }
        let filled = self.at > start;
        self.at += 1;
        filled.then_some(())
    }

    /// One member of a class: its character, or `Some(None)` for a shorthand.
    fn member(&mut self) -> Option<Option<char>> {
        let member = self.peek()?;
        self.at += 1;
        match member {
            '\\' => {
                let escaped = self.peek()?;
                self.escape()?;
                match escaped {
                    'b' | 'B' | 'D' | 'W' | 'S' => None,
                    'd' | 'w' | 's' | 't' => Some(None),
                    _ => Some(Some(escaped)),
                }
            }
            // Set operators of one dialect or another.
            '[' | '&' | '~' => None,
            '-' if self.peek() == Some('-') => None,
            _ => (!member.is_control()).then_some(Some(member)),
        }
    }

    /// A repeat, lazy or not; false when there is none.
    fn repeat(&mut self) -> Option<bool> {
        match self.peek() {
            Some('*' | '+') => {
                self.at += 1;
                self.unbounded += 1;
            }
            Some('?') => self.at += 1,
            Some('{') => self.counts()?,
            _ => return Some(false),
        }
        self.needs.plane = true;
        self.take("?");
        Some(true)
    }

    /// `{2}`, `{2,}` or `{2,5}`.
    fn counts(&mut self) -> Option<()> {
        let end = self.rest[self.at..].iter().position(|c| *c == '}')?;
        let inside: String = self.rest[self.at + 1..self.at + end].iter().collect();
        self.at += end + 1;
        let count = |text: &str| text.parse::<u8>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        match inside.split_once(',') {
            None => count(&inside).map(|_| ()),
            Some((low, "")) => {
                self.unbounded += 1;
                count(low).map(|_| ())
            }
            Some((low, high)) => (count(low)? <= count(high)?).then_some(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_dialect() {
        for common in [
            "",
            "abc",
            "^a|b$",
            r"a\.b",
            "[a-z0-9.-]+",
            "(?:ab|c){2,3}?",
            "(a)(?=b)",
            r"\d+\s*\w",
            r"\<b\>",
            "[^x]*?",
            "é+",
        ] {
            assert!(is_common(common), "{common}");
        }
        for other in [
            "(",
            "a**",
            "[",
            "[]",
            "(a+)+",
            "(?i)a",
            r"\p{L}",
            "a{,3}",
            "[[a]b]",
            "[b-a]",
            "(?P<n>a)",
            "^*",
            r"\bx{9999}",
            r"[\w-.]",
        ] {
            assert!(!is_common(other), "{other}");
        }
    }

    #[test]
    fn some_patterns_need_plainer_text() {
        assert!(reads_alike("é", "aé😀"));
        assert!(!reads_alike(".", "😀"));
        assert!(!reads_alike(r"\d", "é"));
        assert!(!reads_alike("a$", "a\n"));
    }
}
