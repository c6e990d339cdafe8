//! The cookie in which Amplitude's browser SDKs keep a visitor's ids.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use evaluation_core::{User, skip_byte_order_mark};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

/// What JavaScript's `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// As lenient as browsers: whatever is left over at the end says nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&ALPHABET, NO_PAD.with_decode_allow_trailing_bits(true));

/// In which form a cookie holds its ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum CookieFormat {
    /// That of the JavaScript SDK and the older browser SDK: parts with dots between. A device id with a dot in it does
    /// not survive it.
    #[default]
    Legacy,
    /// That of the Browser SDK 2.
    Browser2,
}

/// The ids of the cookie in which Amplitude's browser SDKs keep them: for servers that decide flags for the page that
/// they render.
///
/// ```
/// use experiment::{AmplitudeCookie, CookieFormat};
///
/// let name = AmplitudeCookie::name("0123456789abcdef", CookieFormat::Legacy)?;
/// assert_eq!(name, "amp_012345");
///
/// let cookie = AmplitudeCookie::parse("deviceId.dGVzdEBhbXBsaXR1ZGUuY29t..1f1.1f1.dv.1ir.20q", CookieFormat::Legacy);
/// assert_eq!(cookie.device_id.as_deref(), Some("deviceId"));
/// assert_eq!(cookie.to_user().user_id(), Some("test@amplitude.com"));
///
/// // For a visitor who has none yet.
/// assert_eq!(AmplitudeCookie::generate("deviceId", CookieFormat::Legacy), "deviceId..........");
/// # Ok::<(), experiment::CookieNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AmplitudeCookie {
    /// The device id. May be empty, if the cookie says so.
    pub device_id: Option<String>,
    /// The user id, never empty. None for a visitor who is not known.
    pub user_id: Option<String>,
}

impl AmplitudeCookie {
    /// The cookie's name, which has the beginning of the project's API key in it.
    ///
    /// # Errors
    /// When the key is shorter than that.
    pub fn name(api_key: &str, format: CookieFormat) -> Result<String, CookieNameError> {
        let (prefix, length) = match format {
            CookieFormat::Legacy => ("amp_", 6),
            CookieFormat::Browser2 => ("AMP_", 10),
        };
        let key: String = api_key.chars().take(length).collect();
        if key.chars().count() < length {
            return Err(CookieNameError { length });
        }
        Ok(format!("{prefix}{key}"))
    }

    /// Reads the cookie's value. What cannot be read is passed over: visitors may send anything. One of the newer format
    /// that cannot be read at all counts as empty, with a warning.
    #[must_use]
    pub fn parse(value: &str, format: CookieFormat) -> Self {
        match format {
            CookieFormat::Legacy => legacy(value),
            CookieFormat::Browser2 => browser2(value).unwrap_or_else(|problem| {
                tracing::warn!(target: "experiment", problem, "a cookie cannot be read, and counts as empty");
                Self::default()
            }),
        }
    }

    /// The value for a visitor of this device id.
    #[must_use]
    pub fn generate(device_id: &str, format: CookieFormat) -> String {
        match format {
            CookieFormat::Legacy => format!("{device_id}.........."),
            CookieFormat::Browser2 => {
                let json = json!({ "deviceId": device_id }).to_string();
                STANDARD.encode(utf8_percent_encode(&json, COMPONENT).to_string())
            }
        }
    }

    /// A user of these ids.
    #[must_use]
    pub fn to_user(&self) -> User {
        let mut user = User::builder();
        if let Some(id) = &self.device_id {
            user = user.device_id(id);
        }
        if let Some(id) = &self.user_id {
            user = user.user_id(id);
        }
        user.build()
    }
}

/// That there are ids, but not which.
impl std::fmt::Debug for AmplitudeCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AmplitudeCookie")
            .field("device_id", &self.device_id.is_some())
            .field("user_id", &self.user_id.is_some())
            .finish()
    }
}

