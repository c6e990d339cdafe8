//! The stream: one connection at a time, and when to open the next.

use std::time::Duration;

use bytes::Bytes;

use super::intake::{Fate, Via};
use super::poller::Poller;
use super::{Action, Machine, Mode, Notice, Phase, Turn};
use crate::status::Origin;
use crate::updater::config::{SHORTEST, UpdaterConfig};
use crate::updater::failure::{Failure, StartError};
use crate::updater::source::ErrorClass;

#[derive(Debug)]
pub(super) enum Stream {
    Off,
    /// Left alone until then.
    Waiting {
        until: Duration,
        attempt: Attempt,
    },
    Connected(Connection),
}

/// Why a connection is opened, which decides what its failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The first since the start.
    Initial,
    /// The one before has lived long enough.
    Renewal,
    /// The one before broke.
    Reconnect,
    /// Polls stand in.
    Retry,
}

#[derive(Debug)]
pub(super) struct Connection {
    number: u64,
    attempt: Attempt,
    step: Step,
    /// When it was asked for.
    opened_at: Duration,
    /// When the first flags have to be there.
    flags_by: Duration,
    /// When it has been silent for too long, once it is open.
    silent_at: Duration,
    /// When another takes its place.
    ends_at: Duration,
}

/// How many streams in a row may bring flags and break soon after they were opened before polls take over.
const SHORT_LIVES: u32 = 5;

/// How many such streams in a row are worth a warning.
const MANY_SHORT_LIVES: u32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Asked for.
    Connecting,
    /// Open, and no flags yet.
    Opened,
    /// The first flags are there, and being taken in.
    Taking,
    /// Its flags are in place.
    Live,
}

impl Stream {
    pub(super) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Off => None,
            Self::Waiting { until, .. } => Some(*until),
            Self::Connected(connection) => Some(connection.deadline()),
        }
    }

    pub(super) fn waits_until(&self) -> Option<Duration> {
        match self {
            Self::Waiting { until, .. } => Some(*until),
            Self::Off | Self::Connected(_) => None,
        }
    }

    /// The number of the connection that is open or being opened.
    pub(super) fn connection(&self) -> Option<u64> {
        match self {
            Self::Connected(connection) => Some(connection.number),
            Self::Off | Self::Waiting { .. } => None,
        }
    }

    /// True when flags come by the stream. A renewal changes nothing in that.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self, Self::Connected(connection) if connection.is_settled())
    }
}

impl Connection {
    /// True while it has not even lived as long as it might be silent.
    fn is_young(&self, now: Duration, config: &UpdaterConfig) -> bool {
        now < self.opened_at.saturating_add(config.keep_alive_timeout)
    }

    fn is_settled(&self) -> bool {
        self.step == Step::Live || self.attempt == Attempt::Renewal
    }

    fn deadline(&self) -> Duration {
        match self.step {
            Step::Connecting => self.flags_by,
            Step::Opened => self.flags_by.min(self.silent_at),
            Step::Taking => self.silent_at,
            Step::Live => self.silent_at.min(self.ends_at),
        }
    }
}

impl Machine {
    pub(super) fn open_stream(&mut self, attempt: Attempt, turn: &mut Turn<'_>) {
        self.stream = Stream::Connected(Connection {
            number: self.record.next_connection(),
            attempt,
            step: Step::Connecting,
            opened_at: turn.now,
            flags_by: turn.after(self.config.connect_timeout),
            silent_at: Duration::MAX,
            ends_at: Duration::MAX,
        });
        turn.push(Action::OpenStream);
    }

    /// Once there are flags, the stream is tried again and again.
    pub(super) fn retry_stream_if_off(&mut self, turn: &mut Turn<'_>) {
        if self.config.mode == Mode::Streaming && matches!(self.stream, Stream::Off) {
            self.stream = Stream::Waiting { until: self.stream_retry_at(None, turn), attempt: Attempt::Retry };
        }
    }

