//! What is wrong with flags and cohorts.

use std::fmt;

use evaluation_core::Severity;
use serde::Serialize;

/// Something wrong with a file of flags or cohorts: where, and what. Its `Display` begins with the severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// An error keeps a file from being used; a warning does not.
    pub severity: Severity,
    /// The file, or what stands for it where flags were given from code.
    pub file: String,
    /// The flag's key, if there is one and it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Where in the flag, such as `segments[0].conditions[1][0].op`; where in the list, if the key is not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What is wrong, in words.
    pub message: String,
}

impl Problem {
    /// An error of a file as a whole.
    pub(crate) fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, file: file.into(), flag: None, path: String::new(), message: message.into() }
    }

    /// True when it keeps a file from being used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Where it is and what is wrong, without the word `error` or `warning` before it.
    pub(crate) fn without_severity(&self) -> WithoutSeverity<'_> {
        WithoutSeverity(self)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_error() { "error: " } else { "warning: " })?;
        self.without_severity().fmt(f)
    }
}

/// A problem as a part of an error or a log line, which have a severity of their own.
pub(crate) struct WithoutSeverity<'a>(&'a Problem);

impl fmt::Display for WithoutSeverity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { file, flag, path, message, .. } = self.0;
        write!(f, "{file}: ")?;
        if let Some(flag) = flag {
            write!(f, "flag `{flag}`: ")?;
        }
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(message)
    }
}

/// Flags or cohorts that cannot be used, with everything that is wrong with them. What was served before is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub(crate) problems: Vec<Problem>,
}

impl Invalid {
    /// What is wrong, warnings included. At least one is an error.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut errors = self.problems.iter().filter(|problem| problem.is_error());
        let Some(first) = errors.next() else { return f.write_str("invalid") };
        first.without_severity().fmt(f)?;
        match errors.count() {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl std::error::Error for Invalid {}
