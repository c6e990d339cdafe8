//! One request: faults, limits, the answer, and what is remembered of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::{sleep, timeout};
use tower_service::Service as _;

use super::Control;
use crate::Route;
use crate::events::Rejected;
use crate::faults::{Action, Fault, FaultyBody};
use crate::metrics::Counted;
use crate::reply::{Refusal, json};
use crate::requests::Request;
use crate::state::State;

/// How long a request's body may take.
const BODY: Duration = Duration::from_secs(30);

/// Answers requests. A cheap handle.
#[derive(Clone)]
pub(crate) struct Service {
    router: Router,
    state: Arc<State>,
    /// Only requests on the main port are counted, remembered, and met by faults.
    main: bool,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the script of faults ends the connection")]
pub(crate) struct Abandoned;

impl Service {
    pub(crate) fn main(state: Arc<State>, router: Router) -> Self {
        Self { router, state, main: true }
    }

    pub(crate) fn admin(state: Arc<State>, router: Router) -> Self {
        Self { router, state, main: false }
    }

    pub(super) fn count_connection(&self) -> Option<Counted> {
        self.main.then(|| Counted::new(&self.state.metrics.connections))
    }

    pub(super) async fn answer(
        self,
        control: Arc<Control>,
        request: http::Request<Incoming>,
    ) -> Result<Response, Abandoned> {
        let started = Instant::now();
        let route = request.uri().path_and_query().map_or(Route::Other, Route::of);
        let (parts, body) = request.into_parts();
        let body = match read(route, body).await {
            Ok(body) => body,
            Err(refusal) => {
                control.linger();
                let mut refusal = refusal.into_response();
                refusal.headers_mut().insert(header::CONNECTION, http::HeaderValue::from_static("close"));
                self.remember(route, parts.method, &parts.uri, parts.headers, Bytes::new(), Some(refusal.status()));
                self.count(route, refusal.status(), started);
                return Ok(refusal);
            }
        };
        if !self.main {
            return Ok(self.routed(http::Request::from_parts(parts, body.into())).await);
        }
        let fault = self.state.faults.take(route);
        let remembered = (!self.state.requests.is_off())
            .then(|| (parts.method.clone(), parts.uri.clone(), parts.headers.clone(), body.clone()));
        let request = http::Request::from_parts(parts, Body::from(body));
        let answered = match fault {
            None => Ok(self.routed(request).await),
            Some(fault) => {
                let abandons = matches!(fault.action, Action::Reset | Action::Stall);
                if let (true, Some((method, uri, headers, body))) = (abandons, remembered.clone()) {
                    self.remember(route, method, &uri, headers, body, None);
                }
                self.faulty(fault, control, request).await
            }
        };
        if let Ok(response) = &answered {
            if let Some((method, uri, headers, body)) = remembered {
                self.remember(route, method, &uri, headers, body, Some(response.status()));
            }
            self.count(route, response.status(), started);
        }
        answered
    }

    async fn faulty(
        &self,
        fault: Fault,
        control: Arc<Control>,
        request: http::Request<Body>,
    ) -> Result<Response, Abandoned> {
        sleep(fault.delay).await;
        match fault.action {
            Action::Pass => Ok(self.routed(request).await),
            Action::Respond { status, headers, body } => {
                let mut response = match body {
                    Some(body) => (status, body).into_response(),
                    None => Refusal::new(status, "by the script of faults").into_response(),
                };
                response.headers_mut().extend(headers);
                Ok(response)
            }
            Action::Reset => {
                control.reset();
                Err(Abandoned)
            }
            // Dropped with the connection.
            Action::Stall => std::future::pending().await,
            Action::Part { bytes, end } => {
                let response = self.routed(request).await;
                Ok(response.map(|body| Body::new(FaultyBody::new(body, bytes, end, control))))
            }
        }
    }

    async fn routed(&self, request: http::Request<Body>) -> Response {
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn remember(
        &self,
        route: Route,
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        body: Bytes,
        status: Option<StatusCode>,
    ) {
        if self.main && !self.state.requests.is_off() {
            let (path, query) = (uri.path().to_owned(), uri.query().map(str::to_owned));
            self.state.requests.add(Request { route, method, path, query, headers, body, status });
        }
        self.state.activity.notify_waiters();
    }

    fn count(&self, route: Route, status: StatusCode, started: Instant) {
        if self.main {
            self.state.metrics.answered(route, status.as_u16(), started.elapsed());
            tracing::debug!(target: "experiment_server", route = route.name(), status = status.as_u16(), "answered");
        }
    }
}

async fn read(route: Route, body: Incoming) -> Result<Bytes, Response> {
    let limit = route.body_limit();
    match timeout(BODY, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(match route {
            Route::HttpApi | Route::Batch => json(StatusCode::PAYLOAD_TOO_LARGE, &Rejected::too_large()),
            _ => {
                let message = format!("the body is larger than the {limit} bytes that are read here");
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message).into_response()
            }
        }),
        Ok(Err(error)) => Err(Refusal::bad_request(format!("the body cannot be read: {error}")).into_response()),
        Err(_) => {
            let message = format!("the body did not arrive within {} s", BODY.as_secs());
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, message).into_response())
        }
    }
}
