//! A program without async: flags are fetched by a thread of the client's, and everything is an ordinary call.
//!
//! Run it from the workspace root: `cargo run --example blocking`; a user id and flags may follow it.

#[macro_use]
mod output;

use std::env;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use experiment::logging::LogLevel;
use experiment::tracking::{DeliveryOptions, ExposureConfig};
use experiment::{EvaluateOptions, LocalEvaluationClient, RemoteEvaluationClient, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Server};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = env::args().skip(1);
    let user = User::with_user_id(words.next().unwrap_or_else(|| "lars".to_owned()));
    let options = EvaluateOptions::default().with_flag_keys(words).with_tracks_exposure(true);

    // In the place of the service, which is elsewhere. The server is async; the clients below do not know.
    let service = tokio::runtime::Runtime::new()?;
    let flags = Path::new(env!("CARGO_MANIFEST_DIR")).join("flags.json");
    let server = service.block_on(Server::builder().path(flags).start())?;

    let delivery = DeliveryOptions::default().with_server_url(format!("{}/2/httpapi", server.url()));
    let exposures = ExposureConfig::new(DEFAULT_API_KEY).with_delivery(delivery);
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .exposure_tracking(exposures)
        // What goes wrong is told on the terminal.
        .log_level(LogLevel::Warn)
        .build_blocking()?;
    client.start()?;
    for (flag, variant) in &client.evaluate_with(&user, &options) {
        println!("{flag}: {}", variant.key().unwrap_or_default());
    }

    // Nothing changes within the next 50 ms.
    println!("changes: {:?}", client.changes().next(Duration::from_millis(50)));

    // The same by asking the service.
    let remote = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url()).build_blocking()?;
    println!("the service decides {} flags", remote.fetch(&user)?.len());

    // Sends what is to be sent, and stops.
    let report = client.close();
    println!("{} exposures were sent", report.events.exposures.map_or(0, |exposures| exposures.sent));
    service.block_on(server.shutdown());
    Ok(())
}
