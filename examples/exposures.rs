//! Exposures: what users are shown is told to the analytics project, once a day for each user and result, and nothing is
//! lost on shutdown.
//!
//! Run it from the workspace root: `cargo run --example exposures`.

#[macro_use]
mod output;

use std::error::Error;
use std::path::Path;

use experiment::tracking::{DeliveryOptions, ExposureConfig};
use experiment::{EvaluateOptions, LocalEvaluationClient, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().path(Path::new(env!("CARGO_MANIFEST_DIR")).join("flags.json")).start().await?;

    let delivery = DeliveryOptions::default().with_server_url(format!("{}/2/httpapi", server.url()));
    let exposures = ExposureConfig::new(DEFAULT_API_KEY).with_delivery(delivery);
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .exposure_tracking(exposures)
        .on_event_outcome(|_, outcome| println!("an event ended: {outcome:?}"))
        .build()?;
    client.start().await?;

    // Ask for the flag that is shown, and say that it is.
    let shown = EvaluateOptions::default().with_flag_keys(["upload-limits"]).with_tracks_exposure(true);
    for id in ["ingrid", "lars", "noor", "ingrid", "ingrid"] {
        let user = User::builder().user_id(id).user_property("plan", "business").build();
        let variants = client.evaluate_with(&user, &shown);
        let limits = variants.get("upload-limits").and_then(|variant| variant.key()).unwrap_or("none");
        println!("{id} is shown `{limits}`");
    }

    // Sends what waits, within a deadline, and says what became of it.
    let report = client.close().await;
    println!("{:?}", report.events);
    println!("{:?}", client.stats().exposures);
    for event in server.events() {
        println!("arrived: {}", event.json());
    }
    server.shutdown().await;
    Ok(())
}