/// Why there is no name for a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the API key has fewer than {length} characters: give the key of the analytics project")]
#[non_exhaustive]
pub struct CookieNameError {
    /// How many it has to have.
    pub length: usize,
}

fn legacy(value: &str) -> AmplitudeCookie {
    let mut parts = value.split('.');
    let device_id = parts.next().map(str::to_owned);
    // A device id may hold what looks like an escape, and stays as it is.
    let user_id = parts.next().map(|part| String::from_utf8_lossy(&base64(&unescaped(part))).into_owned());
    AmplitudeCookie { device_id, user_id: user_id.filter(|id| !id.is_empty()) }
}

fn browser2(value: &str) -> Result<AmplitudeCookie, &'static str> {
    let text = base64(&unescaped(value));
    let text = component(&String::from_utf8_lossy(&text))?.into_owned();
    let json: Value = serde_json::from_slice(skip_byte_order_mark(text.as_bytes())).map_err(|_| "it holds no JSON")?;
    if json.is_null() {
        return Err("it holds nothing");
    }
    let id = |name: &str| match json.get(name) {
        Some(Value::String(id)) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    Ok(AmplitudeCookie { device_id: id("deviceId"), user_id: id("userId").filter(|id| !id.is_empty()) })
}

/// Of both alphabets, with or without padding; other characters do not count.
fn base64(text: &str) -> Vec<u8> {
    let standard = |byte: u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    };
    let mut digits: Vec<u8> =
        text.bytes().map(standard).filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')).collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    LENIENT.decode(digits).unwrap_or_default()
}

/// Some write cookies escaped, and no digit of Base64 is a `%`.
fn unescaped(base64: &str) -> Cow<'_, str> {
    component(base64).unwrap_or(Cow::Borrowed(base64))
}

