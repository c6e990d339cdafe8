//! The endpoints that SDKs used before `/sdk/v2`.
//!
//! Remote evaluation needs nothing but variants, so it is served. Local evaluation needs flag configs in older forms,
//! which cannot be made from the present one; the response names SDK versions that work. Published versions that were
//! run against a server showed which of them uses which endpoint.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use evaluation_core::{User, VariantRef, Variants};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::evaluation::evaluate;
use super::{App, user};
use crate::query::Query;
use crate::reply::{Refusal, json, of_path};

/// `/sdk/vardata`: the user comes as to `/sdk/v2/vardata`.
pub(super) async fn variants(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    respond(&app, &uri, &headers, || user::of_sdk(&method, &headers, &body))
}

/// `/sdk/vardata/{user}`: the first SDKs use it. The standard alphabet of base64 has a slash, so the user may be
/// more than one part of the path.
pub(super) async fn variants_by_path(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    respond(&app, &uri, &headers, || user::of_path(&of_path(path)?))
}

fn respond(
    app: &App,
    uri: &Uri,
    headers: &HeaderMap,
    user: impl FnOnce() -> Result<User, Refusal>,
) -> Result<Response, Refusal> {
    app.state.keys.allow_deployment(headers).map_err(Refusal::unauthorized)?;
    Query::parse(uri.query()).map_err(Refusal::bad_request)?;
    Ok(json(StatusCode::OK, &Assigned(&evaluate(app, headers, &user()?)?)))
}

/// The paths of flag configs in forms that this server does not have, and old paths that it does not serve.
const UNSERVED: [&str; 5] = ["/sdk/v1/flags", "/sdk/flags", "/sdk/v1/rules", "/sdk/rules", "/sdk/v1/vardata"];

/// Routes that respond to every method, with or without a slash at the end, with the SDK versions that work.
pub(super) fn unserved() -> Router<App> {
    UNSERVED.into_iter().fold(Router::new(), |router, path| {
        router.route(path, any(versions_that_work)).route(&format!("{path}/"), any(versions_that_work))
    })
}

async fn versions_that_work(uri: Uri) -> Response {
    let why = format!(
        "{} is not served: it is an address of old SDKs. Variants are at /sdk/v2/vardata and, for old SDKs, at \
         /sdk/vardata. For local evaluation, SDKs that request /sdk/v2/flags work: Node server SDK 1.8.1, Python \
         1.3.0, Go 1.12.0, JVM 1.8.2, Ruby 1.10.0, and later versions of each",
        uri.path()
    );
    Refusal::not_found(why).into_response()
}

/// Variants as `/sdk/v2/vardata` has them, without defaults and flags that are not deployed.
struct Assigned<'a>(&'a Variants);

impl Serialize for Assigned<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.assigned().map(|(flag, variant)| (flag, LegacyVariant(variant))))
    }
}

/// Some old SDKs take their variant's value from `key`, others from `value` and from `key` where there is none.
struct LegacyVariant<'a>(VariantRef<'a>);

impl Serialize for LegacyVariant<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in [("key", self.0.key().or(self.0.value())), ("value", self.0.value())] {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        if let Ok(Some(payload)) = self.0.payload::<&RawValue>() {
            map.serialize_entry("payload", payload)?;
        }
        if !self.0.metadata().is_empty() {
            map.serialize_entry("metadata", &self.0.metadata())?;
        }
        map.end()
    }
}
