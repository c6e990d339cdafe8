//! How a local client is doing.

use std::fmt;

use transport::Status;

/// Where flags came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum FlagOrigin {
    /// There are none yet.
    #[default]
    None,
    /// They were given to begin with, and nothing newer has come.
    Bootstrap,
    /// They were given to an offline client.
    Offline,
    /// By a poll.
    Poll,
    /// By the stream.
    Stream,
}

impl FlagOrigin {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bootstrap => "bootstrap",
            Self::Offline => "offline",
            Self::Poll => "poll",
            Self::Stream => "stream",
        }
    }
}

impl fmt::Display for FlagOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a local client is doing: what its updater is at, and what it decides by.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LocalStatus {
    /// What keeps the flags fresh: its state, when it last heard of the service, its last failure and its next attempt.
    /// None for an offline client.
    pub updater: Option<Status>,
    /// Where the flags came from.
    pub origin: FlagOrigin,
    /// How many flags there are.
    pub flags: usize,
    /// How each cohort is doing that flags ask about, ordered by id, those included that are not there yet. Empty where cohorts are not looked up, and with cohort
    /// sync until flags came that ask about some.
    #[cfg(feature = "cohorts")]
    pub cohorts: Vec<cohorts::sync::CohortStatus>,
}

impl LocalStatus {
    /// How long ago the flags were last known to be what the service has. None before they came, and for an offline
    /// client.
    #[must_use]
    pub fn age(&self) -> Option<std::time::Duration> {
        self.updater.as_ref()?.age()
    }

    /// True when the flags are kept fresh at the time of the call, as [`Status::is_fresh`] says, or the client is offline and they need not be.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.updater.as_ref().is_none_or(Status::is_fresh)
    }
}

/// What closing a client came to.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CloseReport {
    /// What became of the events that were still to be sent.
    #[cfg(feature = "tracking")]
    pub events: super::EventsReport,
}

impl CloseReport {
    /// True when no event was given up, and none is left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        #[cfg(feature = "tracking")]
        return self.events.is_complete();
        #[cfg(not(feature = "tracking"))]
        true
    }
}
