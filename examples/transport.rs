//! A transport of one's own: everything that the SDK sends goes through one small trait, requests and streams alike.
//! Here it counts and times what the default client does; it might as well be another client, or answer from memory.
//!
//! Run it from the workspace root: `cargo run --example transport`.

#[macro_use]
mod output;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use experiment::http::{Request, Response};
use experiment::{BodyStream, BoxFuture, Bytes, DefaultClient, HttpClient, HttpError, LocalEvaluationClient};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};

/// Says what it sends, and passes it on.
struct Spoken(DefaultClient);

impl HttpClient for Spoken {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<BodyStream>, HttpError>> {
        Box::pin(async move {
            let (what, began) = (format!("{} {}", request.method(), request.uri().path()), Instant::now());
            let response = self.0.send(request).await;
            let status = response.as_ref().map_or("no answer".to_owned(), |response| response.status().to_string());
            println!("{what}: {status} after {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
            response
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().path(Path::new(env!("CARGO_MANIFEST_DIR")).join("flags.json")).start().await?;
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .stream_server_url(server.url())
        .stream_updates(true)
        .http_client(Arc::new(Spoken(DefaultClient::builder().build()?)))
        .build()?;
    client.start().await?;
    println!("{} flags", client.status().flags);
    client.close().await;
    server.shutdown().await;
    Ok(())
}
