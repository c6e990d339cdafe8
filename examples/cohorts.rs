//! Cohorts kept in sync: flags ask who is in them, the client downloads them, and follows when somebody joins.
//!
//! Run it from the workspace root: `cargo run --example cohorts`.

#[macro_use]
mod output;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use experiment::cohorts::Cohort;
use experiment::{CohortSyncConfig, LocalEvaluationClient, User};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, DEFAULT_SECRET_KEY, Server};

/// The flag that asks about cohorts.
const FLAG: &str = "beta-dashboard";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In the place of the service: flags and cohorts from files.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let server = Server::builder().path(here.join("flags.json")).cohorts_path(here.join("cohorts")).start().await?;

    // The keys are those of the analytics project, not that of the deployment.
    let cohorts = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(server.url());
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .cohort_sync(cohorts)
        // The service is asked once a minute, and not more often. Here nobody wants to wait for that.
        .cohort_downloads(|config| config.polling_interval = Duration::from_millis(100))
        .build()?;

    // Ready once the flags are here and the cohorts that they ask about.
    client.start().await?;
    for cohort in client.status().cohorts {
        let members = cohort.copy.map_or("missing".to_owned(), |copy| format!("{} members", copy.size));
        println!("cohort {}: {members}, last error {:?}", cohort.id, cohort.last_error);
    }

    // Users need not bring their cohorts: who is in them is looked up by the user id.
    let lars = User::with_user_id("lars");
    println!("`{FLAG}` is on for lars: {}", client.evaluate(&lars).is_on(FLAG));

    println!("Now lars joins the beta testers …");
    let mut downloads = client.watch_cohorts().ok_or("cohorts are in sync")?;
    server.set_cohort(Cohort::new("c-beta-testers", ["ingrid", "lars"]).with_last_modified(i64::MAX / 2));
    tokio::time::timeout(Duration::from_secs(10), async {
        while !client.evaluate(&lars).is_on(FLAG) && downloads.changed().await {}
    })
    .await?;
    println!("… and `{FLAG}` is on for lars: {}", client.evaluate(&lars).is_on(FLAG));

    client.close().await;
    server.shutdown().await;
    Ok(())
}
