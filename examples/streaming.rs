//! Staying alive: flags by a stream, what happens when the stream fails and then the whole service, and how all is well
//! again by itself. The client decides all the time.
//!
//! Run it from the workspace root: `cargo run --example streaming`.

#[macro_use]
mod output;

use std::error::Error;
use std::time::Duration;

use experiment::{FlagChanges, LocalEvaluationClient, State, StatusWatch, User};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Fault, Route, Server};

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().flags_json(flags(10)).start().await?;
    let client = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .stream_server_url(server.url())
        .stream_updates(true)
        // By default these are 30 s, 15 s and 1 s. Here nobody wants to wait for that.
        .flag_config_polling_interval(Duration::from_millis(300))
        .updater(|config| {
            config.stream_retry = Duration::from_millis(300);
            config.stream_retry_jitter = Duration::ZERO;
            config.reconnect_delay_max = Duration::from_millis(50);
            config.stale_after = Some(Duration::from_secs(1));
        })
        .build()?;
    let mut status = client.watch_status().ok_or("it has an updater")?;
    let mut changes = client.changes();

    client.start().await?;
    next(&mut changes).await?;
    until(State::Streaming, &mut status).await?;
    println!("  new-nav is on for {} of 1000 users", share(&client));

    println!("The rollout goes to 30 %.");
    server.set_flags(flags(30))?;
    next(&mut changes).await?;
    let polls = server.requests().iter().filter(|request| request.route == Route::Flags).count();
    println!("  the stream told of it, after {polls} polls: on for {} of 1000 users", share(&client));

    println!("The stream breaks, and is refused from now on.");
    server.faults().always(Route::Stream, Fault::status(503));
    server.cut_streams();
    until(State::Fallback, &mut status).await?;
    server.set_flags(flags(60))?;
    next(&mut changes).await?;
    println!("  60 % came by {}: on for {} of 1000 users", client.status().origin, share(&client));

    println!("The whole service is gone.");
    let address = server.address();
    server.shutdown().await;
    until(State::Stale, &mut status).await?;
    println!("  it decides by what it has: on for {} of 1000 users", share(&client));

    println!("It is back, with 100 %.");
    let server = Server::builder().flags_json(flags(100)).listen(address).start().await?;
    next(&mut changes).await?;
    until(State::Streaming, &mut status).await?;
    println!("  on for {} of 1000 users", share(&client));

    client.close().await;
    server.shutdown().await;
    Ok(())
}

/// A flag that so many percent of the users have on.
fn flags(percent: u32) -> String {
    format!(
        r#"[{{
            "key": "new-nav",
            "variants": {{"on": {{"key": "on", "value": "on"}}, "off": {{"key": "off", "metadata": {{"default": true}}}}}},
            "segments": [{{
                "bucket": {{
                    "selector": ["context", "user", "user_id"],
                    "salt": "s1",
                    "allocations": [{{"range": [0, {percent}], "distributions": [{{"variant": "on", "range": [0, 42949673]}}]}}]
                }},
                "variant": "off"
            }}]
        }}]"#
    )
}

/// How many of a thousand users have it on.
fn share(client: &LocalEvaluationClient) -> usize {
    let users = (0..1000).map(|user| User::with_user_id(format!("user-{user}")));
    users.filter(|user| client.evaluate(user).is_on("new-nav")).count()
}

/// Waits for the next change of flags.
async fn next(changes: &mut FlagChanges) -> Result<(), Box<dyn Error>> {
    tokio::time::timeout(PATIENCE, changes.next()).await?.ok_or("the client is gone")?;
    Ok(())
}

/// Waits until the client is at this, and tells why.
async fn until(state: State, watch: &mut StatusWatch) -> Result<(), Box<dyn Error>> {
    let reached = tokio::time::timeout(PATIENCE, watch.wait_for(|status| status.state == state)).await?;
    let status = reached.ok_or("the client is gone")?;
    match status.last_error.filter(|_| state != State::Streaming) {
        Some(failure) => println!("  {state}: {failure}"),
        None => println!("  {state}"),
    }
    Ok(())
}
