//! `/metrics`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use crate::reply::Refusal;
use crate::routes::App;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn metrics(State(app): State<App>) -> Response {
    let snapshot = app.state.snapshot();
    let text =
        app.state.metrics.text(snapshot.flags.set.len(), snapshot.cohorts.served.len(), app.state.events.total());
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
