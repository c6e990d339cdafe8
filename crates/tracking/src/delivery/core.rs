//! What the handles of a tracker and its task share.

use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};
use transport::HttpClient;

use super::machine::{Machine, Policy};
use super::supervisor::{self, Farewell};
use crate::clock::Clock;
use crate::config::{ApiKey, Settings};
use crate::event::Event;
use crate::log;
use crate::outcome::{DeliveryError, DropCause, OutcomeCallback};
use crate::spool::{Spool, SpoolReport};
use crate::stats::{EventStats, FlushReport};

pub(super) struct Core {
    pub(super) settings: Settings,
    pub(super) key: ApiKey,
    pub(super) client: Arc<dyn HttpClient>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) callback: Option<OutcomeCallback>,
    pub(super) runtime: Option<Handle>,
    /// What the machine counts its time from.
    pub(super) epoch: Instant,
    pub(super) state: Mutex<State>,
    /// Tells the task that there is something new.
    pub(super) wake: Notify,
    /// Tells who waits that events were settled, or that the task has ended.
    pub(super) news: Notify,
    /// Locked only where waiting is allowed.
    pub(super) spool: Mutex<Option<Spool>>,
    pub(super) random: Random,
}

pub(super) struct State {
    pub(super) machine: Machine,
    /// There is a task.
    pub(super) running: bool,
    /// When the task ends, the spool is to be closed.
    pub(super) closing: bool,
    /// Nobody has a handle any more.
    pub(super) left: bool,
    pub(super) access: Access,
    /// What the spool found and did.
    pub(super) spool: Option<SpoolReport>,
}

/// Whether the spool can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// There is none.
    None,
    Closed,
    Open,
    /// It cannot be opened. Events are in memory only until the tracker is closed.
    Failed,
}

impl Core {
    pub(super) fn policy(settings: &Settings) -> Policy {
        Policy {
            capacity: settings.capacity,
            flush_size: settings.flush_size,
            flush_interval: settings.flush_interval,
            chunk_events: settings.chunk_events,
            attempts: settings.attempts,
            opt_out: settings.opt_out,
            spool: settings.spool.is_some(),
        }
    }

    pub(super) fn push(self: &Arc<Self>, events: Vec<Event>) {
        let (is_news, is_asleep) = {
            let mut state = self.lock();
            (state.machine.push(self.now(), events), !state.running && state.machine.pending() > 0)
        };
        self.tell();
        if is_asleep {
            self.run(self.runtime());
        } else if is_news {
            self.wake.notify_one();
        }
    }

    /// Sees to it that there is a task, if there is a runtime for it.
    pub(super) fn run(self: &Arc<Self>, runtime: Option<Handle>) {
        let Some(runtime) = runtime else { return };
        let mut state = self.lock();
        if !std::mem::replace(&mut state.running, true) {
            drop(state);
            runtime.spawn(supervisor::run(Farewell::new(Arc::clone(self))));
        }
    }

    pub(super) fn runtime(&self) -> Option<Handle> {
        self.runtime.clone().or_else(|| Handle::try_current().ok())
    }

    pub(super) async fn flush(self: &Arc<Self>, closing: bool) -> FlushReport {
        let Some(runtime) = self.runtime() else {
            let pending = self.lock().machine.pending();
            let last_error = Some(DeliveryError::NoRuntime);
            return FlushReport { pending, last_error, ..FlushReport::default() };
        };
        let waiter = {
            let mut state = self.lock();
            state.closing |= closing;
            Waiter { id: state.machine.begin_flush(self.now()), core: Arc::clone(self) }
        };
        self.run(Some(runtime.clone()));
        self.wake.notify_one();
        // A task of its own: it may be waited for from anywhere, and is not given up half way.
        runtime.spawn(waiter.flush(closing)).await.unwrap_or_else(|_| {
            let last_error = Some(DeliveryError::NoRuntime);
            FlushReport { pending: self.lock().machine.pending(), last_error, ..FlushReport::default() }
        })
    }

    async fn wait_until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            if is_so(&self.lock()) {
                return;
            }
            news.await;
        }
    }

    /// The last handle is gone.
    pub(super) fn leave(self: &Arc<Self>) {
        let task = {
            let mut state = self.lock();
            state.left = true;
            state.closing = true;
            // The task can write what is not on disk yet.
            if !(state.running && state.access == Access::Open) {
                state.machine.give_up(DropCause::LostAtDrop);
            }
            state.running
        };
        self.tell();
        if task {
            self.wake.notify_one();
        }
    }

    pub(super) fn stats(&self) -> EventStats {
        let state = self.lock();
        EventStats { spool: state.spool.clone(), ..state.machine.stats() }
    }

    /// Tells those who asked for it what became of events. Nothing may be locked.
    pub(super) fn tell(&self) {
        let (settled, notices) = self.lock().machine.take_news();
        if settled.is_empty() && notices.is_empty() {
            return;
        }
        notices.iter().for_each(log::notice);
        if let Some(callback) = &self.callback {
            for settled in &settled {
                for entry in &settled.entries {
                    let called = catch_unwind(AssertUnwindSafe(|| callback(&entry.event, &settled.outcome)));
                    if called.is_err() {
                        log::callback_panicked();
                    }
                }
            }
        }
        if !settled.is_empty() {
            self.news.notify_waiters();
        }
    }

    pub(super) fn now(&self) -> Duration {
        Instant::now().saturating_duration_since(self.epoch)
    }

    /// A panic elsewhere leaves nothing half done behind this lock.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock_spool(&self) -> MutexGuard<'_, Option<Spool>> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for events to be settled; nobody does any more when this is dropped.
struct Waiter {
    core: Arc<Core>,
    id: u64,
}

impl Waiter {
    async fn flush(self, closing: bool) -> FlushReport {
        let core = &self.core;
        let time = core.settings.close_timeout;
        let until = Instant::now().checked_add(time);
        // The spool takes a moment to be told what has become of all.
        let reserve = if closing && core.settings.spool.is_some() { time / 10 } else { Duration::ZERO };
        // What an earlier run left is waited for as well, but closing does not begin with it.
        let is_read = |state: &State| state.access != Access::Closed || state.closing;
        let is_flushed = |state: &State| is_read(state) && state.machine.is_flushed(self.id);
        let is_late = timeout(time.saturating_sub(reserve), core.wait_until(is_flushed)).await.is_err();
        if closing {
            core.lock().machine.give_up(DropCause::CloseDeadline);
            core.tell();
        }
        let mut report = core.lock().machine.end_flush(self.id);
        if is_late && report.last_error.is_none() {
            report.last_error = Some(DeliveryError::Deadline { after: time });
        }
        core.wake.notify_one();
        if closing && let Some(until) = until {
            let _ = timeout_at(until, core.wait_until(|state| !state.running)).await;
        }
        report
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.core.lock().machine.end_flush(self.id);
        self.core.wake.notify_one();
    }
}

/// Numbers for spreading load; nothing rests on their being hard to guess. The generator is SplitMix64.
#[derive(Debug)]
pub(super) struct Random(AtomicU64);

impl Random {
    pub(super) fn new() -> Self {
        // The standard library's random keys are the one source of chance at hand.
        Self(AtomicU64::new(RandomState::new().hash_one(0_u8)))
    }

    pub(super) fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        let state = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
