//! Reading cohorts from JSON.

use std::fmt;
use std::io::{self, Read};

use evaluation_core::skip_byte_order_mark;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::cohort::{Cohort, CohortError, CohortJsonError, USER_GROUP_TYPE};
use crate::left_out::LeftOut;
use crate::members::{MOST, MembersBuilder};

/// How much of a reader is read at once.
const PIECE: usize = 64 * 1024;

/// How much of a text is kept to name it by.
const BEGINNING: usize = 1024;

/// How many bytes a byte order mark has.
const MARK: usize = 3;

/// Where members go as they are read.
pub(crate) trait TakeMembers: Default {
    /// Takes the next in.
    fn take(&mut self, member: &str);
}

impl TakeMembers for Vec<String> {
    fn take(&mut self, member: &str) {
        self.push(member.to_owned());
    }
}

impl TakeMembers for MembersBuilder {
    fn take(&mut self, member: &str) {
        self.push(member);
    }
}

/// A cohort as far as its JSON says it.
#[derive(Default)]
pub(crate) struct Fields<M> {
    pub(crate) cohort_id: Option<String>,
    /// Never empty.
    pub(crate) group_type: Option<String>,
    group_type_id: Option<i64>,
    last_computed: Option<i64>,
    pub(crate) last_modified: Option<i64>,
    size: Option<u64>,
    pub(crate) members: M,
    pub(crate) left_out: Option<LeftOut>,
}

impl<M: TakeMembers> Fields<M> {
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, CohortError> {
        let json = skip_byte_order_mark(json);
        let mut read = Self::read(&mut serde_json::Deserializer::from_slice(json), Way::Typed);
        if read.is_err() {
            // It may be one member that no string can hold.
            read = Self::read(&mut serde_json::Deserializer::from_slice(json), Way::Raw);
        }
        read.map_err(|error| CohortError::Json(CohortJsonError::new(&error, json)))
    }

    /// Reads in large pieces, and holds no more of the text than one.
    pub(crate) fn from_reader(reader: impl io::Read) -> Result<Self, CohortError> {
        let reader = after_mark(reader).map_err(|source| CohortError::Read { source })?;
        let mut reader = Remembering { reader, beginning: Vec::new() };
        let pieces = io::BufReader::with_capacity(PIECE, &mut reader);
        let read = Self::read(&mut serde_json::Deserializer::from_reader(pieces), Way::Raw);
        read.map_err(|error| {
            if error.is_io() {
                CohortError::Read { source: error.into() }
            } else {
                CohortError::Json(CohortJsonError::new(&error, reader.beginning()))
            }
        })
    }

    fn read<'de, R: serde_json::de::Read<'de>>(
        json: &mut serde_json::Deserializer<R>,
        way: Way,
    ) -> Result<Self, serde_json::Error> {
        let mut fields = Self::default();
        Reader { name: "", expected: Expected::Cohort(&mut fields, way) }.deserialize(&mut *json)?;
        json.end()?;
        Ok(fields)
    }
}

/// How the list of members is read.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Member by member. The fastest, but the whole fails at a string that has a lone surrogate and at a number past all
    /// floats.
    Typed,
    /// Each member as its text first, which fails at no member.
    Raw,
}

/// A reader that remembers the beginning of its text, by which an error names the text.
struct Remembering<R> {
    reader: R,
    beginning: Vec<u8>,
}

impl<R: io::Read> Remembering<R> {
    /// The beginning, after a failure: with what follows the place of a byte order mark, which is read by itself.
    fn beginning(&mut self) -> &[u8] {
        if self.beginning.len() <= MARK {
            let mut more = [0; BEGINNING];
            // Whatever this fails at, something is wrong already.
            let _ = self.read(&mut more);
        }
        &self.beginning
    }
}

impl<R: io::Read> io::Read for Remembering<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        let wanted = BEGINNING.saturating_sub(self.beginning.len()).min(count);
        self.beginning.extend_from_slice(into.get(..wanted).unwrap_or_default());
        Ok(count)
    }
}

