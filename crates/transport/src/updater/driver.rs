//! Carries out what the machine says, in one task.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::failure::StartError;
use super::log;
use super::machine::{Action, Input, Machine, Start};
use super::work::Work;
use crate::status::{State, Status};
use crate::task::{Random, is_ending, lock, until};

/// What the task is told from outside. That nobody can tell it anything any more means to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Run(Start),
    Stop,
}

/// What became of a start, once that is known.
pub(super) type Outcome = Option<Result<(), StartError>>;

/// One run, from a start to a stop or a failed start.
pub(super) struct Driver {
    pub(super) machine: Machine,
    pub(super) work: Work,
    /// What the machine counts its time from.
    pub(super) epoch: Instant,
    pub(super) orders: watch::Receiver<Order>,
    pub(super) status: watch::Sender<Status>,
    pub(super) outcome: watch::Sender<Outcome>,
    pub(super) random: Random,
    /// Closed before the run is left, so that no order is given to one that is about to end.
    pub(super) gate: Gate,
    /// Why the start failed, until the run is left.
    pub(super) failed: Option<StartError>,
}

/// True once a run takes no more orders.
pub(super) type Gate = Arc<Mutex<bool>>;

impl Driver {
    /// Runs until it is stopped or the start fails. The machine can be started again.
    pub(super) async fn run(mut self) -> Machine {
        let order = *self.orders.borrow_and_update();
        self.obey(order);
        while self.machine.is_active() || self.is_revived() {
            // A stream that always has something does not keep the runtime's other tasks waiting.
            tokio::task::consume_budget().await;
            let deadline = self.machine.next_deadline().and_then(|at| self.epoch.checked_add(at));
            let input = tokio::select! {
                biased;
                changed = self.orders.changed() => {
                    let order = if changed.is_ok() { *self.orders.borrow_and_update() } else { Order::Stop };
                    self.obey(order);
                    continue;
                }
                input = self.work.next() => input,
                () = until(deadline.map(Instant::into_std)) => Input::Tick,
            };
            if input.is_failure() && is_ending() {
                // It failed because the runtime goes, which drops this task too.
                std::future::pending::<()>().await;
            }
            if matches!(input, Input::Panicked) {
                log::panicked();
            }
            self.handle(input);
            // What came counts before what is due: after a long sleep of the machine both are there.
            if self.machine.next_deadline().is_some_and(|at| at <= self.now()) {
                self.handle(Input::Tick);
            }
        }
        if let Some(error) = self.failed {
            self.outcome.send_replace(Some(Err(error)));
        }
        self.machine
    }

    /// Obeys an order that came while the start failed; if there is none, no more are taken.
    fn is_revived(&mut self) -> bool {
        let gate = Arc::clone(&self.gate);
        let mut closed = lock(&gate);
        if self.orders.has_changed().unwrap_or(false) {
            let order = *self.orders.borrow_and_update();
            if order == Order::Run(Start::Background) {
                self.failed = None;
                self.obey(order);
                return true;
            }
        }
        *closed = true;
        false
    }

    fn obey(&mut self, order: Order) {
        self.handle(match order {
            Order::Run(start) => Input::Start(start),
            Order::Stop => Input::Stop,
        });
    }

    fn handle(&mut self, input: Input) {
        let now = self.now();
        let mut ready = false;
        for action in self.machine.handle(now, input, &mut || self.random.next()) {
            match self.work.carry_out(action) {
                Some(Action::Ready(Ok(()))) => ready = true,
                Some(Action::Ready(Err(error))) => self.failed = Some(error),
                Some(Action::Tell(notice)) => log::notice(&notice),
                _ => {}
            }
        }
        self.publish();
        // Who waited finds the status as it is now.
        if ready {
            self.outcome.send_replace(Some(Ok(())));
        }
    }

    fn publish(&self) {
        let new = self.machine.status().map(|at| self.epoch.checked_add(at).map(Instant::into_std));
        let mut states = None;
        self.status.send_if_modified(|status| {
            // Whoever watches may have seen that it was too old.
            let differs = new.differs(status) || new.state != status.state_now();
            states = (new.state != status.state).then_some((status.state, new.state));
            *status = new.anchored(status);
            differs
        });
        if let Some((from, to)) = states {
            log::state(from, to);
        }
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
}

/// Says that the task is gone, however it went.
pub(super) struct Farewell {
    pub(super) status: watch::Sender<Status>,
    pub(super) done: watch::Sender<bool>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let cut_off = self.status.send_if_modified(|status| {
            let running = !matches!(status.state, State::Idle | State::Stopped);
            if running {
                status.state = State::Stopped;
                (status.next_retry, status.stale_at) = (None, None);
            }
            running
        });
        if cut_off && thread::panicking() {
            log::died();
        } else if cut_off {
            log::gone();
        }
        self.done.send_replace(true);
    }
}
