//! Readers that take what other engines take.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};

use super::Variant;
use crate::value::{ScalarText, Value, number};

type Named<'a> = Vec<(Cow<'a, str>, Option<Variant<'a>>)>;

/// A text, or a boolean or number as its text.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        optional_text(deserializer)?.map(Text).ok_or_else(|| D::Error::custom("expected a text, found null"))
    }
}

pub(super) fn text<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, str>, D::Error> {
    Text::deserialize(deserializer).map(|text| text.0)
}

pub(super) fn optional_text<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    Key::deserialize(deserializer).map(|key| key.text)
}

/// A text, or a boolean or number as its text, and then what it was. Null is no text.
#[derive(Default)]
pub(super) struct Key<'a> {
    pub(super) text: Option<Cow<'a, str>>,
    pub(super) odd: Option<&'static str>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar(PhantomData))
    }
}

struct Scalar<'a>(PhantomData<&'a ()>);

impl<'a> Scalar<'a> {
    fn text<E>(text: Cow<'a, str>) -> Result<Key<'a>, E> {
        Ok(Key { text: Some(text), odd: None })
    }

    fn text_of<E>(value: &Value) -> Result<Key<'a>, E> {
        let text = ScalarText::of(value).map(|text| Cow::Owned(text.as_str().to_owned()));
        Ok(Key { text, odd: Some(value.kind()) })
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Scalar<'a> {
    type Value = Key<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Self::text(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Self::text(Cow::Owned(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Self::text_of(&Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Self::text_of(&Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Self::text_of(&Value::from(value))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Self::Value, E> {
        number::visit_i128(self, value)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Self::Value, E> {
        number::visit_u128(self, value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Self::text_of(&Value::from(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        number::visit_map(self, map)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Key::default())
    }
}

/// A list of texts; null is an empty one.
pub(super) fn texts<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Cow<'a, str>>, D::Error> {
    struct Texts<'a>(PhantomData<&'a ()>);

    impl<'de: 'a, 'a> Visitor<'de> for Texts<'a> {
        type Value = Vec<Cow<'a, str>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of texts")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut texts = Vec::new();
            while let Some(Text(text)) = seq.next_element()? {
                texts.push(text);
            }
            Ok(texts)
        }
    }

    deserializer.deserialize_any(Texts(PhantomData))
}

/// An object and nothing else: derived readers of structs also take lists.
pub(super) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Members<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Members(PhantomData))
}

/// Null as the default.
pub(super) fn null_as_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The variants of a flag in the order given, repeats included.
pub(super) fn variants<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Named<'a>, D::Error> {
    struct Variants<'a>(PhantomData<&'a ()>);

    impl<'de: 'a, 'a> Visitor<'de> for Variants<'a> {
        type Value = Named<'a>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of variants")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut variants = Vec::new();
            while let Some(Text(key)) = map.next_key()? {
                variants.push((key, map.next_value()?));
            }
            Ok(variants)
        }
    }

    deserializer.deserialize_any(Variants(PhantomData))
}

pub(super) fn write_variants<S: Serializer>(variants: &Named<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(variants.len()))?;
    for (key, variant) in variants {
        map.serialize_entry(key, variant)?;
    }
    map.end()
}
