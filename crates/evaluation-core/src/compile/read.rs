//! Reading flag lists so that one bad flag takes down no other.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::diagnostic::{Diagnostic, DiagnosticKind, Severity};
use crate::value::{JsonError, Value, parse_document};
use crate::wire::Flag;

/// Reads a JSON list of flags and hands on those that could be read, with what is to be said of the others.
pub(super) fn read_list<T>(
    json: &[u8],
    then: impl FnOnce(&[Flag<'_>], Vec<Diagnostic>) -> T,
) -> Result<T, JsonError> {
    // A list of good flags is what nearly every delivery is.
    if let Ok(flags) = parse_document::<Vec<Flag<'_>>>(json) {
        return Ok(then(&flags, Vec::new()));
    }
    let elements: Vec<&RawValue> = parse_document(json)?;
    let mut diagnostics = Vec::new();
    let texts: Vec<Cow<'_, str>> = elements
        .into_iter()
        .enumerate()
        .filter_map(|(index, element)| readable(element.get(), index, &mut diagnostics))
        .collect();
    let flags: Vec<Flag<'_>> = texts.iter().filter_map(|text| parse_document(text.as_bytes()).ok()).collect();
    Ok(then(&flags, diagnostics))
}

/// The text of a flag if it can be read, normalised if only that makes it readable: repeated members are then the
/// last of them, and no escape is a lone surrogate.
fn readable<'a>(text: &'a str, index: usize, diagnostics: &mut Vec<Diagnostic>) -> Option<Cow<'a, str>> {
    let Some(problem) = Problem::of(text) else {
        return Some(Cow::Borrowed(text));
    };
    let report = |problem: Problem, severity, key: Option<String>| Diagnostic {
        severity,
        kind: if severity == Severity::Error { DiagnosticKind::Malformed } else { DiagnosticKind::RepeatedMember },
        path: match (&key, problem.path.as_str()) {
            (None, "") => format!("[{index}]"),
            (None, path) => format!("[{index}].{path}"),
            (Some(_), path) => path.to_owned(),
        },
        flag: key,
        message: problem.message,
    };
    let value = match Value::from_json(text.as_bytes()) {
        Ok(value) => value,
        Err(_) => {
            diagnostics.push(report(problem, Severity::Error, None));
            return None;
        }
    };
    let key = value.get("key").and_then(Value::as_str).map(str::to_owned);
    let normalised = value.to_string();
    match Problem::of(&normalised) {
        Some(problem) => {
            diagnostics.push(report(problem, Severity::Error, key));
            None
        }
        None => {
            if problem.message.starts_with("duplicate field") {
                diagnostics.push(report(problem, Severity::Warning, key));
            }
            Some(Cow::Owned(normalised))
        }
    }
}

/// Why a flag could not be read.
struct Problem {
    path: String,
    message: String,
}

impl Problem {
    fn of(text: &str) -> Option<Self> {
        let error = serde_path_to_error::deserialize::<_, Flag<'_>>(&mut serde_json::Deserializer::from_str(text)).err()?;
        let path = error.path().to_string();
        let message = error.inner().to_string();
        // The place in the flag is told by the path; the one in the text belongs to a text that nobody has.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        Some(Self { path: if path == "." { String::new() } else { path }, message: message.to_owned() })
    }
}
