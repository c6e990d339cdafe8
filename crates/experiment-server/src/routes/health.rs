//! Whether the server runs, and whether it is of use.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::App;
use crate::reply::{Refusal, json};

/// It runs.
pub(crate) async fn healthy() -> Response {
    json(StatusCode::OK, &json!({"status": "ok"}))
}

/// It serves, if only an empty set, and is not about to stop.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    if app.stop.is_told() {
        return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping").into_response();
    }
    let snapshot = app.state.snapshot();
    let (flags, cohorts) = (snapshot.flags.set.len(), snapshot.cohorts.served.len());
    json(StatusCode::OK, &json!({"status": "ready", "flags": flags, "cohorts": cohorts}))
}
