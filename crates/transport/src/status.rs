//! How fresh the flags are.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::task::{has_timers, until};
use crate::updater::Failure;

/// What the updater is at, where its flags came from and how old they are: the one thing that API, logs and metrics
/// tell this from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status<T = Instant> {
    /// What the updater is at; of a status that was kept, what it was at when the status was taken.
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
    /// When the flags count as stale, unless something says before that they still stand. None while nothing runs, while
    /// somebody waits for a start, and where the flags are stale already.
    pub stale_at: Option<T>,
    /// When a source is asked next. None while a request or a stream is open and nothing else waits.
    pub next_retry: Option<T>,
    /// How many sets were put in place.
    pub updates: u64,
    /// How often a stream that was lost came back.
    pub reconnects: u64,
    /// How often updating was started again because it panicked.
    pub restarts: u64,
    /// What the clocks said when `last_current` or `stale_at` last changed.
    anchor: Option<Anchor>,
}

/// Both clocks at one moment. The one that times are told by may stand still while the machine sleeps, as Linux's does.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    instant: Instant,
    wall: SystemTime,
}

/// How far the clocks may run apart while nobody sleeps.
const DRIFT: Duration = Duration::from_secs(1);

impl Anchor {
    fn now() -> Self {
        Self { instant: now(), wall: SystemTime::now() }
    }

    /// How long the machine slept since, by the clock on the wall. One that was set back says nothing.
    fn slept(&self) -> Duration {
        let slept = self.wall.elapsed().unwrap_or_default().saturating_sub(since(self.instant));
        if slept < DRIFT { Duration::ZERO } else { slept }
    }
}

impl Status {
    /// How long ago the flags in place were last known to be what the service has. None while there are none.
    ///
    /// Time for which the machine slept counts, by the clock on the wall. If that clock is set forward, the flags look
    /// older than they are until the service next says that they stand; if it is set back, the sleep may go uncounted.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.last_current.map(|at| since(at).saturating_add(self.slept()))
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

