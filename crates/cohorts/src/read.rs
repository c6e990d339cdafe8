//! Reading cohorts from JSON.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::cohort::{Cohort, CohortError, CohortJsonError, USER_GROUP_TYPE};

/// A cohort as far as its JSON says it.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) cohort_id: Option<String>,
    /// Never empty.
    pub(crate) group_type: Option<String>,
    group_type_id: Option<i64>,
    last_computed: Option<i64>,
    last_modified: Option<i64>,
    size: Option<u64>,
    member_ids: Vec<String>,
}

impl Fields {
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, CohortError> {
        serde_json::from_slice(json).map_err(|error| CohortError::Json(CohortJsonError::new(error)))
    }

    /// The cohort, with an id and with the time, in milliseconds, for times that are missing.
    pub(crate) fn into_cohort(self, cohort_id: String, time: i64) -> Cohort {
        Cohort {
            cohort_id,
            group_type: self.group_type.unwrap_or_else(|| USER_GROUP_TYPE.to_owned()),
            group_type_id: self.group_type_id.unwrap_or_default(),
            last_computed: self.last_computed.unwrap_or(time),
            last_modified: self.last_modified.unwrap_or(time),
            size: self.size.unwrap_or(self.member_ids.len() as u64),
            member_ids: self.member_ids,
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match (Reader { name: "", index: None, expected: Expected::Cohort }).deserialize(deserializer)? {
            Found::Cohort(fields) => Ok(*fields),
            _ => Err(D::Error::custom("expected an object")),
        }
    }
}

/// Reads one value. Its errors tell the kind of what was found and never quote it, as those of serde do: it may be a
/// member.
#[derive(Clone, Copy)]
struct Reader {
    /// The name in the cohort; empty for the cohort itself.
    name: &'static str,
    /// The place in the list of that name.
    index: Option<usize>,
    expected: Expected,
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Cohort,
    Text,
    TextOrNull,
    WholeOrNull,
    Texts,
}

enum Found {
    Null,
    Cohort(Box<Fields>),
    Text(String),
    Whole(i128),
    Texts(Vec<String>),
}

impl Reader {
    fn unexpected<T, E: Error>(self, found: &str) -> Result<T, E> {
        Err(E::custom(format_args!("{self}expected {}, found {found}", self.expected.name())))
    }

    fn whole<E: Error>(self, number: i128) -> Result<Found, E> {
        match self.expected {
            Expected::WholeOrNull => Ok(Found::Whole(number)),
            _ => self.unexpected("a number"),
        }
    }
}

impl Expected {
    fn name(self) -> &'static str {
        match self {
            Self::Cohort => "an object",
            Self::Text | Self::TextOrNull => "a text",
            Self::WholeOrNull => "a whole number",
            Self::Texts => "a list of texts",
        }
    }
}