/// The text of a reader without a byte order mark at its beginning.
fn after_mark(mut reader: impl io::Read) -> io::Result<impl io::Read> {
    let mut start = Vec::with_capacity(MARK);
    reader.by_ref().take(MARK as u64).read_to_end(&mut start)?;
    let start = skip_byte_order_mark(&start).to_vec();
    Ok(io::Cursor::new(start).chain(reader))
}

impl Fields<Vec<String>> {
    /// The cohort, with an id and with the time, in milliseconds, for times that are missing.
    pub(crate) fn into_cohort(self, cohort_id: String, time: i64) -> Cohort {
        Cohort {
            cohort_id,
            group_type: self.group_type.unwrap_or_else(|| USER_GROUP_TYPE.to_owned()),
            group_type_id: self.group_type_id.unwrap_or_default(),
            last_computed: self.last_computed.unwrap_or(time),
            last_modified: self.last_modified.unwrap_or(time),
            size: self.size.unwrap_or(self.members.len() as u64),
            member_ids: self.members,
            left_out: self.left_out,
        }
    }
}

impl<'de, M: TakeMembers> Deserialize<'de> for Fields<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Self::default();
        Reader { name: "", expected: Expected::Cohort(&mut fields, Way::Typed) }.deserialize(deserializer)?;
        Ok(fields)
    }
}

/// Reads one value. Its errors tell the kind of what was found and never quote it, as those of serde do: it may be a
/// member.
struct Reader<'m, M> {
    /// The name in the cohort; empty for the cohort itself.
    name: &'static str,
    expected: Expected<'m, M>,
}

enum Expected<'m, M> {
    /// Fills the fields.
    Cohort(&'m mut Fields<M>, Way),
    /// Adds to the members.
    Members(&'m mut M, &'m mut Option<LeftOut>, Way),
    Text,
    TextOrNull,
    WholeOrNull,
}

enum Found {
    Null,
    /// And put where it belongs.
    Taken,
    Text(String),
    Whole(i128),
}

impl<M> Reader<'_, M> {
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

impl<M> Expected<'_, M> {
    fn name(&self) -> &'static str {
        match self {
            Self::Cohort(..) => "an object",
            Self::Members(..) => "a list of texts",
            Self::Text | Self::TextOrNull => "a text",
            Self::WholeOrNull => "a whole number",
        }
    }
}

/// What an error begins with: where.
impl<M> fmt::Display for Reader<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { Ok(()) } else { write!(f, "{}: ", self.name) }
    }
}

impl<'de, M: TakeMembers> DeserializeSeed<'de> for Reader<'_, M> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: TakeMembers> Visitor<'de> for Reader<'_, M> {
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
        let Expected::Members(members, left_out, way) = self.expected else { return self.unexpected("a list") };
        let mut count = 0;
        let mut next = |members: &mut M| match way {
            Way::Typed => seq.next_element_seed(Member(members)),
            Way::Raw => {
                let raw: Option<Box<RawValue>> = seq.next_element()?;
                Ok(raw.map(|raw| take_raw(members, raw.get())))
            }
        };
        while let Some(taken) = next(members)? {
            if let Err(found) = taken {
                LeftOut::add(left_out, || format!("{}[{count}]: expected a string, found {found}", self.name));
            }
            count += 1;
            if count > MOST {
                return Err(A::Error::custom(format_args!("{}: there are more than {MOST}", self.name)));
            }
        }
        match left_out {
            Some(left_out) if left_out.count() == count => Err(A::Error::custom(left_out.first())),
            _ => Ok(Found::Taken),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let Expected::Cohort(fields, way) = self.expected else { return self.unexpected("an object") };
        let mut has_members = false;
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "cohortId" => fields.cohort_id = id::<M, A>(&mut map)?,
                "groupType" => fields.group_type = group_type::<M, A>(&mut map)?,
                "groupTypeId" => fields.group_type_id = whole::<M, A, _>(&mut map, "groupTypeId")?,
                "lastComputed" => fields.last_computed = whole::<M, A, _>(&mut map, "lastComputed")?,
                "lastModified" => fields.last_modified = whole::<M, A, _>(&mut map, "lastModified")?,
                "size" => fields.size = whole::<M, A, _>(&mut map, "size")?,
                "memberIds" => {
                    (fields.members, fields.left_out) = Default::default();
                    let expected = Expected::Members(&mut fields.members, &mut fields.left_out, way);
                    member(&mut map, "memberIds", expected)?;
                    has_members = true;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if has_members { Ok(Found::Taken) } else { Err(A::Error::custom("memberIds is missing")) }
    }
}

