//! Cases of the test vectors that say something of groups or cohorts, as users and as memberships in large cohorts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use std::collections::{BTreeMap, BTreeSet};

use experiment::User;
use experiment::cohorts::{Cohort, USER_GROUP_TYPE};
use serde_json::{Map, Value, json};

/// How many members each cohort has.
pub(crate) const SIZE: usize = 100_000;

/// Who is in which cohorts: of a group type and a name, the ids.
pub(crate) type Members = BTreeMap<(String, String), BTreeSet<String>>;

/// A case that a user can stand for.
pub(crate) struct Case {
    pub(crate) name: String,
    /// With the cohorts that the context says.
    pub(crate) user: User,
    pub(crate) members: Members,
    pub(crate) keys: Vec<String>,
    pub(crate) expected: Map<String, Value>,
}

/// Cases in which each user and each group is in the same cohorts wherever it appears.
pub(crate) fn batches(cases: Vec<Case>) -> Vec<Vec<Case>> {
    let mut batches: Vec<(Members, Vec<Case>)> = Vec::new();
    for case in cases {
        let fits = |members: &Members| case.members.iter().all(|(of, ids)| members.get(of).is_none_or(|it| it == ids));
        let place = batches.iter().position(|(members, _)| fits(members)).unwrap_or_else(|| {
            batches.push(Default::default());
            batches.len() - 1
        });
        batches[place].0.extend(case.members.clone());
        batches[place].1.push(case);
    }
    batches.into_iter().map(|(_, cases)| cases).collect()
}

pub(crate) fn padded(of: &str, id: &str, cases: &[Case]) -> Cohort {
    let members = cases.iter().flat_map(|case| &case.members);
    let inside: BTreeSet<String> = members
        .filter(|((group_type, _), ids)| group_type == of && ids.contains(id))
        .map(|((_, name), _)| name.clone())
        .collect();
    let padding = (inside.len()..SIZE).map(|index| format!("padding-{index}"));
    Cohort::new(id, inside.iter().cloned().chain(padding)).with_group_type(of)
}

/// Flags that ask for groups where no user has any.
pub(crate) fn unread(flags: &Value) -> BTreeSet<String> {
    keys_of(flags, |selector, _| selector.starts_with(&["context", "user", "groups"]))
}

pub(crate) fn other_condition_on_cohorts(selector: &[&str], condition: &Value) -> bool {
    selector.last() == Some(&"cohort_ids")
        && condition["op"] != "set contains any"
        && condition["op"] != "set does not contain any"
}

/// The keys of flags that have such a condition.
pub(crate) fn keys_of(flags: &Value, is: impl Fn(&[&str], &Value) -> bool) -> BTreeSet<String> {
    fn conditions(flag: &Value) -> impl Iterator<Item = &Value> {
        let segments = flag["segments"].as_array().into_iter().flatten();
        let groups = segments.flat_map(|segment| segment["conditions"].as_array().into_iter().flatten());
        groups.flat_map(|group| group.as_array().into_iter().flatten())
    }
    let has = |condition: &Value| {
        let selector: Vec<&str> =
            condition["selector"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        is(&selector, condition)
    };
    let flags = flags.as_array().into_iter().flatten().filter(|flag| conditions(flag).any(has));
    flags.filter_map(|flag| flag["key"].as_str().map(str::to_owned)).collect()
}

/// The same user without cohorts of its own.
pub(crate) fn bare(user: &User) -> User {
    let mut json = serde_json::to_value(user).unwrap();
    json.as_object_mut().unwrap().retain(|name, _| name != "cohort_ids" && name != "group_cohort_ids");
    serde_json::from_value(json).unwrap()
}

/// The case as a user, or why no user can stand for it.
pub(crate) fn read(case: &Value, expected: &str) -> Result<Case, &'static str> {
    let context = &case["context"];
    let Some(expected) = case[expected].as_object() else { return Err("no results are expected") };
    let mut fields = context["user"].as_object().cloned().unwrap_or_default();
    fields.remove("groups");
    let user_id = fields.get("user_id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
    let mut members = BTreeMap::new();
    if let Some(id) = user_id {
        members
            .insert((USER_GROUP_TYPE.to_owned(), id), texts(&fields.get("cohort_ids").cloned().unwrap_or_default())?);
    } else if fields.contains_key("cohort_ids") {
        return Err("a user without id is in cohorts");
    }
    let mut groups = Map::new();
    let mut properties = Map::new();
    let mut cohorts = Map::new();
    for (of, group) in context["groups"].as_object().into_iter().flatten() {
        let Some(name) = group["group_name"].as_str().filter(|name| !name.is_empty()) else {
            return Err("a group has no name");
        };
        if group
            .as_object()
            .unwrap()
            .keys()
            .any(|key| !["group_name", "group_properties", "cohort_ids"].contains(&&**key))
        {
            return Err("a group has a field that no user's group has");
        }
        groups.insert(of.clone(), json!([name]));
        if !group["group_properties"].is_null() {
            properties.insert(of.clone(), json!({ name: group["group_properties"] }));
        }
        if !group["cohort_ids"].is_null() {
            cohorts.insert(of.clone(), json!({ name: group["cohort_ids"] }));
        }
        members.insert((of.clone(), name.to_owned()), texts(&group["cohort_ids"])?);
    }
    let given = fields.clone();
    for (name, value) in [("groups", groups), ("group_properties", properties), ("group_cohort_ids", cohorts)] {
        if !value.is_empty() {
            fields.insert(name.to_owned(), value.into());
        }
    }
    let unusable = "the user has a field that no user has, or one of another type";
    let user: User = serde_json::from_value(fields.into()).map_err(|_| unusable)?;
    let written = serde_json::to_value(&user).unwrap();
    if given.iter().any(|(name, value)| number(&written[name]) != number(value)) {
        return Err(unusable);
    }
    let keys = texts(&case["flag_keys"])?.into_iter().collect();
    Ok(Case { name: case["name"].as_str().unwrap().to_owned(), user, members, keys, expected: expected.clone() })
}

fn texts(list: &Value) -> Result<BTreeSet<String>, &'static str> {
    let texts = list.as_array().into_iter().flatten().map(|text| text.as_str().map(str::to_owned));
    let read: Option<BTreeSet<String>> = texts.collect();
    read.filter(|_| list.is_null() || list.is_array()).ok_or("a list of cohorts is no list of texts")
}

/// Numbers by their value.
pub(crate) fn number(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => list.iter().map(number).collect(),
        Value::Object(object) => {
            Value::Object(object.iter().map(|(key, value)| (key.clone(), number(value))).collect())
        }
        other => other.clone(),
    }
}
