//! Polls: one at a time, a series of attempts to begin with, then at the interval.

use std::time::Duration;

use super::intake::{Fate, Via};
use super::{Action, Machine, Phase, Turn};
use crate::status::Origin;
use crate::updater::failure::{Failure, StartError};
use crate::updater::source::{ErrorClass, Polled, SourceError};

#[derive(Debug)]
pub(super) enum Poller {
    Off,
    /// The next poll is due then.
    Waiting {
        until: Duration,
        attempt: Attempt,
    },
    /// A poll is under way.
    Asking {
        asked: Duration,
        deadline: Duration,
        attempt: Attempt,
    },
    /// An attempt of the first series was answered, and the body of this number is being taken in.
    Taking {
        asked: Duration,
        attempt: Attempt,
        number: u64,
    },
    /// The first flags of a stream are being taken in, and decide whether polls go on.
    Paused,
}

/// Which attempt of the first series it is, from 1; none at the interval.
type Attempt = Option<u32>;

impl Poller {
    pub(super) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Waiting { until: deadline, .. } | Self::Asking { deadline, .. } => Some(*deadline),
            Self::Off | Self::Taking { .. } | Self::Paused => None,
        }
    }

    pub(super) fn waits_until(&self) -> Option<Duration> {
        match self {
            Self::Waiting { until, .. } => Some(*until),
            _ => None,
        }
    }

    pub(super) fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    pub(super) fn is_asking(&self) -> bool {
        matches!(self, Self::Asking { .. })
    }
}

impl Machine {
    pub(super) fn poll(&mut self, attempt: Attempt, turn: &mut Turn<'_>) {
        let deadline = turn.after(self.config.poll_timeout);
        self.poller = Poller::Asking { asked: turn.now, deadline, attempt };
        turn.push(Action::Poll { etag: self.intake.ask() });
    }

    pub(super) fn cancel_poll(&mut self, turn: &mut Turn<'_>) {
        if self.poller.is_asking() {
            turn.push(Action::CancelPoll);
        }
    }

    pub(super) fn pause_poller(&mut self, turn: &mut Turn<'_>) {
        if self.poller.is_on() {
            self.cancel_poll(turn);
            self.poller = Poller::Paused;
        }
    }

    /// The stream is lost: polls begin, or go on.
    pub(super) fn resume_poller(&mut self, turn: &mut Turn<'_>) {
        match self.poller {
            Poller::Off => self.poll(Some(1), turn),
            Poller::Paused => self.poll(None, turn),
            Poller::Waiting { .. } | Poller::Asking { .. } | Poller::Taking { .. } => {}
        }
    }

    pub(super) fn tick_poller(&mut self, turn: &mut Turn<'_>) {
        match self.poller {
            Poller::Waiting { until, attempt } if turn.now >= until => self.poll(attempt, turn),
            Poller::Asking { deadline, .. } if turn.now >= deadline => {
                self.cancel_poll(turn);
                self.poll_failed(Failure::PollTimeout(self.config.poll_timeout), turn);
            }
            _ => {}
        }
    }

    pub(super) fn poll_done(&mut self, result: Result<Polled, Failure>, turn: &mut Turn<'_>) {
        let Poller::Asking { asked, attempt, .. } = self.poller else { return };
        let polled = match result {
            Ok(Polled::Unchanged) if !self.intake.named_a_set() => {
                let error = SourceError::new(ErrorClass::Malformed, "unchanged, but no set was named");
                return self.poll_failed(Failure::Poll(error), turn);
            }
            Ok(polled) => polled,
            Err(failure) => return self.poll_failed(failure, turn),
        };
        self.record.contact(turn.now);
        self.record.refused = false;
        self.wait_for_next_poll(asked, self.config.poll_interval, turn);
        match polled {
            Polled::Flags { body, etag } => {
                let number = self.take_in(Via::Poll { etag }, body, turn);
                if attempt.is_some() {
                    self.poller = Poller::Taking { asked, attempt, number };
                }
            }
            Polled::Unchanged => {
                // Unless another set has taken its place meanwhile, or is about to.
                if self.intake.is_as_asked() {
                    self.record.current(turn.now);
                    if !self.ready {
                        self.become_ready(turn);
                    }
                }
                self.works(Origin::Poll, turn);
            }
        }
    }

    pub(super) fn poll_applied(&mut self, body: u64, turn: &mut Turn<'_>) {
        if let Poller::Taking { asked, number, .. } = self.poller
            && number == body
        {
            self.wait_for_next_poll(asked, self.config.poll_interval, turn);
        }
    }

    /// The body of a poll was not taken in. The next poll brings it again.
    pub(super) fn poll_not_applied(&mut self, body: u64, failure: &Failure, turn: &mut Turn<'_>) -> Fate {
        match self.poller {
            Poller::Taking { number, .. } if number == body => {
                self.poll_failed(failure.clone(), turn);
                Fate::Told
            }
            _ => Fate::Dropped,
        }
    }

    pub(super) fn poll_failed(&mut self, failure: Failure, turn: &mut Turn<'_>) {
        let (Poller::Asking { asked, attempt, .. } | Poller::Taking { asked, attempt, .. }) = self.poller else {
            return;
        };
        self.poller = Poller::Off;
        self.failed(Origin::Poll, &failure, turn);
        let starting = matches!(self.phase, Phase::Starting { .. });
        self.record.refused = failure.is_unauthorized();
        if failure.is_unauthorized() {
            if starting {
                return self.fail_start(StartError::Unauthorized(failure), turn);
            }
            self.poller = Poller::Waiting { until: turn.after(self.config.auth_retry()), attempt: None };
            return;
        }
        let asked_delay = self.asked_delay(&failure);
        match attempt {
            Some(attempt) if attempt < self.config.initial_attempts => {
                // Whoever waits for a start is not kept longer than for a poll at the interval.
                let backoff = turn.about(self.config.backoff(attempt), 4);
                let delay = backoff.max(asked_delay.min(self.config.poll_interval));
                self.poller = Poller::Waiting { until: turn.after(delay), attempt: Some(attempt.saturating_add(1)) };
            }
            Some(attempts) if starting => self.fail_start(StartError::Failed { attempts, last: failure }, turn),
            _ => {
                let interval = turn.about(self.config.poll_interval, 10);
                self.wait_for_next_poll(asked, interval, turn);
                if let Poller::Waiting { until, .. } = &mut self.poller {
                    *until = (*until).max(turn.after(asked_delay));
                }
            }
        }
    }

    fn wait_for_next_poll(&mut self, asked: Duration, interval: Duration, turn: &Turn<'_>) {
        let until = asked.saturating_add(interval).max(turn.now);
        self.poller = Poller::Waiting { until, attempt: None };
    }
}
