//! What the service says to an upload.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use evaluation_core::{JsonError, Received, skip_byte_order_mark};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What a success has to be.
const EXPECTED: &str = "the service's response to an upload";

/// An answer, or that there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) verdict: Verdict,
    /// How long the service asks to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

/// What is to become of the events of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All were taken.
    Taken,
    /// All are to be sent again, and others would fare no better now.
    Failed,
    /// The key is refused, and with it all.
    RefusedKey,
    /// The upload as a whole is refused, and would be again.
    InvalidUpload,
    /// These are refused, by their places. If none is named, it is not known which.
    Invalid(Vec<usize>),
    /// There were too many.
    TooLarge,
    /// Some are too many for their users or devices.
    Throttled(Throttled),
}

/// What is too many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// Places of events that have to wait.
    pub(crate) events: Vec<usize>,
    /// Users that may send no more today.
    pub(crate) users: Vec<String>,
    /// Devices that may send no more today.
    pub(crate) devices: Vec<String>,
}

/// The members of an answer that tell what is wrong. What they hold is only read as far as it has the form it should.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    code: Lenient<u16>,
    error: Lenient<String>,
    missing_field: Lenient<String>,
    events_with_invalid_fields: Lenient<Members<Places>>,
    events_with_missing_fields: Lenient<Members<Places>>,
    events_with_invalid_id_lengths: Lenient<Members<Places>>,
    silenced_events: Places,
    throttled_events: Places,
    exceeded_daily_quota_users: Lenient<Members<IgnoredAny>>,
    exceeded_daily_quota_devices: Lenient<Members<IgnoredAny>>,
}

impl Reply {
    /// Reads a response. The code of its body counts before the status, but no code makes a refusal a success.
    ///
    /// # Errors
    /// When the status says success and the body is not what the service responds with: what it is instead. `is_page`
    /// says that the response calls itself an HTML page.
    pub(crate) fn read(
        status: u16,
        is_page: bool,
        body: Option<&[u8]>,
        retry_after: Option<Duration>,
    ) -> Result<(u16, Self), JsonError> {
        let text = skip_byte_order_mark(body.unwrap_or_default());
        let read: Option<Body> = if is_page { None } else { serde_json::from_slice(text).ok() };
        let body = read.unwrap_or_default();
        let is_success = |code: &u16| (200..300).contains(code);
        let code = body.code.0.filter(|code| (100..600).contains(code));
        let code = code.filter(|code| is_success(&status) || !is_success(code));
        if is_success(&status) && code.is_none() {
            return Err(match is_page {
                true => JsonError::of(EXPECTED, Received::Html),
                false => JsonError::unexpected(EXPECTED, text),
            });
        }
        let code = code.unwrap_or(status);
        Ok((code, Self { verdict: verdict(code, body), retry_after }))
    }

    /// There was no response of the service. Says how long it is to be left alone, if anything did.
    pub(crate) fn none(retry_after: Option<Duration>) -> Self {
        Self { verdict: Verdict::Failed, retry_after }
    }
}

fn verdict(code: u16, body: Body) -> Verdict {
    match code {
        200..=299 => Verdict::Taken,
        413 => Verdict::TooLarge,
        429 => Verdict::Throttled(Throttled {
            events: body.throttled_events.known().collect(),
            users: body.exceeded_daily_quota_users.names(),
            devices: body.exceeded_daily_quota_devices.names(),
        }),
        400..=499 if code != 408 => {
            if body.error.0.is_some_and(|error| error.starts_with("Invalid API key")) {
                return Verdict::RefusedKey;
            }
            if body.missing_field.0.is_some_and(|field| !field.is_empty()) {
                return Verdict::InvalidUpload;
            }
            let by_field =
                [body.events_with_invalid_fields, body.events_with_missing_fields, body.events_with_invalid_id_lengths];
            let places = by_field.into_iter().filter_map(|fields| fields.0).flat_map(|members| members.0);
            let places = places.map(|(_, places)| places);
            Verdict::Invalid(places.chain([body.silenced_events]).flat_map(Places::known).collect())
        }
        _ => Verdict::Failed,
    }
}

