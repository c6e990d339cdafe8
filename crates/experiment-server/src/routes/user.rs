//! The user of a remote evaluation: in a header, in the body, or in the query.

use bytes::Bytes;
use evaluation_core::{JsonError, User, skip_byte_order_mark};
use http::{HeaderMap, Method};
use serde_json::value::RawValue;

use crate::base64;
use crate::query::Query;
use crate::reply::Refusal;
use crate::user;

/// The user that an SDK sends: JSON in the body of a POST, base64 of it in a header otherwise.
pub(super) fn of_sdk(method: &Method, headers: &HeaderMap, body: &Bytes) -> Result<User, Refusal> {
    if *method == Method::POST && !body.is_empty() {
        return checked(read("the body", body)?);
    }
    let header = headers.get("x-amp-exp-user").ok_or_else(|| {
        Refusal::bad_request("there is no user: give base64 of its JSON in the header X-Amp-Exp-User, or POST its JSON")
    })?;
    let json = base64::decode(header.as_bytes())
        .map_err(|error| Refusal::bad_request(format!("the header X-Amp-Exp-User is not base64: {error}")))?;
    checked(read("the header X-Amp-Exp-User", &json)?)
}

/// The user that the oldest SDKs send: base64 of its JSON as a part of the path.
pub(super) fn of_path(encoded: &str) -> Result<User, Refusal> {
    let json = base64::decode(encoded.as_bytes())
        .map_err(|error| Refusal::bad_request(format!("the user in the path is not base64: {error}")))?;
    checked(read("the path", &json)?)
}

/// The user of the evaluation API: JSON in the body of a POST or in `context`, with ids of their own before those.
pub(super) fn of_api(method: &Method, query: &Query, body: &Bytes) -> Result<User, Refusal> {
    let user = match query.get("context") {
        _ if *method == Method::POST && !body.is_empty() => read("the body", body)?,
        Some(context) => read("the query parameter context", context.as_bytes())?,
        None => User::default(),
    };
    let mut builder = user.to_builder();
    if let Some(id) = query.get("user_id") {
        builder = builder.user_id(id);
    }
    if let Some(id) = query.get("device_id") {
        builder = builder.device_id(id);
    }
    checked(builder.build())
}

/// The keys of the flags that an SDK asks for; none for all. An element of the list that is no string is left out, unless
/// that would leave none: it would then ask for all.
pub(super) fn flag_keys(headers: &HeaderMap) -> Result<Vec<String>, Refusal> {
    let Some(header) = headers.get("x-amp-exp-flag-keys") else { return Ok(Vec::new()) };
    let json = base64::decode(header.as_bytes())
        .map_err(|error| Refusal::bad_request(format!("the header X-Amp-Exp-Flag-Keys is not base64: {error}")))?;
    let text = skip_byte_order_mark(&json);
    let list: Vec<&RawValue> = serde_json::from_slice(text).map_err(|_| {
        let error = JsonError::unexpected("a JSON list of strings", text);
        Refusal::bad_request(format!("the header X-Amp-Exp-Flag-Keys is {error}"))
    })?;
    let keys: Vec<String> = list.iter().filter_map(|key| serde_json::from_str(key.get()).ok()).collect();
    let left_out = list.len() - keys.len();
    if left_out > 0 && keys.is_empty() {
        return Err(Refusal::bad_request("the header X-Amp-Exp-Flag-Keys is a JSON list without any string"));
    }
    if left_out > 0 {
        tracing::warn!(target: "experiment_server", left_out, "a request asks for flags by keys that are no strings");
    }
    Ok(keys)
}

/// Reads a user. Fields of an unexpected type or without a place of their own decide flags as they came.
fn read(place: &str, json: &[u8]) -> Result<User, Refusal> {
    match user::read(json) {
        Ok((user, unread)) => {
            if !unread.is_empty() {
                let parts = unread.len();
                tracing::debug!(target: "experiment_server", parts, "parts of a user cannot be read: /admin/explain lists them");
            }
            Ok(user)
        }
        Err(error) => Err(Refusal::bad_request(format!("{place} holds no user: {error}"))),
    }
}

/// The service wants to know whom it is asked about.
fn checked(user: User) -> Result<User, Refusal> {
    let given = [user.user_id(), user.device_id()];
    if given.into_iter().flatten().any(|id| !id.is_empty()) {
        return Ok(user);
    }
    Err(Refusal::bad_request("the user has neither a user_id nor a device_id"))
}
