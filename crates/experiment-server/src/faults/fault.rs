//! What can go wrong with one request.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub(crate) delay: Duration,
    pub(crate) action: Action,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Pass,
    Respond {
        status: StatusCode,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Option<Bytes>,
    },
    Reset,
    Stall,
    /// The true answer, up to so many bytes of its body.
    Part {
        bytes: usize,
        end: End,
    },
}

/// What comes after the part of a body that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The connection is closed in the middle of the body.
    Cut,
    /// The connection is reset.
    Reset,
    /// Nothing, for as long as the client waits.
    Stall,
}

impl Fault {
    fn new(action: Action) -> Self {
        Self { delay: Duration::ZERO, action }
    }

    /// Nothing: the request is answered as usual.
    #[must_use]
    pub fn none() -> Self {
        Self::new(Action::Pass)
    }

    /// A delay before anything else happens; [`Fault::none`] with a delay is a slow answer.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Another status, with a JSON body that says that it is a fault. A number that is no status counts as 500.
    #[must_use]
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(Action::Respond { status, headers: Vec::new(), body: None })
    }

    /// Status 429 with `Retry-After`, in whole seconds, rounded up.
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs().saturating_add(u64::from(retry_after.subsec_nanos() > 0));
        Self::status(429).with_header(http::header::RETRY_AFTER, seconds.into())
    }

    /// Status 200 with this body in the place of the true one: garbage, or an answer made by hand.
    pub fn body(body: impl Into<Bytes>) -> Self {
        Self::new(Action::Respond { status: StatusCode::OK, headers: Vec::new(), body: Some(body.into()) })
    }

    /// Sets a header of an answer made by [`Fault::status`] or [`Fault::body`], whose type is JSON unless set.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Action::Respond { headers, .. } = &mut self.action {
            headers.push((name, value));
        }
        self
    }

    /// Adds a body to an answer made by [`Fault::status`].
    #[must_use]
    pub fn with_body(mut self, text: impl Into<Bytes>) -> Self {
        if let Action::Respond { body, .. } = &mut self.action {
            *body = Some(text.into());
        }
        self
    }

    /// The connection is reset without an answer.
    #[must_use]
    pub fn reset() -> Self {
        Self::new(Action::Reset)
    }

    /// No answer, for as long as the client waits.
    #[must_use]
    pub fn stall() -> Self {
        Self::new(Action::Stall)
    }

    /// The true answer, cut off after so many bytes of its body: a truncated body, or a stream with a message half
    /// written.
    #[must_use]
    pub fn cut_after(bytes: usize) -> Self {
        Self::new(Action::Part { bytes, end: End::Cut })
    }

    /// The true answer, with a reset of the connection after so many bytes of its body.
    #[must_use]
    pub fn reset_after(bytes: usize) -> Self {
        Self::new(Action::Part { bytes, end: End::Reset })
    }

    /// The true answer, with nothing more after so many bytes of its body.
    #[must_use]
    pub fn stall_after(bytes: usize) -> Self {
        Self::new(Action::Part { bytes, end: End::Stall })
    }
}
