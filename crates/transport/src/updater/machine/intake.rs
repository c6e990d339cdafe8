//! Bodies on their way into place: one at a time, in order, and the newest of those that wait.

use std::time::Duration;

use bytes::Bytes;

use super::{Action, Machine, Notice, Turn};
use crate::sink::{Applied, ApplyError};
use crate::status::Origin;
use crate::updater::failure::Failure;

#[derive(Debug, Default)]
pub(super) struct Intake {
    applying: Option<Applying>,
    waiting: Option<(Parcel, Bytes)>,
    /// What to try again then, since nobody will send it again.
    again: Option<(Duration, Parcel, Bytes)>,
    /// The tag of the set that is in place.
    etag: Option<String>,
    /// The tag that the last poll named.
    asked: Option<String>,
    last_number: u64,
}

#[derive(Debug)]
struct Applying {
    parcel: Parcel,
    body: Bytes,
    deadline: Duration,
}

/// A body's papers.
#[derive(Debug, Clone)]
struct Parcel {
    number: u64,
    via: Via,
    received: Duration,
}

/// Where a body came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Via {
    /// The connection of this number.
    Stream(u64),
    Poll {
        etag: Option<String>,
    },
}

impl Intake {
    pub(super) fn deadline(&self) -> Option<Duration> {
        let applying = self.applying.as_ref().map(|applying| applying.deadline);
        let again = self.again.as_ref().map(|(at, ..)| *at);
        applying.or(again)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.applying.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.applying.is_none() && self.waiting.is_none()
    }

    /// The tag to poll with.
    pub(super) fn ask(&mut self) -> Option<String> {
        self.asked.clone_from(&self.etag);
        self.asked.clone()
    }

    pub(super) fn named_a_set(&self) -> bool {
        self.asked.is_some()
    }

    /// True when the set that the last poll named is in place, and will be.
    pub(super) fn is_as_asked(&self) -> bool {
        self.is_empty() && self.asked == self.etag
    }
}

/// What becomes of a body that was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its source has failed by it, which was told.
    Told,
    /// Its source will send it again.
    Dropped,
    /// Its source believes it done.
    Again,
}

impl Via {
    fn origin(&self) -> Origin {
        match self {
            Self::Stream(_) => Origin::Stream,
            Self::Poll { .. } => Origin::Poll,
        }
    }
}

impl Machine {
    /// Sends a body on its way, in the place of one that has not begun. Gives its number.
    pub(super) fn take_in(&mut self, via: Via, body: Bytes, turn: &mut Turn<'_>) -> u64 {
        let number = self.intake.last_number.wrapping_add(1);
        self.intake.last_number = number;
        self.intake.again = None;
        self.intake.waiting = Some((Parcel { number, via, received: turn.now }, body));
        self.begin_next(turn);
        number
    }

    pub(super) fn cancel_apply(&mut self, turn: &mut Turn<'_>) {
        self.intake.waiting = None;
        self.intake.again = None;
        if self.intake.applying.take().is_some() {
            turn.push(Action::CancelApply);
        }
    }

    pub(super) fn forget_again(&mut self) {
        self.intake.again = None;
    }

    pub(super) fn tick_intake(&mut self, turn: &mut Turn<'_>) {
        if self.intake.deadline().is_none_or(|deadline| turn.now < deadline) {
            return;
        }
        if self.intake.is_busy() {
            turn.push(Action::CancelApply);
            self.applied(Err(ApplyError::Timeout(self.config.apply_timeout)), turn);
        } else if let Some((_, parcel, body)) = self.intake.again.take() {
            self.intake.waiting = Some((parcel, body));
            self.begin_next(turn);
        }
    }

    pub(super) fn applied(&mut self, result: Result<Applied, ApplyError>, turn: &mut Turn<'_>) {
        let Some(Applying { parcel, body, .. }) = self.intake.applying.take() else { return };
        match result {
            Ok(applied) => self.in_place(parcel, applied, turn),
            Err(error) => self.not_in_place(parcel, body, error, turn),
        }
        self.begin_next(turn);
    }

    fn in_place(&mut self, parcel: Parcel, applied: Applied, turn: &mut Turn<'_>) {
        let origin = parcel.via.origin();
        self.record.updated(turn.now, origin);
        self.record.current(parcel.received);
        turn.push(Action::Tell(Notice::Updated { origin, applied }));
        self.works(origin, turn);
        match parcel.via {
            Via::Stream(connection) => {
                self.intake.etag = None;
                self.stream_applied(connection, turn);
            }
            Via::Poll { etag } => {
                self.intake.etag = etag;
                self.poll_applied(parcel.number, turn);
            }
        }
        if !self.ready {
            self.become_ready(turn);
        }
    }

    fn not_in_place(&mut self, parcel: Parcel, body: Bytes, error: ApplyError, turn: &mut Turn<'_>) {
        let malformed = error.is_malformed();
        let failure = Failure::Apply(error);
        let fate = match parcel.via {
            Via::Stream(connection) => self.stream_not_applied(connection, malformed, &failure, turn),
            Via::Poll { .. } => self.poll_not_applied(parcel.number, &failure, turn),
        };
        match fate {
            Fate::Told => return,
            Fate::Again if self.intake.waiting.is_none() => {
                self.intake.again = Some((turn.after(self.config.poll_interval), parcel.clone(), body));
            }
            Fate::Again | Fate::Dropped => {}
        }
        self.failed(parcel.via.origin(), &failure, turn);
    }

    fn begin_next(&mut self, turn: &mut Turn<'_>) {
        if self.intake.is_busy() {
            return;
        }
        if let Some((parcel, body)) = self.intake.waiting.take() {
            let deadline = turn.after(self.config.apply_timeout);
            self.intake.applying = Some(Applying { parcel, body: body.clone(), deadline });
            turn.push(Action::Apply(body));
        }
    }
}
