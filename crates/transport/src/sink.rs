//! Where complete flag sets go.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;

use crate::BoxFuture;

/// Takes in complete flag sets.
///
/// It is given one body at a time, in the order in which they came, and decides by itself when a set goes live. A set
/// that is not taken in leaves the one before in place.
pub trait FlagSink: Send + Sync + 'static {
    /// Takes in the whole set of flags, a JSON list, in the place of the set before.
    ///
    /// The future may be dropped before it is done: the set before has to be whole then.
    fn apply(&self, body: Bytes) -> BoxFuture<'_, Result<Applied, ApplyError>>;
}

/// What became of a body that was taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// How many flags are live now.
    pub flags: usize,
}

impl Applied {
    /// As many flags are live now.
    #[must_use]
    pub fn new(flags: usize) -> Self {
        Self { flags }
    }
}

/// Why a body was not taken in.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The body is not a list of flags. A stream that delivers such is left.
    #[error(
        "what came holds no flags that can be read, and what was there before is kept: check the URL of the service, \
        and whether a proxy or a sign-in page is in the way"
    )]
    Malformed(#[source] Arc<dyn Error + Send + Sync>),
    /// The body is good, but something else went wrong. A stream that is under way goes on.
    #[error("the flags were read but could not be put in place; what was there before is kept")]
    Other(#[source] Arc<dyn Error + Send + Sync>),
    /// Taking the body in took too long and was given up.
    #[error("the flags were not in place within {0:?}; what was there before is kept")]
    Timeout(std::time::Duration),
    /// Taking the body in panicked.
    #[error("taking in the flags panicked; this is a bug, and what was there before is kept")]
    Panicked,
}

impl ApplyError {
    /// The body is not a list of flags.
    pub fn malformed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Malformed(Arc::from(source.into()))
    }

    /// The body is good, but something else went wrong.
    pub fn other(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(Arc::from(source.into()))
    }

    /// True when the body itself is at fault.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }
}
