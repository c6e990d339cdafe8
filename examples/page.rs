//! A page rendered by a server: the visitor's ids come from the cookie that Amplitude's browser SDK keeps, so that server
//! and browser decide for the same visitor. A visitor without a cookie gets one.
//!
//! Run it from the workspace root: `cargo run --example page`. It asks its own page three times and ends.

#[macro_use]
mod output;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use experiment::http::{HeaderMap, Request, header};
use experiment::{AmplitudeCookie, Bytes, CookieFormat, DefaultClient, HttpClient, LocalEvaluationClient};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Server};

const FORMAT: CookieFormat = CookieFormat::Browser2;

/// Half of the devices see one layout, half the other, whoever uses them.
const FLAGS: &str = r#"[{
    "key": "checkout-layout",
    "variants": {"control": {"key": "control", "value": "control"}, "express": {"key": "express", "value": "express"}},
    "segments": [{
        "bucket": {
            "selector": ["context", "user", "device_id"],
            "salt": "layout",
            "allocations": [{
                "range": [0, 100],
                "distributions": [
                    {"variant": "control", "range": [0, 21474837]},
                    {"variant": "express", "range": [21474837, 42949673]}
                ]
            }]
        },
        "variant": "control"
    }]
}]"#;

#[derive(Clone)]
struct Site {
    flags: LocalEvaluationClient,
    cookie: Arc<str>,
    visitors: Arc<AtomicU64>,
}

async fn page(State(site): State<Site>, headers: HeaderMap) -> impl IntoResponse {
    let found = headers.get(header::COOKIE).and_then(|cookies| value(cookies.to_str().ok()?, &site.cookie));
    let mut visitor = found.map(|value| AmplitudeCookie::parse(&value, FORMAT)).unwrap_or_default();
    let mut given = HeaderMap::new();
    // The cookie of a visitor who has one is the browser SDK's to keep. One that holds no id is as good as none.
    if visitor.device_id.as_deref().is_none_or(str::is_empty) {
        // A real site would take an id by chance.
        let id = format!("device-{}", site.visitors.fetch_add(1, Ordering::Relaxed));
        let cookie = AmplitudeCookie::generate(&id, FORMAT);
        // As long as the browser SDK's; a site with several hosts adds their common `Domain`.
        let cookie = format!("{}={cookie}; Path=/; Max-Age=31536000; SameSite=Lax", site.cookie);
        given.extend(cookie.try_into().ok().map(|cookie| (header::SET_COOKIE, cookie)));
        visitor.device_id = Some(id);
    }
    let variants = site.flags.evaluate(&visitor.to_user());
    let layout = variants.get("checkout-layout").and_then(|variant| variant.key()).unwrap_or("control");
    (given, Html(format!("<h1>Checkout: {layout}</h1>")))
}

/// The value of one cookie among those that a browser sends.
fn value(cookies: &str, name: &str) -> Option<String> {
    let mut pairs = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().flags_json(FLAGS).start().await?;
    let flags = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url()).build()?;
    flags.start().await?;
    let name: Arc<str> = AmplitudeCookie::name(DEFAULT_API_KEY, FORMAT)?.into();
    let site = Site { flags: flags.clone(), cookie: Arc::clone(&name), visitors: Arc::default() };

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let serving =
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(page)).with_state(site)).await });

    // What a browser does: it brings the cookie back that it was given.
    let browser = DefaultClient::builder().build()?;
    let mut cookie = None;
    for visit in ["first", "second", "third"] {
        let mut request = Request::get(&url);
        if let Some(cookie) = &cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = browser.send(request.body(Bytes::new())?).await?;
        let given = response.headers().get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        println!("{visit} visit: {}, {}", response.status(), given.unwrap_or("no cookie"));
        cookie = match (visit, given) {
            // One that cannot be read is replaced.
            ("second", None) => Some(format!("{name}=!!!!")),
            (_, Some(given)) => given.split(';').next().map(str::to_owned),
            _ => cookie,
        };
        let page = to_bytes(Body::from_stream(response.into_body()), 1 << 16).await?;
        println!("  {}", String::from_utf8_lossy(&page));
    }
    serving.abort();
    flags.close().await;
    server.shutdown().await;
    Ok(())
}