/// Takes one member in. What is no string is passed over, and told by its kind.
struct Member<'m, M>(&'m mut M);

type Taken = Result<(), &'static str>;

impl<'de, M: TakeMembers> DeserializeSeed<'de> for Member<'_, M> {
    type Value = Taken;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Taken, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: TakeMembers> Visitor<'de> for Member<'_, M> {
    type Value = Taken;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member")
    }

    fn visit_str<E>(self, text: &str) -> Result<Taken, E> {
        self.0.take(text);
        Ok(Ok(()))
    }

    fn visit_unit<E>(self) -> Result<Taken, E> {
        Ok(Err("null"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Taken, E> {
        Ok(Err("a boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Taken, E> {
        Ok(Err("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Taken, E> {
        Ok(Err("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Taken, E> {
        Ok(Err("a number"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Taken, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Taken, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Err("an object"))
    }
}

/// Takes one member in by its JSON text.
fn take_raw<M: TakeMembers>(members: &mut M, json: &str) -> Taken {
    let plain = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|text| !text.contains('\\'));
    if let Some(text) = plain {
        members.take(text);
        return Ok(());
    }
    match json.as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<String>(json) {
            Ok(text) => {
                members.take(&text);
                Ok(())
            }
            Err(_) => Err("a string with a lone surrogate"),
        },
        Some(b'{') => Err("an object"),
        Some(b'[') => Err("a list"),
        Some(b't' | b'f') => Err("a boolean"),
        Some(b'n') => Err("null"),
        _ => Err("a number"),
    }
}

fn member<'de, M, A>(map: &mut A, name: &'static str, expected: Expected<'_, M>) -> Result<Found, A::Error>
where
    M: TakeMembers,
    A: MapAccess<'de>,
{
    map.next_value_seed(Reader { name, expected })
}

fn id<'de, M: TakeMembers, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    match member::<M, A>(map, "cohortId", Expected::Text)? {
        Found::Text(text) if text.is_empty() => Err(A::Error::custom("cohortId: expected a text that is not empty")),
        Found::Text(text) => Ok(Some(text)),
        _ => Ok(None),
    }
}

fn group_type<'de, M: TakeMembers, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    match member::<M, A>(map, "groupType", Expected::TextOrNull)? {
        Found::Text(text) if !text.is_empty() => Ok(Some(text)),
        _ => Ok(None),
    }
}

fn whole<'de, M, A, T>(map: &mut A, name: &'static str) -> Result<Option<T>, A::Error>
where
    M: TakeMembers,
    A: MapAccess<'de>,
    T: TryFrom<i128>,
{
    match member::<M, A>(map, name, Expected::WholeOrNull)? {
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
    use crate::StoredCohort;

    fn error(json: &str) -> CohortError {
        Cohort::from_json(json.as_bytes()).unwrap_err()
    }

    fn said(json: &str) -> String {
        error(json).to_string()
    }

    #[test]
    fn errors_say_what_was_expected_and_found_and_where() {
        for (json, expected) in [
            (r#"{"memberIds": [5]}"#, "memberIds[0]: expected a string, found a number at line 1 column 17"),
            ("{\"memberIds\": [\n1e999,\nnull]}", "memberIds[0]: expected a string, found a number at line 3 column 5"),
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
            (r#"{"cohortId": "c1", "memberIds": ["u1""#, "it ends too early, at line 1 column 37"),
            ("{\"cohortId\":\n", "it ends too early, at line 2 column 1"),
        ] {
            let said = said(json);
            assert!(said.starts_with(&format!("not the JSON of a cohort: {expected}")), "{json}\n{said}");
        }
    }

    #[test]
    fn what_is_no_cohort_is_named_however_it_is_read() {
        let page = format!("<!DOCTYPE html>{}", "<p>".repeat(100_000));
        for (json, received) in [
            ("", "an empty text"),
            (" \n", "an empty text"),
            ("<html>Sign in</html>", "an HTML page"),
            (&page, "an HTML page"),
            ("blocked by policy", "a text that is no JSON"),
            (r#"{"error": "s3cret"}"#, "a JSON object with an `error` member"),
            (r#"{"message": "s3cret"}"#, "a JSON object with a `message` member"),
            ("{}", "an empty JSON object"),
            ("[]", "an empty JSON list"),
            (r#"["u1", "u2"]"#, "a JSON list"),
            (r#""s3cret""#, "a JSON string"),
            ("null", "the JSON value null"),
            ("\u{feff}{\"error\": 1}", "a JSON object with an `error` member"),
            (r#"[{"key": "a", "variants": {}, "segments": []}]"#, "a JSON list of flags"),
        ] {
            let expected = format!("not the JSON of a cohort, but {received}");
            assert_eq!(said(json), expected, "{json}");
            let read = StoredCohort::from_reader(json.as_bytes()).unwrap_err();
            assert_eq!(read.to_string(), expected, "{json}");
            assert!(std::error::Error::source(&read).is_none());
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
            r#"{"memberIds": ["s3cret\ud800", 1]}"#,
            r#"{"memberIds": ["s3cret" "s3cret"]}"#,
            r#"{"memberIds": ["s3cret"], "size": "s3cret"}"#,
            r#"{"memberIds": ["s3cret\x"]}"#,
            r#"{"memberIds": ["s3cret"#,
        ] {
            let error = error(json);
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
        for number in ["31337", "-31337", "31337.5"] {
            let error = error(&format!(r#"{{"memberIds": [{number}]}}"#));
            assert!(!format!("{error} {error:?}").contains("31337"), "{error:?}");
        }
    }

    #[test]
    fn odd_members_are_left_out_and_told() {
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        for (odd, found) in [
            ("null", "null"),
            ("5", "a number"),
            ("-5.5", "a number"),
            ("1e999", "a number"),
            ("false", "a boolean"),
            (r#""s3cret\ud800""#, "a string with a lone surrogate"),
            (r#""\udc00""#, "a string with a lone surrogate"),
            (r#"["s3cret"]"#, "a list"),
            (r#"{"s3cret": null}"#, "an object"),
            (&deep, "a list"),
        ] {
            let json = format!(r#"{{"cohortId": "c1", "memberIds": ["a", {odd}, "b\n", {odd}, "\\"], "size": 9}}"#);
            let cohort = Cohort::from_json(json.as_bytes()).unwrap();
            let mut expected = Cohort::new("c1", ["a", "b\n", "\\"]);
            expected.size = 9;
            assert_eq!(cohort, expected, "{odd}");
            let left_out = cohort.left_out().unwrap();
            let said = format!("memberIds[1]: expected a string, found {found}");
            assert_eq!((left_out.count(), left_out.first()), (2, said.as_str()));
            let stored = StoredCohort::from_reader(json.as_bytes()).unwrap();
            assert_eq!((stored.len(), stored.left_out()), (3, Some(left_out)));
            assert_eq!(StoredCohort::from_json(json.as_bytes()).unwrap().left_out(), Some(left_out));
        }
        let good = br#"{"cohortId": "c1", "memberIds": [null, 5], "memberIds": ["a"]}"#;
        assert!(Cohort::from_json(good).is_err(), "a list without any member that can be read");
        let good = br#"{"cohortId": "c1", "memberIds": ["x", 5], "memberIds": ["a"]}"#;
        assert_eq!(Cohort::from_json(good).unwrap().left_out(), None);
        let tree = serde_json::from_str::<serde_json::Value>(r#"{"cohortId": "c1", "memberIds": ["x", 5]}"#).unwrap();
        assert_eq!(serde_json::from_value::<Cohort>(tree).unwrap().left_out().map(LeftOut::count), Some(1));
    }

    #[test]
    fn of_repeated_names_the_last_counts() {
        let json = br#"{"cohortId": "a", "memberIds": ["x", "y"], "cohortId": "b", "memberIds": ["z"]}"#;
        assert_eq!(Cohort::from_json(json).unwrap(), Cohort::new("b", ["z"]));
    }
}
