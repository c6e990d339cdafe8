//! Flags as they stand in a file: kept as text, so that what goes out is what was written.

use std::sync::Arc;

use evaluation_core::wire;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Problem;

/// One flag's JSON on one line, with the place it comes from.
#[derive(Debug, Clone)]
pub(crate) struct RawFlag {
    /// None if it cannot be read; then the flag is a problem.
    pub(crate) key: Option<Box<str>>,
    pub(crate) origin: Arc<str>,
    /// Its place in that file.
    pub(crate) index: usize,
    pub(crate) json: Arc<str>,
}

impl RawFlag {
    /// The names that the flag lists its variants under.
    pub(crate) fn variants(&self) -> Vec<String> {
        let flag = serde_json::from_str::<wire::Flag<'_>>(&self.json);
        flag.map(|flag| flag.variants.iter().map(|(name, _)| name.as_ref().to_owned()).collect()).unwrap_or_default()
    }
}

/// Reads a JSON list of flags.
pub(crate) fn read(origin: &str, json: &[u8]) -> Result<Vec<RawFlag>, Problem> {
    let malformed = |error: serde_json::Error| Problem::of_file(origin, describe(&error));
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let flags: Vec<&RawValue> = serde_json::from_slice(json).map_err(malformed)?;
    let origin: Arc<str> = origin.into();
    let flags = flags.into_iter().enumerate().map(|(index, raw)| {
        let json: Arc<str> = one_line(raw.get()).into();
        RawFlag { key: key(&json), origin: Arc::clone(&origin), index, json }
    });
    Ok(flags.collect())
}

fn describe(error: &serde_json::Error) -> String {
    if error.is_data() && error.line() <= 1 {
        return format!("not a JSON list of flags: {error}");
    }
    format!("not JSON: {error}")
}

fn key(json: &str) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Keyed<'a> {
        #[serde(borrow)]
        key: std::borrow::Cow<'a, str>,
    }
    serde_json::from_str::<Keyed<'_>>(json).ok().map(|keyed| keyed.key.into())
}

/// JSON without the white space between its tokens: a message of a stream is one line. Numbers, escapes and the order of
/// members stay as they were.
fn one_line(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for character in json.chars() {
        if quoted {
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
        } else if matches!(character, ' ' | '\n' | '\r' | '\t') {
            continue;
        } else {
            quoted = character == '"';
        }
        text.push(character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_and_nothing_else() {
        let json = "{ \"a b\" :\t[ 1.50 , \"\\\" \\\\\" ],\r\n \"c\": \" \\u0020\\n\" }";
        assert_eq!(one_line(json), r#"{"a b":[1.50,"\" \\"],"c":" \u0020\n"}"#);
    }

    #[test]
    fn flags_keep_their_text_and_place() {
        let flags = read("a.json", b"\xef\xbb\xbf[{\"key\": \"a\", \"n\": 1.0}, 7]").unwrap();
        assert_eq!(&*flags[0].json, r#"{"key":"a","n":1.0}"#);
        assert_eq!(flags[0].key.as_deref(), Some("a"));
        assert_eq!((flags[1].key.as_deref(), flags[1].index), (None, 1));
    }

    #[test]
    fn what_is_no_list_is_a_problem_with_its_place() {
        let problem = read("a.json", b"{\"key\": 1}").unwrap_err();
        assert!(problem.to_string().starts_with("error: a.json: not a JSON list of flags:"), "{problem}");
        let problem = read("a.json", b"[\n{\"key\": \"a\",}]").unwrap_err();
        assert!(problem.to_string().contains("line 2"), "{problem}");
    }
}
