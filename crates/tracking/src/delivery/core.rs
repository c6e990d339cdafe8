//! What the handles of a tracker and its task share.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};
use transport::HttpClient;
use transport::task::{Random, lock, logged};

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
    /// The task could not go on, and is begun again by a flush only.
    pub(super) is_stuck: bool,
    /// What the task ran on last, or the tracker was made on: events may come from threads that have none.
    pub(super) last_runtime: Option<Handle>,
    pub(super) access: Access,
    /// What the spool found and did.
    pub(super) spool: Option<SpoolReport>,
}

/// Whether the spool can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// There is none.
    None,
    /// It is to be opened when there is something to do.
    Closed,
    Open,
    /// It cannot be opened. Events are in memory only until that is tried again.
    Failed {
        again: Duration,
    },
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
        let (is_news, is_asleep, is_closing) = {
            let mut state = self.lock();
            let is_news = state.machine.push(self.now(), events);
            (is_news, !state.running && !state.is_stuck && state.machine.pending() > 0, state.closing)
        };
        self.tell();
        if is_closing {
            self.news.notify_waiters();
        }
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
            state.last_runtime = Some(runtime.clone());
            drop(state);
            runtime.spawn(logged(supervisor::run(Farewell::new(Arc::clone(self)))));
        }
    }

    /// Where the task can run: on the runtime of this thread, or the last one that there was.
    pub(super) fn runtime(&self) -> Option<Handle> {
        // Nothing can be begun on a runtime that was shut down.
        let is_alive = |runtime: &Handle| {
            let probe = runtime.spawn(pending::<()>());
            let is_alive = !probe.is_finished();
            probe.abort();
            is_alive
        };
        Handle::try_current().ok().or_else(|| self.lock().last_runtime.clone().filter(is_alive))
    }

    pub(super) async fn flush(self: &Arc<Self>, closing: bool) -> FlushReport {
        let Some(runtime) = self.runtime() else { return self.no_runtime() };
        let waiter = {
            let mut state = self.lock();
            state.closing |= closing;
            state.is_stuck = false;
            if matches!(state.access, Access::Failed { .. }) {
                state.access = Access::Closed;
            }
            let handed_over = state.machine.stats().handed_over;
            Waiter { id: state.machine.begin_flush(self.now()), core: Arc::clone(self), handed_over }
        };
        self.run(Some(runtime.clone()));
        self.wake.notify_one();
        // A task of its own: it may be waited for from anywhere, and is not given up half way.
        runtime.spawn(logged(waiter.flush(closing))).await.unwrap_or_else(|_| self.no_runtime())
    }

    fn no_runtime(&self) -> FlushReport {
        let pending = self.lock().machine.pending();
        FlushReport { pending, last_error: Some(DeliveryError::NoRuntime), ..FlushReport::default() }
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
            if !(state.running && matches!(state.access, Access::Open | Access::Closed)) {
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
        lock(&self.state)
    }

    pub(super) fn lock_spool(&self) -> MutexGuard<'_, Option<Spool>> {
        lock(&self.spool)
    }
}

/// Somebody who waits for events to be settled; nobody does any more when this is dropped.
struct Waiter {
    core: Arc<Core>,
    id: u64,
    /// How many events there were by then.
    handed_over: u64,
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
        let mut report = {
            let mut state = core.lock();
            if closing && is_late {
                state.machine.give_up_flush(self.id, core.now(), DropCause::CloseDeadline);
            }
            state.machine.end_flush(self.id)
        };
        core.tell();
        if is_late && report.last_error.is_none() {
            report.last_error = Some(DeliveryError::Deadline { after: time });
        }
        core.wake.notify_one();
        if closing
            && core.settings.spool.is_some()
            && let Some(until) = until
        {
            // Others may have the folder then, unless tracking goes on.
            let is_over = |state: &State| !state.running || state.machine.stats().handed_over > self.handed_over;
            let _ = timeout_at(until, core.wait_until(is_over)).await;
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
