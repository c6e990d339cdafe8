//! Collecting diagnostics.

use crate::diagnostic::{Diagnostic, DiagnosticKind, Severity};

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Report {
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn error(&mut self, flag: &str, kind: DiagnosticKind, path: String, message: String) {
        self.add(Diagnostic { severity: Severity::Error, kind, flag: Some(flag.to_owned()), path, message });
    }

    /// Path and message come as functions, to be put into words here and nowhere on the way of a good flag.
    pub(super) fn warn(
        &mut self,
        flag: &str,
        kind: DiagnosticKind,
        path: impl FnOnce() -> String,
        message: impl FnOnce() -> String,
    ) {
        let (path, message) = (path(), message());
        self.add(Diagnostic { severity: Severity::Warning, kind, flag: Some(flag.to_owned()), path, message });
    }

    pub(super) fn into_boxed(self) -> Box<[Diagnostic]> {
        self.diagnostics.into()
    }
}
