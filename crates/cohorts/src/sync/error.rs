//! What can go wrong in downloading a cohort.

use std::time::Duration;

use transport::TransportError;

use crate::cohort::CohortError;

/// Why a cohort was not downloaded. The copy that was there is kept. Never quotes members or keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The service did not give it.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The service is still looking who is in it (status 202).
    #[error("the service is still computing the cohort: it is asked for again")]
    Computing,
    /// It has more members than are allowed (status 413).
    #[error("the cohort has more than the {max} members that are allowed: raise `maxCohortSize` if that is right")]
    #[non_exhaustive]
    TooLarge {
        /// How many are allowed.
        max: u64,
    },
    /// The service says that it did not change (status 204), but there is no copy of it.
    #[error("the service sent no members, though it was asked for all of them")]
    NoCopy,
    /// What came is no cohort. `source` says where it went wrong.
    #[error("the cohort cannot be read: check that the URL is that of the service")]
    Malformed(#[source] CohortError),
    /// What came is another cohort.
    #[error("the service sent cohort `{sent}` instead: check the URL of the service")]
    #[non_exhaustive]
    Other {
        /// The cohort that came.
        sent: String,
    },
    /// Reading it panicked.
    #[error("reading the cohort panicked; this is a bug")]
    Panicked,
}

impl DownloadError {
    /// True when trying again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_retryable(),
            Self::Computing | Self::NoCopy | Self::Malformed(_) => true,
            Self::TooLarge { .. } | Self::Other { .. } | Self::Panicked => false,
        }
    }

    /// True when the keys of the project are what has to be put right.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_auth())
    }

    /// How long the service asks to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transport(error) => error.retry_after(),
            _ => None,
        }
    }
}
