//! Intervals and limits.

use std::time::Duration;

/// By which ways flags come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Mode {
    /// By polls alone.
    #[default]
    Polling,
    /// By a stream, and by polls while there is none.
    Streaming,
}

/// How flags are kept fresh. Delays between attempts are at least a millisecond, whatever is set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpdaterConfig {
    /// By which ways flags come. Default: polls alone.
    pub mode: Mode,
    /// From one poll to the next; behind one that failed, drawn within a tenth of that either way. Default: 30 s.
    pub poll_interval: Duration,
    /// How long a poll may take. Default: 10 s.
    pub poll_timeout: Duration,
    /// How often the poller tries when it begins, before it falls back to the interval or fails the start. Default: 5.
    pub initial_attempts: u32,
    /// The delay behind the first of these attempts; it doubles with each, and is drawn within a quarter of that either
    /// way. Default: 100 ms.
    pub initial_backoff: Duration,
    /// What that delay doubles to at most. Default: 2 s.
    pub initial_backoff_max: Duration,
    /// How long a stream may take from the request to its first flags. Taking them in is not counted. Default: 1.5 s.
    pub connect_timeout: Duration,
    /// How long a stream may be silent. The service sends something every 15 s. A stream that ends before it is even as
    /// old as this counts as short-lived: the third in a row is a warning, and the sixth leaves the flags to polls.
    /// Default: 17 s.
    pub keep_alive_timeout: Duration,
    /// The shortest life of a connection, after which another takes its place. Default: 12 min.
    pub connection_life_min: Duration,
    /// The longest life of a connection. The life of each is drawn between the two, to spread load. Default: 18 min.
    pub connection_life_max: Duration,
    /// While polls stand in: how long until the stream is tried again. Default: 15 s.
    pub stream_retry: Duration,
    /// How much that delay varies either way, drawn each time. Default: 1 s.
    pub stream_retry_jitter: Duration,
    /// When a stream breaks: how long at most until it is opened again, drawn each time. Default: 1 s.
    pub reconnect_delay_max: Duration,
    /// How long a source is left alone that refused the deployment key. `Retry-After` counts up to this. Default: none,
    /// which means ten poll intervals.
    pub auth_retry: Option<Duration>,
    /// Without news for so long, flags are called stale. Default: none, which means three poll intervals, and with a
    /// stream three times `keep_alive_timeout` if that is more.
    pub stale_after: Option<Duration>,
    /// How long taking in a set may take, downloads of cohorts included. Default: 5 min.
    pub apply_timeout: Duration,
    /// How long starting may take. Default: 60 s.
    pub start_timeout: Duration,
}

/// The shortest delay between attempts.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);

impl UpdaterConfig {
    /// Delays and counts that were set to nothing, set to the least that works.
    pub(super) fn checked(mut self) -> Self {
        for delay in [
            &mut self.poll_interval,
            &mut self.poll_timeout,
            &mut self.initial_backoff,
            &mut self.connect_timeout,
            &mut self.keep_alive_timeout,
            &mut self.stream_retry,
            &mut self.apply_timeout,
            &mut self.start_timeout,
        ] {
            *delay = (*delay).max(SHORTEST);
        }
        self.initial_attempts = self.initial_attempts.max(1);
        self.connection_life_min = self.connection_life_min.max(SHORTEST);
        self
    }

    pub(super) fn auth_retry(&self) -> Duration {
        self.auth_retry.unwrap_or(self.poll_interval.saturating_mul(10)).max(SHORTEST)
    }

    pub(super) fn stale_after(&self) -> Duration {
        // A stream that is quiet says only now and then that nothing is new.
        let news = match self.mode {
            Mode::Polling => self.poll_interval,
            Mode::Streaming => self.poll_interval.max(self.keep_alive_timeout),
        };
        self.stale_after.unwrap_or(news.saturating_mul(3)).max(SHORTEST)
    }

    /// The delay behind an attempt, the first of which is 1, before it is drawn.
    pub(super) fn backoff(&self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
        self.initial_backoff.saturating_mul(factor).min(self.initial_backoff_max).max(SHORTEST)
    }
}

impl Default for UpdaterConfig {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            poll_interval: Duration::from_secs(30),
            poll_timeout: Duration::from_secs(10),
            initial_attempts: 5,
            initial_backoff: Duration::from_millis(100),
            initial_backoff_max: Duration::from_secs(2),
            connect_timeout: Duration::from_millis(1500),
            keep_alive_timeout: Duration::from_secs(17),
            connection_life_min: Duration::from_secs(12 * 60),
            connection_life_max: Duration::from_secs(18 * 60),
            stream_retry: Duration::from_secs(15),
            stream_retry_jitter: Duration::from_secs(1),
            reconnect_delay_max: Duration::from_secs(1),
            auth_retry: None,
            stale_after: None,
            apply_timeout: Duration::from_secs(5 * 60),
            start_timeout: Duration::from_secs(60),
        }
    }
}
