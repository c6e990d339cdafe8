//! A page rendered by a server: the visitor's ids come from the cookie that Amplitude's browser SDK keeps, so that server
//! and browser decide and count the same visitor. A visitor without a cookie gets one.
//!
//! Run it from the workspace root: `cargo run --example page`. It asks its own page twice and ends.
#![allow(clippy::print_stdout, reason = "a program that shows its results on the terminal")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use experiment::http::{HeaderMap, Request, header};
use experiment::{AmplitudeCookie, Bytes, CookieFormat, DefaultClient, HttpClient, LocalEvaluationClient};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Server};

#[derive(Clone)]
struct Site {
    flags: LocalEvaluationClient,
    cookie: Arc<str>,
    visitors: Arc<AtomicU64>,
}

async fn page(State(site): State<Site>, headers: HeaderMap) -> impl IntoResponse {
    let found = headers.get(header::COOKIE).and_then(|cookies| value(cookies.to_str().ok()?, &site.cookie));
    // A real site would take an id by chance.
    let fresh = || format!("device-{}", site.visitors.fetch_add(1, Ordering::Relaxed));
    let value = found.unwrap_or_else(|| AmplitudeCookie::generate(&fresh(), CookieFormat::Browser2));
    let visitor = AmplitudeCookie::parse(&value, CookieFormat::Browser2);
    let variants = site.flags.evaluate(&visitor.to_user());
    let layout = variants.get("checkout-layout").and_then(|variant| variant.key()).unwrap_or("control");
    let keep = format!("{}={value}; Path=/; SameSite=Lax", site.cookie);
    ([(header::SET_COOKIE, keep)], Html(format!("<h1>Checkout: {layout}</h1>")))
}

/// The value of one cookie among those that a browser sends.
fn value(cookies: &str, name: &str) -> Option<String> {
    let mut pairs = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().path(Path::new(env!("CARGO_MANIFEST_DIR")).join("flags.json")).start().await?;
    let flags = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url()).build()?;
    flags.start().await?;
    let cookie = AmplitudeCookie::name(DEFAULT_API_KEY, CookieFormat::Browser2)?.into();
    let site = Site { flags: flags.clone(), cookie, visitors: Arc::default() };

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let serving =
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(page)).with_state(site)).await });

    // What a browser does: it brings the cookie back that it was given.
    let browser = DefaultClient::builder().build()?;
    let mut cookie = None;
    for visit in ["first", "second"] {
        let mut request = Request::get(&url);
        if let Some(cookie) = &cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = browser.send(request.body(Bytes::new())?).await?;
        let kept =
            response.headers().get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok()).unwrap_or_default();
        println!("{visit} visit: {} with {kept}", response.status());
        cookie = kept.split(';').next().map(str::to_owned);
    }
    serving.abort();
    flags.close().await;
    server.shutdown().await;
    Ok(())
}
