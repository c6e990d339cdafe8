//! The part of compiling that can fail for a flag: reading the JSON that it carries.

use std::collections::hash_map::Entry;

use super::ConfigMap;
use super::report::Report;
use super::texts::Texts;
use crate::compiled::{Stored, Variant, index32};
use crate::diagnostic::DiagnosticKind;
use crate::value::{JsonError, Object, Value, parse_document};
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

/// Metadata objects, each distinct text once.
#[derive(Default)]
pub(super) struct Layers {
    layers: Vec<Object>,
    ids: ConfigMap<String, u32>,
}

impl Layers {
    fn id(&mut self, json: Option<&Json<'_>>) -> Result<Option<u32>, JsonError> {
        let Some(text) = json.map(Json::as_str) else {
            return Ok(None);
        };
        if let Some(id) = self.ids.get(text) {
            return Ok(Some(*id));
        }
        let Value::Object(mut layer) = Value::from_json(text.as_bytes())? else {
            return Ok(None);
        };
        layer.shrink_to_fit();
        let id = index32(self.layers.len());
        self.layers.push(layer);
        self.ids.insert(text.to_owned(), id);
        Ok(Some(id))
    }

    pub(super) fn into_boxed(self) -> Box<[Object]> {
        self.layers.into()
    }
}

/// Reads what a flag carries. The error comes with the path of what cannot be read.
pub(super) fn read(
    flag: &wire::Flag<'_>,
    texts: &mut Texts,
    layers: &mut Layers,
    report: &mut Report,
) -> Result<Carried, (String, JsonError)> {
    let layer = layers.id(flag.metadata.as_ref()).map_err(|error| ("metadata".to_owned(), error))?;
    let mut variants: Vec<Variant> = Vec::with_capacity(flag.variants.len());
    let mut places: ConfigMap<u32, usize> = ConfigMap::default();
    for (name, variant) in &flag.variants {
        let at = |member: &str| format!("variants.{name}.{member}");
        let id = texts.id(name);
        let variant = variant.as_ref().map(|variant| {
            Ok(Variant {
                name: id,
                key: variant.key.as_ref().map(|key| texts.id(key)),
                value: stored(variant.value.as_ref(), texts).map_err(|error| (at("value"), error))?,
                payload: checked(variant.payload.as_ref(), texts).map_err(|error| (at("payload"), error))?,
                layer: layers.id(variant.metadata.as_ref()).map_err(|error| (at("metadata"), error))?,
            })
        });
        // A variant of null counts as not there.
        let Some(variant) = variant.transpose()? else {
            continue;
        };
        match places.entry(id) {
            Entry::Vacant(place) => {
                place.insert(variants.len());
                variants.push(variant);
            }
            Entry::Occupied(place) => {
                report.warn(&flag.key, DiagnosticKind::RepeatedMember, || format!("variants.{name}"), || {
                    "the variant is listed twice; the last one counts".to_owned()
                });
                if let Some(earlier) = variants.get_mut(*place.get()) {
                    *earlier = variant;
                }
            }
        }
    }
    let segment_layers = flag.segments.iter().enumerate().map(|(place, segment)| {
        layers.id(segment.metadata.as_ref()).map_err(|error| (format!("segments[{place}].metadata"), error))
    });
    let segment_layers = segment_layers.collect::<Result<_, _>>()?;
    Ok(Carried { variants, layer, segment_layers })
}

/// A variant's value in the form that it is asked for.
fn stored(json: Option<&Json<'_>>, texts: &mut Texts) -> Result<Option<Stored>, JsonError> {
    let value = json.map(Json::to_value).transpose()?;
    Ok(value.map(|value| match value {
        Value::String(text) => Stored::Text(texts.id(&text)),
        other => Stored::Json(texts.id(&other.to_string())),
    }))
}

/// JSON text that is known to be readable: as it was delivered, unless it had to be repaired.
fn checked(json: Option<&Json<'_>>, texts: &mut Texts) -> Result<Option<u32>, JsonError> {
    let Some(json) = json else {
        return Ok(None);
    };
    Ok(Some(match parse_document::<Value>(json.as_str().as_bytes()) {
        Ok(_) => texts.id(json.as_str()),
        Err(_) => texts.id(&json.to_value()?.to_string()),
    }))
}
