//! Reading variants from JSON, so that one odd variant takes down no other.

use std::fmt;

use foldhash::fast::RandomState;
use indexmap::IndexMap;
use serde::de::{Deserialize, Deserializer, Error};

use super::owned::{OwnedValue, Variant};
use super::{Repr, Variants};
use crate::diagnostic::{Diagnostic, DiagnosticKind, Severity};
use crate::value::{
    Document, JsonError, Members, Object, Received, Value, kind_of, member_name, parse_document, strict,
};

/// What a reader of variants expects.
const EXPECTED: &str = "a JSON object of variants by flag key";

impl Variants {
    /// Reads a JSON object of variants by flag key, as the service answers a fetch.
    ///
    /// A variant that cannot be read is left out and reported by [`Variants::diagnostics`]; all others are there. All
    /// members of a variant may be missing or null, and unknown ones are ignored, but a variant with neither a `key` nor
    /// a `value` says nothing and is left out.
    ///
    /// ```
    /// use evaluation_core::Variants;
    ///
    /// let variants = Variants::from_json(r#"{"new-nav": {"key": "on", "value": "on"}, "odd": null}"#)?;
    /// assert!(variants.is_on("new-nav") && !variants.contains("odd"));
    /// assert_eq!(variants.diagnostics()[0].to_string(), "error: flag `odd`: expected an object, found null");
    /// # Ok::<(), evaluation_core::JsonError>(())
    /// ```
    ///
    /// # Errors
    /// When the text as a whole is not a JSON object, or is one of another kind, such as an object with an `error`
    /// member or an object of flags.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, JsonError> {
        let document = Document::new(json.as_ref());
        let text = document.text().as_bytes();
        let read = parse_document(text);
        let Members(members) = read.map_err(|error| document.unexpected(EXPECTED, &error))?;
        let mut list = List::default();
        for (name, value) in members {
            let (flag, odd) = member_name(name);
            let problem = if odd {
                Some("the flag's key has a lone surrogate")
            } else if document.is_replaced(name.get()) {
                Some("the flag's key is not UTF-8")
            } else {
                None
            };
            let read = match problem {
                Some(problem) => Err(Problem::whole(problem)),
                None => Fields::of_text(&document, value.get()).and_then(Fields::checked),
            };
            list.take(&flag, read);
        }
        if list.is_dubious() {
            let received = Received::of(text);
            // An object of any other form may be of variants that are all odd.
            if !matches!(received, Received::VariantsByKey | Received::Object) {
                return Err(JsonError::of(EXPECTED, received));
            }
        }
        Ok(list.into())
    }
}

/// As lenient as [`Variants::from_json`], except that the whole fails when the deserializer itself refuses a part, such
/// as a number past all floats. What [`Variants`] write is read back as it was, variants with neither key nor value
/// included.
impl<'de> Deserialize<'de> for Variants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut list = List::default();
        for (flag, variant) in Object::deserialize(deserializer)? {
            list.take(&flag, Fields::of_value(variant));
        }
        Ok(list.into())
    }
}

/// An odd variant is an error here, where there is no other.
impl<'de> Deserialize<'de> for Variant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::of_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Ok(fields.variant)
    }
}

/// What is read of an object of variants.
#[derive(Default)]
struct List {
    variants: IndexMap<Box<str>, Variant, RandomState>,
    diagnostics: Vec<Diagnostic>,
    /// Some variant has segments, as flags have.
    has_segments: bool,
}

impl List {
    fn take(&mut self, flag: &str, read: Result<Fields, Problem>) {
        let Fields { variant, repeated, has_segments, .. } = match read {
            Ok(fields) => fields,
            Err(problem) => return self.report(flag, Severity::Error, DiagnosticKind::Malformed, problem),
        };
        self.has_segments |= has_segments;
        if variant.key.is_none() {
            let problem = Problem::whole("the variant has no key");
            self.report(flag, Severity::Warning, DiagnosticKind::Malformed, problem);
        }
        for name in repeated {
            let problem = Problem::of(name, "the variant has this member several times; the last one counts");
            self.report(flag, Severity::Warning, DiagnosticKind::RepeatedMember, problem);
        }
        if self.variants.insert(flag.into(), variant).is_some() {
            let problem = Problem::whole("the response has this flag several times; the last one counts");
            self.report(flag, Severity::Warning, DiagnosticKind::RepeatedFlag, problem);
        }
    }

