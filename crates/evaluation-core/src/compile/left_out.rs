//! Parts of a flag that cannot be read and that decide nothing: they are left out of its JSON and reported, so that they
//! do not take down the flag.
//!
//! These are variants that no segment names, and dependencies that are no strings. A variant that is named stays, so
//! that the flag fails at it: without it, users could get another variant than elsewhere.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::value::RawValue;

use super::read::Problem;
use super::report::Short;
use crate::diagnostic::DiagnosticKind;
use crate::value::{
    Document, Members, SURROGATE, Value, find_surrogates, kind_of, member_name, parse_document, without_surrogates,
};
use crate::wire::{Segment, Variant};

/// A flag's JSON without such parts and without lone surrogates.
pub(super) struct Rest {
    pub(super) json: String,
    pub(super) key: Option<String>,
    pub(super) warnings: Vec<Warning>,
    /// Why the flag cannot be used whatever is left out.
    pub(super) problem: Option<Problem>,
}

/// What is to be said of a flag that is used.
pub(super) struct Warning {
    pub(super) kind: DiagnosticKind,
    pub(super) path: String,
    pub(super) message: String,
}

impl Warning {
    pub(super) fn malformed(path: String, message: String) -> Self {
        Self { kind: DiagnosticKind::Malformed, path, message }
    }

    /// For a variant that is left out.
    pub(super) fn variant(path: String, problem: &str) -> Self {
        Self::malformed(path, format!("{problem}; no segment names the variant, so only the variant is left out"))
    }
}

/// The members of a flag. Others do no harm, whatever they hold.
const MEMBERS: [&str; 5] = ["key", "variants", "segments", "dependencies", "metadata"];

impl Rest {
    /// None if the text is no object.
    pub(super) fn of(document: &Document<'_>, flag: &str) -> Option<Self> {
        let Members(members) = Members::of(flag)?;
        let mut rest = Self { json: String::with_capacity(flag.len()), key: None, warnings: Vec::new(), problem: None };
        let named = named_in(&members);
        rest.json.push('{');
        for (raw, value) in members {
            let (name, _) = member_name(raw);
            let Some(name) = MEMBERS.into_iter().find(|known| *known == name) else {
                continue;
            };
            rest.begin(&format!("\"{name}\""));
            match (name, value.get().as_bytes().first()) {
                ("variants", Some(b'{')) => rest.variants(document, value.get(), named.as_ref()),
                ("dependencies", Some(b'[')) => rest.dependencies(document, value.get()),
                _ => {
                    rest.json.push_str(value.get());
                    if document.is_replaced(value.get()) {
                        rest.problem.get_or_insert_with(Problem::not_utf_8);
                    }
                }
            }
            if name == "key" {
                rest.key(value.get());
            }
        }
        rest.json.push('}');
        let warnings = &mut rest.warnings;
        find_surrogates(&rest.json, "", &mut |path| {
            warnings.push(Warning::malformed(path.to_owned(), SURROGATE.to_owned()));
        });
        rest.json = without_surrogates(&rest.json).into_owned();
        Some(rest)
    }

    /// Begins a member.
    fn begin(&mut self, name: &str) {
        if !self.json.ends_with('{') {
            self.json.push(',');
        }
        self.json.push_str(name);
        self.json.push(':');
    }

    fn key(&mut self, json: &str) {
        self.key = Value::from_json(json).ok().and_then(|key| Some(key.as_str()?.to_owned()));
        if without_surrogates(json) != json {
            let message = "the flag's key has a lone surrogate".to_owned();
            self.problem.get_or_insert(Problem { path: "key".to_owned(), message });
        }
    }

