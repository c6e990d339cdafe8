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
    /// The body; empty if it was too large.
    pub body: Bytes,
    /// The answer's status. None if a fault kept it from being answered.
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
    // Headers and bodies hold keys and users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(http::HeaderName::as_str).collect();
        f.debug_struct("Request")
            .field("route", &self.route)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
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
    requests: VecDeque<Request>,
    bytes: usize,
}

impl RequestLog {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, kept: Mutex::default() }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.capacity == 0
    }

    pub(crate) fn add(&self, request: Request) {
        let mut kept = self.lock();
        kept.bytes += request.body.len();
        kept.requests.push_back(request);
        while kept.requests.len() > self.capacity || kept.bytes > BYTES {
            let Some(oldest) = kept.requests.pop_front() else { break };
            kept.bytes -= oldest.body.len();
        }
    }

    pub(crate) fn all(&self) -> Vec<Request> {
        self.lock().requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Kept::default();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
