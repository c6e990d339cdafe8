//! Remote evaluation.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use evaluation_core::{User, VariantRef, Variants};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{App, user};
use crate::events::{self, EventSource};
use crate::query::Query;
use crate::reply::{Refusal, json};

/// `/sdk/v2/vardata`: what remote SDKs ask.
pub(super) async fn variants(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    app.state.keys.allow_deployment(&headers).map_err(Refusal::unauthorized)?;
    Query::parse(uri.query()).map_err(Refusal::bad_request)?;
    let user = user::of_sdk(&method, &headers, &body)?;
    Ok(json(StatusCode::OK, &evaluate(&app, &headers, &user)?))
}

/// Evaluates for a user that an SDK sent, and tracks as the service does.
pub(super) fn evaluate(app: &App, headers: &HeaderMap, user: &User) -> Result<Variants, Refusal> {
    let keys = user::flag_keys(headers)?;
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let variants = app.state.snapshot().evaluate(user, &keys);
    track(app, headers, user, &variants);
    Ok(variants)
}

/// `/v1/vardata`: what programs without an SDK ask. Only assigned flags are told.
pub(super) async fn api(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    app.state.keys.allow_deployment(&headers).map_err(Refusal::unauthorized)?;
    let query = Query::parse(uri.query()).map_err(Refusal::bad_request)?;
    let user = user::of_api(&method, &query, &body)?;
    // The documentation has the first name, the official proxy the second.
    let variants = app.state.snapshot().evaluate(&user, &query.list(&["flag_keys", "flag_key"]));
    track(&app, &headers, &user, &variants);
    Ok(json(StatusCode::OK, &Assigned(&variants)).into_response())
}

/// Keeps what the service would track: an assignment unless the request forbids it, exposures only if it asks for them.
fn track(app: &App, headers: &HeaderMap, user: &User, variants: &Variants) {
    let asked = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !matches!(asked("x-amp-exp-track"), Some("no-track" | "read-only")) {
        app.state.events.add(EventSource::RemoteEvaluation, events::assignment(user, variants));
    }
    if asked("x-amp-exp-exposure-track") == Some("track") {
        app.state.events.add(EventSource::RemoteEvaluation, events::exposures(user, variants));
    }
}

/// Variants in the form of the evaluation API, without defaults and flags that are not deployed.
struct Assigned<'a>(&'a Variants);

impl Serialize for Assigned<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (flag, variant) in self.0.assigned() {
            map.serialize_entry(flag, &ApiVariant(variant))?;
        }
        map.end()
    }
}

struct ApiVariant<'a>(VariantRef<'a>);

impl Serialize for ApiVariant<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let metadata = self.0.metadata();
        let mut map = serializer.serialize_map(None)?;
        if let Some(key) = self.0.key().or(self.0.value()) {
            map.serialize_entry("key", key)?;
        }
        if let Ok(Some(payload)) = self.0.payload::<&RawValue>() {
            map.serialize_entry("payload", payload)?;
        }
        for (name, from) in [("expKey", "experimentKey"), ("evaluationId", "evaluationId")] {
            if let Some(value) = metadata.get(from) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}
