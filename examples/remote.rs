//! Remote evaluation: the service decides. With deadlines, retries, and what to do when it cannot be asked.
//!
//! Run it from the workspace root: `cargo run --example remote`.

#[macro_use]
mod output;

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use experiment::{FetchOptions, RemoteEvaluationClient, RemoteEvaluationConfig, User};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Fault, Route, Server};
use serde::Deserialize;

/// The payload of `upload-limits`, as this program reads it.
#[derive(Debug, Deserialize)]
struct Limits {
    max_megabytes: u32,
    formats: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().path(Path::new(env!("CARGO_MANIFEST_DIR")).join("flags.json")).start().await?;

    // For servers that have somebody waiting: half a second, and one more attempt. The default is 10 s and 8 more.
    let client = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .config(RemoteEvaluationConfig::server())
        .server_url(server.url())
        .build()?;

    let user = User::builder().user_id("lars").country("Sweden").user_property("plan", "business").build();
    let options = FetchOptions::default().with_flag_keys(["upload-limits"]);
    let variants = client.fetch_with(&user, &options).await?;
    if let Some(variant) = variants.get("upload-limits") {
        let limits: Option<Limits> = variant.payload()?;
        if let Some(Limits { max_megabytes, formats }) = limits {
            println!("`{}`: {max_megabytes} MB of {formats:?}", variant.key().unwrap_or_default());
        }
    }

    // The service is in trouble for a moment: the second attempt gets through.
    server.faults().once(Route::Variants, Fault::status(503));
    println!("with a second attempt: {} variants", client.fetch(&user).await?.len());

    // And now for longer: an error says what failed and whether trying again may help.
    server.faults().always(Route::Variants, Fault::none().after(Duration::from_secs(5)));
    let began = Instant::now();
    if let Err(error) = client.fetch(&user).await {
        println!("after {:.1?}: {error} (worth trying again: {})", began.elapsed(), error.is_retryable());
    }
    server.shutdown().await;
    Ok(())
}
