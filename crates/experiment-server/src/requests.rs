//! The latest requests, for tests that look at what a client sent.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::Route;

/// How many bytes of bodies are kept at most; no single body is larger.
const BYTES: usize = 32 << 20;

/// A request that came in, and what became of it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// What was asked for.
    pub route: Route,
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The query, without its question mark.
    pub query: Option<String>,
    /// The headers, with their secrets.
    pub headers: HeaderMap,
    /// The body; empty if it was too large, or did not come to its end.
    pub body: Bytes,
    /// The answer's status. None while there is no answer, and for good if a fault keeps it from being answered or the
    /// client gives up first.
    pub status: Option<StatusCode>,
}

impl Request {
    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for Request {
    // Headers, queries and bodies hold keys and users, and so do the paths of the oldest SDKs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(http::HeaderName::as_str).collect();
        f.debug_struct("Request")
            .field("route", &self.route)
            .field("method", &self.method)
            .field("path", &if self.route == Route::LegacyVariants { "/sdk/vardata" } else { &self.path })
            .field("headers", &names)
            .field("body", &self.body.len())
            .field("status", &self.status)
            .finish()
    }
}

/// The latest requests, bounded by their number and by the size of their bodies.
#[derive(Debug)]
pub(crate) struct RequestLog {
    capacity: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The number of the oldest.
    first: u64,
    requests: VecDeque<Request>,
    bytes: usize,
}

/// The number of a request, by which it is found again while it is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(u64);

impl Kept {
    fn get(&mut self, id: RequestId) -> Option<&mut Request> {
        let place = usize::try_from(id.0.checked_sub(self.first)?).ok()?;
        self.requests.get_mut(place)
    }

    fn trim(&mut self, capacity: usize) {
        while self.requests.len() > capacity || self.bytes > BYTES {
            let Some(oldest) = self.requests.pop_front() else { break };
            self.first += 1;
            self.bytes -= oldest.body.len();
        }
    }
}

impl RequestLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, kept: Mutex::default() }
    }

    /// Keeps a request that has just come in, unless none are kept.
    pub(crate) fn arrived<B>(&self, route: Route, request: &http::Request<B>) -> Option<RequestId> {
        if self.capacity == 0 {
            return None;
        }
        let (uri, mut kept) = (request.uri(), self.lock());
        kept.requests.push_back(Request {
            route,
            method: request.method().clone(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            headers: request.headers().clone(),
            body: Bytes::new(),
            status: None,
        });
        let id = RequestId(kept.first + kept.requests.len() as u64 - 1);
        kept.trim(self.capacity);
        Some(id)
    }

    pub(crate) fn read(&self, id: RequestId, body: Bytes) {
        let mut kept = self.lock();
        let read = body.len();
        if let Some(request) = kept.get(id) {
            request.body = body;
            kept.bytes += read;
            kept.trim(self.capacity);
        }
    }

    pub(crate) fn answered(&self, id: RequestId, status: StatusCode) {
        if let Some(request) = self.lock().get(id) {
            request.status = Some(status);
        }
    }

    pub(crate) fn all(&self) -> Vec<Request> {
        self.lock().requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.lock();
        kept.first += kept.requests.len() as u64;
        kept.requests.clear();
        kept.bytes = 0;
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