    /// Lets go of the connection, or of the plan for one.
    pub(super) fn close_stream(&mut self, turn: &mut Turn<'_>) -> Option<Connection> {
        match std::mem::replace(&mut self.stream, Stream::Off) {
            Stream::Connected(connection) => {
                turn.push(Action::CloseStream);
                Some(connection)
            }
            Stream::Off | Stream::Waiting { .. } => None,
        }
    }

    pub(super) fn tick_stream(&mut self, turn: &mut Turn<'_>) {
        if self.stream.deadline().is_none_or(|deadline| turn.now < deadline) {
            return;
        }
        match &self.stream {
            Stream::Off => {}
            Stream::Waiting { attempt, .. } => self.open_stream(*attempt, turn),
            Stream::Connected(connection) if turn.now >= connection.silent_at => {
                self.stream_failed(&Failure::Silent(self.config.keep_alive_timeout), turn);
            }
            Stream::Connected(connection) if connection.step == Step::Live => {
                self.outlived(turn);
                self.close_stream(turn);
                self.open_stream(Attempt::Renewal, turn);
            }
            Stream::Connected(_) => self.stream_failed(&Failure::ConnectTimeout(self.config.connect_timeout), turn),
        }
    }

    pub(super) fn stream_opened(&mut self, turn: &mut Turn<'_>) {
        let silent_at = turn.after(self.config.keep_alive_timeout);
        let life = turn.between(self.config.connection_life_min, self.config.connection_life_max);
        if let Stream::Connected(connection) = &mut self.stream
            && connection.step == Step::Connecting
        {
            connection.step = Step::Opened;
            connection.silent_at = silent_at;
            connection.ends_at = turn.after(life);
        }
    }

    pub(super) fn stream_bytes(&mut self, turn: &mut Turn<'_>) {
        let Stream::Connected(connection) = &mut self.stream else { return };
        self.record.contact(turn.now);
        if connection.step == Step::Connecting {
            return;
        }
        connection.silent_at = turn.after(self.config.keep_alive_timeout);
        // A stream that is alive says that there is nothing newer than what it brought.
        if connection.step == Step::Live && self.intake.is_empty() && self.record.in_step {
            self.record.current(turn.now);
        }
        let lasts = connection.step == Step::Live && !connection.is_young(turn.now, &self.config);
        if lasts {
            self.outlived(turn);
        }
    }

    /// A connection lives longer than those that count as short-lived: if many did in a row, that is over.
    fn outlived(&mut self, turn: &mut Turn<'_>) {
        let streams = std::mem::take(&mut self.short_lives);
        if streams >= MANY_SHORT_LIVES {
            turn.push(Action::Tell(Notice::Lasting { streams }));
        }
    }

    pub(super) fn stream_flags(&mut self, body: Bytes, turn: &mut Turn<'_>) {
        self.stream_opened(turn);
        self.stream_bytes(turn);
        let Stream::Connected(connection) = &mut self.stream else { return };
        if connection.step == Step::Opened {
            connection.step = Step::Taking;
        }
        let via = Via::Stream(connection.number);
        // An answer to a poll that was asked before may be older than these flags.
        self.pause_poller(turn);
        self.take_in(via, body, turn);
    }

    /// The connection's flags are in place.
    pub(super) fn stream_applied(&mut self, number: u64, turn: &mut Turn<'_>) {
        let Stream::Connected(connection) = &mut self.stream else { return };
        if connection.number != number {
            return;
        }
        self.record.in_step = true;
        if connection.step != Step::Taking {
            return;
        }
        connection.step = Step::Live;
        if matches!(connection.attempt, Attempt::Reconnect | Attempt::Retry) && self.record.was_live {
            self.record.reconnected();
        }
        self.record.was_live = true;
        self.record.refused = false;
        self.cancel_poll(turn);
        self.poller = Poller::Off;
    }

