//! The task of a tracker: sees to it that it ends only when there is nothing to do.

use std::sync::Arc;

use transport::task::{caught, has_timers, is_ending};

use super::core::Core;
use super::driver;
use crate::log;
use crate::outcome::{DeliveryError, DropCause};

/// How many panics in a row, without anything having been sent in between, end the task.
const MOST_PANICS: u32 = 3;

/// Delivers until nothing is left to do.
pub(super) async fn run(mut farewell: Farewell) {
    let core = Arc::clone(&farewell.core);
    if !has_timers() {
        log::no_timers();
        core.lock().is_stuck = true;
        return;
    }
    let mut panics = 0_u32;
    // What it said may be anything, and is not repeated.
    while caught(driver::drive(&core)).await.is_err() {
        if is_ending() {
            return;
        }
        let mut state = core.lock();
        // An upload has used up an attempt of its events; anything else would go on for ever.
        panics = if state.machine.is_flying() { 0 } else { panics.saturating_add(1) };
        state.is_stuck = panics >= MOST_PANICS;
        let is_stuck = state.is_stuck;
        state.machine.panicked(core.now(), DeliveryError::Panicked, &mut || core.random.next());
        drop(state);
        if panics <= 1 {
            log::panicked();
        }
        core.tell();
        if is_stuck {
            return;
        }
    }
    farewell.ended = true;
}

/// Says that the task is gone, however it went: with its runtime, what was being sent is sent again by the next one.
///
/// Made before the task is: a runtime that is shut down drops it unseen.
pub(super) struct Farewell {
    core: Arc<Core>,
    /// It ended by itself, and there may be another one by now.
    ended: bool,
}

impl Farewell {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, ended: false }
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        if !self.ended {
            let now = self.core.now();
            let mut state = self.core.lock();
            state.running = false;
            state.machine.ground(now);
            if state.left {
                // Nobody will come to send it.
                state.machine.give_up(DropCause::LostAtDrop);
            }
            drop(state);
            self.core.tell();
        }
        self.core.news.notify_waiters();
    }
}