/// As `decodeURIComponent` does it: what is no escape is an error, and so is what is not UTF-8.
fn component(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let mut escapes = text.split('%');
    escapes.next();
    let good = |escape: &str| escape.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if !escapes.all(good) {
        return Err("it has a malformed escape");
    }
    percent_decode_str(text).decode_utf8().map_err(|_| "its escapes are not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::CookieFormat::{Browser2, Legacy};
    use super::*;

    fn ids(cookie: &AmplitudeCookie) -> (Option<&str>, Option<&str>) {
        (cookie.device_id.as_deref(), cookie.user_id.as_deref())
    }

    #[test]
    fn names_have_the_beginning_of_the_key() {
        for (key, format, name) in [
            ("1234567", Legacy, Ok("amp_123456")),
            ("123456", Legacy, Ok("amp_123456")),
            ("12345", Legacy, Err(6)),
            ("", Legacy, Err(6)),
            ("1234567890", Browser2, Ok("AMP_1234567890")),
            ("abcdef0123456789", Browser2, Ok("AMP_abcdef0123")),
            ("123456789", Browser2, Err(10)),
        ] {
            let got = AmplitudeCookie::name(key, format);
            assert_eq!(got.as_deref().map_err(|error| error.length), name, "{key}");
        }
    }

    #[test]
    fn generated_values_are_those_of_the_other_sdks() {
        for (device, format, value) in [
            ("deviceId", Legacy, "deviceId.........."),
            ("", Legacy, ".........."),
            ("deviceId", Browser2, "JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjJkZXZpY2VJZCUyMiU3RA=="),
            ("a b", Browser2, "JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjJhJTIwYiUyMiU3RA=="),
            ("dév/ice+1=", Browser2, "JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjJkJUMzJUE5diUyRmljZSUyQjElM0QlMjIlN0Q="),
            ("\"q\"\\", Browser2, "JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjIlNUMlMjJxJTVDJTIyJTVDJTVDJTIyJTdE"),
            ("💥", Browser2, "JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjIlRjAlOUYlOTIlQTUlMjIlN0Q="),
        ] {
            assert_eq!(AmplitudeCookie::generate(device, format), value);
            assert_eq!(ids(&AmplitudeCookie::parse(value, format)), (Some(device), None));
        }
    }

    #[test]
    fn legacy_values_are_read_leniently() {
        for (value, expected) in [
            ("deviceId...1f1.1f1.dv.1ir.20q", (Some("deviceId"), None)),
            ("deviceId.dGVzdEBhbXBsaXR1ZGUuY29t..1f1.1f1.dv.1ir.20q", (Some("deviceId"), Some("test@amplitude.com"))),
            ("deviceId.Y8O3Pg==..x", (Some("deviceId"), Some("c÷>"))),
            ("deviceId.Y8O3Pg..x", (Some("deviceId"), Some("c÷>"))),
            ("deviceId", (Some("deviceId"), None)),
            ("", (Some(""), None)),
            (".", (Some(""), None)),
            ("deviceId.!!!!..x", (Some("deviceId"), None)),
            ("a.b.c", (Some("a"), None)),
            ("deviceId.//79..", (Some("deviceId"), Some("\u{fffd}\u{fffd}\u{fffd}"))),
            ("deviceId.__79..", (Some("deviceId"), Some("\u{fffd}\u{fffd}\u{fffd}"))),
            ("deviceId.dGVzdA%3D%3D..", (Some("deviceId"), Some("test"))),
            ("%41%.dGVzdA", (Some("%41%"), Some("test"))),
            ("deviceId.dGVzdA%..", (Some("deviceId"), Some("test"))),
        ] {
            assert_eq!(ids(&AmplitudeCookie::parse(value, Legacy)), expected, "{value}");
        }
    }

    #[test]
    fn values_of_the_browser_sdk_are_read_leniently() {
        let encoded = |json: &str| STANDARD.encode(utf8_percent_encode(json, COMPONENT).to_string());
        let plain = |json: &str| STANDARD.encode(json);
        for (value, expected) in [
            (encoded(r#"{"deviceId":"d1","userId":"u1@x.com","sessionId":1}"#), (Some("d1"), Some("u1@x.com"))),
            (encoded(r#"{"deviceId":"d1","userId":null}"#), (Some("d1"), None)),
            (encoded(r#"{"deviceId":"d1","userId":""}"#), (Some("d1"), None)),
            ("eyJkZXZpY2VJZCI6ImQxIiwidXNlcklkIjoidSJ9".to_owned(), (Some("d1"), Some("u"))),
            ("JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjJkMSUyMiU3RA".to_owned(), (Some("d1"), None)),
            ("JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjJkMSUyMiU3RA%3D%3D".to_owned(), (Some("d1"), None)),
            ("%JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjJkMSUyMiU3RA==".to_owned(), (Some("d1"), None)),
            (plain(r#"{"deviceId":"a+b"}"#), (Some("a+b"), None)),
            (plain(r#"{"deviceId":12,"userId":3}"#), (Some("12"), Some("3"))),
            (plain(r#"{"deviceId":"100%"}"#), (None, None)),
            ("!!!!".to_owned(), (None, None)),
            (String::new(), (None, None)),
            (plain("\u{feff}{\"deviceId\":\"d1\"}"), (Some("d1"), None)),
            (encoded("\u{feff}{\"deviceId\":\"d1\"}"), (Some("d1"), None)),
            (plain("\u{feff}\u{feff}{\"deviceId\":\"d1\"}"), (None, None)),
            (plain("null"), (None, None)),
            (plain("5"), (None, None)),
            (plain("[1]"), (None, None)),
            ("%".to_owned(), (None, None)),
        ] {
            assert_eq!(ids(&AmplitudeCookie::parse(&value, Browser2)), expected, "{value}");
        }
    }

    #[test]
    fn ids_do_not_show() {
        let cookie = AmplitudeCookie::parse("hush.aHVzaA..", Legacy);
        assert!(!format!("{cookie:?}").contains("hush"));
        let user = cookie.to_user();
        assert_eq!((user.device_id(), user.user_id()), (Some("hush"), Some("hush")));
    }
}
