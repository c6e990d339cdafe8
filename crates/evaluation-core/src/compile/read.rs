//! Reading flag lists so that one bad flag takes down no other.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Compiler;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Severity};
use crate::value::{
    Document, JsonError, Value, foreign_format, foreign_key, parse_document, parse_with, skip_byte_order_mark,
};
use crate::wire::Flag;

/// What a reader of flags expects.
const EXPECTED: &str = "a JSON list of flags";

/// Reads a JSON list and takes in the flags that can be read.
pub(super) fn read_list(json: &[u8]) -> Result<Compiler, JsonError> {
    // A list of good flags is what nearly every delivery is.
    let mut compiler = Compiler::default();
    if parse_with(skip_byte_order_mark(json), Intake(&mut compiler)).is_ok() {
        return Ok(compiler);
    }
    let mut compiler = Compiler::default();
    let document = Document::new(json);
    let elements: Vec<&RawValue> =
        parse_document(document.text().as_bytes()).map_err(|error| document.unexpected(EXPECTED, &error))?;
    let is_foreign = |element: &&RawValue| foreign_format(element.get()).is_some();
    if let Some(format) = elements.first().and_then(|first| foreign_format(first.get()))
        && elements.iter().all(is_foreign)
    {
        return Err(JsonError::of(EXPECTED, format));
    }
    for (index, element) in elements.into_iter().enumerate() {
        let (text, diagnostic) = readable(element.get(), index, document.is_replaced(element.get()));
        if let Some(diagnostic) = diagnostic {
            compiler.note(diagnostic);
        }
        if let Some(flag) = text.as_ref().and_then(|text| parse_document(text.as_bytes()).ok()) {
            compiler.add(&flag);
        }
    }
    Ok(compiler)
}

/// Takes in the flags of a list as they are read.
struct Intake<'c>(&'c mut Compiler);

impl<'de> DeserializeSeed<'de> for Intake<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Intake<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of flags")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(flag) = seq.next_element::<Flag<'de>>()? {
            self.0.add(&flag);
        }
        Ok(())
    }
}

/// The text of a flag if it can be read, normalised if only that makes it readable: repeated members are then the
/// last of them, and no escape is a lone surrogate. And what is to be said of it.
fn readable(text: &str, index: usize, is_replaced: bool) -> (Option<Cow<'_, str>>, Option<Diagnostic>) {
    if is_replaced {
        let problem = Problem { path: String::new(), message: "the bytes are not UTF-8".to_owned() };
        let key = Value::from_json(text).ok().and_then(|flag| Some(flag.get("key")?.as_str()?.to_owned()));
        return (None, Some(problem.report(index, key, Severity::Error)));
    }
    let Some(problem) = Problem::of(text) else {
        return (Some(Cow::Borrowed(text)), None);
    };
    if let Some(format) = foreign_format(text) {
        let problem = Problem { path: String::new(), message: format!("found {format}") };
        return (None, Some(problem.report(index, foreign_key(text), Severity::Error)));
    }
    let Ok(value) = Value::from_json(text.as_bytes()) else {
        return (None, Some(problem.report(index, None, Severity::Error)));
    };
    let key = value.get("key").and_then(Value::as_str).map(str::to_owned);
    let normalised = value.to_string();
    match Problem::of(&normalised) {
        Some(problem) => (None, Some(problem.report(index, key, Severity::Error))),
        None => {
            let repeated = problem.message.starts_with("duplicate field");
            (Some(Cow::Owned(normalised)), repeated.then(|| problem.report(index, key, Severity::Warning)))
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
        let error =
            serde_path_to_error::deserialize::<_, Flag<'_>>(&mut serde_json::Deserializer::from_str(text)).err()?;
        let path = error.path().to_string();
        let message = error.inner().to_string();
        // The place in the flag is told by the path; the one in the text belongs to a text that nobody has.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        Some(Self { path: if path == "." { String::new() } else { path }, message: message.to_owned() })
    }

    fn report(self, index: usize, key: Option<String>, severity: Severity) -> Diagnostic {
        let path = match (&key, self.path.as_str()) {
            (Some(_), path) => path.to_owned(),
            (None, path) if path.is_empty() || path.starts_with('[') => format!("[{index}]{path}"),
            (None, path) => format!("[{index}].{path}"),
        };
        let kind = match severity {
            Severity::Error => DiagnosticKind::Malformed,
            Severity::Warning => DiagnosticKind::RepeatedMember,
        };
        Diagnostic { severity, kind, flag: key, path, message: self.message }
    }
}
