//! The main job, with nothing but this machine: a local server with the flags of `flags.json`, a client that decides by
//! them here and follows their stream, and one that asks the server to decide. Then a rollout changes while they run.
//!
//! Run it from the workspace root: `cargo run --example quickstart`.

#[macro_use]
mod output;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use experiment::{LocalEvaluationClient, RemoteEvaluationClient, User};
use experiment_server::{DEFAULT_DEPLOYMENT_KEY, Server};

/// The flag whose rollout changes.
const FLAG: &str = "faster-search";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // In the place of the service: the same protocol, from a file. Leave the URLs away to use the service.
    let flags = read("flags.json")?;
    let server = Server::builder().flags_json(flags.clone()).start().await?;
    println!("A local server serves {} flags at {}.\n", server.flag_count(), server.url());

    // Decides here, in nanoseconds; the stream keeps its flags fresh, and polls stand in where there is none.
    let local = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY)
        .server_url(server.url())
        .stream_server_url(server.url())
        .stream_updates(true)
        .build()?;
    local.start().await?;

    // Asks the service to decide.
    let remote = RemoteEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url()).build()?;

    let users: Vec<User> = serde_json::from_str(&read("users.json")?)?;
    compare(&local, &remote, &users).await?;

    // What somebody does in the console: `faster-search` goes from 30 % of everyone to all.
    let on = |local: &LocalEvaluationClient| users.iter().filter(|user| local.evaluate(user).is_on(FLAG)).count();
    println!("`{FLAG}` is on for {} of {} users. Now its rollout goes to 100 % …", on(&local), users.len());
    let mut changes = local.changes();
    let changed = Instant::now();
    server.set_flags(flags.replacen("\"range\": [0, 30]", "\"range\": [0, 100]", 1))?;
    let change = tokio::time::timeout(Duration::from_secs(5), changes.next()).await?.ok_or("the client is gone")?;
    println!(
        "… the stream told of {:?} after {:.1} ms, and it is on for {} of {} users.\n",
        change.keys,
        changed.elapsed().as_secs_f64() * 1e3,
        on(&local),
        users.len()
    );
    compare(&local, &remote, &users).await?;

    let status = local.status();
    println!("The client has its {} flags by {}.", status.flags, status.origin);
    local.close().await;
    server.shutdown().await;
    println!("Next: edit examples/flags.json and run this again, or walk through docs/guide.md.");
    Ok(())
}

/// What every user gets, as both clients say.
async fn compare(
    local: &LocalEvaluationClient,
    remote: &RemoteEvaluationClient,
    users: &[User],
) -> Result<(), Box<dyn Error>> {
    println!("{:8} {:16} {:10} REMOTE", "USER", "FLAG", "LOCAL");
    for user in users {
        let (here, there) = (local.evaluate(user), remote.fetch(user).await?);
        for (flag, variant) in here.iter() {
            let asked = there.get(flag).and_then(|variant| variant.key()).unwrap_or("none");
            let decided = variant.key().unwrap_or("none");
            println!("{:8} {flag:16} {decided:10} {asked}", user.user_id().unwrap_or_default());
        }
        if here != there {
            return Err("the two differ".into());
        }
    }
    println!("Both agree, metadata and payloads included.\n");
    Ok(())
}

/// Reads a file that stands beside this program's source.
fn read(file: &str) -> Result<String, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    Ok(fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?)
}
