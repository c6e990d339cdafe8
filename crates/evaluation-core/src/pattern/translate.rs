//! From a pattern as written to the text that an engine is given.
//!
//! The dialects of the two engines differ from each other and from what flags are written in. So
//! the scan understands every construct itself and writes it anew in a form that both engines
//! read alike. Flags such as `(?i)` are written on each item they change, and groups lose their
//! names: neither engine then needs to agree on scopes or on the spelling of references.

use super::class::{self, ANYTHING, NOTHING};
use super::cursor::Cursor;
use super::error::PatternError;
use super::escape::{self, Escape};
use std::collections::HashMap;

/// Groups may be nested this deep. Both engines recurse over groups while compiling, so this is
/// what keeps them within the stack.
pub(super) const MAX_NESTING: usize = 32;
/// Groups may be nested this deep in a pattern for the backtracking engine, whose frames are larger.
pub(super) const MAX_BACKTRACKING_NESTING: usize = 16;
/// The largest count in `{n,m}`.
pub(super) const MAX_REPEAT: u32 = 65_535;

/// A pattern in the form an engine reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Translation {
    /// The text for the engine.
    pub(super) text: String,
    /// Whether it has look-around, back-references, atomic groups or possessive quantifiers, so
    /// that only the backtracking engine can serve it.
    pub(super) needs_backtracking: bool,
}

/// Translates `pattern`, or says what is wrong with it. Some mistakes are left for the engine to
/// find: unknown Unicode properties and look-behinds it cannot serve.
pub(super) fn translate(pattern: &str) -> Result<Translation, PatternError> {
    if let Some(text) = Translator::new(pattern, Form::Linear).run()? {
        return Ok(Translation { text, needs_backtracking: false });
    }
    let text = Translator::new(pattern, Form::Backtracking).run()?.unwrap_or_default();
    Ok(Translation { text, needs_backtracking: true })
}

/// A pattern for the linear-time engine that has all parts of a pattern for the backtracking one,
/// one behind the other, and so is about as large as these are together. What it finds means
/// nothing.
pub(super) fn flatten(pattern: &str) -> Result<String, PatternError> {
    Ok(Translator::new(pattern, Form::Flat).run()?.unwrap_or_default())
}

/// What a pattern is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The linear-time engine, if it can serve the pattern.
    Linear,
    /// The backtracking engine.
    Backtracking,
    /// The linear-time engine, to see how large it is: groups take the place of what that engine
    /// does not know.
    Flat,
}

/// The flags that change the meaning of what follows.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    /// `i`
    ignore_case: bool,
    /// `m`: `^` and `$` match at line ends too.
    multi_line: bool,
    /// `s`: `.` matches `\n` too.
    dot_all: bool,
    /// `x`: blanks and comments are skipped.
    extended: bool,
}

/// An open group.
#[derive(Debug)]
struct Group {
    /// The flags to go back to after it.
    flags: Flags,
    /// Where its text starts.
    start: usize,
    /// Whether it is a look-around.
    is_look: bool,
}

/// What a quantifier would apply to.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// Nothing: the start of the pattern, a group or an alternative.
    Nothing,
    /// An item whose text starts at `start`.
    Item { start: usize, is_look: bool },
    /// An item that has its quantifier.
    Quantified,
}

/// One scan of a pattern for one engine.
#[derive(Debug)]
struct Translator<'p> {
    cursor: Cursor<'p>,
    out: String,
    flags: Flags,
    groups: Vec<Group>,
    /// The number of each named group.
    names: HashMap<&'p str, u32>,
    /// How many capturing groups have been opened.
    captures: u32,
    last: Last,
    form: Form,
    /// Set when the linear-time engine cannot serve the pattern.
    needs_backtracking: bool,
}

impl<'p> Translator<'p> {
    fn new(pattern: &'p str, form: Form) -> Self {
        Self {
            cursor: Cursor::new(pattern),
            out: String::with_capacity(pattern.len()),
            flags: Flags::default(),
            groups: Vec::new(),
            names: HashMap::new(),
            captures: 0,
            last: Last::Nothing,
            form,
            needs_backtracking: false,
        }
    }

    /// The text for the engine; none as soon as it shows that it takes the other engine.
    fn run(mut self) -> Result<Option<String>, PatternError> {
        while let Some(c) = self.cursor.bump() {
            match c {
                '\\' => self.escape()?,
                '[' => {
                    self.item();
                    class::translate(&mut self.cursor, self.flags.ignore_case, &mut self.out)?;
                }
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => {
                    // Alternatives with a common beginning would share it.
                    self.out.push_str(if self.form == Form::Flat { "(?:)" } else { "|" });
                    self.last = Last::Nothing;
                }
                '.' => self.push(if self.flags.dot_all { ANYTHING } else { r"[^\n]" }),
                '^' => self.push(if self.flags.multi_line { "(?m:^)" } else { "^" }),
                '$' => self.push(if self.flags.multi_line { "(?m:$)" } else { "$" }),
                '*' => self.quantify("*", 0)?,
                '+' => self.quantify("+", 1)?,
                '?' => self.quantify("?", 0)?,
                '{' => match self.counts()? {
                    Some((text, least)) => self.quantify(&text, least)?,
                    None => self.literal('{'),
                },
                '#' if self.flags.extended => {
                    if self.cursor.until("\n").is_none() {
                        self.cursor.remainder();
                    }
                }
                c if self.flags.extended && c.is_ascii_whitespace() => {}
                c => self.literal(c),
            }
            if self.needs_backtracking && self.form == Form::Linear {
                return Ok(None);
            }
        }
        if !self.groups.is_empty() {
            return Err(PatternError::invalid("a group `(` without `)`"));
        }
        Ok(Some(self.out))
    }

