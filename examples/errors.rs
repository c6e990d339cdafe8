//! Errors: what each says, and what a program may do about it. Evaluation itself cannot fail.
//!
//! Run it from the workspace root: `cargo run --example errors`.

#[macro_use]
mod output;

use std::error::Error;
use std::time::Duration;

use experiment::{Chain, ConfigError, LocalEvaluationClient, StartError, State, User};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Fault, Route, Server};

const FLAGS: &str =
    r#"[{"key": "new-nav", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on"}]}]"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Options are looked at when a client is built. The error names the option.
    match LocalEvaluationClient::builder("key").server_url("localhost:3000").build() {
        Err(error @ ConfigError::Url(_)) => println!("options: {error}"),
        other => return Err(format!("not expected: {other:?}").into()),
    }

    let server = Server::builder().flags_json(FLAGS).start().await?;
    let builder = |key: &str| LocalEvaluationClient::builder(key).server_url(server.url());

    // A key that is refused: trying again does not help, so the start fails at once.
    match builder("another-key").build()?.start().await {
        Err(error @ StartError::Unauthorized(_)) => println!("start: {}", Chain(&error)),
        other => return Err(format!("not expected: {other:?}").into()),
    }

    // A service that does not answer: the start fails with its cause after some attempts, and leaves nothing running.
    server.faults().always(Route::Flags, Fault::status(503));
    let client = builder(DEFAULT_DEPLOYMENT_KEY).start_timeout(Duration::from_secs(2)).build()?;
    match client.start().await {
        Err(error @ (StartError::Failed { .. } | StartError::Timeout { .. })) => println!("start: {}", Chain(&error)),
        other => return Err(format!("not expected: {other:?}").into()),
    }

    // Or serve what was there before, and keep trying: flags to begin with, from a file or from memory.
    let client = builder(DEFAULT_DEPLOYMENT_KEY).bootstrap_json(FLAGS).build()?;
    client.start_in_background()?;
    println!("meanwhile: {}", client.evaluate(&User::with_user_id("u1")).is_on("new-nav"));
    let mut watch = client.watch_status().ok_or("it has an updater")?;
    server.faults().clear();
    tokio::time::timeout(Duration::from_secs(40), watch.wait_for(|status| status.state == State::Polling)).await?;
    println!("and then: {} by {}", State::Polling, client.status().origin);

    // A flag that cannot be used is left out and told; the others work.
    server.faults().always(Route::Flags, Fault::body(FLAGS.replacen('[', r#"[{"key": "bad", "variants": 7},"#, 1)));
    let client = builder(DEFAULT_DEPLOYMENT_KEY).build()?;
    client.start().await?;
    for diagnostic in client.diagnostics() {
        println!("flags: {diagnostic}");
    }
    println!("the others: {}", client.evaluate(&User::with_user_id("u1")).is_on("new-nav"));
    client.close().await;
    server.shutdown().await;
    Ok(())
}
