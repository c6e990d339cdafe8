//! The test vectors that say something of groups or cohorts: the server SDKs sync the cohorts from our server and decide
//! as the vectors say, and so does our own client.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use evaluation_core::FlagSet;
use experiment::{CohortSyncConfig, EvaluateOptions, LocalEvaluationClient};
use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, DEFAULT_SECRET_KEY, Server};
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use super::super::outcome::Outcome;
use super::host::{Ask, Host};
use super::report::{Report, holds, same_for};
use vectors::{Case, bare, batches, keys_of, other_condition_on_cohorts, padded, read, unread};

#[path = "../../../../crates/experiment/tests/common/vectors.rs"]
mod vectors;

const TOPICS: [&str; 3] = ["cohorts", "groups", "realistic-flags"];

/// Runs the cases of all topics through a package and through our client.
pub(super) fn cohorts(host: &mut Host, runtime: &Handle, root: &Path, report: &mut Report) -> Result<(), String> {
    let mut clients = 0;
    for topic in TOPICS {
        let path = root.join(format!("crates/evaluation-core/tests/vectors/evaluation/{topic}.json"));
        let text = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let document: Value = serde_json::from_slice(&text).map_err(|error| format!("{topic}: {error}"))?;
        let mut count = Count { clients, ..Count::default() };
        for suite in document["suites"].as_array().into_iter().flatten() {
            run(host, runtime, suite, &mut count)?;
        }
        clients = count.clients;
        let told =
            format!("{} of {} cases, {} cohorts of {} members", count.equal, count.cases, count.cohorts, vectors::SIZE);
        let outcome = match count.first {
            Some(first) => Err(format!("{told}; {first}")),
            None => holds(count.cases > 0 && count.equal == count.cases, told),
        };
        report.prove(host, "poll", &format!("decides as the vectors of {topic} and our client do"), outcome);
    }
    Ok(())
}

#[derive(Default)]
struct Count {
    cases: usize,
    equal: usize,
    cohorts: usize,
    clients: usize,
    /// What was wrong first.
    first: Option<String>,
}

fn run(host: &mut Host, runtime: &Handle, suite: &Value, count: &mut Count) -> Result<(), String> {
    let flags = &suite["flags"];
    let json = flags.to_string();
    let set = FlagSet::from_json(json.as_bytes()).map_err(|error| error.to_string())?;
    let needed: BTreeMap<&str, BTreeSet<&str>> = set.cohort_ids().map(|(of, ids)| (of, ids.collect())).collect();
    let cases = suite["cases"].as_array().into_iter().flatten();
    let cases =
        cases.filter(|case| !case["context"]["groups"].is_null() || !case["context"]["user"]["cohort_ids"].is_null());
    let cases: Vec<Case> = cases.filter_map(|case| read(case, "expected").ok()).collect();
    let unread = unread(flags);
    let others = keys_of(flags, |selector, condition| {
        other_condition_on_cohorts(selector, condition) || tells_no_cohort_from_an_empty_list(selector, condition)
    });
    for batch in batches(cases) {
        let mut builder = Server::builder().flags_json(json.clone());
        for (of, id) in needed.iter().flat_map(|(of, ids)| ids.iter().map(move |id| (of, id))) {
            builder = builder.cohort(padded(of, id, &batch).with_last_modified(1));
            count.cohorts += 1;
        }
        let server =
            runtime.block_on(builder.start()).map_err(|error| format!("our server does not start: {error}"))?;
        let ours = client(runtime, &server)?;
        host.use_server(&server.url());
        // The Node client gives the same instance again for a name.
        let name = format!("cohorts-{}", count.clients);
        count.clients += 1;
        host.start_named(&name, "poll")?;
        for case in &batch {
            // Who reads cohorts in another way can tell whether there are more than a lookup finds.
            let whole = case.members.iter().all(|((of, _), ids)| {
                ids.iter().all(|id| needed.get(of.as_str()).is_some_and(|needed| needed.contains(id.as_str())))
            });
            let left_out: BTreeSet<&String> = unread.iter().chain(others.iter().filter(|_| !whole)).collect();
            let differs = check(host, &name, &ours, case, &left_out);
            count.cases += 1;
            count.equal += usize::from(differs.is_ok());
            count.first = count.first.take().or(differs.err());
        }
        host.stop_client(&name)?;
        runtime.block_on(async {
            ours.close().await;
            server.shutdown().await;
        });
    }
    Ok(())
}

/// To the Python client, a user in no cohort has no list; to the others, an empty one.
fn tells_no_cohort_from_an_empty_list(selector: &[&str], condition: &Value) -> bool {
    let values = condition["values"].as_array();
    selector.last() == Some(&"cohort_ids") && values.is_some_and(|values| values.iter().any(|value| value == "(none)"))
}

fn client(runtime: &Handle, server: &Server) -> Result<LocalEvaluationClient, String> {
    let sync = CohortSyncConfig::new(DEFAULT_API_KEY, DEFAULT_SECRET_KEY).with_cohort_server_url(server.url());
    let builder = LocalEvaluationClient::builder(DEFAULT_DEPLOYMENT_KEY).server_url(server.url()).cohort_sync(sync);
    let builder = builder.flag_config_polling_interval(Duration::from_secs(60));
    let client = builder.build().map_err(|error| error.to_string())?;
    runtime.block_on(client.start()).map_err(|error| format!("our client does not start: {error}"))?;
    Ok(client)
}

/// Whether both clients decide as the vectors say.
fn check(
    host: &mut Host,
    name: &str,
    ours: &LocalEvaluationClient,
    case: &Case,
    left_out: &BTreeSet<&String>,
) -> Result<(), String> {
    let without = |results: Map<String, Value>| {
        Outcome::results(results.into_iter().filter(|(key, _)| !left_out.contains(key)).collect())
    };
    let (user, expected) = (bare(&case.user), without(case.expected.clone()));
    let variants = ours.evaluate_with(&user, &EvaluateOptions::default().with_flag_keys(&case.keys));
    let Ok(Value::Object(variants)) = serde_json::to_value(&variants) else { return Err("not variants".to_owned()) };
    same_for(&format!("ours, {}", case.name), &expected, &without(variants))?;
    let user = serde_json::to_value(&user).map_err(|error| error.to_string())?;
    let keys: Vec<&str> = case.keys.iter().map(String::as_str).collect();
    let theirs = match host.evaluate(name, &user, Ask { keys: &keys, ..Ask::default() }) {
        Outcome::Results(results) => without(results),
        other => other,
    };
    same_for(&case.name, &expected, &theirs)
}
