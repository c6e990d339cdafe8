//! The part of compiling that can fail for a flag: reading the JSON that it carries.

use std::collections::hash_map::Entry;

use super::ConfigMap;
use super::left_out::{Warning, named_by};
use super::report::{Report, Short};
use super::texts::Texts;
use crate::compiled::{Stored, Variant, index32};
use crate::diagnostic::DiagnosticKind;
use crate::value::{JsonError, Object, Readable, SURROGATE, Value, find_surrogates, has_surrogates, parse_document};
use crate::wire::{self, Json};

/// What a flag carries.
pub(super) struct Carried {
    /// Each name once.
    pub(super) variants: Vec<Variant>,
    /// Metadata of the flag.
    pub(super) layer: Option<u32>,
    /// Metadata of each segment.
    pub(super) segment_layers: Vec<Option<u32>>,
}

/// The JSON that flags carry, each distinct text read once.
#[derive(Default)]
pub(super) struct Carrier {
    layers: Vec<Object>,
    layer_ids: ConfigMap<String, u32>,
    values: ConfigMap<String, Stored>,
    /// The places of the variants of the flag at hand, by name.
    places: ConfigMap<u32, usize>,
}

impl Carrier {
    fn layer(&mut self, json: Option<&Json<'_>>) -> Result<Option<u32>, JsonError> {
        let Some(text) = json.map(Json::as_str) else {
            return Ok(None);
        };
        if let Some(id) = self.layer_ids.get(text) {
            return Ok(Some(*id));
        }
        let Value::Object(layer) = Value::from_json(text.as_bytes())? else {
            return Ok(None);
        };
        let id = index32(self.layers.len());
        self.layers.push(layer);
        self.layer_ids.insert(text.to_owned(), id);
        Ok(Some(id))
    }

    /// A variant's value in the form that it is asked for.
    fn value(&mut self, json: Option<&Json<'_>>, texts: &mut Texts) -> Result<Option<Stored>, JsonError> {
        let Some(json) = json else {
            return Ok(None);
        };
        if let Some(stored) = self.values.get(json.as_str()) {
            return Ok(Some(*stored));
        }
        let stored = match json.to_value()? {
            Value::String(text) => Stored::Text(texts.id(&text)),
            other => Stored::Json(texts.id(&other.to_string())),
        };
        self.values.insert(json.as_str().to_owned(), stored);
        Ok(Some(stored))
    }

    /// A variant. The error comes with the member that cannot be read.
    fn variant(
        &mut self,
        name: &str,
        variant: &wire::Variant<'_>,
        texts: &mut Texts,
    ) -> Result<Variant, (&'static str, JsonError)> {
        Ok(Variant {
            name: texts.id(name),
            key: variant.key.as_ref().map(|key| texts.id(key)),
            value: self.value(variant.value.as_ref(), texts).map_err(|error| ("value", error))?,
            payload: checked(variant.payload.as_ref(), texts).map_err(|error| ("payload", error))?,
            layer: self.layer(variant.metadata.as_ref()).map_err(|error| ("metadata", error))?,
        })
    }

    pub(super) fn into_layers(self) -> Box<[Object]> {
        self.layers.into()
    }
}

/// Reads what a flag carries, whose key has the id given. The error comes with the path of what cannot be read.
pub(super) fn read(
    flag: &wire::Flag<'_>,
    key: u32,
    texts: &mut Texts,
    carrier: &mut Carrier,
    report: &mut Report,
) -> Result<Carried, (String, JsonError)> {
    let layer = carrier.layer(flag.metadata.as_ref()).map_err(|error| ("metadata".to_owned(), error))?;
    warn_of_surrogates(flag.metadata.as_ref(), || "metadata".to_owned(), key, texts, report);
    let mut variants: Vec<Variant> = Vec::with_capacity(flag.variants.len());
    carrier.places.clear();
    // The variants that segments name, once that matters.
    let mut named = None;
    for (name, variant) in &flag.variants {
        let path = || format!("variants.{}", Short(name));
        let Some(variant) = variant else {
            let message = || "the variant is null, so the flag does not have it".to_owned();
            report.warn(key, texts, DiagnosticKind::Malformed, path, message);
            continue;
        };
        let variant = match carrier.variant(name, variant, texts) {
            Ok(read) => {
                warn_of_variant(variant, path, key, texts, report);
                read
            }
            Err((member, error)) => {
                let path = format!("{}.{member}", path());
                if named.get_or_insert_with(|| named_by(&flag.segments)).contains(&**name) {
                    return Err((path, error));
                }
                let Warning { kind, path, message } = Warning::variant(path, &error.message());
                report.warn(key, texts, kind, || path, || message);
                continue;
            }
        };
        match carrier.places.entry(variant.name) {
            Entry::Vacant(place) => {
                place.insert(variants.len());
                variants.push(variant);
            }
            Entry::Occupied(place) => {
                let message = || "the variant is listed twice; the last one counts".to_owned();
                report.warn(key, texts, DiagnosticKind::RepeatedMember, path, message);
                if let Some(earlier) = variants.get_mut(*place.get()) {
                    *earlier = variant;
                }
            }
        }
    }
    let segment_layers = flag.segments.iter().enumerate().map(|(place, segment)| {
        let path = || format!("segments[{place}].metadata");
        let layer = carrier.layer(segment.metadata.as_ref()).map_err(|error| (path(), error))?;
        warn_of_surrogates(segment.metadata.as_ref(), path, key, texts, report);
        Ok(layer)
    });
    let segment_layers = segment_layers.collect::<Result<_, _>>()?;
    Ok(Carried { variants, layer, segment_layers })
}

/// Warns of what a variant that can be read lacks, or has in another form than it should.
fn warn_of_variant(
    variant: &wire::Variant<'_>,
    path: impl Fn() -> String + Copy,
    key: u32,
    texts: &Texts,
    report: &mut Report,
) {
    let problem = match (&variant.key, &variant.value, variant.odd_key) {
        (None, None, _) => Some("the variant has neither a key nor a value".to_owned()),
        (None, Some(_), _) => Some("the variant has no key".to_owned()),
        (Some(_), _, Some(kind)) => Some(format!("the key is {kind} instead of a string; its text counts")),
        (Some(_), _, None) => None,
    };
    if let Some(problem) = problem {
        report.warn(key, texts, DiagnosticKind::Malformed, path, || problem);
    }
    let parts = [("value", &variant.value), ("payload", &variant.payload), ("metadata", &variant.metadata)];
    for (member, json) in parts {
        warn_of_surrogates(json.as_ref(), || format!("{}.{member}", path()), key, texts, report);
    }
}

/// Warns of lone surrogates in JSON that can be read.
fn warn_of_surrogates(
    json: Option<&Json<'_>>,
    path: impl FnOnce() -> String,
    key: u32,
    texts: &Texts,
    report: &mut Report,
) {
    let Some(json) = json.map(Json::as_str).filter(|json| has_surrogates(json.as_bytes())) else {
        return;
    };
    find_surrogates(json, &path(), &mut |path| {
        report.warn(key, texts, DiagnosticKind::Malformed, || path.to_owned(), || SURROGATE.to_owned());
    });
}

/// JSON text that is known to be readable: as it was delivered, unless it had to be repaired.
fn checked(json: Option<&Json<'_>>, texts: &mut Texts) -> Result<Option<u32>, JsonError> {
    let Some(json) = json else {
        return Ok(None);
    };
    Ok(Some(match parse_document::<Readable>(json.as_str().as_bytes()) {
        Ok(_) => texts.id(json.as_str()),
        Err(_) => texts.id(&json.to_value()?.to_string()),
    }))
}
