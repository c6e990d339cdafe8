//! What an engine answered, and when two answers mean the same.

use std::fmt;

use serde_json::{Map, Value};

/// An engine's answer to one case.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Variants by flag key.
    Results(Map<String, Value>),
    /// The call failed because of a dependency cycle.
    Cycle,
    /// The call failed in another way, or the reply could not be read.
    Error(String),
}

impl Outcome {
    /// Reads a reply line of the driver protocol.
    pub(crate) fn from_reply(line: &str) -> Self {
        let Ok(Value::Object(mut reply)) = serde_json::from_str(line) else {
            return Self::Error(format!("not a reply: {line}"));
        };
        match (reply.remove("result"), reply.remove("error")) {
            (Some(Value::Object(results)), None) => Self::results(results),
            (None, Some(error)) => {
                let error = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
                if error.contains("cycle") { Self::Cycle } else { Self::Error(error) }
            }
            _ => Self::Error(format!("not a reply: {line}")),
        }
    }

    /// Leaves out the members that mean nothing: null values and payloads, null and empty metadata.
    pub(crate) fn results(mut results: Map<String, Value>) -> Self {
        for variant in results.values_mut().filter_map(Value::as_object_mut) {
            variant.retain(|name, value| {
                let nothing = value.is_null() || (name == "metadata" && value.as_object().is_some_and(Map::is_empty));
                !(nothing && matches!(name.as_str(), "key" | "value" | "payload" | "metadata"))
            });
        }
        Self::Results(results)
    }

    /// Whether two answers mean the same: member order is free and numbers count by value. Errors
    /// other than cycles never do.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Results(ours), Self::Results(theirs)) => same_members(ours, theirs),
            (Self::Cycle, Self::Cycle) => true,
            _ => false,
        }
    }

    /// The flags on which two answers differ.
    pub(crate) fn differing_flags(&self, other: &Self) -> Vec<String> {
        let (Self::Results(ours), Self::Results(theirs)) = (self, other) else {
            return Vec::new();
        };
        let mut keys: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
        keys.sort();
        keys.dedup();
        let differs = |key: &&String| match (ours.get(*key), theirs.get(*key)) {
            (Some(a), Some(b)) => !same_value(a, b),
            _ => true,
        };
        keys.into_iter().filter(differs).cloned().collect()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Results(results) => write!(out, "{}", Value::Object(results.clone())),
            Self::Cycle => out.write_str("error: cycle"),
            Self::Error(error) => write!(out, "error: {error}"),
        }
    }
}

fn same_members(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same_value(value, other)))
}

pub(crate) fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || ((x.is_f64() || y.is_f64()) && x.as_f64() == y.as_f64()),
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same_value(x, y)),
        (Value::Object(x), Value::Object(y)) => same_members(x, y),
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(reply: &str) -> Outcome {
        Outcome::from_reply(reply)
    }

    #[test]
    fn what_means_nothing_is_left_out() {
        let full = outcome(r#"{"id":1,"result":{"f":{"key":"on","value":null,"payload":null,"metadata":{}}}}"#);
        assert!(full.same(&outcome(r#"{"id":2,"result":{"f":{"key":"on"}}}"#)));
        assert!(!full.same(&outcome(r#"{"id":2,"result":{}}"#)));
    }

    #[test]
    fn numbers_count_by_value_and_null_members_of_metadata_count() {
        let float = outcome(r#"{"id":1,"result":{"f":{"payload":[1.0,{"a":2}],"metadata":{"m":null}}}}"#);
        assert!(float.same(&outcome(r#"{"id":1,"result":{"f":{"payload":[1,{"a":2.0}],"metadata":{"m":null}}}}"#)));
        let other = outcome(r#"{"id":1,"result":{"f":{"payload":[1,{"a":2}],"metadata":{"n":null}}}}"#);
        assert!(!float.same(&other));
        assert_eq!(float.differing_flags(&other), ["f"]);
    }

    #[test]
    fn only_cycles_are_errors_that_agree() {
        let cycle = outcome(r#"{"id":1,"error":"Detected a cycle between flags a"}"#);
        assert!(cycle.same(&outcome(r#"{"id":1,"error":"dependency cycle: a"}"#)));
        let other = outcome(r#"{"id":1,"error":"invalid pattern"}"#);
        assert!(!other.same(&other.clone()));
        assert!(!cycle.same(&outcome("nonsense")));
    }
}
