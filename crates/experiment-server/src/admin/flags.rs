//! Flags and their overrides.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use evaluation_core::skip_byte_order_mark;
use http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::flags::{Override, Subject};
use crate::query::Query;
use crate::reply::{Refusal, json, json_bytes, of_path};
use crate::routes::App;
use crate::unread::unread;

#[derive(Serialize)]
struct Listed<'a> {
    key: Option<&'a str>,
    file: &'a str,
    variants: Vec<String>,
    overrides: Vec<&'a Override>,
}

/// All flags.
pub(super) async fn all(State(app): State<App>) -> Response {
    let (flags, overrides) = (app.state.snapshot().flags, app.state.overrides());
    let listed = flags.raw.iter().map(|flag| {
        let key = flag.key.as_deref();
        let own = overrides.iter().filter(|one| Some(one.flag.as_str()) == key);
        Listed { key, file: &flag.origin, variants: flag.variants(), overrides: own.collect() }
    });
    json(StatusCode::OK, &listed.collect::<Vec<_>>())
}

/// One flag, as it is served.
pub(super) async fn one(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let key = of_path(path)?;
    let flags = app.state.snapshot().flags;
    let flag = flags.raw.iter().rfind(|flag| flag.key.as_deref() == Some(key.as_str()));
    let flag = flag.ok_or_else(|| Refusal::not_found(format!("there is no flag `{key}`")))?;
    Ok(json_bytes(Bytes::copy_from_slice(flag.json.as_bytes())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    variant: String,
    user_id: Option<String>,
    device_id: Option<String>,
}

/// Sets an override.
pub(super) async fn set_override(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let key = of_path(path)?;
    let text = skip_byte_order_mark(&body);
    let wanted: Wanted = serde_json::from_slice(text)
        .map_err(|error| Refusal::bad_request(format!("the body is no override: {}", unread(text, &error))))?;
    let wanted = match (wanted.user_id, wanted.device_id) {
        (None, None) => Override::for_everyone(key, wanted.variant),
        (Some(id), None) => Override::for_user(key, wanted.variant, id),
        (None, Some(id)) => Override::for_device(key, wanted.variant, id),
        (Some(_), Some(_)) => {
            return Err(Refusal::bad_request("an override is for a user or for a device, not for both"));
        }
    };
    app.state.set_override(wanted.clone()).map_err(Refusal::not_found)?;
    tracing::info!(target: "experiment_server", flag = wanted.flag, variant = wanted.variant, "override set");
    Ok(json(StatusCode::OK, &wanted))
}

/// Takes overrides away.
pub(super) async fn clear_override(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let key = of_path(path)?;
    let query = Query::parse(uri.query()).map_err(Refusal::bad_request)?;
    let subject = match query.pairs() {
        [] => None,
        [(name, id)] if name == "user_id" && !id.is_empty() => Some(Subject::UserId(id.clone())),
        [(name, id)] if name == "device_id" && !id.is_empty() => Some(Subject::DeviceId(id.clone())),
        [(name, _)] if name == "everyone" => Some(Subject::Everyone),
        _ => return Err(Refusal::bad_request("give user_id, device_id or everyone, one of them, or nothing for all")),
    };
    let cleared = app.state.clear_overrides(&key, subject.as_ref());
    Ok(json(StatusCode::OK, &json!({"cleared": cleared})))
}
