//! Events of local evaluation: our client sends what the official Node client sends for the same users, field by field
//! but for what is meant to differ.

mod compare;
mod deliberate;
mod sent;
mod table;

use std::time::Duration;

use experiment::LocalEvaluationClient;
use experiment::tracking::{AssignmentConfig, DeliveryOptions, ExposureConfig};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, Server};
use serde_json::Value;
use tokio::runtime::Handle;

use super::super::outcome::Outcome;
use super::host::{Ask, Host};
use super::report::{Report, same_for};
use compare::{Equal, KINDS, equal, same_uploads};
use sent::{Sent, count, now};
use table::Evaluation;

/// The package whose events are the pattern. The others differ from it and from one another.
pub(super) const PATTERN: &str = "@amplitude/experiment-node-server";

/// How long the events of a part of the table may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Has the table evaluated by our client, then by theirs, and compares what each sends to one server.
pub(super) fn tracking(host: &mut Host, runtime: &Handle, report: &mut Report) -> Result<(), String> {
    let server = runtime
        .block_on(Server::builder().flags_json(table::FLAGS).start())
        .map_err(|error| format!("our server does not start: {error}"))?;
    let parts = [table::evaluations()?, table::without_ids()?, table::last()?];
    let (ours, answers) = ours(runtime, &server, &parts)?;
    server.clear_events();
    server.clear_requests();
    host.use_server(&server.url());
    let theirs = theirs(host, runtime, &server, &parts, &answers)?;
    runtime.block_on(server.shutdown());

    let told = |equal: Equal| format!("{} events of {} users equal, field by field", equal.events, equal.users);
    for (name, kind) in KINDS.into_iter().zip(["assignments", "exposures"]) {
        let outcome = equal(&ours, &theirs, name, |sent| &sent.taken).map(told);
        report.prove(host, "poll", &format!("{kind} are those of our client"), outcome);
        let refused = equal(&ours, &theirs, name, |sent| &sent.refused).map(told);
        report.prove(host, "poll", &format!("{kind} without an id are those of our client"), refused);
    }
    let uploads = same_uploads(&ours, &theirs);
    report.prove(host, "poll", "uploads are those of our client", uploads);
    Ok(())
}

/// What came of a part: the variants of each call, and how many events had been sent by then.
struct Answers {
    variants: Vec<Outcome>,
    events: usize,
}

fn ours(runtime: &Handle, server: &Server, parts: &[Vec<Evaluation>]) -> Result<(Sent, Vec<Answers>), String> {
    let start = now();
    let client = client(runtime, server)?;
    let mut answers = Vec::new();
    for part in parts {
        let variants = runtime.block_on(async {
            let variants = part.iter().map(|one| variants(&client, one)).collect();
            client.flush().await;
            variants
        });
        answers.push(Answers { variants, events: count(server) });
    }
    runtime.block_on(client.close());
    Ok((Sent::by_ours(server, start..=now()), answers))
}

fn client(runtime: &Handle, server: &Server) -> Result<LocalEvaluationClient, String> {
    let (mut exposures, mut assignments) =
        (ExposureConfig::new(DEFAULT_API_KEY), AssignmentConfig::new(DEFAULT_API_KEY));
    let to = |delivery: &mut DeliveryOptions| delivery.server_url = format!("{}/2/httpapi", server.url());
    to(&mut exposures.delivery);
    to(&mut assignments.delivery);
    let builder = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url());
    let client = builder.exposure_tracking(exposures).assignment_tracking(assignments).build();
    let client = client.map_err(|error| error.to_string())?;
    runtime.block_on(client.start()).map_err(|error| format!("our client does not start: {error}"))?;
    Ok(client)
}

/// What our client decides, in their form: any value is a text to them.
fn variants(client: &LocalEvaluationClient, one: &Evaluation) -> Outcome {
    let variants = client.evaluate_with(&one.user, &one.options());
    let mut results = match serde_json::to_value(&variants) {
        Ok(Value::Object(results)) => results,
        other => return Outcome::Error(format!("not variants: {other:?}")),
    };
    for (flag, variant) in variants.iter() {
        if let Some(value) = variant.value() {
            results[flag]["value"] = value.into();
        }
    }
    Outcome::results(results)
}

fn theirs(
    host: &mut Host,
    runtime: &Handle,
    server: &Server,
    parts: &[Vec<Evaluation>],
    answers: &[Answers],
) -> Result<Sent, String> {
    let start = now();
    host.start_named("tracking", "poll")?;
    for (part, ours) in parts.iter().zip(answers) {
        for (one, ours) in part.iter().zip(&ours.variants) {
            let theirs = host.evaluate("tracking", &one.json, Ask { keys: one.keys, tracked: one.exposure });
            same_for(&one.json.to_string(), ours, &theirs)?;
        }
        // If they stay fewer, comparing tells which.
        runtime.block_on(server.until(PATIENCE, |server| count(server) >= ours.events));
    }
    host.stop_client("tracking")?;
    Ok(Sent::by_theirs(server, start..=now()))
}
