//! Uploads of events: what `/2/httpapi` and `/batch` take, and how they refuse.

use std::collections::BTreeMap;

use evaluation_core::skip_byte_order_mark;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::unread::unread;

/// How many events one upload may hold, by the service's documentation.
const MOST_EVENTS: usize = 2000;

/// How long ids have to be if the upload does not say, by the service's documentation.
const MIN_ID_LENGTH: usize = 5;

/// Ids that the service takes for mistakes.
const RESERVED_IDS: [&str; 15] = [
    "anonymous",
    "nil",
    "none",
    "null",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "0",
    "-1",
    "{}",
    "[]",
    "true",
    "false",
    "lmy47d",
];

/// How many characters a text may have, by the service's documentation.
const LONGEST: usize = 1024;

/// Members of an event that are texts.
const TEXTS: [&str; 4] = ["event_type", "user_id", "device_id", "insert_id"];

/// Members of an event that have to be objects where they are given.
const OBJECTS: [&str; 4] = ["event_properties", "user_properties", "groups", "group_properties"];

/// An upload that was read.
#[derive(Deserialize)]
pub(crate) struct Upload {
    api_key: Option<String>,
    events: Option<Vec<Box<RawValue>>>,
    options: Option<UploadOptions>,
}

#[derive(Deserialize)]
struct UploadOptions {
    min_id_length: Option<f64>,
}

/// Why an upload is refused, in the form that uploaders read.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Rejected {
    pub(crate) code: u16,
    pub(crate) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_field: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    events_with_invalid_fields: Indexes,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    events_with_missing_fields: Indexes,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    events_with_invalid_id_lengths: Indexes,
}

/// The events at fault, by field.
type Indexes = BTreeMap<&'static str, Vec<usize>>;

impl Rejected {
    fn new(code: StatusCode, error: impl Into<String>) -> Self {
        Self { code: code.as_u16(), error: error.into(), ..Self::default() }
    }

    fn missing(field: &'static str) -> Self {
        Self { missing_field: Some(field), ..Self::new(StatusCode::BAD_REQUEST, "Request missing required field") }
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large")
    }
}

impl Upload {
    /// Reads and checks an upload; its events, if all of them are good.
    pub(crate) fn events(body: &[u8], is_api_key: impl Fn(&str) -> bool) -> Result<Vec<Box<RawValue>>, Rejected> {
        // Bytes that are not UTF-8 spoil the event that they stand in, and no other.
        let body = String::from_utf8_lossy(skip_byte_order_mark(body));
        let upload: Self = serde_json::from_str(&body).map_err(|error| {
            let error = unread(body.as_bytes(), &error);
            Rejected::new(StatusCode::BAD_REQUEST, format!("Invalid JSON request body: {error}"))
        })?;
        let api_key = upload.api_key.filter(|key| !key.is_empty()).ok_or_else(|| Rejected::missing("api_key"))?;
        if !is_api_key(&api_key) {
            return Err(Rejected::new(StatusCode::BAD_REQUEST, "Invalid API key"));
        }
        let events = upload.events.filter(|events| !events.is_empty()).ok_or_else(|| Rejected::missing("events"))?;
        if events.len() > MOST_EVENTS {
            return Err(Rejected::too_large());
        }
        let given = upload.options.and_then(|options| options.min_id_length);
        // An empty id is none, whatever is given.
        let shortest = given.map_or(MIN_ID_LENGTH, |length| length as usize).max(1);
        let mut rejected = Rejected::new(StatusCode::BAD_REQUEST, "Invalid field values on some events");
        for (index, event) in events.iter().enumerate() {
            rejected.check(index, event, shortest);
        }
        let good = rejected.events_with_invalid_fields.is_empty()
            && rejected.events_with_missing_fields.is_empty()
            && rejected.events_with_invalid_id_lengths.is_empty();
        if good { Ok(events) } else { Err(rejected) }
    }
}

impl Rejected {
    fn check(&mut self, index: usize, event: &RawValue, shortest: usize) {
        let Ok(Value::Object(event)) = serde_json::from_str(event.get()) else {
            self.events_with_invalid_fields.entry("event").or_default().push(index);
            return;
        };
        let given = |field: &str| event.get(field).filter(|value| !value.is_null());
        let mut invalid = |field| self.events_with_invalid_fields.entry(field).or_default().push(index);
        match given("event_type") {
            Some(Value::String(name)) if !name.is_empty() => {}
            Some(Value::String(_)) | None => {
                self.events_with_missing_fields.entry("event_type").or_default().push(index);
            }
            Some(_) => invalid("event_type"),
        }
        let is_time = |time: &Value| time.as_f64().is_some_and(|time| time >= 0.0 && time.fract() == 0.0);
        if given("time").is_some_and(|time| !is_time(time)) {
            invalid("time");
        }
        if given("insert_id").is_some_and(|id| !id.is_string()) {
            invalid("insert_id");
        }
        for field in OBJECTS {
            if given(field).is_some_and(|value| !value.is_object()) {
                invalid(field);
            }
        }
        for (field, value) in TEXTS.into_iter().filter_map(|field| Some((field, given(field)?.as_str()?))) {
            if value.chars().count() > LONGEST {
                self.events_with_invalid_fields.entry(field).or_default().push(index);
            }
        }
        self.check_ids(index, [("user_id", given("user_id")), ("device_id", given("device_id"))], shortest);
    }

