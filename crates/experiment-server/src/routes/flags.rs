//! Flag configs.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};

use super::App;
use crate::flags::list;
use crate::query::Query;
use crate::reply::{Refusal, json_bytes};

/// `/sdk/v2/flags`: polling SDKs use it. A client that has the flags already gets a 304.
pub(super) async fn flags(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    app.state.keys.allow_deployment(&headers).map_err(Refusal::unauthorized)?;
    Query::parse(uri.query()).map_err(Refusal::bad_request)?;
    let flags = app.state.snapshot().flags;
    let etag = [(header::ETAG, flags.etag.clone())];
    let had = headers.get_all(header::IF_NONE_MATCH).iter().any(|given| {
        let mut tags = given.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        tags.any(|tag| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == flags.etag.as_bytes())
    });
    if had {
        return Ok((StatusCode::NOT_MODIFIED, etag).into_response());
    }
    Ok((etag, json_bytes(flags.body.clone())).into_response())
}

/// `/v1/flags`: all flags, or those that are named.
pub(super) async fn api(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    app.state.keys.allow_deployment(&headers).map_err(Refusal::unauthorized)?;
    let query = Query::parse(uri.query()).map_err(Refusal::bad_request)?;
    let flags = app.state.snapshot().flags;
    let keys = query.list(&["flag_keys"]);
    if keys.is_empty() {
        return Ok(json_bytes(flags.body.clone()));
    }
    let named = flags.raw.iter().filter(|flag| flag.key.as_deref().is_some_and(|key| keys.contains(&key)));
    Ok(json_bytes(list(named.map(|flag| &*flag.json)).into()))
}