    fn variants(&mut self, document: &Document<'_>, json: &str, named: Option<&HashSet<String>>) {
        self.json.push('{');
        for (raw, value) in Members::of(json).into_iter().flat_map(|Members(members)| members) {
            let (name, _) = member_name(raw);
            let is_named = named.is_none_or(|named| named.contains(&*name));
            match odd(document, raw, value) {
                Some(problem) if !is_named => {
                    self.warnings
                        .push(Warning::variant(problem.below(&format!("variants.{}", Short(&name))), &problem.message));
                }
                problem => {
                    if problem.is_some_and(|problem| problem.is_not_utf_8()) {
                        self.problem.get_or_insert_with(Problem::not_utf_8);
                    }
                    self.begin(raw.get());
                    self.json.push_str(value.get());
                }
            }
        }
        self.json.push('}');
    }

    fn dependencies(&mut self, document: &Document<'_>, json: &str) {
        let elements: Vec<&RawValue> = parse_document(json.as_bytes()).unwrap_or_default();
        let mut kept = Vec::with_capacity(elements.len());
        for (index, element) in elements.into_iter().map(RawValue::get).enumerate() {
            let path = || format!("dependencies[{index}]");
            let problem = match kind_of(element) {
                _ if document.is_replaced(element) => Problem::not_utf_8().message,
                kind @ ("null" | "an object" | "a list") => format!("expected a string, found {kind}"),
                kind if Value::from_json(element).is_err() => format!("expected a string, found {kind}"),
                _ => {
                    kept.push(element);
                    continue;
                }
            };
            self.warnings.push(Warning::malformed(path(), format!("{problem}; the dependency is left out")));
        }
        // Writing to a string does not fail.
        let _ = write!(self.json, "[{}]", kept.join(","));
    }
}

/// What is wrong with a variant, if it cannot be read. A lone surrogate is no such thing.
fn odd(document: &Document<'_>, name: &RawValue, variant: &RawValue) -> Option<Problem> {
    let (name, json) = (name.get(), variant.get());
    if document.is_replaced(name) || document.is_replaced(json) {
        return Some(Problem::not_utf_8());
    }
    if !matches!(kind_of(json), "an object" | "null") {
        return Some(Problem { path: String::new(), message: format!("expected an object, found {}", kind_of(json)) });
    }
    let json = without_surrogates(json);
    match Problem::of::<Option<Variant<'_>>>(&json) {
        // The last of repeated members counts, as long as all can be read.
        Some(problem) if problem.is_repeated() => {
            let message = document.value(&json, |json| json.parse()).err()?;
            return Some(Problem { path: String::new(), message });
        }
        Some(problem) => return Some(problem),
        None => {}
    }
    let variant = parse_document::<Option<Variant<'_>>>(json.as_bytes()).ok()??;
    let parts = [("value", &variant.value), ("payload", &variant.payload), ("metadata", &variant.metadata)];
    parts.into_iter().find_map(|(path, part)| {
        let message = document.value(part.as_ref()?.as_str(), |part| part.parse()).err()?;
        Some(Problem { path: path.to_owned(), message })
    })
}

/// The variants that the segments among a flag's members name. None if the segments cannot be read.
fn named_in(members: &[(&RawValue, &RawValue)]) -> Option<HashSet<String>> {
    let mut named = HashSet::new();
    for (_, value) in members.iter().filter(|(name, _)| member_name(name).0 == "segments") {
        let json = without_surrogates(value.get());
        let segments: Vec<Segment<'_>> = parse_document(json.as_bytes()).ok()?;
        named.extend(named_by(&segments).into_iter().map(str::to_owned));
    }
    Some(named)
}

/// The variants that segments name.
pub(super) fn named_by<'s>(segments: &'s [Segment<'_>]) -> HashSet<&'s str> {
    let of_segments = segments.iter().filter_map(|segment| segment.variant.as_deref());
    let allocations = segments.iter().filter_map(|segment| segment.bucket.as_ref()).flat_map(|it| &it.allocations);
    let of_distributions = allocations.flat_map(|it| &it.distributions).map(|distribution| &*distribution.variant);
    of_segments.chain(of_distributions).collect()
}
