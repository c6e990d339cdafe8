//! The part of compiling that can fail for a flag: reading what it carries as JSON.

use super::texts::Texts;
use super::{ConfigMap, Report};
use crate::compiled::{Stored, Variant, index32};
use crate::diagnostic::DiagnosticKind;
use crate::value::{JsonError, Object, Value, parse_document};
use crate::wire::{self, Json};

/// A flag whose variants and metadata could be read.
pub(super) struct Prepared<'a, 'f> {
    pub(super) flag: &'a wire::Flag<'f>,
    /// Each name once.
    pub(super) variants: Vec<Variant>,
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

/// Reads what flags carry, reports those whose JSON no value can hold, and settles repeated keys: the last flag wins,
/// in the first one's place.
pub(super) fn prepare<'a, 'f>(
    list: &'a [wire::Flag<'f>],
    texts: &mut Texts,
    layers: &mut Layers,
    report: &mut Report,
) -> Vec<Prepared<'a, 'f>> {
    let mut prepared: Vec<Prepared<'a, 'f>> = Vec::with_capacity(list.len());
    let mut places: ConfigMap<&str, usize> = ConfigMap::default();
    for flag in list {
        let flag = match read(flag, texts, layers, report) {
            Ok(flag) => flag,
            Err((path, error)) => {
                report.error(flag, DiagnosticKind::Malformed, path, error.to_string());
                continue;
            }
        };
        let place = *places.entry(&flag.flag.key).or_insert(prepared.len());
        match prepared.get_mut(place) {
            Some(earlier) => {
                report.warn(flag.flag, DiagnosticKind::RepeatedFlag, String::new(), || {
                    "the list has several flags of this key; the last one counts".to_owned()
                });
                *earlier = flag;
            }
            None => prepared.push(flag),
        }
    }
    prepared
}

fn read<'a, 'f>(
    flag: &'a wire::Flag<'f>,
    texts: &mut Texts,
    layers: &mut Layers,
    report: &mut Report,
) -> Result<Prepared<'a, 'f>, (String, JsonError)> {
    let layer = layers.id(flag.metadata.as_ref()).map_err(|error| ("metadata".to_owned(), error))?;
    let last: ConfigMap<&str, usize> = flag.variants.iter().zip(0..).map(|((name, _), place)| (&**name, place)).collect();
    let mut variants: Vec<Variant> = Vec::with_capacity(last.len());
    for (place, (name, variant)) in flag.variants.iter().enumerate() {
        if last.get(&**name) != Some(&place) {
            report.warn(flag, DiagnosticKind::RepeatedMember, format!("variants.{name}"), || {
                "the variant is listed twice; the last one counts".to_owned()
            });
            continue;
        }
        if let Some(variant) = variant {
            let at = |member: &str| format!("variants.{name}.{member}");
            variants.push(Variant {
                name: texts.id(name),
                key: variant.key.as_ref().map(|key| texts.id(key)),
                value: stored(variant.value.as_ref(), texts).map_err(|error| (at("value"), error))?,
                payload: checked(variant.payload.as_ref(), texts).map_err(|error| (at("payload"), error))?,
                layer: layers.id(variant.metadata.as_ref()).map_err(|error| (at("metadata"), error))?,
            });
        }
    }
    let segment_layers = flag.segments.iter().enumerate().map(|(place, segment)| {
        layers.id(segment.metadata.as_ref()).map_err(|error| (format!("segments[{place}].metadata"), error))
    });
    let segment_layers = segment_layers.collect::<Result<_, _>>()?;
    Ok(Prepared { flag, variants, layer, segment_layers })
}

/// A variant's value in the forms that it is asked for.
fn stored(json: Option<&Json<'_>>, texts: &mut Texts) -> Result<Option<Stored>, JsonError> {
    json.map(|json| {
        Ok(match json.to_value()? {
            Value::String(text) => Stored::Text(texts.id(&text)),
            other => Stored::Json(texts.id(&other.to_string())),
        })
    })
    .transpose()
}

/// JSON text that is known to be readable: as it was delivered, unless it had to be repaired.
fn checked(json: Option<&Json<'_>>, texts: &mut Texts) -> Result<Option<u32>, JsonError> {
    json.map(|json| match parse_document::<Value>(json.as_str().as_bytes()) {
        Ok(_) => Ok(texts.id(json.as_str())),
        Err(_) => Ok(texts.id(&json.to_value()?.to_string())),
    })
    .transpose()
}
