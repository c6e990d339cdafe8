//! What a client sent to a server, as it came in.

use std::ops::RangeInclusive;
use std::time::{SystemTime, UNIX_EPOCH};

use experiment_server::{EventSource, Request, Route, Server};
use serde_json::Value;

/// All that one client sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) is_ours: bool,
    /// From when to when it ran, in milliseconds since 1970.
    pub(super) span: RangeInclusive<u64>,
    /// The events that the server took.
    pub(super) taken: Vec<Value>,
    /// Those of uploads that it refused.
    pub(super) refused: Vec<Value>,
    /// The uploads, without their events.
    pub(super) uploads: Vec<Value>,
}

impl Sent {
    pub(super) fn by_ours(server: &Server, span: RangeInclusive<u64>) -> Self {
        Self::by(true, server, span)
    }

    pub(super) fn by_theirs(server: &Server, span: RangeInclusive<u64>) -> Self {
        Self::by(false, server, span)
    }

    fn by(is_ours: bool, server: &Server, span: RangeInclusive<u64>) -> Self {
        let uploads = server.requests().iter().filter(|request| is_upload(request)).map(upload).collect();
        Self { is_ours, span, taken: taken(server), refused: refused(server), uploads }
    }
}

/// How many events were taken or refused so far.
pub(super) fn count(server: &Server) -> usize {
    taken(server).len() + refused(server).len()
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}

fn taken(server: &Server) -> Vec<Value> {
    let events = server.events().into_iter();
    events.filter(|event| event.source == EventSource::HttpApi).map(|event| event.value()).collect()
}

fn refused(server: &Server) -> Vec<Value> {
    let requests = server.requests().into_iter();
    let requests = requests.filter(is_upload);
    let refused = requests.filter(|request| request.status.is_some_and(|status| status.as_u16() == 400));
    refused.flat_map(|request| body(&request)["events"].as_array().cloned().unwrap_or_default()).collect()
}

fn is_upload(request: &Request) -> bool {
    matches!(request.route, Route::HttpApi | Route::Batch)
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

/// What an upload says beside its events.
fn upload(request: &Request) -> Value {
    let mut upload = body(request);
    if let Some(upload) = upload.as_object_mut() {
        upload.remove("events");
        upload.insert("(request)".to_owned(), format!("{} {}", request.method, request.path).into());
        upload.insert("(content type)".to_owned(), request.header("content-type").into());
    }
    upload
}
