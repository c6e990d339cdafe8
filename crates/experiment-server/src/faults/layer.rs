//! Where requests are read and meet their faults: inside what browsers need to see, outside everything else.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{sleep, timeout};

use super::{Action, Fault, FaultyBody};
use crate::Route;
use crate::events::Rejected;
use crate::net::{Abandoned, Control};
use crate::reply::{Refusal, json};
use crate::requests::RequestId;
use crate::routes::App;
use crate::stop::Stop;

/// How long a request's body may take.
const BODY: Duration = Duration::from_secs(30);

/// How large a body may be on the administrator's port.
const ADMIN_BODY: usize = 1 << 20;

/// Reads the body, within limits, and lets the script decide what becomes of the request.
pub(crate) async fn meet(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.uri().path_and_query().map_or(Route::Other, Route::of);
    let request = match whole(request, route, route.body_limit(), app.stop.clone()).await {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    if let Some(Some(id)) = request.extensions().get::<Option<RequestId>>() {
        // The body is what the request log keeps, and is shared with it.
        if let Some(body) = request.extensions().get::<Bytes>() {
            app.state.requests.read(*id, body.clone());
        }
    }
    // Browsers ask for leave by themselves; no script means that.
    let fault = if *request.method() == Method::OPTIONS { None } else { app.state.faults.take(route) };
    match fault {
        None => next.run(request).await,
        Some(fault) => faulty(fault, route, app.stop, request, next).await,
    }
}

/// Reads the body, within a limit.
pub(crate) async fn limit(State(app): State<App>, request: Request, next: Next) -> Response {
    match whole(request, Route::Other, ADMIN_BODY, app.stop).await {
        Ok(request) => next.run(request).await,
        Err(answer) => answer,
    }
}

async fn faulty(fault: Fault, route: Route, mut stop: Stop, request: Request, next: Next) -> Response {
    let control = request.extensions().get::<Arc<Control>>().cloned().unwrap_or_default();
    if !fault.delay.is_zero() {
        tokio::select! {
            () = sleep(fault.delay) => {}
            () = stop.told() => return abandoned(),
        }
    }
    match fault.action {
        Action::Pass => next.run(request).await,
        Action::Respond { status, headers, body } => {
            let mut response = match body {
                Some(body) => {
                    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
                    (status, json, body).into_response()
                }
                None => Refusal::new(status, "by the script of faults").into_response(),
            };
            for (name, value) in headers {
                response.headers_mut().insert(name, value);
            }
            response
        }
        Action::Reset => {
            control.reset();
            abandoned()
        }
        Action::Stall => {
            stop.told().await;
            abandoned()
        }
        Action::Part { bytes, end } => {
            let response = next.run(request).await;
            // Other answers are whole at once, and a stall does not end with them.
            let follows = route == Route::Stream;
            response.map(|body| Body::new(FaultyBody::new(body, bytes, end, follows, control, stop)))
        }
    }
}

fn abandoned() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(Abandoned);
    response
}

/// The request with its body read to the end, or what to answer instead.
async fn whole(request: Request, route: Route, limit: usize, mut stop: Stop) -> Result<Request, Response> {
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body without a content encoding");
        return Err(unread(&request, refusal.into_response()));
    }
    let (mut parts, body) = request.into_parts();
    let read = tokio::select! {
        read = timeout(BODY, Limited::new(body, limit).collect()) => read,
        () = stop.told() => return Err(abandoned()),
    };
    let refusal = match read {
        Ok(Ok(body)) => {
            let body = body.to_bytes();
            parts.extensions.insert(body.clone());
            return Ok(Request::from_parts(parts, Body::from(body)));
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => match route {
            Route::HttpApi | Route::Batch => json(StatusCode::PAYLOAD_TOO_LARGE, &Rejected::too_large()),
            _ => {
                let message = format!("the body is larger than the {limit} bytes that are read here");
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message).into_response()
            }
        },
        // What the HTTP implementation says of it names neither.
        Ok(Err(_)) => Refusal::bad_request("the body cannot be read: it is cut short, or its chunks are malformed")
            .into_response(),
        Err(_) => {
            let message = format!("the body did not arrive within {} s", BODY.as_secs());
            Refusal::new(StatusCode::REQUEST_TIMEOUT, message).into_response()
        }
    };
    Err(unread(&Request::from_parts(parts, Body::empty()), refusal))
}

/// A refusal of a request that was not read to its end: the connection is of no more use.
fn unread(request: &Request, mut refusal: Response) -> Response {
    if let Some(control) = request.extensions().get::<Arc<Control>>() {
        control.linger();
    }
    refusal.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    refusal
}
