//! The error of readers of JSON: what came, or what is wrong in it and where.

use std::fmt;

use serde::de::IgnoredAny;

use super::number::OUT_OF_RANGE;
use super::received::{Received, Unexpected};

/// A text was not the JSON that was expected. Says in full what came instead, or what is wrong with it and where, so
/// there is no `source`. Never quotes the text.
///
/// ```
/// use evaluation_core::FlagSet;
///
/// let said = |json: &str| FlagSet::from_json(json).unwrap_err().to_string();
/// assert_eq!(said("<html>"), "not a JSON list of flags, but an HTML page");
/// assert_eq!(said("{\"error\": 1}"), "not a JSON list of flags, but a JSON object with an `error` member");
/// assert_eq!(said("[\n{]"), "not a JSON list of flags: key must be a string at line 2 column 2");
/// assert_eq!(said("[{}"), "not a JSON list of flags: it ends too early, at line 1 column 3");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {expected}{problem}")]
pub struct JsonError {
    expected: &'static str,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    /// It is something else.
    Received(Received),
    /// It begins as JSON, and is none from a place on.
    Broken { message: String, place: Place },
    /// It begins as JSON, and the end is missing.
    EndsEarly(Place),
}

/// A line and a column of a text, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    line: usize,
    column: usize,
}

impl JsonError {
    /// The error for a text that cannot be read as `expected`, such as `"a JSON list of flags"`: for readers of your own.
    ///
    /// Looks at the text, without the byte order mark that it may begin with, to find out what it is.
    #[must_use]
    pub fn unexpected(expected: &'static str, text: &[u8]) -> Self {
        let received = Received::of(text);
        let problem = if received.is_json() { broken(text) } else { None };
        Self { expected, problem: problem.unwrap_or(Problem::Received(received)) }
    }

    /// The error for a text at which a reader failed.
    pub(crate) fn new(expected: &'static str, text: &[u8], error: &serde_json::Error) -> Self {
        let whole = Self::unexpected(expected, text);
        // It is JSON, and of the right form, but has something that no value holds.
        let is_value = matches!(&whole.problem, Problem::Received(received) if received.is_json());
        // Numbers that come as their text are refused by a visitor, and not by the parser.
        let is_syntax = error.is_syntax() || error.to_string().starts_with(OUT_OF_RANGE);
        if is_value && is_syntax { Self { expected, problem: Problem::of(error) } } else { whole }
    }

    /// The error for a text of another kind than `expected`: for readers of your own that know what it is.
    #[must_use]
    pub fn of(expected: &'static str, received: Received) -> Self {
        Self { expected, problem: Problem::Received(received) }
    }

    /// What is wrong, without the place, for parts of a text that have a place of their own.
    pub(crate) fn message(&self) -> String {
        match &self.problem {
            Problem::Received(received) => format!("found {received}"),
            Problem::Broken { message, .. } => message.clone(),
            Problem::EndsEarly(_) => "it ends too early".to_owned(),
        }
    }

    /// The line of the text, from 1, at which reading stopped.
    #[must_use]
    pub fn line(&self) -> usize {
        self.place().line
    }

    /// The column of that line, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.place().column
    }

    fn place(&self) -> Place {
        match self.problem {
            Problem::Received(_) => Place { line: 1, column: 1 },
            Problem::Broken { place, .. } | Problem::EndsEarly(place) => place,
        }
    }
}

/// Where a text that begins as JSON is none. None if it is JSON to its end.
fn broken(text: &[u8]) -> Option<Problem> {
    match std::str::from_utf8(text) {
        Ok(text) => serde_json::from_str::<IgnoredAny>(text).err().as_ref().map(Problem::of),
        Err(error) => {
            let good = text.get(..error.valid_up_to()).unwrap_or_default();
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = good.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
            let message = "the bytes are not UTF-8".to_owned();
            Some(Problem::Broken { message, place: Place { line, column } })
        }
    }
}

impl Problem {
    fn of(error: &serde_json::Error) -> Self {
        // A column of 0 is that before a line's first.
        let place = Place { line: error.line().max(1), column: error.column().max(1) };
        if error.is_eof() {
            return Self::EndsEarly(place);
        }
        let message = error.to_string();
        let suffix = format!(" at line {} column {}", error.line(), error.column());
        Self::Broken { message: message.strip_suffix(&suffix).unwrap_or(&message).to_owned(), place }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received(received) => write!(f, ", but {}", Unexpected(*received)),
            Self::Broken { message, place } => write!(f, ": {message} at {place}"),
            Self::EndsEarly(place) => write!(f, ": it ends too early, at {place}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}