    /// An id that is too short is passed over, as long as the other one is good.
    fn check_ids(&mut self, index: usize, ids: [(&'static str, Option<&Value>); 2], shortest: usize) {
        let mut short = Vec::new();
        let mut usable = false;
        for (field, id) in ids {
            let text = match id {
                None => continue,
                Some(Value::String(id)) => id.clone(),
                Some(Value::Number(id)) => id.to_string(),
                Some(_) => {
                    self.events_with_invalid_fields.entry(field).or_default().push(index);
                    usable = true;
                    continue;
                }
            };
            let reserved =
                id.is_some_and(Value::is_string) && RESERVED_IDS.contains(&text.to_ascii_lowercase().as_str());
            if reserved {
                self.events_with_invalid_fields.entry(field).or_default().push(index);
            }
            if reserved || text.chars().count() >= shortest {
                usable = true;
            } else {
                short.push(field);
            }
        }
        if usable {
            return;
        }
        for field in &short {
            self.events_with_invalid_id_lengths.entry(field).or_default().push(index);
        }
        if short.is_empty() {
            self.events_with_missing_fields.entry("user_id").or_default().push(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn upload(body: &Value) -> Result<usize, Value> {
        let events = Upload::events(body.to_string().as_bytes(), |key| key == "key");
        events.map(|events| events.len()).map_err(|rejected| serde_json::to_value(rejected).unwrap())
    }

    #[test]
    fn good_uploads_pass() {
        let event = json!({"event_type": "e", "user_id": "u1", "device_id": "device", "time": 1, "groups": {}});
        assert_eq!(upload(&json!({"api_key": "key", "events": [event, event]})), Ok(2));
        let short = json!({"event_type": "e", "user_id": "u"});
        let body = json!({"api_key": "key", "events": [short], "options": {"min_id_length": 1}});
        assert_eq!(upload(&body), Ok(1));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (body, field) in [
            (json!({"events": [{}]}), "api_key"),
            (json!({"api_key": "", "events": [{}]}), "api_key"),
            (json!({"api_key": "key"}), "events"),
            (json!({"api_key": "key", "events": []}), "events"),
        ] {
            assert_eq!(upload(&body).unwrap_err()["missing_field"], field, "{body}");
        }
        let wrong = upload(&json!({"api_key": "other", "events": [{}]})).unwrap_err();
        assert_eq!(wrong, json!({"code": 400, "error": "Invalid API key"}));
    }

    #[test]
    fn events_at_fault_are_listed_by_field() {
        let body = json!({"api_key": "key", "events": [
            {"event_type": "e", "user_id": "user-1"},
            {"user_id": "user-1"},
            {"event_type": "e", "user_id": "u", "device_id": "d"},
            {"event_type": "e"},
            {"event_type": "e", "user_id": "user-1", "time": "now", "groups": []},
            {"event_type": "e", "user_id": "undefined"},
            7,
        ]});
        let rejected = upload(&body).unwrap_err();
        assert_eq!(rejected["events_with_missing_fields"], json!({"event_type": [1], "user_id": [3]}));
        assert_eq!(rejected["events_with_invalid_id_lengths"], json!({"user_id": [2], "device_id": [2]}));
        let invalid = json!({"time": [4], "groups": [4], "user_id": [5], "event": [6]});
        assert_eq!(rejected["events_with_invalid_fields"], invalid);
    }

    #[test]
    fn ids_are_measured_as_texts_and_never_empty() {
        for (event, good) in [
            (json!({"event_type": "e", "user_id": 12345, "time": 1.0}), true),
            (json!({"event_type": "e", "user_id": 5}), false),
            (json!({"event_type": "e", "user_id": "user-1", "time": 1.5}), false),
            (json!({"event_type": "e", "user_id": "x".repeat(1025)}), false),
        ] {
            assert_eq!(upload(&json!({"api_key": "key", "events": [event]})).is_ok(), good, "{event}");
        }
        let empty = json!({"api_key": "key", "events": [{"event_type": "e", "user_id": ""}], "options": {"min_id_length": 0.0}});
        assert_eq!(upload(&empty).unwrap_err()["events_with_invalid_id_lengths"], json!({"user_id": [0]}));
    }

    #[test]
    fn one_odd_event_is_listed_and_no_other() {
        let deep =
            format!(r#"{{"event_type": "e", "user_id": "user-1", "x": {}{}}}"#, "[".repeat(200), "]".repeat(200));
        for odd in ["null", "7", "1e999", r#""e""#, r#""\ud800""#, "[]", r#"{"event_type": "\ud800"}"#, &deep] {
            let good = r#"{"event_type": "e", "user_id": "user-1"}"#;
            let body = format!(r#"{{"api_key": "key", "events": [{good}, {odd}, {good}]}}"#);
            let rejected = Upload::events(body.as_bytes(), |_| true).err().unwrap();
            assert_eq!(rejected.events_with_invalid_fields, [("event", vec![1])].into(), "{odd}");
        }
        let body = b"{\"api_key\": \"key\", \"events\": [{\"event_type\": \"e\xff\", \"user_id\": \"user-1\"}]}";
        assert_eq!(Upload::events(body, |_| true).unwrap().len(), 1);
    }

    #[test]
    fn too_many_events_are_too_large() {
        let events: Vec<Value> = (0..2001).map(|_| json!({"event_type": "e", "user_id": "user-1"})).collect();
        assert_eq!(upload(&json!({"api_key": "key", "events": events})).unwrap_err()["code"], 413);
        let broken = Upload::events(b"{\"api_key\": ", |_| true).err().unwrap();
        assert!(broken.code == 400 && broken.error.contains("JSON"), "{broken:?}");
    }
}
