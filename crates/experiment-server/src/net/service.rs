//! One request on its way in and out: what is remembered and counted of it, and whether it is answered at all.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http_body::Body as _;
use hyper::body::Incoming;
use tower_service::Service as _;

use super::Control;
use crate::Route;
use crate::metrics::Counted;
use crate::state::State;

/// Answers requests. A cheap handle.
#[derive(Clone)]
pub(crate) struct Service {
    router: Router,
    state: Arc<State>,
    /// Only requests on the main port are counted and remembered.
    main: bool,
}

/// The connection ends without an answer. As an extension of a response, it says that there is none.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the connection ends without an answer")]
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
        mut self,
        control: Arc<Control>,
        mut request: http::Request<Incoming>,
    ) -> Result<Response, Abandoned> {
        let started = Instant::now();
        let route = request.uri().path_and_query().map_or(Route::Other, Route::of);
        control.begin();
        let remembered = self.main.then(|| self.state.requests.arrived(route, &request)).flatten();
        request.extensions_mut().insert(Arc::clone(&control));
        request.extensions_mut().insert(remembered);
        self.state.activity.notify_waiters();
        let response = match self.router.call(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if response.extensions().get::<Abandoned>().is_some() {
            return Err(Abandoned);
        }
        let status = response.status();
        if status.is_client_error() && response.body().size_hint().exact() == Some(0) {
            control.bare_on_purpose();
        }
        if self.main {
            if let Some(id) = remembered {
                self.state.requests.answered(id, status);
            }
            self.state.metrics.answered(route, status.as_u16(), started.elapsed());
            tracing::debug!(target: "experiment_server", route = route.name(), status = status.as_u16(), "answered");
        }
        self.state.activity.notify_waiters();
        Ok(response)
    }
}