    /// Notes that an item starts here.
    fn item(&mut self) {
        self.last = Last::Item { start: self.out.len(), is_look: false };
    }

    /// Writes an item.
    fn push(&mut self, text: &str) {
        self.item();
        self.out.push_str(text);
    }

    /// Writes a character that stands for itself.
    fn literal(&mut self, c: char) {
        self.item();
        let folds = self.flags.ignore_case && (c.is_ascii_alphabetic() || !c.is_ascii());
        if folds {
            self.out.push_str("(?i:");
        }
        if r"\.+*?()|[]{}^$".contains(c) {
            self.out.push('\\');
        }
        self.out.push(c);
        if folds {
            self.out.push(')');
        }
    }

    /// Translates what follows a backslash.
    fn escape(&mut self) -> Result<(), PatternError> {
        match escape::read(&mut self.cursor, false)? {
            Escape::Char(code) => match char::from_u32(code) {
                Some(c) => self.literal(c),
                None => self.push(NOTHING),
            },
            Escape::Set { set, negated } => {
                self.item();
                self.out.extend([if negated { "[^" } else { "[" }, set.members(), "]"]);
            }
            Escape::Property { name, negated } => {
                self.item();
                let fold = if self.flags.ignore_case { "(?i:" } else { "(?:" };
                self.out.extend([fold, if negated { r"\P{" } else { r"\p{" }, name, "})"]);
            }
            Escape::WordBoundary { negated } => self.word_boundary(negated),
            Escape::Start => self.push("^"),
            Escape::End => self.push("$"),
            Escape::NumberedReference => {
                // As many digits as still name a group that has been opened.
                let mut number = self.cursor.digits(10, 1, false).unwrap_or(0);
                while let Some(digit) = self.cursor.peek().and_then(|c| c.to_digit(10)) {
                    let longer = number.saturating_mul(10).saturating_add(digit);
                    if longer > self.captures {
                        break;
                    }
                    number = longer;
                    self.cursor.bump();
                }
                self.reference(number)?;
            }
            Escape::NamedReference(name) => self.named_reference(name)?,
            Escape::Quoted(text) => text.chars().for_each(|c| self.literal(c)),
        }
        Ok(())
    }

    /// Writes `\b` or `\B` for ASCII word characters.
    fn word_boundary(&mut self, negated: bool) {
        match (self.form == Form::Backtracking, negated) {
            (false, false) => self.push(r"(?-u:\b)"),
            (false, true) => self.push(r"(?-u:\B)"),
            // The backtracking engine has no ASCII mode.
            (true, false) => {
                self.push(concat!("(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])", "|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))"))
            }
            (true, true) => {
                self.push(concat!("(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])", "|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))"))
            }
        }
    }

