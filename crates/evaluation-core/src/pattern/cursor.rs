//! A reading position in the written pattern.

/// What is left to read of a pattern. Every step is by whole characters, so no step can fail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'p> {
    rest: &'p str,
}

impl<'p> Cursor<'p> {
    /// A cursor at the start of `pattern`.
    pub(super) fn new(pattern: &'p str) -> Self {
        Self { rest: pattern }
    }

    /// The next character, left unread.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// The next character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Reads `text` if it comes next, and says whether it did.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Reads everything before `end` and `end` itself; nothing if `end` does not come.
    pub(super) fn until(&mut self, end: &str) -> Option<&'p str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    /// Reads one ASCII letter, as text.
    pub(super) fn letter(&mut self) -> Option<&'p str> {
        let (letter, rest) = self.rest.split_at_checked(1)?;
        letter.chars().all(|c| c.is_ascii_alphabetic()).then(|| {
            self.rest = rest;
            letter
        })
    }

    /// Reads as many characters of a kind as come next.
    pub(super) fn run(&mut self, is_of_kind: impl Fn(char) -> bool) -> &'p str {
        let end = self.rest.find(|c| !is_of_kind(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        run
    }

    /// Reads everything that is left.
    pub(super) fn remainder(&mut self) -> &'p str {
        std::mem::take(&mut self.rest)
    }

    /// Reads at most `most` ASCII digits of `radix` and gives their value, if there is any digit.
    /// With `exactly`, fewer digits than `most` are not read at all.
    pub(super) fn digits(&mut self, radix: u32, most: usize, exactly: bool) -> Option<u32> {
        let digits = self.rest.chars().take(most).take_while(|c| c.is_digit(radix)).count();
        if digits == 0 || (exactly && digits < most) {
            return None;
        }
        let (text, rest) = self.rest.split_at_checked(digits)?;
        let value = u32::from_str_radix(text, radix).ok()?;
        self.rest = rest;
        Some(value)
    }
}
