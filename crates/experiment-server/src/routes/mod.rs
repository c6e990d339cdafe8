//! The service's endpoints.

mod cohorts;
mod cors;
mod evaluation;
mod events;
mod flags;
mod health;
mod legacy;
mod stream;
mod user;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{Method, StatusCode, Uri};
use tower_http::compression::CompressionLayer;

use crate::faults::meet;
use crate::reply::Refusal;
use crate::state::State;
use crate::stop::Stop;

pub use cors::CorsError;
pub(crate) use cors::cors;
pub(crate) use health::{healthy, ready};

/// What handlers need.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) state: Arc<State>,
    pub(crate) stop: Stop,
}

pub(crate) fn router(app: App, cors: Option<tower_http::cors::CorsLayer>) -> Router {
    let script = app.clone();
    let router = Router::new()
        .route("/sdk/v2/vardata", get(evaluation::variants).post(evaluation::variants))
        .route("/sdk/vardata", get(legacy::variants).post(legacy::variants))
        .route("/sdk/vardata/{*user}", get(legacy::variants_by_path))
        .merge(legacy::unserved())
        .route("/v1/vardata", get(evaluation::api).post(evaluation::api))
        .route("/sdk/v2/flags", get(flags::flags))
        .route("/v1/flags", get(flags::api))
        .route("/sdk/stream/v1/flags", get(stream::stream))
        .route("/sdk/v1/cohort/{id}", get(cohorts::cohort))
        .route("/sdk/v2/memberships/{group_type}/{group_name}", get(cohorts::memberships))
        .route("/2/httpapi", post(events::http_api))
        .route("/batch", post(events::batch))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
        // Bodies are limited, by route, before they come here.
        .layer(DefaultBodyLimit::disable())
        // Not for streams, which it leaves alone by their type.
        .layer(CompressionLayer::new().gzip(true))
        .layer(from_fn_with_state(script, meet));
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

async fn unknown(uri: Uri) -> Response {
    Refusal::not_found(format!("there is nothing at {}", uri.path())).into_response()
}

pub(crate) async fn wrong_method(method: Method, uri: Uri) -> Response {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} does not take {method}", uri.path())).into_response()
}
