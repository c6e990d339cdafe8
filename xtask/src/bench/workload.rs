//! The flags and users to measure with.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use evaluation_core::{User, skip_byte_order_mark};
use experiment::cohorts::{Cohort, CohortStore, USER_GROUP_TYPE};
use serde_json::{Map, Value};

/// How many flags; each size begins with the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workload {
    Small,
    Medium,
    Large,
}

impl Workload {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// What the checksum of the repository's workload is: every official engine gives it.
    pub(super) fn checksum(self) -> &'static str {
        match self {
            Self::Small => "7b2cbb99",
            Self::Medium => "8630d140",
            Self::Large => "758c0052",
        }
    }

    /// How many users one timed pass evaluates.
    pub(super) fn users_per_pass(self) -> usize {
        match self {
            Self::Small | Self::Medium => 1000,
            Self::Large => 100,
        }
    }

    /// The flags as the service delivers them.
    pub(super) fn flag_bytes(self, dir: &Path) -> Result<Vec<u8>, String> {
        read(&dir.join(format!("flags-{}.json", self.name())))
    }
}

impl FromStr for Workload {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Small, Self::Medium, Self::Large];
        all.into_iter().find(|workload| workload.name() == text).ok_or("no such workload")
    }
}

/// The users, in the order of their file.
pub(super) fn users(dir: &Path) -> Result<Vec<User>, Box<dyn Error>> {
    let text = read(&dir.join("users.jsonl"))?;
    let users = lines(&text).map(serde_json::from_slice).collect::<Result<Vec<User>, _>>()?;
    if users.is_empty() {
        return Err("the workload has no users".into());
    }
    Ok(users)
}

/// The same, but their cohorts are in a store and no longer on the users.
pub(super) fn users_and_cohorts(dir: &Path) -> Result<(Vec<User>, CohortStore), Box<dyn Error>> {
    let mut members: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut add = |group_type: &str, ids: &Value, name: &str| {
        for id in ids.as_array().into_iter().flatten().filter_map(Value::as_str) {
            members.entry((group_type.to_owned(), id.to_owned())).or_default().push(name.to_owned());
        }
    };
    let mut users = Vec::new();
    for line in lines(&read(&dir.join("users.jsonl"))?) {
        let mut user: Map<String, Value> = serde_json::from_slice(line)?;
        if let (Some(ids), Some(name)) = (user.remove("cohort_ids"), user.get("user_id").and_then(Value::as_str)) {
            add(USER_GROUP_TYPE, &ids, name);
        }
        let groups = user.remove("group_cohort_ids");
        for (group_type, names) in groups.iter().filter_map(Value::as_object).flatten() {
            for (name, ids) in names.as_object().into_iter().flatten() {
                add(group_type, ids, name);
            }
        }
        users.push(serde_json::from_value(Value::Object(user))?);
    }
    let mut store = CohortStore::new();
    for ((group_type, id), members) in members {
        if store.get(&id).is_some() {
            return Err(format!("cohort {id} is of two group types").into());
        }
        store.insert(&Cohort::new(id, members).with_group_type(group_type));
    }
    Ok((users, store))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    skip_byte_order_mark(text).split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
