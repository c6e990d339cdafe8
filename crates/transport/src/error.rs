//! What can go wrong in asking the service.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use evaluation_core::{JsonError, Received};

use crate::client::{BoxError, HttpError};
use crate::endpoints::Endpoint;
use crate::retry::Retryable;

/// Why the service did not give what it was asked for: what failed, and what to do about it.
///
/// Never holds a key, a user, or the values of headers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The service refused the key or the keys that it was asked with.
    #[error(
        "{endpoint}: the service refused the {} (status {status}): {}",
        .endpoint.credentials().0,
        .endpoint.credentials().1
    )]
    #[non_exhaustive]
    Unauthorized {
        /// What was asked for.
        endpoint: Endpoint,
        /// 401 or 403.
        status: u16,
        /// How long the service asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The service answered with another status than 200.
    #[error("{endpoint}: the service answered with status {status}{}", advice(*.endpoint, *.status))]
    #[non_exhaustive]
    Status {
        /// What was asked for.
        endpoint: Endpoint,
        /// The status.
        status: u16,
        /// How long the service asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// It was not done in time.
    #[error("{endpoint}: not done within {after:?}")]
    #[non_exhaustive]
    Timeout {
        /// What was asked for.
        endpoint: Endpoint,
        /// The deadline that was set.
        after: Duration,
    },
    /// No response came, or only a part of one. `source` says why.
    #[error("{endpoint}: the service was not reached, or went away")]
    #[non_exhaustive]
    Http {
        /// What was asked for.
        endpoint: Endpoint,
        /// What happened.
        source: HttpError,
    },
    /// The response, or one event of a stream, is too large.
    #[error("{endpoint}: more than the {limit} bytes that are allowed came: raise the limit if that is right")]
    #[non_exhaustive]
    TooLarge {
        /// What was asked for.
        endpoint: Endpoint,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The response is not what this endpoint responds with.
    #[error("{endpoint}: {problem}: check the URL, and whether a proxy or a sign-in page is in the way")]
    #[non_exhaustive]
    Malformed {
        /// What was asked for.
        endpoint: Endpoint,
        /// What was received, or what is wrong with it. Told in full with the endpoint, so it is no `source`.
        problem: ResponseJsonError,
    },
    /// The response is compressed in a way that the client did not request and cannot undo.
    #[error(
        "{endpoint}: the response is compressed with {encoding}, which the client did not request: check what changes \
        responses on the way, such as a proxy"
    )]
    #[non_exhaustive]
    Encoded {
        /// What was requested.
        endpoint: Endpoint,
        /// The encoding that the response names, such as `br`.
        encoding: String,
    },
    /// The response is not a stream of events.
    #[error(
        "{endpoint}: the response is not a stream of events, but {received}: check the URL, and whether a proxy or a \
        sign-in page is in the way"
    )]
    #[non_exhaustive]
    NotEvents {
        /// What was requested.
        endpoint: Endpoint,
        /// What was received.
        received: Received,
    },
    /// The service redirected the request, and the client did not follow.
    #[error("{endpoint}: the service redirects {problem}")]
    #[non_exhaustive]
    Redirect {
        /// What was asked for.
        endpoint: Endpoint,
        /// Why the client did not follow.
        problem: RedirectProblem,
    },
    /// There is no Tokio runtime to ask from.
    #[error("{endpoint}: there is no Tokio runtime with timers here: ask from within one")]
    #[non_exhaustive]
    NoRuntime {
        /// What was to be asked for.
        endpoint: Endpoint,
    },
    /// The request cannot be made of what was given. `source` says why.
    #[error("{endpoint}: the request cannot be made")]
    #[non_exhaustive]
    Request {
        /// What was to be asked for.
        endpoint: Endpoint,
        /// What is wrong with it.
        source: BoxError,
    },
}

