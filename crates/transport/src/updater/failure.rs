//! What can go wrong while flags are kept fresh.

use std::time::Duration;

use super::source::{ErrorClass, SourceError};
use crate::sink::ApplyError;

/// Why flags were not brought up to date. The updater goes on by itself.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The stream failed, or could not be opened.
    #[error("the stream of flags failed")]
    Stream(#[source] SourceError),
    /// The stream did not bring flags in time after it was asked for.
    #[error("the stream brought no flags within {0:?}")]
    ConnectTimeout(Duration),
    /// Nothing came by the stream, not even a keep-alive.
    #[error("the stream was silent for {0:?}")]
    Silent(Duration),
    /// The other side closed the stream.
    #[error("the service closed the stream")]
    Ended,
    /// A poll failed.
    #[error("a poll for flags failed")]
    Poll(#[source] SourceError),
    /// A poll was not answered in time.
    #[error("a poll for flags was not answered within {0:?}")]
    PollTimeout(Duration),
    /// Flags came, but were not taken in.
    #[error("flags came but were not taken in")]
    Apply(#[source] ApplyError),
    /// A source panicked. The updater was started again.
    #[error("updating flags panicked; this is a bug, of the HTTP client or of ours, and updating was started again")]
    Panicked,
}

impl Failure {
    /// True when the deployment key was refused.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.class() == Some(ErrorClass::Unauthorized)
    }

    /// True when the service does not offer what was asked for.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.class() == Some(ErrorClass::Unsupported)
    }

    /// How long the service asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.source_error().and_then(|error| error.retry_after)
    }

    fn class(&self) -> Option<ErrorClass> {
        self.source_error().map(|error| error.class)
    }

    fn source_error(&self) -> Option<&SourceError> {
        match self {
            Self::Stream(error) | Self::Poll(error) => Some(error),
            _ => None,
        }
    }
}

/// Why starting failed. Nothing is left running, unless the start was in the background.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The deployment key was refused. Starting again does not help before the key is right.
    #[error("flags cannot be fetched with this deployment key")]
    Unauthorized(#[source] Failure),
    /// All attempts failed. Starting again may help.
    #[error("no flags after {attempts} attempts; check the network and the address, or start in the background")]
    #[non_exhaustive]
    Failed {
        /// How many polls were tried.
        attempts: u32,
        /// What the last of them met.
        #[source]
        last: Failure,
    },
    /// There were no flags in time. Starting again may help.
    #[error("no flags within {after:?}; check the network, or allow more time")]
    #[non_exhaustive]
    Timeout {
        /// The time that was given.
        after: Duration,
        /// The last failure, if there was any.
        #[source]
        last: Option<Failure>,
    },
    /// The updater was stopped meanwhile.
    #[error("stopped before there were flags")]
    Stopped,
    /// There is no Tokio runtime here to run on.
    #[error("no Tokio runtime: start within one")]
    NoRuntime,
}