    /// The connection's flags were not taken in.
    pub(super) fn stream_not_applied(
        &mut self,
        number: u64,
        malformed: bool,
        failure: &Failure,
        turn: &mut Turn<'_>,
    ) -> Fate {
        let Stream::Connected(connection) = &self.stream else { return Fate::Dropped };
        if connection.number != number {
            return Fate::Dropped;
        }
        self.record.in_step = false;
        // What is wrong with the sink is no fault of a stream that has proven itself.
        if connection.step == Step::Live && !malformed {
            return Fate::Again;
        }
        self.stream_failed(failure, turn);
        Fate::Told
    }

    pub(super) fn stream_failed(&mut self, failure: &Failure, turn: &mut Turn<'_>) {
        let Some(connection) = self.close_stream(turn) else { return };
        // Whatever comes next brings the whole set.
        self.forget_again();
        self.stream_lost(&connection, failure, turn);
        if matches!(self.phase, Phase::Starting { .. }) && failure.is_unauthorized() {
            return self.fail_start(StartError::Unauthorized(failure.clone()), turn);
        }
        let hopeless = failure.is_unsupported() || failure.is_unauthorized() || failure.retry_after().is_some();
        // A stream that is always cut is no better than polls, and costs a whole set each time.
        if connection.is_settled() && !hopeless && self.short_lives <= SHORT_LIVES {
            // Clients that lost the same server do not come back all at once.
            let delay = turn.between(Duration::ZERO, self.config.reconnect_delay_max).max(SHORTEST);
            self.stream = Stream::Waiting { until: turn.after(delay), attempt: Attempt::Reconnect };
            return;
        }
        if !matches!(self.phase, Phase::Starting { .. }) {
            let until = self.stream_retry_at(Some(failure), turn);
            self.stream = Stream::Waiting { until, attempt: Attempt::Retry };
        }
        self.resume_poller(turn);
    }

    /// Takes account of a connection that is over, and of how much that is worth saying.
    ///
    /// Balancers limit how long a connection may last, and close it or just drop it. What has worked and ends like that
    /// is opened again, which is no failure before that fails. Otherwise the first of several is a warning.
    fn stream_lost(&mut self, connection: &Connection, failure: &Failure, turn: &mut Turn<'_>) {
        if connection.step != Step::Live {
            return self.failed(Origin::Stream, failure, turn);
        }
        let young = connection.is_young(turn.now, &self.config);
        if young {
            self.short_lives = self.short_lives.saturating_add(1);
        } else {
            self.outlived(turn);
        }
        let is_quiet = match failure {
            Failure::Ended => true,
            Failure::Stream(error) if error.class == ErrorClass::Network => !young || self.short_lives > 1,
            _ => false,
        };
        if !is_quiet {
            return self.failed(Origin::Stream, failure, turn);
        }
        self.record.lost(failure);
        let (streams, failure) = (self.short_lives, failure.clone());
        turn.push(Action::Tell(if young && streams == MANY_SHORT_LIVES {
            Notice::ShortLived { streams, failure }
        } else {
            Notice::Ended { failure }
        }));
    }

    fn stream_retry_at(&mut self, failure: Option<&Failure>, turn: &mut Turn<'_>) -> Duration {
        let (retry, jitter) = (self.config.stream_retry, self.config.stream_retry_jitter);
        let drawn = turn.between(retry.saturating_sub(jitter), retry.saturating_add(jitter));
        let delay = match failure {
            Some(failure) if failure.is_unauthorized() => self.config.auth_retry(),
            Some(failure) => drawn.max(self.asked_delay(failure)),
            None => drawn,
        };
        turn.after(delay.max(SHORTEST))
    }

    /// What the service asked for, within bounds.
    pub(super) fn asked_delay(&self, failure: &Failure) -> Duration {
        failure.retry_after().unwrap_or_default().min(self.config.auth_retry())
    }
}
