//! The latest events.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use serde_json::json;

use crate::query::Query;
use crate::reply::{Refusal, json};
use crate::routes::App;

/// How many are shown if the request does not say.
const SHOWN: usize = 100;

/// The latest events, the oldest of them first.
pub(super) async fn latest(State(app): State<App>, uri: Uri) -> Result<Response, Refusal> {
    let query = Query::parse(uri.query()).map_err(Refusal::bad_request)?;
    let limit = query.number("limit").map_err(Refusal::bad_request)?.unwrap_or(SHOWN);
    let (total, events) = (app.state.events.total(), app.state.events.latest(limit));
    Ok(json(StatusCode::OK, &json!({"total": total, "events": events})))
}

/// Forgets them.
pub(super) async fn clear(State(app): State<App>) -> StatusCode {
    app.state.events.clear();
    StatusCode::NO_CONTENT
}
