//! What is wrong with flag configs.

use std::fmt;

use serde::Serialize;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The flag is used, but hardly as it was meant, or without a part that decides nothing.
    Warning,
    /// The flag, or the variant of the flag, is left out. All others work.
    Error,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DiagnosticKind {
    /// The flag or the variant lacks a field that is needed, or a field cannot be read. A warning if that decides
    /// nothing: then only the part is left out, or is read as the message says.
    Malformed,
    /// The flag is part of a dependency cycle, or depends on a flag that is.
    DependencyCycle,
    /// A flag of the same key stands later in the list and replaces this one.
    RepeatedFlag,
    /// An object holds the same member twice; the last one counts.
    RepeatedMember,
    /// A dependency names a flag that is not in the list. It is ignored.
    UnknownDependency,
    /// A condition reads a result without the flag depending on it, so that it may not be there yet.
    UndeclaredDependency,
    /// A condition's operator is not known. The condition never matches.
    UnknownOperator,
    /// A selector begins neither with `context` nor with `result`, or is empty. It selects nothing.
    UnknownRoot,
    /// A condition has no values, so that its answer hardly depends on what it selects.
    NoValues,
    /// A condition has an empty string among its values, with an operator for which that means everything or nothing.
    EmptyValue,
    /// An operator that compares numbers has a value that is not a number, such as `1,000`, or not one that can be
    /// compared. The condition compares strings if it has no numbers, and leaves the value out if it has some.
    NotANumber,
    /// An operator that compares versions has a value that is not a version, such as `v2.0.0` or `9`. The condition
    /// compares strings if it has no versions, and leaves the value out if it has some.
    NotAVersion,
    /// An operator that compares numbers has a value that was probably meant as a version, such as `1.10`, which as a
    /// number equals `1.1`: the condition selects something whose name ends in `version`.
    VersionAsNumber,
    /// A condition compares versions with a pre-release. Pre-releases are compared as strings, so that `rc.10` is less
    /// than `rc.9`, and `RC` less than `beta`.
    PreReleaseAsText,
    /// A pattern cannot be used. It matches nothing.
    InvalidPattern,
    /// A segment or distribution names a variant that the flag does not have.
    UnknownVariant,
    /// A segment can never be reached or never matches.
    UnreachableSegment,
}

/// Something wrong with a flag config, found when it was compiled, or with a variant, found when it was read.
///
/// Key, path and message are cut short where they are longer than 1,000 characters. Of more than 16 warnings of one kind
/// about one flag, one more stands for the others and says how many they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether the flag is left out.
    pub severity: Severity,
    /// What kind of thing is wrong.
    pub kind: DiagnosticKind,
    /// The flag's key, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Where in the flag, such as `segments[0].conditions[1][0].op`; where in the list, if the key is not known.
    pub path: String,
    /// What is wrong, in words.
    pub message: String,
}

impl Diagnostic {
    /// The diagnostic with its texts cut short where they are very long.
    pub(crate) fn bounded(self) -> Self {
        let Self { severity, kind, flag, path, message } = self;
        Self { severity, kind, flag: flag.map(bounded), path: bounded(path), message: bounded(message) }
    }
}

/// The longest that a key, a path or a message is, in characters.
const LONGEST: usize = 1_000;

/// The text, cut short if it is very long.
fn bounded(text: String) -> String {
    match beginning(&text, LONGEST) {
        Some(start) => format!("{start}…"),
        None => text,
    }
}

/// The first characters of a text, if it has more than that.
pub(crate) fn beginning(text: &str, characters: usize) -> Option<&str> {
    let (end, _) = text.char_indices().nth(characters)?;
    text.get(..end)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.severity {
            Severity::Warning => "warning: ",
            Severity::Error => "error: ",
        })?;
        if let Some(flag) = &self.flag {
            write!(f, "flag `{flag}`: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}