    /// True when the object may be none of variants: nothing in it is one, or something in it looks like a flag.
    fn is_dubious(&self) -> bool {
        self.has_segments || self.variants.is_empty() && !self.diagnostics.is_empty()
    }

    fn report(&mut self, flag: &str, severity: Severity, kind: DiagnosticKind, problem: Problem) {
        let Problem { path, message } = problem;
        self.diagnostics.push(Diagnostic { severity, kind, flag: Some(flag.to_owned()), path, message }.bounded());
    }
}

impl From<List> for Variants {
    fn from(List { variants, diagnostics, .. }: List) -> Self {
        let mut list: Self = variants.into_iter().collect();
        if let Repr::Owned { diagnostics: place, .. } = &mut list.repr {
            *place = diagnostics.into();
        }
        list
    }
}

/// What is wrong with a variant, and where in it. Never quotes the variant.
struct Problem {
    path: String,
    message: String,
}

impl Problem {
    fn whole(message: impl Into<String>) -> Self {
        Self::of("", message)
    }

    fn of(member: &str, message: impl Into<String>) -> Self {
        Self { path: member.to_owned(), message: message.into() }
    }

    fn expected(member: &str, expected: &str, found: &str) -> Self {
        Self::of(member, format!("expected {expected}, found {found}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// The members that a variant may have.
const MEMBERS: [&str; 4] = ["key", "value", "payload", "metadata"];

/// A variant as far as its members were read.
#[derive(Default)]
struct Fields {
    variant: Variant,
    seen: Vec<&'static str>,
    /// The members that stand there more than once, each once.
    repeated: Vec<&'static str>,
    has_segments: bool,
}

impl Fields {
    fn of_text(document: &Document<'_>, json: &str) -> Result<Self, Problem> {
        let mut fields = Self::default();
        let Some(Members(members)) = Members::of(json) else {
            return Err(Problem::expected("", "an object", kind_of(json)));
        };
        for (name, value) in members {
            let (name, _) = member_name(name);
            if let Some(member) = MEMBERS.into_iter().find(|member| *member == name) {
                let value = document.value(value.get(), strict).map_err(|message| Problem::of(member, message))?;
                fields.set(member, value)?;
            }
            fields.has_segments |= name == "segments";
        }
        Ok(fields)
    }

    fn of_value(value: Value) -> Result<Self, Problem> {
        let mut fields = Self::default();
        let kind = value.kind();
        let Value::Object(members) = value else {
            return Err(Problem::expected("", "an object", kind));
        };
        for (name, value) in members {
            if let Some(member) = MEMBERS.into_iter().find(|member| *member == &*name) {
                fields.set(member, value)?;
            }
        }
        Ok(fields)
    }

    fn set(&mut self, member: &'static str, value: Value) -> Result<(), Problem> {
        let known = if self.seen.contains(&member) { &mut self.repeated } else { &mut self.seen };
        if !known.contains(&member) {
            known.push(member);
        }
        let variant = &mut self.variant;
        match (member, value) {
            ("key", Value::String(key)) => variant.key = Some(key),
            ("key", Value::Null) => variant.key = None,
            ("key", value) => return Err(Problem::expected(member, "a string", value.kind())),
            ("value", value) => variant.value = OwnedValue::new(value),
            ("payload", value) => variant.payload = (!value.is_null()).then(|| value.to_string()),
            ("metadata", Value::Object(metadata)) => variant.metadata = metadata,
            ("metadata", Value::Null) => variant.metadata = Object::default(),
            (_, value) => return Err(Problem::expected(member, "an object", value.kind())),
        }
        Ok(())
    }

    /// A variant that names nothing cannot be meant.
    fn checked(self) -> Result<Self, Problem> {
        let says = self.variant.key.is_some() || self.variant.value.is_some();
        if says { Ok(self) } else { Err(Problem::whole("the variant has neither a key nor a value")) }
    }
}
