//! What the updater does when: a state machine without clock, chance or I/O.
//!
//! Whoever runs it tells what happened, and when, as [`Input`]s, and carries out the [`Action`]s that come back. Of each
//! kind of work there is one at a time: one stream, one poll, one body being taken in. Work that was cancelled must not
//! report any more.

mod intake;
mod poller;
mod record;
mod stream;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;

use self::intake::Intake;
use self::poller::Poller;
use self::record::Record;
use self::stream::Stream;
use super::config::{Mode, SHORTEST, UpdaterConfig};
use super::failure::{Failure, StartError};
use super::source::Polled;
use crate::retry::between;
use crate::sink::{Applied, ApplyError};
use crate::status::{Origin, State, Status};

/// Keeps flags fresh by a stream, with polls while there is none, or by polls alone.
#[derive(Debug)]
pub struct Machine {
    config: UpdaterConfig,
    phase: Phase,
    /// True once flags were put in place since the start.
    ready: bool,
    stream: Stream,
    poller: Poller,
    intake: Intake,
    record: Record,
    /// How many streams in a row brought flags and broke soon after they were opened.
    short_lives: u32,
}

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Input {
    /// Somebody wants flags. Nothing changes if they are already on the way, but that a start in the background takes
    /// the deadline from one that is under way.
    Start(Start),
    /// Nobody wants flags any more.
    Stop,
    /// The deadline is there.
    Tick,
    /// The head of the stream's answer is there.
    StreamOpened,
    /// Bytes came by the stream.
    StreamBytes,
    /// A complete set came by the stream.
    StreamFlags(Bytes),
    /// The stream could not be opened, broke or ended.
    StreamFailed(Failure),
    /// The poll is done.
    PollDone(Result<Polled, Failure>),
    /// The body that was to be taken in was, or not.
    Applied(Result<Applied, ApplyError>),
    /// Something panicked, and all work that was under way is gone.
    Panicked,
}

impl Input {
    /// True when work that was under way failed.
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::StreamFailed(_) | Self::PollDone(Err(_)) | Self::Applied(Err(_)) | Self::Panicked)
    }
}

/// How to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// Somebody waits: fail after some attempts, when the deployment key is refused, or when it takes too long.
    Wait,
    /// Nobody waits: keep trying.
    Background,
}

/// Something to do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Action {
    /// Open a stream.
    OpenStream,
    /// Drop the stream, or the attempt to open it.
    CloseStream,
    /// Poll.
    Poll {
        /// The tag of the set that is in place.
        etag: Option<String>,
    },
    /// Drop the poll.
    CancelPoll,
    /// Take in a body.
    Apply(Bytes),
    /// Drop what takes in a body.
    CancelApply,
    /// Tell those who wait for the start.
    Ready(Result<(), StartError>),
    /// Tell those who read logs.
    Tell(Notice),
}

/// Something worth a line in the log.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notice {
    /// A source failed, or what it brought was not taken in.
    Failed {
        /// Which source.
        origin: Origin,
        /// How.
        failure: Failure,
        /// True when it failed the last time too.
        repeated: bool,
    },
    /// A stream that had brought flags is over, and another is opened. All is well unless that fails.
    Ended {
        /// How it ended.
        failure: Failure,
    },
    /// Streams bring flags and end soon after they were opened, one after another. Comes once in such a row.
    ShortLived {
        /// How many of them there were in a row.
        streams: u32,
        /// How the last of them ended.
        failure: Failure,
    },
    /// A stream outlived such a row.
    Lasting {
        /// How many streams the row had.
        streams: u32,
    },
    /// A source works again.
    Recovered {
        /// Which source.
        origin: Origin,
        /// How often it had failed.
        failures: u32,
    },
    /// Flags were put in place.
    Updated {
        /// Where they came from.
        origin: Origin,
        /// What became of them.
        applied: Applied,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not started, or a start failed.
    Idle,
    /// Somebody waits for flags.
    Starting {
        deadline: Duration,
    },
    /// Nobody waits any more: there are flags, or the start was in the background.
    Running,
    Stopped,
}

/// One input being handled.
struct Turn<'a> {
    now: Duration,
    random: &'a mut dyn FnMut() -> u64,
    actions: Vec<Action>,
}

impl Machine {
    /// A machine that has not been started.
    #[must_use]
    pub fn new(config: UpdaterConfig) -> Self {
        Self {
            config: config.checked(),
            phase: Phase::Idle,
            ready: false,
            stream: Stream::Off,
            poller: Poller::Off,
            intake: Intake::default(),
            short_lives: 0,
            record: Record::default(),
        }
    }

    /// Takes note of what happened, and says what to do. `now` counts from any fixed time and never goes back; `random`
    /// gives numbers evenly spread over all that there are.
    #[must_use]
    pub fn handle(&mut self, now: Duration, input: Input, random: &mut dyn FnMut() -> u64) -> Vec<Action> {
        let mut turn = Turn { now, random, actions: Vec::new() };
        match input {
            Input::Start(start) => self.start(start, &mut turn),
            Input::Stop => self.stop(&mut turn),
            Input::Tick => self.tick(&mut turn),
            Input::StreamOpened => self.stream_opened(&mut turn),
            Input::StreamBytes => self.stream_bytes(&mut turn),
            Input::StreamFlags(body) => self.stream_flags(body, &mut turn),
            Input::StreamFailed(failure) => self.stream_failed(&failure, &mut turn),
            Input::PollDone(result) => self.poll_done(result, &mut turn),
            Input::Applied(result) => self.applied(result, &mut turn),
            Input::Panicked => self.panicked(&mut turn),
        }
        // Whatever happened: flags that took long to be put in place may be too old when they are.
        if self.stale_at().is_some_and(|at| now >= at) {
            self.record.stale = true;
        }
        turn.actions
    }

