//! Collecting diagnostics. They are bounded: of a short list there can be very much to say, and all of it with a long key.

use std::fmt;

use super::ConfigMap;
use super::texts::Texts;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Severity, beginning};

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Report {
    diagnostics: Vec<Diagnostic>,
    /// What flags are warned of, by the ids of their keys' texts.
    warned: ConfigMap<(u32, DiagnosticKind), Warned>,
}

/// The warnings of one kind about one flag.
#[derive(Default)]
struct Warned {
    count: usize,
    /// Where the one stands that says how many more there are.
    more: usize,
}

impl Report {
    /// How many warnings of one kind about one flag are listed.
    const LISTED: usize = 16;

    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic.bounded());
    }

    pub(super) fn error(&mut self, flag: &str, kind: DiagnosticKind, path: String, message: String) {
        self.add(Diagnostic { severity: Severity::Error, kind, flag: Some(flag.to_owned()), path, message });
    }

    /// Warns about a flag, given by the id of its key's text. Path and message come as functions, to be put into words
    /// here and nowhere on the way of a good flag.
    pub(super) fn warn(
        &mut self,
        flag: u32,
        texts: &Texts,
        kind: DiagnosticKind,
        path: impl FnOnce() -> String,
        message: impl FnOnce() -> String,
    ) {
        let warned = self.warned.entry((flag, kind)).or_default();
        warned.count += 1;
        let (path, message) = match warned.count {
            ..=Self::LISTED => (path(), message()),
            // How many they are is put into words at the end.
            count if count == Self::LISTED + 1 => {
                warned.more = self.diagnostics.len();
                Default::default()
            }
            _ => return,
        };
        let flag = Some(texts.get(flag).to_owned());
        self.add(Diagnostic { severity: Severity::Warning, kind, flag, path, message });
    }

    pub(super) fn into_boxed(mut self) -> Box<[Diagnostic]> {
        for warned in self.warned.values().filter(|warned| warned.count > Self::LISTED) {
            if let Some(more) = self.diagnostics.get_mut(warned.more) {
                more.message = format!("{} more warnings of this kind about the flag", warned.count - Self::LISTED);
            }
        }
        self.diagnostics.into()
    }
}

/// A text from a flag config as messages and paths quote it: cut short if it is long.
pub(super) struct Short<'a>(pub(super) &'a str);

impl Short<'_> {
    const CHARACTERS: usize = 100;
}

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match beginning(self.0, Self::CHARACTERS) {
            Some(start) => write!(f, "{start}…"),
            None => f.write_str(self.0),
        }
    }
}