    /// True when the flags are kept fresh, as far as this status knows: it says so until `stale_at`, by the time of the
    /// call and not by what a task noticed. So it ends too where no task runs: behind a fork, in a runtime that nobody
    /// drives, and at once behind a standstill of the process or the machine.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        matches!(self.state_now(), State::Streaming | State::Reconnecting | State::Polling | State::Fallback)
    }

    /// What the updater is at by the time of the call: [`Status::state`], or [`State::Stale`] once
    /// [`Status::stale_at`] has passed.
    #[must_use]
    pub fn state_now(&self) -> State {
        match self.ages_until() {
            Some(at) if now().checked_add(self.slept()).is_none_or(|now| at <= now) => State::Stale,
            _ => self.state,
        }
    }

    /// The same with the state of now.
    pub(crate) fn by_now(self) -> Self {
        Self { state: self.state_now(), ..self }
    }

    /// When time alone changes the state.
    fn ages_until(&self) -> Option<Instant> {
        match self.state {
            State::Idle | State::Unauthorized | State::Stale | State::Stopped => None,
            State::Starting | State::Streaming | State::Reconnecting | State::Polling | State::Fallback => {
                self.stale_at
            }
        }
    }

    fn slept(&self) -> Duration {
        self.anchor.as_ref().map(Anchor::slept).unwrap_or_default()
    }

    /// The same, with what the clocks say now if it knows more than the status before.
    pub(crate) fn anchored(self, before: &Self) -> Self {
        let is_as_before = (self.last_current, self.stale_at) == (before.last_current, before.stale_at);
        Self { anchor: if is_as_before { before.anchor } else { Some(Anchor::now()) }, ..self }
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
            stale_at: None,
            next_retry: None,
            updates: 0,
            reconnects: 0,
            restarts: 0,
            anchor: None,
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
            stale_at: self.stale_at.and_then(&time),
            next_retry: self.next_retry.and_then(&time),
            updates: self.updates,
            reconnects: self.reconnects,
            restarts: self.restarts,
            anchor: self.anchor,
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

fn since(instant: Instant) -> Duration {
    now().saturating_duration_since(instant)
}

/// By Tokio's clock, which tests can hold.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
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
/// poll. It does not wake for what each byte of a stream moves on, `last_current`, `stale_at` and `last_contact`, nor for
/// `next_retry`. It wakes by itself when the flags become stale, also where the updater's own task does not run; for that
/// it has to be in a Tokio runtime with timers.
#[derive(Debug, Clone)]
pub struct StatusWatch {
    receiver: watch::Receiver<Status>,
    /// The status that was returned last, if it was stale by its age alone.
    aged: Option<Status>,
    /// False once a runtime had no timers. The look at it is not repeated: Tokio panics within.
    waits: bool,
}

impl StatusWatch {
    pub(crate) fn new(receiver: watch::Receiver<Status>) -> Self {
        Self { receiver, aged: None, waits: true }
    }

    /// The status as it is now.
    #[must_use]
    pub fn current(&self) -> Status {
        self.receiver.borrow().clone().by_now()
    }

    /// Waits for a change of state, a new set, a failure, or a poll that says that the flags still stand, and gives the
    /// status then; what came in between is passed over. None when the updater is gone.
    pub async fn changed(&mut self) -> Option<Status> {
        loop {
            // Flags become stale once.
            let due = if self.aged.is_none() { self.receiver.borrow().ages_until() } else { None };
            let due = due.filter(|_| self.can_wait());
            tokio::select! {
                biased;
                changed = self.receiver.changed() => {
                    changed.ok()?;
                    let aged = self.aged.take();
                    let status = self.look();
                    if aged.is_none_or(|aged| status.differs(&aged)) {
                        return Some(status);
                    }
                }
                () = until(due) => {
                    // Bytes of a stream may have moved it on.
                    if self.receiver.borrow().state_now() == State::Stale {
                        return Some(self.look());
                    }
                }
            }
        }
    }

    /// Waits until the status is as asked for, which it may be already. None when the updater is gone first.
    ///
    /// It looks whenever [`StatusWatch::changed`] would wake: what is asked of `last_contact` or `next_retry`, or while
    /// streaming of `last_current`, may hold before that is seen.
    pub async fn wait_for(&mut self, mut wanted: impl FnMut(&Status) -> bool) -> Option<Status> {
        let mut status = self.look();
        while !wanted(&status) {
            status = self.changed().await?;
        }
        Some(status)
    }

    /// The status as it is now, which is to be returned.
    fn look(&mut self) -> Status {
        let status = self.receiver.borrow_and_update().clone();
        let noticed = status.state;
        let status = status.by_now();
        self.aged = (status.state != noticed).then(|| status.clone());
        status
    }

    fn can_wait(&mut self) -> bool {
        // Without a runtime, nothing is lost by looking again later.
        self.waits && Handle::try_current().is_ok() && {
            self.waits = has_timers();
            self.waits
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// One of flags that were current just now, when the clock on the wall said so.
    fn polling(wall: SystemTime) -> Status {
        let instant = now();
        Status {
            state: State::Polling,
            last_current: Some(instant),
            stale_at: instant.checked_add(LIMIT),
            anchor: Some(Anchor { instant, wall }),
            ..Status::new()
        }
    }

    #[test]
    fn time_asleep_counts_by_the_clock_on_the_wall() {
        let awake = polling(SystemTime::now());
        assert!(awake.is_fresh() && awake.age().unwrap() < LIMIT);
        let slept = polling(SystemTime::now().checked_sub(LIMIT * 2).unwrap());
        assert!(!slept.is_fresh() && slept.state_now() == State::Stale && slept.age().unwrap() >= LIMIT * 2);
        // News begins anew, whatever the clocks say.
        let again = Status { last_current: now().checked_add(DRIFT), ..slept.clone() }.anchored(&slept);
        assert!(again.is_fresh());
        // Without any, what was slept stays.
        assert!(!slept.clone().anchored(&slept).is_fresh());
    }

    #[test]
    fn a_clock_on_the_wall_that_is_set_back_makes_nothing_older() {
        let status = polling(SystemTime::now().checked_add(LIMIT * 2).unwrap());
        assert!(status.is_fresh() && status.age().unwrap() < LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_ages() {
        let status = polling(SystemTime::now());
        tokio::time::advance(LIMIT.checked_sub(Duration::from_millis(1)).unwrap()).await;
        assert!(status.is_fresh());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!status.is_fresh() && status.state_now() == State::Stale && status.state == State::Polling);
        for state in [State::Idle, State::Unauthorized, State::Stopped] {
            assert_eq!(Status { state, ..status.clone() }.state_now(), state);
        }
    }
}