    /// When to come back with [`Input::Tick`] if nothing happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let start = if let Phase::Starting { deadline } = self.phase { Some(deadline) } else { None };
        let deadlines =
            [start, self.stale_at(), self.stream.deadline(), self.poller.deadline(), self.intake.deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// True from a start until it fails or the machine is stopped.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Starting { .. } | Phase::Running)
    }

    /// True once flags were put in place since the start.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// What there is to know, with times as they were given to [`Machine::handle`].
    #[must_use]
    pub fn status(&self) -> Status<Duration> {
        let mut status = self.record.status();
        status.state = self.state();
        status.stale_at = self.stale_at();
        status.next_retry = [self.stream.waits_until(), self.poller.waits_until()].into_iter().flatten().min();
        status
    }

    /// When the flags become stale by their age alone, unless they are already.
    fn stale_at(&self) -> Option<Duration> {
        if self.phase == Phase::Running { self.record.stale_at(self.config.stale_after()) } else { None }
    }

    fn state(&self) -> State {
        match self.phase {
            Phase::Idle => State::Idle,
            Phase::Stopped => State::Stopped,
            Phase::Starting { .. } => State::Starting,
            Phase::Running if self.record.refused => State::Unauthorized,
            Phase::Running if self.record.stale => State::Stale,
            Phase::Running if !self.ready => State::Starting,
            Phase::Running if self.config.mode == Mode::Polling => State::Polling,
            Phase::Running if self.poller.is_on() => State::Fallback,
            Phase::Running if self.stream.is_settled() => State::Streaming,
            Phase::Running => State::Reconnecting,
        }
    }

    fn start(&mut self, start: Start, turn: &mut Turn<'_>) {
        if self.is_active() {
            if start == Start::Background && !self.ready {
                self.phase = Phase::Running;
                self.retry_stream_if_off(turn);
            }
            return;
        }
        self.ready = false;
        self.short_lives = 0;
        self.record.started(turn.now);
        self.phase = match start {
            Start::Wait => Phase::Starting { deadline: turn.now.saturating_add(self.config.start_timeout) },
            Start::Background => Phase::Running,
        };
        match self.config.mode {
            Mode::Streaming => self.open_stream(stream::Attempt::Initial, turn),
            Mode::Polling => self.poll(Some(1), turn),
        }
    }

    fn stop(&mut self, turn: &mut Turn<'_>) {
        if !self.is_active() {
            return;
        }
        self.drop_work(turn);
        self.phase = Phase::Stopped;
        if !self.ready {
            turn.push(Action::Ready(Err(StartError::Stopped)));
        }
    }

    fn fail_start(&mut self, error: StartError, turn: &mut Turn<'_>) {
        self.drop_work(turn);
        self.phase = Phase::Idle;
        turn.push(Action::Ready(Err(error)));
    }

    /// Leaves nothing under way and no timer armed.
    fn drop_work(&mut self, turn: &mut Turn<'_>) {
        self.close_stream(turn);
        self.cancel_poll(turn);
        self.poller = Poller::Off;
        self.cancel_apply(turn);
        self.record.refused = false;
        self.record.stale = false;
    }

    fn tick(&mut self, turn: &mut Turn<'_>) {
        match self.phase {
            Phase::Starting { deadline } if turn.now >= deadline => {
                let (after, last) = (self.config.start_timeout, self.record.last_error_since_start());
                return self.fail_start(StartError::Timeout { after, last }, turn);
            }
            Phase::Idle | Phase::Stopped => return,
            Phase::Starting { .. } | Phase::Running => {}
        }
        self.tick_intake(turn);
        self.tick_stream(turn);
        self.tick_poller(turn);
    }

    fn panicked(&mut self, turn: &mut Turn<'_>) {
        if !self.is_active() {
            return;
        }
        self.record.restarts = self.record.restarts.saturating_add(1);
        // What was under way is asked for first: the failure of one may begin another.
        let (poll, connection) = (self.poller.is_asking(), self.stream.connection());
        if self.intake.is_busy() {
            self.applied(Err(ApplyError::Panicked), turn);
        }
        let failure = Failure::Panicked;
        if poll && self.poller.is_asking() {
            self.poll_failed(failure.clone(), turn);
        }
        if connection.is_some() && self.stream.connection() == connection {
            self.stream_failed(&failure, turn);
        }
    }

    /// Flags are in place for the first time since the start.
    fn become_ready(&mut self, turn: &mut Turn<'_>) {
        self.ready = true;
        self.phase = Phase::Running;
        turn.push(Action::Ready(Ok(())));
        self.retry_stream_if_off(turn);
    }

    fn failed(&mut self, origin: Origin, failure: &Failure, turn: &mut Turn<'_>) {
        let repeated = self.record.failed(origin, failure);
        turn.push(Action::Tell(Notice::Failed { origin, failure: failure.clone(), repeated }));
    }

    fn works(&mut self, origin: Origin, turn: &mut Turn<'_>) {
        if let Some(failures) = self.record.works(origin) {
            turn.push(Action::Tell(Notice::Recovered { origin, failures }));
        }
    }
}

impl Turn<'_> {
    fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// The time so much later.
    fn after(&self, delay: Duration) -> Duration {
        self.now.saturating_add(delay)
    }

    /// A length between two, the second left out.
    fn between(&mut self, from: Duration, to: Duration) -> Duration {
        between(from, to, (self.random)())
    }

    /// About as long, shorter or longer by up to one such part: clients that failed together do not try again together.
    fn about(&mut self, delay: Duration, part: u32) -> Duration {
        let spread = delay / part;
        self.between(delay.saturating_sub(spread), delay.saturating_add(spread)).max(SHORTEST)
    }
}
