//! The part of compiling that can fail for a flag: reading the JSON that it carries.

use std::collections::hash_map::Entry;

use super::ConfigMap;
use super::report::{Report, Short};
use super::texts::Texts;
use crate::compiled::{Stored, Variant, index32};
use crate::diagnostic::DiagnosticKind;
use crate::value::{JsonError, Object, Readable, Value, parse_document};
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
    let mut variants: Vec<Variant> = Vec::with_capacity(flag.variants.len());
    carrier.places.clear();
    for (name, variant) in &flag.variants {
        let at = |member: &str| format!("variants.{}.{member}", Short(name));
        let id = texts.id(name);
        let variant = variant.as_ref().map(|variant| {
            Ok(Variant {
                name: id,
                key: variant.key.as_ref().map(|key| texts.id(key)),
                value: carrier.value(variant.value.as_ref(), texts).map_err(|error| (at("value"), error))?,
                payload: checked(variant.payload.as_ref(), texts).map_err(|error| (at("payload"), error))?,
                layer: carrier.layer(variant.metadata.as_ref()).map_err(|error| (at("metadata"), error))?,
            })
        });
        // A variant of null counts as not there.
        let Some(variant) = variant.transpose()? else {
            continue;
        };
        match carrier.places.entry(id) {
            Entry::Vacant(place) => {
                place.insert(variants.len());
                variants.push(variant);
            }
            Entry::Occupied(place) => {
                report.warn(
                    key,
                    texts,
                    DiagnosticKind::RepeatedMember,
                    || format!("variants.{}", Short(name)),
                    || "the variant is listed twice; the last one counts".to_owned(),
                );
                if let Some(earlier) = variants.get_mut(*place.get()) {
                    *earlier = variant;
                }
            }
        }
    }
    let segment_layers = flag.segments.iter().enumerate().map(|(place, segment)| {
        carrier.layer(segment.metadata.as_ref()).map_err(|error| (format!("segments[{place}].metadata"), error))
    });
    let segment_layers = segment_layers.collect::<Result<_, _>>()?;
    Ok(Carried { variants, layer, segment_layers })
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
