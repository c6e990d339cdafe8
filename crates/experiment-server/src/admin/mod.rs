//! The administrator's port: metrics, flags, overrides, events, explanations.
//!
//! It asks for no key, so it listens on loopback unless told otherwise, and refuses what a browser's page sends: any
//! page that a developer has open could reach it.

mod events;
mod explain;
mod flags;
mod metrics;

use std::net::IpAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::uri::Authority;
use http::{StatusCode, Uri, header};

use crate::faults::limit;
use crate::reply::Refusal;
use crate::routes::{App, healthy, ready, wrong_method};

const INDEX: &str = "\
GET    /metrics                           counters, for Prometheus
GET    /admin/flags                       the flags, their variants and overrides
GET    /admin/flags/{key}                 one flag as it is served, overrides included
PUT    /admin/flags/{key}/override        {\"variant\": …} for everyone, with \"user_id\" or \"device_id\" for one
DELETE /admin/flags/{key}/override        all of the flag, or ?user_id=… or ?device_id=… or ?everyone
GET    /admin/events                      the latest events, ?limit=100
DELETE /admin/events                      forgets them
GET    /admin/explain?user=JSON           why a user gets what; &flag=… for one flag, &format=text to read it
POST   /admin/explain                     the same, {\"user\": …, \"flag\": …}
GET    /healthz, /readyz                  whether the server runs, and serves
";

/// `loopback` says that only this machine can reach the port.
pub(crate) fn router(app: App, loopback: bool) -> Router {
    let router = Router::new()
        .route("/", get(async || INDEX))
        .route("/metrics", get(metrics::metrics))
        .route("/admin/flags", get(flags::all))
        .route("/admin/flags/{key}", get(flags::one))
        .route("/admin/flags/{key}/override", axum::routing::put(flags::set_override).delete(flags::clear_override))
        .route("/admin/events", get(events::latest).delete(events::clear))
        .route("/admin/explain", get(explain::get).post(explain::post))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app.clone())
        .layer(from_fn_with_state(app, limit));
    let router = if loopback { router.layer(from_fn(by_our_name)) } else { router };
    router.layer(from_fn(no_pages))
}

/// Browsers say when a page asks: by `Origin`, or by `Sec-Fetch-Site`, which is `none` when it was the user.
async fn no_pages(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN) || headers.get("sec-fetch-site").is_some_and(|site| site != "none") {
        return forbidden("this port does not answer to pages of a browser");
    }
    next.run(request).await
}

/// A page whose own name leads to this machine sends no `Origin`, but that name as the host. Where others can reach the
/// port, they may do so by any name.
async fn by_our_name(request: Request, next: Next) -> Response {
    let header = request.headers().get(header::HOST).map(|host| host.to_str().ok().and_then(|host| host.parse().ok()));
    let url = request.uri().authority().cloned().map(Some);
    if header.into_iter().chain(url).any(|named| !named.as_ref().is_some_and(is_ours)) {
        return forbidden("this port is for this machine: the header `Host` has to be `localhost` or an IP address");
    }
    next.run(request).await
}

fn forbidden(why: &str) -> Response {
    Refusal::new(StatusCode::FORBIDDEN, why).into_response()
}

/// An address, or the name that always means this machine.
fn is_ours(named: &Authority) -> bool {
    let host = named.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok()
}

async fn unknown(uri: Uri) -> Response {
    Refusal::not_found(format!("there is nothing at {}; / tells what there is", uri.path())).into_response()
}
