//! Events.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::App;
use crate::events::{EventSource, Upload};
use crate::reply::json;

/// `/2/httpapi`.
pub(super) async fn http_api(State(app): State<App>, body: Bytes) -> Response {
    take(&app, EventSource::HttpApi, &body)
}

/// `/batch`.
pub(super) async fn batch(State(app): State<App>, body: Bytes) -> Response {
    take(&app, EventSource::Batch, &body)
}

fn take(app: &App, source: EventSource, body: &[u8]) -> Response {
    let events = match Upload::events(body, |key| app.state.keys.is_api_key(key)) {
        Ok(events) => events,
        Err(rejected) => {
            let status = StatusCode::from_u16(rejected.code).unwrap_or(StatusCode::BAD_REQUEST);
            return json(status, &rejected);
        }
    };
    let ingested = events.len();
    app.state.events.add(source, events);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64);
    let answer = json!({
        "code": 200,
        "events_ingested": ingested,
        "payload_size_bytes": body.len(),
        "server_upload_time": now,
    });
    json(StatusCode::OK, &answer)
}