    /// Writes a reference to what a group matched.
    fn reference(&mut self, number: u32) -> Result<(), PatternError> {
        if number == 0 || number > self.captures {
            let reason = format_args!("a reference to group {number} before there is one");
            return Err(PatternError::invalid(reason));
        }
        self.needs_backtracking = true;
        let fold = if self.flags.ignore_case { "(?i:" } else { "(?:" };
        match self.form {
            Form::Flat => self.push("(?:)"),
            _ => {
                self.item();
                self.out.extend([fold, r"\", &number.to_string(), ")"]);
            }
        }
        Ok(())
    }

    fn named_reference(&mut self, name: &str) -> Result<(), PatternError> {
        match self.names.get(name) {
            Some(number) => self.reference(*number),
            None => Err(PatternError::invalid(format_args!("a reference to group `{name}` before there is one"))),
        }
    }

    /// Opens a group, or reads what else may stand in parentheses.
    fn open(&mut self) -> Result<(), PatternError> {
        let most = if self.form == Form::Backtracking { MAX_BACKTRACKING_NESTING } else { MAX_NESTING };
        if self.groups.len() >= most {
            let limit = format_args!("groups nested more than {most} levels deep");
            return Err(PatternError::too_large(limit));
        }
        let before = self.flags;
        let mut is_look = false;
        let opening = if !self.cursor.eat("?") {
            self.capture(None)?
        } else if self.cursor.eat(":") {
            "(?:"
        } else if let Some(look) = ["=", "!", "<=", "<!"].into_iter().find(|look| self.cursor.eat(look)) {
            is_look = true;
            self.needs_backtracking = true;
            match look {
                _ if self.form == Form::Flat => "(?:",
                "=" => "(?=",
                "!" => "(?!",
                "<=" => "(?<=",
                _ => "(?<!",
            }
        } else if self.cursor.eat(">") {
            self.needs_backtracking = true;
            if self.form == Form::Flat { "(?:" } else { "(?>" }
        } else if self.cursor.eat("P=") {
            let name = self.cursor.until(")");
            return self.named_reference(name.unwrap_or_default());
        } else if self.cursor.eat("<") || self.cursor.eat("P<") {
            let name = self.cursor.until(">");
            self.capture(Some(name.unwrap_or_default()))?
        } else if self.flags()? {
            "(?:"
        } else {
            return Ok(());
        };
        self.groups.push(Group { flags: before, start: self.out.len(), is_look });
        self.out.push_str(opening);
        self.last = Last::Nothing;
        Ok(())
    }

    /// Counts a capturing group. Only the backtracking engine needs it as one.
    fn capture(&mut self, name: Option<&'p str>) -> Result<&'static str, PatternError> {
        self.captures += 1;
        if let Some(name) = name {
            let starts = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
            if !starts || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return Err(PatternError::invalid("a named group whose name is not a word"));
            }
            if self.names.insert(name, self.captures).is_some() {
                return Err(PatternError::invalid(format_args!("two groups named `{name}`")));
            }
        }
        Ok(if self.form == Form::Backtracking { "(" } else { "(?:" })
    }

    /// Reads `(?i)` and the like, of which `(?` has been read. Says whether a group opens here.
    fn flags(&mut self) -> Result<bool, PatternError> {
        let mut flags = self.flags;
        let mut on = true;
        let mut any = false;
        loop {
            let flag = self.cursor.bump();
            match flag {
                Some('i') => flags.ignore_case = on,
                Some('m') => flags.multi_line = on,
                Some('s') => flags.dot_all = on,
                Some('x') => flags.extended = on,
                // ASCII classes, Unicode folding and Unix line ends are what there is anyway.
                Some('a' | 'u' | 'd') if on => {}
                Some('-') if on => on = false,
                Some(')' | ':') if any => {
                    self.flags = flags;
                    self.last = Last::Nothing;
                    return Ok(flag == Some(':'));
                }
                _ => return Err(PatternError::invalid("an unknown kind of group `(?`")),
            }
            any = flag != Some('-');
        }
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let Some(group) = self.groups.pop() else {
            return Err(PatternError::invalid("a `)` without `(`"));
        };
        // A group of nothing, or of one look-around alone, is repeated as a look-around is.
        let inner = group.start + "(?:".len();
        let is_bare = self.out.get(group.start..inner) == Some("(?:")
            && match self.last {
                Last::Nothing => self.out.len() == inner,
                Last::Item { start, is_look } => is_look && start == inner,
                Last::Quantified => false,
            };
        self.out.push(')');
        self.flags = group.flags;
        self.last = Last::Item { start: group.start, is_look: group.is_look || is_bare };
        Ok(())
    }

    /// Reads `n}`, `n,}` or `n,m}` after a `{`: the quantifier and its least count. Anything else
    /// leaves the `{` a literal.
    fn counts(&mut self) -> Result<Option<(String, u32)>, PatternError> {
        let mut ahead = self.cursor;
        let digits = ahead.run(|c| c.is_ascii_digit() || c == ',');
        if !ahead.eat("}") {
            return Ok(None);
        }
        let (least, most) = match digits.split_once(',') {
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
            None => (digits, Some(digits)),
        };
        let is_count = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_count(least) || !most.is_none_or(is_count) {
            return Ok(None);
        }
        self.cursor = ahead;
        let least = count(least)?;
        let text = match most.map(count).transpose()? {
            Some(most) if most < least => {
                return Err(PatternError::invalid("a repetition `{n,m}` with n above m"));
            }
            Some(most) => format!("{{{least},{most}}}"),
            None => format!("{{{least},}}"),
        };
        Ok(Some((text, least)))
    }

    /// Writes a quantifier, lazy before `?` and possessive before `+`.
    fn quantify(&mut self, text: &str, least: u32) -> Result<(), PatternError> {
        let Last::Item { start, is_look } = self.last else {
            return Err(PatternError::invalid(format_args!("nothing to repeat before `{text}`")));
        };
        let suffix = if self.cursor.eat("?") {
            "?"
        } else if self.cursor.eat("+") {
            self.needs_backtracking = true;
            if self.form == Form::Flat { "" } else { "+" }
        } else {
            ""
        };
        if !is_look {
            self.out.extend([text, suffix]);
        } else if least == 0 {
            // The engine refuses to repeat a look-around. Once is as good as often.
            self.out.insert_str(start, "(?:");
            self.out.push_str("|)");
        }
        self.last = Last::Quantified;
        Ok(())
    }
}

/// The value of a count, all of whose characters are digits.
fn count(digits: &str) -> Result<u32, PatternError> {
    digits
        .parse()
        .ok()
        .filter(|count| *count <= MAX_REPEAT)
        .ok_or_else(|| PatternError::too_large(format_args!("a repetition of more than {MAX_REPEAT}")))
}