/// A part that counts only if it is what it should be.
struct Lenient<T>(Option<T>);

/// A list of places, of which those count that can be one.
type Places = Lenient<Vec<Lenient<usize>>>;

impl Places {
    fn known(self) -> impl Iterator<Item = usize> {
        self.0.unwrap_or_default().into_iter().filter_map(|place| place.0)
    }
}

impl Lenient<Members<IgnoredAny>> {
    fn names(self) -> Vec<String> {
        self.0.map(|members| members.0.into_iter().filter_map(|(name, _)| name.0).collect()).unwrap_or_default()
    }
}

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Its text first: what no value can hold, such as a number past all floats, spoils nothing else then.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// The members of an object, in order.
struct Members<T>(Vec<(Lenient<String>, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for All<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(All(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(status: u16, body: &Value) -> Verdict {
        of_text(status, body.to_string().as_bytes()).unwrap()
    }

    fn of_text(status: u16, body: &[u8]) -> Result<Verdict, JsonError> {
        Reply::read(status, false, Some(body), None).map(|(_, reply)| reply.verdict)
    }

    #[test]
    fn the_code_of_the_body_counts_before_the_status() {
        assert_eq!(read(200, &json!({"code": 500})), Verdict::Failed);
        assert_eq!(read(200, &json!({"code": 400})), Verdict::Invalid(vec![]));
        assert_eq!(read(202, &json!({"code": 200})), Verdict::Taken);
        for body in [json!({"code": 0}), json!({"code": "x"}), json!({}), json!([]), json!({"code": 70_000})] {
            assert_eq!(read(413, &body), Verdict::TooLarge, "{body}");
        }
        assert_eq!(of_text(503, b"<html>"), Ok(Verdict::Failed));
        assert_eq!(Reply::read(413, false, None, None).unwrap().1.verdict, Verdict::TooLarge);
    }

    #[test]
    fn no_code_makes_a_refusal_a_success() {
        assert_eq!(read(500, &json!({"code": 200})), Verdict::Failed);
        assert_eq!(read(404, &json!({"code": 200})), Verdict::Invalid(vec![]));
        assert_eq!(read(302, &json!({"code": 202})), Verdict::Failed);
    }

    #[test]
    fn what_the_service_does_not_respond_with_is_no_success() {
        for status in [200, 202, 204] {
            for (body, said) in [
                ("", ", but an empty text"),
                ("<html>", ", but an HTML page"),
                ("success", ", but a text that is no JSON"),
                ("\"success\"", ", but a JSON string"),
                ("200", ", but a JSON number"),
                ("null", ", but the JSON value null"),
                ("[]", ", but an empty JSON list"),
                ("{}", ", but an empty JSON object"),
                (r#"{"code": "200"}"#, ", but a JSON object of another form"),
                (r#"{"code": 0}"#, ", but a JSON object of another form"),
                (r#"{"code": 70000}"#, ", but a JSON object of another form"),
                (r#"{"events_ingested": 5}"#, ", but a JSON object of another form"),
                (r#"{"error": "blocked"}"#, ", but a JSON object with an `error` member"),
                (r#"{"message": "blocked"}"#, ", but a JSON object with a `message` member"),
                (r#"{"code": 200"#, ": it ends too early, at line 1 column 12"),
                (r#"{"code": 200} and more"#, ": trailing characters at line 1 column 15"),
            ] {
                let error = of_text(status, body.as_bytes()).unwrap_err().to_string();
                assert_eq!(error, format!("not {EXPECTED}{said}"), "{status} {body}");
            }
            let error = of_text(status, b"\x0b\x02\x80{}\x03").unwrap_err().to_string();
            assert!(error.ends_with("bytes that are no text"), "{error}");
        }
        let good = br#"{"code": 200, "events_ingested": 1, "payload_size_bytes": 9, "server_upload_time": 1}"#;
        assert_eq!(of_text(200, good), Ok(Verdict::Taken));
        assert_eq!(Reply::read(200, true, Some(good), None), Err(JsonError::of(EXPECTED, Received::Html)));
        assert_eq!(Reply::read(503, true, Some(good), None).unwrap().1.verdict, Verdict::Failed);
    }

    #[test]
    fn one_byte_order_mark_before_the_body_is_skipped() {
        assert_eq!(of_text(200, "\u{feff}{\"code\": 500}".as_bytes()), Ok(Verdict::Failed));
        assert_eq!(of_text(200, "\u{feff}{\"code\": 200}".as_bytes()), Ok(Verdict::Taken));
        assert!(of_text(200, "\u{feff}\u{feff}{\"code\": 200}".as_bytes()).is_err());
    }

    #[test]
    fn each_status_has_its_verdict() {
        for (status, verdict) in [
            (302, Verdict::Failed),
            (400, Verdict::Invalid(vec![])),
            (401, Verdict::Invalid(vec![])),
            (403, Verdict::Invalid(vec![])),
            (404, Verdict::Invalid(vec![])),
            (408, Verdict::Failed),
            (413, Verdict::TooLarge),
            (429, Verdict::Throttled(Throttled::default())),
            (500, Verdict::Failed),
            (503, Verdict::Failed),
        ] {
            assert_eq!(read(status, &json!({})), verdict, "{status}");
        }
    }

    #[test]
    fn refused_events_are_those_that_any_list_names() {
        let body = json!({
            "code": 400, "error": "Invalid field values on some events",
            "events_with_invalid_fields": {"time": [1, 2], "groups": [2]},
            "events_with_missing_fields": {"event_type": [4]},
            "events_with_invalid_id_lengths": {"user_id": [5]},
            "silenced_events": [7]
        });
        assert_eq!(read(400, &body), Verdict::Invalid(vec![2, 1, 2, 4, 5, 7]));
        // What has not the form it should have takes nothing else with it.
        let odd = json!({"events_with_invalid_fields": "x", "silenced_events": [3], "missing_field": null});
        assert_eq!(read(400, &odd), Verdict::Invalid(vec![3]));
        let odd = json!({"silenced_events": [1, "x", -1, null, 2.5, 4], "events_with_invalid_fields": {"a": [5, []], "b": 6}});
        assert_eq!(read(400, &odd), Verdict::Invalid(vec![5, 1, 4]));
    }

    #[test]
    fn what_no_value_can_hold_takes_nothing_else_with_it() {
        let body = br#"{"code": 400, "silenced_events": [1, 1e999, "\ud800", 4], "other": 1e999,
            "events_with_invalid_fields": {"\ud800": [5], "a": [1e999, 6], "b": "\ud800"}}"#;
        assert_eq!(of_text(400, body).unwrap(), Verdict::Invalid(vec![5, 6, 1, 4]));
        let body = br#"{"code": 429, "throttled_events": [0, 1e999], "exceeded_daily_quota_users": {"\ud800": 1, "a": 1e999}}"#;
        let throttled = Throttled { events: vec![0], users: vec!["a".into()], devices: Vec::new() };
        assert_eq!(of_text(429, body).unwrap(), Verdict::Throttled(throttled));
    }

    #[test]
    fn a_refused_key_and_a_missing_field_concern_all() {
        for status in [400, 401, 403] {
            assert_eq!(read(status, &json!({"error": "Invalid API key: x"})), Verdict::RefusedKey);
        }
        let body = json!({"missing_field": "api_key", "silenced_events": [1]});
        assert_eq!(read(400, &body), Verdict::InvalidUpload);
    }

    #[test]
    fn who_is_throttled_and_who_is_over_quota_is_told_apart() {
        let body = json!({
            "code": 429, "eps_threshold": 10, "throttled_events": [0, 3], "throttled_users": {"u": 11},
            "exceeded_daily_quota_users": {"a": 500_001}, "exceeded_daily_quota_devices": {"d": 500_002}
        });
        let throttled = Throttled { events: vec![0, 3], users: vec!["a".into()], devices: vec!["d".into()] };
        assert_eq!(read(429, &body), Verdict::Throttled(throttled));
    }
}
