//! How fresh the flags are.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use crate::updater::Failure;

/// What the updater is at, where its flags came from and how old they are: the one thing that API, logs and metrics
/// tell this from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status<T = Instant> {
    /// What the updater is at.
    pub state: State,
    /// Where the flags that are in place came from. None while there are none.
    pub origin: Option<Origin>,
    /// When the service last sent something: any byte of a stream, or a good answer to a poll, which is one with flags
    /// or that they are unchanged. That a stream was opened does not count, nor that a poll was refused.
    pub last_contact: Option<T>,
    /// When flags were last put in place.
    pub last_update: Option<T>,
    /// When the flags in place were last known to be what the service has.
    pub last_current: Option<T>,
    /// The last failure. It stays when all is well again; `failures` tells.
    pub last_error: Option<Failure>,
    /// How many failures there were in a row, by any source, since a set was last put in place or found unchanged.
    pub failures: u32,
    /// When a source is asked next. None while a request or a stream is open and nothing else waits.
    pub next_retry: Option<T>,
    /// How many sets were put in place.
    pub updates: u64,
    /// How often a stream that was lost came back.
    pub reconnects: u64,
    /// How often updating was started again because it panicked.
    pub restarts: u64,
}

impl Status {
    /// How long ago the flags in place were last known to be what the service has. None while there are none.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.last_current.map(since)
    }

    /// How long ago the service last sent something.
    #[must_use]
    pub fn since_contact(&self) -> Option<Duration> {
        self.last_contact.map(since)
    }

    /// When flags were last put in place, by the clock on the wall.
    #[must_use]
    pub fn last_update_time(&self) -> Option<SystemTime> {
        SystemTime::now().checked_sub(since(self.last_update?))
    }

    /// True when the flags are kept fresh.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        matches!(self.state, State::Streaming | State::Reconnecting | State::Polling | State::Fallback)
    }
}

impl<T: Copy + PartialEq> Status<T> {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Idle,
            origin: None,
            last_contact: None,
            last_update: None,
            last_current: None,
            last_error: None,
            failures: 0,
            next_retry: None,
            updates: 0,
            reconnects: 0,
            restarts: 0,
        }
    }

    /// The same with other times.
    pub(crate) fn map<U>(self, time: impl Fn(T) -> Option<U>) -> Status<U> {
        Status {
            state: self.state,
            origin: self.origin,
            last_contact: self.last_contact.and_then(&time),
            last_update: self.last_update.and_then(&time),
            last_current: self.last_current.and_then(&time),
            last_error: self.last_error,
            failures: self.failures,
            next_retry: self.next_retry.and_then(&time),
            updates: self.updates,
            reconnects: self.reconnects,
            restarts: self.restarts,
        }
    }

    /// True when something changed that is worth waking for. What each byte of a stream brings is not.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        self.state != other.state
            || (self.updates, self.failures) != (other.updates, other.failures)
            || (self.reconnects, self.restarts) != (other.reconnects, other.restarts)
            || (self.state != State::Streaming && self.last_current != other.last_current)
    }
}

// Tokio's clock, which tests can hold.
fn since(instant: Instant) -> Duration {
    tokio::time::Instant::now().into_std().saturating_duration_since(instant)
}

/// What the updater is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Not started, or a start failed. Nothing is running.
    Idle,
    /// Started, and no flags yet.
    Starting,
    /// The stream is open.
    Streaming,
    /// The stream broke and is being opened again.
    Reconnecting,
    /// Polls bring the flags, as was asked for.
    Polling,
    /// Polls stand in for the stream.
    Fallback,
    /// For too long nothing said that the flags in place still stand. The updater keeps trying.
    Stale,
    /// The service refuses the deployment key. The flags are kept, and the updater keeps trying at long intervals.
    Unauthorized,
    /// Stopped. The flags stay as they are.
    Stopped,
}

impl State {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Idle,
        Self::Starting,
        Self::Streaming,
        Self::Reconnecting,
        Self::Polling,
        Self::Fallback,
        Self::Stale,
        Self::Unauthorized,
        Self::Stopped,
    ];

    /// Its name in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Streaming => "streaming",
            Self::Reconnecting => "reconnecting",
            Self::Polling => "polling",
            Self::Fallback => "fallback",
            Self::Stale => "stale",
            Self::Unauthorized => "unauthorized",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// By which way flags came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// By the stream.
    Stream,
    /// By a poll.
    Poll,
}

impl Origin {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Poll => "poll",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Follows the status of an updater. It does not keep the updater running.
///
/// It wakes when `state`, `updates`, `failures`, `reconnects` or `restarts` change, and when `last_current` does by a
/// poll. It does not wake for what each byte of a stream moves on, `last_current` and `last_contact`, nor for
/// `next_retry`.
#[derive(Debug, Clone)]
pub struct StatusWatch(watch::Receiver<Status>);

impl StatusWatch {
    pub(crate) fn new(receiver: watch::Receiver<Status>) -> Self {
        Self(receiver)
    }

    /// The status as it is now.
    #[must_use]
    pub fn current(&self) -> Status {
        self.0.borrow().clone()
    }

    /// Waits for a change of state, a new set, a failure, or a poll that says that the flags still stand, and gives the
    /// status then; what came in between is passed over. None when the updater is gone.
    pub async fn changed(&mut self) -> Option<Status> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }

    /// Waits until the status is as asked for, which it may be already. None when the updater is gone first.
    ///
    /// It looks whenever [`StatusWatch::changed`] would wake: what is asked of `last_contact` or `next_retry`, or while
    /// streaming of `last_current`, may hold before that is seen.
    pub async fn wait_for(&mut self, wanted: impl FnMut(&Status) -> bool) -> Option<Status> {
        self.0.wait_for(wanted).await.ok().map(|status| status.clone())
    }
}
