//! Reading flag lists so that one bad flag takes down no other.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Compiler;
use super::left_out::{Rest, Warning};
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
        match readable(&document, element.get(), index) {
            Ok((text, warnings)) => {
                if let Ok(flag) = parse_document(text.as_bytes()) {
                    compiler.add(&flag);
                    compiler.warn(&flag, warnings);
                }
            }
            Err(diagnostic) => compiler.note(diagnostic),
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

/// The text of a flag if it can be read, and what is to be said of it. Where only that makes it readable, the text is
/// without what [`Rest`] leaves out, and repeated members are the last of them.
fn readable<'t>(
    document: &Document<'_>,
    text: &'t str,
    index: usize,
) -> Result<(Cow<'t, str>, Vec<Warning>), Diagnostic> {
    let is_replaced = document.is_replaced(text);
    let problem = if is_replaced { Some(Problem::not_utf_8()) } else { Problem::of::<Flag<'_>>(text) };
    let Some(problem) = problem else {
        return Ok((Cow::Borrowed(text), Vec::new()));
    };
    if let Some(format) = foreign_format(text).filter(|_| !is_replaced) {
        let problem = Problem { path: String::new(), message: format!("found {format}") };
        return Err(problem.report(index, foreign_key(text)));
    }
    let Some(Rest { json, key, mut warnings, problem }) = Rest::of(document, text) else {
        return Err(problem.report(index, None));
    };
    if let Some(problem) = problem {
        return Err(problem.report(index, key));
    }
    let Some(problem) = Problem::of::<Flag<'_>>(&json) else {
        return Ok((Cow::Owned(json), warnings));
    };
    let last_of_each = if problem.is_repeated() { Value::from_json(json.as_str()).ok() } else { None };
    let Some(normalised) = last_of_each.map(|value| value.to_string()) else {
        return Err(problem.report(index, key));
    };
    match Problem::of::<Flag<'_>>(&normalised) {
        Some(problem) => Err(problem.report(index, key)),
        None => {
            let Problem { path, message } = problem;
            warnings.push(Warning { kind: DiagnosticKind::RepeatedMember, path, message });
            Ok((Cow::Owned(normalised), warnings))
        }
    }
}

/// Why a flag or a part of it cannot be read.
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) message: String,
}

impl Problem {
    const NOT_UTF_8: &str = "the bytes are not UTF-8";

    pub(super) fn of<'t, T: Deserialize<'t>>(text: &'t str) -> Option<Self> {
        let error = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(text)).err()?;
        let path = error.path().to_string();
        let message = error.inner().to_string();
        // The path has the place in the flag; the one in the text belongs to a text that nobody has.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        Some(Self { path: if path == "." { String::new() } else { path }, message: message.to_owned() })
    }

    pub(super) fn not_utf_8() -> Self {
        Self { path: String::new(), message: Self::NOT_UTF_8.to_owned() }
    }

    pub(super) fn is_not_utf_8(&self) -> bool {
        self.message == Self::NOT_UTF_8
    }

    /// True if an object has the same member twice.
    pub(super) fn is_repeated(&self) -> bool {
        self.message.starts_with("duplicate field")
    }

    /// Its path below the path of what it is a part of.
    pub(super) fn below(&self, whole: &str) -> String {
        if self.path.is_empty() { whole.to_owned() } else { format!("{whole}.{}", self.path) }
    }

    /// The error for the flag, which is left out.
    fn report(self, index: usize, key: Option<String>) -> Diagnostic {
        let path = match (&key, self.path.as_str()) {
            (Some(_), path) => path.to_owned(),
            (None, path) if path.is_empty() || path.starts_with('[') => format!("[{index}]{path}"),
            (None, path) => format!("[{index}].{path}"),
        };
        let (severity, kind) = (Severity::Error, DiagnosticKind::Malformed);
        Diagnostic { severity, kind, flag: key, path, message: self.message }
    }
}
