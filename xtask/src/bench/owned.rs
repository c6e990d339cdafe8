//! Flags as plain owned types and nothing more: what any program pays that reads them with serde_json, before it has compiled anything.
#![allow(dead_code, reason = "the fields are only there to be filled")]

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

type Metadata = Option<Map<String, Value>>;

#[derive(Deserialize)]
pub(super) struct Flag {
    key: String,
    variants: HashMap<String, Variant>,
    segments: Vec<Segment>,
    dependencies: Option<Vec<String>>,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Variant {
    key: Option<String>,
    value: Option<Value>,
    payload: Option<Value>,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Segment {
    bucket: Option<Bucket>,
    conditions: Option<Vec<Vec<Condition>>>,
    variant: Option<String>,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Condition {
    selector: Vec<String>,
    op: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
struct Bucket {
    selector: Vec<String>,
    salt: String,
    allocations: Vec<Allocation>,
}

#[derive(Deserialize)]
struct Allocation {
    range: [u32; 2],
    distributions: Vec<Distribution>,
}

#[derive(Deserialize)]
struct Distribution {
    variant: String,
    range: [u32; 2],
}