impl TransportError {
    /// What was asked for.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        match self {
            Self::Unauthorized { endpoint, .. }
            | Self::Status { endpoint, .. }
            | Self::Timeout { endpoint, .. }
            | Self::Http { endpoint, .. }
            | Self::TooLarge { endpoint, .. }
            | Self::Malformed { endpoint, .. }
            | Self::Encoded { endpoint, .. }
            | Self::NotEvents { endpoint, .. }
            | Self::NoRuntime { endpoint }
            | Self::Redirect { endpoint, .. }
            | Self::Request { endpoint, .. } => *endpoint,
        }
    }

    /// The status that the service answered with, if that is what went wrong.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized { status, .. } | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// True when trying again may help: not for statuses from 400 to 499 other than 429, nor for what is wrong here.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Status { status, .. } => *status < 400 || *status >= 500 || *status == 429,
            Self::Http { source, .. } => source.is_retryable(),
            // A sign-in page in the way redirects, too, and goes away.
            Self::Timeout { .. }
            | Self::Malformed { .. }
            | Self::Encoded { .. }
            | Self::NotEvents { .. }
            | Self::Redirect { .. } => true,
            Self::Unauthorized { .. } | Self::TooLarge { .. } | Self::NoRuntime { .. } | Self::Request { .. } => false,
        }
    }

    /// True when a key is what has to be put right.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        matches!(self, Self::Unauthorized { .. })
    }

    /// True when it took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Timeout { .. } => true,
            Self::Http { source, .. } => source.is_timeout(),
            _ => false,
        }
    }

    /// How long the service asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unauthorized { retry_after, .. } | Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl Retryable for TransportError {
    fn is_retryable(&self) -> bool {
        self.is_retryable()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after()
    }
}

fn advice(endpoint: Endpoint, status: u16) -> &'static str {
    match status {
        400 if endpoint == Endpoint::Variants => ": give the user a user id or a device id",
        404 if endpoint == Endpoint::Cohort => {
            ": check that the cohort is synced to where flags are decided, and the URL of the service"
        }
        404 => ": check the URL of the service",
        413 | 431 if endpoint == Endpoint::Variants => ": the user is too large for a server on the way",
        429 => ": too many requests; ask less often",
        500.. => ": that is for the service to put right; trying again may help",
        _ => "",
    }
}

/// Why a redirect was not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectProblem {
    /// It came after too many others.
    #[error("again and again: check the URL of the service")]
    TooMany,
    /// It names no location.
    #[error("without saying where to: check the URL of the service")]
    NoLocation,
    /// It leads to something else than a URL of `http` or `https` that a request could be sent to.
    #[error("to a location that is not a URL of http or https: check the URL of the service")]
    Unreadable,
    /// It leads from `https` to `http`.
    #[error("from https to http, which the client does not follow: check the URL of the service")]
    Unsafe,
    /// It leads to another scheme, host or port than the URL that was configured. Keys, users and
    /// events are not sent there.
    #[error(
        "to {host}, another origin, which gets no key, user or event: if it is the service, set the URL to it; \
        else a proxy or a sign-in page may be in the way"
    )]
    #[non_exhaustive]
    OtherOrigin {
        /// The host that it leads to.
        host: String,
    },
    /// Following it would turn the request into a `GET`.
    #[error("with a status that would turn a POST into a GET: check the URL of the service")]
    Method,
}

/// What was received in place of the JSON of a response, or what is wrong in it and where. Never quotes it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ResponseJsonError(JsonError);

impl ResponseJsonError {
    /// The line of the text, from 1, at which reading stopped.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line()
    }

    /// The column of that line, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.column()
    }
}

impl From<JsonError> for ResponseJsonError {
    fn from(error: JsonError) -> Self {
        Self(error)
    }
}

/// Shows an error with its causes, in one line: for logs.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> TransportError {
        TransportError::Status { endpoint: Endpoint::Flags, status, retry_after: None }
    }

    #[test]
    fn of_statuses_only_those_between_400_and_499_are_final_and_not_429() {
        for (code, retryable) in
            [(204, true), (304, true), (400, false), (404, false), (413, false), (429, true), (500, true), (501, true)]
        {
            assert_eq!(status(code).is_retryable(), retryable, "{code}");
        }
    }

    #[test]
    fn a_refused_key_is_named_as_what_to_put_right() {
        let error = TransportError::Unauthorized { endpoint: Endpoint::Variants, status: 401, retry_after: None };
        assert!(error.is_auth() && !error.is_retryable());
        assert!(error.to_string().contains("deployment key"), "{error}");
    }

    #[test]
    fn errors_say_what_was_asked_for() {
        assert_eq!(
            status(503).to_string(),
            "flags: the service answered with status 503: that is for the service to put right; trying again may help"
        );
    }
}
