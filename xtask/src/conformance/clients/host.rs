//! A peer that hosts clients of a package: what it is asked to do with them.

use std::process::Command;

use serde_json::{Value, json};

use super::super::outcome::Outcome;
use super::super::peers::Peer;

/// How long a change may take to reach a client, in milliseconds: the Python client takes a stream that ended for a
/// silent one, and waits 17 seconds for it.
const PATIENCE_MS: u64 = 25_000;

/// A running peer.
#[derive(Debug)]
pub(super) struct Host {
    peer: Peer,
    /// What clients are told of the server.
    server: Value,
}

/// What is asked of a client.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ask<'a> {
    /// These flags and what they depend on; with none, all.
    pub(super) keys: &'a [&'a str],
    /// Whether assignments and exposures are tracked.
    pub(super) tracked: bool,
}

impl Host {
    pub(super) fn start(name: &'static str, command: Command) -> Result<Self, String> {
        Ok(Self { peer: Peer::start(name, command)?, server: Value::Null })
    }

    /// The package and its version.
    pub(super) fn package(&self) -> (&str, &str) {
        let mut words = self.peer.about.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// Says where the server is that clients started from now on use.
    pub(super) fn use_server(&mut self, url: &str) {
        self.server = json!({
            "url": url,
            "deployment_key": "local-deployment-key",
            "api_key": "local-api-key",
            "secret_key": "local-secret-key",
        });
    }

    /// Starts a client, which is named for its mode.
    pub(super) fn start_client(&mut self, mode: &str) -> Result<(), String> {
        self.start_named(mode, mode)
    }

    pub(super) fn start_named(&mut self, name: &str, mode: &str) -> Result<(), String> {
        let request = json!({"id": 1, "do": "start", "client": name, "mode": mode, "server": self.server});
        self.ask(&request).map(drop).map_err(|error| format!("{mode} does not start: {error}"))
    }

    pub(super) fn evaluate(&mut self, mode: &str, user: &Value, ask: Ask<'_>) -> Outcome {
        let mut request = json!({"id": 1, "do": "evaluate", "client": mode, "user": user});
        request["assignment"] = ask.tracked.into();
        request["exposure"] = ask.tracked.into();
        if !ask.keys.is_empty() {
            request["flag_keys"] = ask.keys.into();
        }
        match self.ask(&request) {
            Ok(variants) => Self::variants(variants),
            Err(error) => Outcome::Error(error),
        }
    }

    /// Waits until a flag is on for the user.
    pub(super) fn wait(&mut self, mode: &str, user: &Value, flag: &str) -> Result<(), String> {
        let mut request = json!({"id": 1, "do": "await", "client": mode, "user": user, "flag": flag, "key": "on"});
        request["within"] = PATIENCE_MS.into();
        self.ask(&request).map(drop)
    }

    pub(super) fn stop_client(&mut self, mode: &str) -> Result<(), String> {
        self.ask(&json!({"id": 1, "do": "stop", "client": mode})).map(drop)
    }

    /// What a request comes to.
    pub(super) fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let reply = self.peer.ask(&request.to_string())?;
        let mut reply: Value = serde_json::from_str(&reply).map_err(|error| format!("not a reply: {error}"))?;
        match (reply["result"].take(), reply["error"].take()) {
            (result, Value::Null) => Ok(result),
            (_, Value::String(error)) => Err(error),
            (_, error) => Err(error.to_string()),
        }
    }

    pub(super) fn server(&self) -> &Value {
        &self.server
    }

    /// Reads variants by flag key.
    pub(super) fn variants(variants: Value) -> Outcome {
        let Value::Object(mut variants) = variants else {
            return Outcome::Error(format!("not variants: {variants}"));
        };
        // The JavaScript client repeats the experiment's key beside the metadata that it comes from.
        for variant in variants.values_mut().filter_map(Value::as_object_mut) {
            let experiment = variant.get("metadata").and_then(|metadata| metadata.get("experimentKey"));
            if experiment.is_some() && experiment == variant.get("expKey") {
                variant.remove("expKey");
            }
        }
        Outcome::results(variants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repeated_experiment_key_is_left_out_and_no_other() {
        let plain = Host::variants(json!({"f": {"key": "on", "metadata": {"experimentKey": "e"}}}));
        let repeated = json!({"f": {"key": "on", "expKey": "e", "metadata": {"experimentKey": "e"}}});
        assert!(plain.same(&Host::variants(repeated)));
        let other = json!({"f": {"key": "on", "expKey": "x", "metadata": {"experimentKey": "e"}}});
        assert!(!plain.same(&Host::variants(other)));
    }
}