/// What an error begins with: where.
impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            _ if self.name.is_empty() => Ok(()),
            Some(index) => write!(f, "{}[{index}]: ", self.name),
            None => write!(f, "{}: ", self.name),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected.name())
    }

    fn visit_unit<E: Error>(self) -> Result<Found, E> {
        match self.expected {
            Expected::TextOrNull | Expected::WholeOrNull => Ok(Found::Null),
            _ => self.unexpected("null"),
        }
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Found, E> {
        self.unexpected("a boolean")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Found, E> {
        self.whole(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Found, E> {
        self.whole(number.into())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Found, E> {
        self.unexpected("a number that is not whole, or too large")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Found, E> {
        match self.expected {
            Expected::Text | Expected::TextOrNull => Ok(Found::Text(text.to_owned())),
            _ => self.unexpected("a text"),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        if self.expected != Expected::Texts {
            return self.unexpected("a list");
        }
        let mut texts = Vec::new();
        let element = |index| Self { index: Some(index), expected: Expected::Text, ..self };
        while let Some(Found::Text(text)) = seq.next_element_seed(element(texts.len()))? {
            texts.push(text);
        }
        Ok(Found::Texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        if self.expected != Expected::Cohort {
            return self.unexpected("an object");
        }
        let mut fields = Fields::default();
        let mut has_members = false;
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "cohortId" => fields.cohort_id = id(&mut map)?,
                "groupType" => fields.group_type = group_type(&mut map)?,
                "groupTypeId" => fields.group_type_id = whole(&mut map, "groupTypeId")?,
                "lastComputed" => fields.last_computed = whole(&mut map, "lastComputed")?,
                "lastModified" => fields.last_modified = whole(&mut map, "lastModified")?,
                "size" => fields.size = whole(&mut map, "size")?,
                "memberIds" => {
                    if let Found::Texts(texts) = member(&mut map, "memberIds", Expected::Texts)? {
                        fields.member_ids = texts;
                        has_members = true;
                    }
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if has_members { Ok(Found::Cohort(Box::new(fields))) } else { Err(A::Error::custom("memberIds is missing")) }
    }
}

fn member<'de, A: MapAccess<'de>>(map: &mut A, name: &'static str, expected: Expected) -> Result<Found, A::Error> {
    map.next_value_seed(Reader { name, index: None, expected })
}

fn id<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    match member(map, "cohortId", Expected::Text)? {
        Found::Text(text) if text.is_empty() => Err(A::Error::custom("cohortId: expected a text that is not empty")),
        Found::Text(text) => Ok(Some(text)),
        _ => Ok(None),
    }
}

fn group_type<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    match member(map, "groupType", Expected::TextOrNull)? {
        Found::Text(text) if !text.is_empty() => Ok(Some(text)),
        _ => Ok(None),
    }
}

fn whole<'de, A: MapAccess<'de>, T: TryFrom<i128>>(map: &mut A, name: &'static str) -> Result<Option<T>, A::Error> {
    match member(map, name, Expected::WholeOrNull)? {
        Found::Whole(number) => {
            let number = T::try_from(number);
            number.map(Some).map_err(|_| A::Error::custom(format_args!("{name}: the number is too small or too large")))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> String {
        Fields::from_json(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn errors_say_what_was_expected_and_found_and_where() {
        for (json, expected) in [
            (r#"{"memberIds": ["a", 5]}"#, "memberIds[1]: expected a text, found a number at line 1 column 21"),
            ("{\"memberIds\": [\n\"a\",\nnull]}", "memberIds[1]: expected a text, found null at line 3 column 4"),
            (r#"{"memberIds": [["a"]]}"#, "memberIds[0]: expected a text, found a list at line 1 column 16"),
            (r#"{"memberIds": null}"#, "memberIds: expected a list of texts, found null at line 1 column 18"),
            (r#"{"cohortId": ""}"#, "cohortId: expected a text that is not empty at line 1 column 16"),
            (r#"{"cohortId": null}"#, "cohortId: expected a text, found null at line 1 column 17"),
            (r#"{"groupType": {"a": 1}}"#, "groupType: expected a text, found an object at line 1 column 15"),
            (r#"{"size": -1}"#, "size: the number is too small or too large at line 1 column 12"),
            (r#"{"lastModified": 18446744073709551615}"#, "lastModified: the number is too small or too large"),
            (r#"{"lastComputed": true}"#, "lastComputed: expected a whole number, found a boolean at line 1 column 21"),
            (r#"{"groupTypeId": 0.5}"#, "groupTypeId: expected a whole number, found a number that is not whole"),
            (r#"{"cohortId": "c1"}"#, "memberIds is missing at line 1 column 18"),
            (r#"{"memberIds": []} x"#, "trailing characters at line 1 column 19"),
            ("", "EOF while parsing a value at line 1 column 0"),
        ] {
            let said = said(json);
            assert!(said.starts_with(&format!("not the JSON of a cohort: {expected}")), "{json}\n{said}");
        }
    }

    #[test]
    fn errors_never_quote_members() {
        for json in [
            r#""s3cret""#,
            r#"["s3cret"]"#,
            r#"["s3cret", "s3cret", "s3cret", "s3cret"]"#,
            r#"{"memberIds": "s3cret"}"#,
            r#"{"memberIds": {"s3cret": true}}"#,
            r#"{"memberIds": [{"s3cret": "s3cret"}]}"#,
            r#"{"memberIds": ["s3cret", 1]}"#,
            r#"{"memberIds": ["s3cret" "s3cret"]}"#,
            r#"{"memberIds": ["s3cret"], "size": "s3cret"}"#,
            r#"{"memberIds": ["s3cret\x"]}"#,
            r#"{"memberIds": ["s3cret"#,
        ] {
            let error = Fields::from_json(json.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
        for number in ["31337", "-31337", "31337.5"] {
            let error = Fields::from_json(format!(r#"{{"memberIds": [{number}]}}"#).as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("31337"), "{error:?}");
        }
    }

    #[test]
    fn of_repeated_names_the_last_counts() {
        let json = br#"{"cohortId": "a", "memberIds": ["x", "y"], "cohortId": "b", "memberIds": ["z"]}"#;
        assert_eq!(Cohort::from_json(json).unwrap(), Cohort::new("b", ["z"]));
    }
}
