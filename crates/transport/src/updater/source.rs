//! Where flags come from.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use crate::BoxFuture;

/// Gives flag sets, by polls and by a stream. Dropping a future or a stream ends what it does.
pub trait FlagSource: Send + Sync + 'static {
    /// Asks for the flags once. With the tag of the set that is in place, the answer may be that it still stands.
    fn poll(&self, etag: Option<String>) -> BoxFuture<'_, Result<Polled, SourceError>>;

    /// Opens the stream of flags; ready when the head of the answer is there.
    fn stream(&self) -> BoxFuture<'_, Result<FlagStream, SourceError>>;
}

/// What an open stream brings. It has ended when there is no next item, or behind an error.
pub type FlagStream = Pin<Box<dyn Stream<Item = Result<StreamItem, SourceError>> + Send>>;

/// Something that came by a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamItem {
    /// Bytes that are not yet, or not at all, a set of flags: part of one, a keep-alive, a comment.
    Alive,
    /// A complete set of flags.
    Flags(Bytes),
}

/// The answer to a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Polled {
    /// A complete set of flags.
    #[non_exhaustive]
    Flags {
        /// The flags, a JSON list.
        body: Bytes,
        /// What the service calls this set, for asking whether it still stands.
        etag: Option<String>,
    },
    /// The set that was named still stands.
    Unchanged,
}

impl Polled {
    /// A complete set of flags, a JSON list, and what the service calls it.
    #[must_use]
    pub fn flags(body: impl Into<Bytes>, etag: Option<String>) -> Self {
        Self::Flags { body: body.into(), etag }
    }
}

/// What kind of failure it is, as far as that decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The service does not offer this: status 501.
    Unsupported,
    /// The deployment key is refused: status 401 or 403.
    Unauthorized,
    /// Any other status that is not success.
    Status(u16),
    /// No connection, or one that broke.
    Network,
    /// No answer in time.
    Timeout,
    /// An answer that is not what the protocol says.
    Malformed,
}

impl ErrorClass {
    /// The class of a status that is not success.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            501 => Self::Unsupported,
            401 | 403 => Self::Unauthorized,
            status => Self::Status(status),
        }
    }
}

/// A source failed. Shows what went wrong below, and has the causes of that: it adds the class, and no words.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SourceError {
    /// What kind of failure it is.
    pub class: ErrorClass,
    /// How long the service asks to be left alone.
    pub retry_after: Option<Duration>,
    /// What went wrong below.
    pub source: Arc<dyn Error + Send + Sync>,
}

impl SourceError {
    /// A failure of a class, and what caused it.
    pub fn new(class: ErrorClass, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { class, retry_after: None, source: Arc::from(source.into()) }
    }

    /// The same, with the time that the service asks to be left alone.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}
