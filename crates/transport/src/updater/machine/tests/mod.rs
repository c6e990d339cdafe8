#![allow(clippy::unwrap_used, reason = "tests")]

mod fallback;
mod intake;
mod polling;
mod reports;
mod starting;
mod stopping;
mod streaming;

use std::time::Duration;

use bytes::Bytes;

use super::{Action, Input, Machine, Notice, Start};
use crate::sink::{Applied, ApplyError};
use crate::status::State;
use crate::updater::config::{Mode, UpdaterConfig};
use crate::updater::failure::{Failure, StartError};
use crate::updater::source::{ErrorClass, Polled, SourceError};

/// A machine with its time, whose draws are all in the middle.
struct Rig {
    machine: Machine,
    now: Duration,
    random: u64,
    notices: Vec<Notice>,
    start: Option<Result<(), StartError>>,
}

impl Rig {
    fn new(mode: Mode) -> Self {
        Self::with(UpdaterConfig { mode, ..UpdaterConfig::default() })
    }

    fn with(config: UpdaterConfig) -> Self {
        let machine = Machine::new(config);
        Self { machine, now: Duration::ZERO, random: u64::MAX / 2 + 1, notices: Vec::new(), start: None }
    }

    /// Started by the stream, whose first set is `v1`.
    fn streaming() -> Self {
        Self::streaming_with(UpdaterConfig { mode: Mode::Streaming, ..UpdaterConfig::default() })
    }

    fn streaming_with(config: UpdaterConfig) -> Self {
        let mut rig = Self::with(config);
        rig.give(Input::Start(Start::Wait));
        rig.give(Input::StreamOpened);
        rig.give(flags("v1"));
        rig.give(applied());
        assert_eq!(rig.state(), State::Streaming);
        rig
    }

    /// Started by a poll, whose set is `v1`, because the stream could not be opened.
    fn fallback() -> Self {
        let mut rig = Self::new(Mode::Streaming);
        rig.give(Input::Start(Start::Wait));
        rig.give(broken(ErrorClass::Network));
        rig.give(polled("v1"));
        rig.give(applied());
        assert_eq!(rig.state(), State::Fallback);
        rig
    }

    /// Started by a poll, whose set is `v1`, since nothing else was asked for.
    fn polling() -> Self {
        let mut rig = Self::new(Mode::Polling);
        rig.give(Input::Start(Start::Wait));
        rig.give(polled("v1"));
        rig.give(applied());
        assert_eq!(rig.state(), State::Polling);
        rig
    }

    /// Gives an input and says in short what is to be done.
    fn give(&mut self, input: Input) -> Vec<String> {
        let random = self.random;
        let actions = self.machine.handle(self.now, input, &mut || random);
        actions.into_iter().filter_map(|action| self.short(action)).collect()
    }

    fn short(&mut self, action: Action) -> Option<String> {
        Some(match action {
            Action::OpenStream => "open".to_owned(),
            Action::CloseStream => "close".to_owned(),
            Action::Poll { etag: None } => "poll".to_owned(),
            Action::Poll { etag: Some(etag) } => format!("poll {etag}"),
            Action::CancelPoll => "cancel poll".to_owned(),
            Action::Apply(body) => format!("apply {}", String::from_utf8_lossy(&body)),
            Action::CancelApply => "cancel apply".to_owned(),
            Action::Ready(result) => {
                let text = if result.is_ok() { "ready" } else { "failed" };
                self.start = Some(result);
                text.to_owned()
            }
            Action::Tell(notice) => {
                self.notices.push(notice);
                return None;
            }
        })
    }

    /// Lets time pass to the next deadline.
    fn tick(&mut self) -> Vec<String> {
        self.now = self.machine.next_deadline().unwrap();
        self.give(Input::Tick)
    }

    fn wait(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self
    }

    /// How long until the next deadline.
    fn due_in(&self) -> Option<Duration> {
        self.machine.next_deadline().map(|at| at.saturating_sub(self.now))
    }

    fn state(&self) -> State {
        self.machine.status().state
    }
}

fn flags(body: &'static str) -> Input {
    Input::StreamFlags(Bytes::from_static(body.as_bytes()))
}

fn polled(body: &'static str) -> Input {
    Input::PollDone(Ok(Polled::Flags { body: Bytes::from_static(body.as_bytes()), etag: Some(format!("tag-{body}")) }))
}

fn applied() -> Input {
    Input::Applied(Ok(Applied::new(1)))
}

fn malformed() -> Input {
    Input::Applied(Err(ApplyError::malformed("not a list")))
}

fn not_applied() -> Input {
    Input::Applied(Err(ApplyError::other("no cohorts")))
}

fn broken(class: ErrorClass) -> Input {
    Input::StreamFailed(Failure::Stream(SourceError::new(class, "broken")))
}

fn no_poll(class: ErrorClass) -> Input {
    Input::PollDone(Err(Failure::Poll(SourceError::new(class, "broken"))))
}

fn asked_to_wait(seconds: u64) -> SourceError {
    SourceError::new(ErrorClass::Status(503), "busy").with_retry_after(Some(Duration::from_secs(seconds)))
}

fn nothing() -> Vec<String> {
    Vec::new()
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
