//! Answers. What goes wrong is told in JSON: `{"code": 400, "error": "…"}`.

use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer that says what is wrong with the request.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        json(self.status, &ErrorBody { code: self.status.as_u16(), error: &self.message })
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: u16,
    error: &'a str,
}

/// The parameters in a path, or a refusal that says what is wrong with them.
pub(crate) fn of_path<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Refusal> {
    match path {
        Ok(Path(path)) => Ok(path),
        Err(error) => Err(Refusal::bad_request(format!("the path cannot be read: {}", error.body_text()))),
    }
}

/// The body of a [`Refusal`].
pub(crate) fn error_text(status: StatusCode, message: &str) -> String {
    // Two plain fields can be written.
    serde_json::to_string(&ErrorBody { code: status.as_u16(), error: message }).unwrap_or_default()
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => (status, json_bytes(text.into())).into_response(),
        Err(error) => {
            tracing::error!(target: "experiment_server", %error, "an answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An answer that is JSON already.
pub(crate) fn json_bytes(text: Bytes) -> Response {
    ([(header::CONTENT_TYPE, JSON)], Body::from(text)).into_response()
}
