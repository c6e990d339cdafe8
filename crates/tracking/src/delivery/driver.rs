//! Carries out what the machine says: one upload and one writing to disk at a time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use transport::BoxFuture;
use transport::task::{is_ending, logged_call, until};

use super::core::{Access, Core, State};
use super::machine::{Entry, Sync};
use super::reply::Reply;
use super::upload::{Upload, upload};
use crate::log;
use crate::outcome::{DeliveryError, DropCause};
use crate::spool::{Spool, SpoolReport};

/// How long a spool that cannot be opened is left alone.
const REST: Duration = Duration::from_secs(60);

/// What is to be done next.
enum Step {
    Open,
    Work { entries: Option<Vec<Entry>>, sync: Option<Sync>, deadline: Option<Duration> },
    CloseSpool,
    End,
}

type Answer = (Reply, Option<DeliveryError>);

/// Delivers until nothing is left to do. Says so before it returns.
pub(super) async fn drive(core: &Arc<Core>) {
    let mut sending: Option<BoxFuture<'static, Answer>> = None;
    let mut syncing: Option<JoinHandle<Vec<u64>>> = None;
    loop {
        // One that always has something to do does not keep the runtime's other tasks waiting.
        tokio::task::consume_budget().await;
        let step = core.step(syncing.is_some());
        core.tell();
        let deadline = match step {
            Step::Open => {
                core.open_spool().await;
                core.news.notify_waiters();
                continue;
            }
            Step::CloseSpool => {
                core.close_spool().await;
                continue;
            }
            Step::End => return,
            Step::Work { entries, sync, deadline } => {
                if !core.lock().machine.is_flying() {
                    // It was given up.
                    sending = None;
                }
                if let Some(entries) = entries {
                    sending = core.send(entries);
                    if sending.is_none() {
                        continue;
                    }
                }
                if let Some(sync) = sync {
                    let core = Arc::clone(core);
                    syncing = Some(spawn_blocking(logged_call(move || core.write(&sync))));
                }
                deadline.and_then(|at| core.epoch.checked_add(at))
            }
        };
        tokio::select! {
            biased;
            (reply, error) = ready(&mut sending) => {
                sending = None;
                if error.is_some() && is_ending() {
                    return end_with_runtime().await;
                }
                let mut random = || core.random.next();
                core.lock().machine.reply(core.now(), reply, error, &mut random);
            }
            kept = ready(&mut syncing) => {
                syncing = None;
                if kept.is_err() && is_ending() {
                    return end_with_runtime().await;
                }
                core.lock().machine.synced(kept.unwrap_or_default(), core.now());
                core.news.notify_waiters();
            }
            () = core.wake.notified() => {}
            () = until(deadline.map(Into::into)) => {}
        }
    }
}

impl Core {
    fn step(&self, is_syncing: bool) -> Step {
        let now = self.now();
        let mut state = self.lock();
        let state = &mut *state;
        let has_work = state.machine.pending() > 0 || !(state.left || state.closing);
        let again = match state.access {
            Access::Closed => Some(now),
            Access::Failed { again } if !state.left => Some(again),
            _ => None,
        };
        if has_work && again.is_some_and(|again| again <= now) {
            return Step::Open;
        }
        // Whoever opens the folder next has to find all of it. What is tracked while it is closed begins anew.
        let is_over = state.closing && (state.left || state.machine.pending() == 0);
        let is_written = is_over && state.machine.sync_all(now);
        if state.left && is_written {
            state.machine.give_up(DropCause::LostAtDrop);
        }
        let entries = if state.left { None } else { state.machine.next_upload(now) };
        let sync = state.machine.next_sync(now);
        let is_done = state.machine.pending() == 0 && sync.is_none() && !is_syncing;
        let is_open = matches!(state.access, Access::Open | Access::Failed { .. });
        if is_done && is_written && state.machine.sync_all(now) && is_open {
            return Step::CloseSpool;
        }
        if !is_syncing && state.machine.is_idle() {
            state.running = false;
            state.closing = false;
            return Step::End;
        }
        let again = again.filter(|_| has_work);
        let deadline = state.machine.next_deadline().into_iter().chain(again).min();
        Step::Work { entries, sync, deadline }
    }

    /// Begins an upload with as many of these as fit. None if not even the first does.
    fn send(&self, entries: Vec<Entry>) -> Option<BoxFuture<'static, Answer>> {
        let made = Upload::new(&entries, &self.settings, &self.key, &crate::clock::timestamp(self.clock.now_ms()));
        let mut state = self.lock();
        if made.events == 0 {
            state.machine.too_large(self.now());
            return None;
        }
        if made.events < entries.len() {
            state.machine.fitted(self.now(), made.events);
        }
        drop(state);
        let (client, url) = (Arc::clone(&self.client), self.settings.url.clone());
        Some(Box::pin(upload(client, url, self.settings.request_timeout, made.body)))
    }

    /// Writes to disk. Tells which events are there now.
    fn write(&self, sync: &Sync) -> Vec<u64> {
        let mut spool = self.lock_spool();
        let Some(spool) = &mut *spool else { return Vec::new() };
        if !self.lock().machine.is_awaited(sync) {
            return Vec::new();
        }
        let kept = spool.write(&sync.events, &sync.settled);
        let report = spool.report();
        self.lock().spool = Some(report);
        kept
    }

    async fn open_spool(self: &Arc<Self>) {
        let core = Arc::clone(self);
        let opened = spawn_blocking(logged_call(move || {
            let Some((folder, max_bytes)) = &core.settings.spool else { return };
            match Spool::open(folder, *max_bytes) {
                Ok((mut spool, events)) => {
                    log::spool_opened(&spool.report());
                    let mut held = core.lock_spool();
                    let mut state = core.lock();
                    state.machine.set_spool(true, core.now());
                    spool.adopt(state.machine.recover_events(core.now(), events));
                    state.spool = Some(spool.report());
                    state.access = Access::Open;
                    *held = Some(spool);
                }
                Err(error) => {
                    let mut state = core.lock();
                    let report = SpoolReport::unusable(&error);
                    let before = state.spool.replace(report).and_then(|report| report.problem);
                    core.spool_failed(&mut state);
                    drop(state);
                    log::spool_unusable(&error, before.is_some());
                }
            }
        }));
        if opened.await.is_err() {
            self.spool_failed(&mut self.lock());
        }
    }

    /// Events are in memory only for a while.
    fn spool_failed(&self, state: &mut State) {
        let now = self.now();
        state.machine.set_spool(false, now);
        state.access = Access::Failed { again: now.saturating_add(REST) };
    }

    /// Lets others use the folder.
    async fn close_spool(self: &Arc<Self>) {
        let core = Arc::clone(self);
        let _ = spawn_blocking(logged_call(move || drop(core.lock_spool().take()))).await;
        let mut state = self.lock();
        state.machine.set_spool(true, self.now());
        state.access = Access::Closed;
    }
}

/// What failed did so because the runtime goes, which drops this task too: what is under way is as it was.
async fn end_with_runtime() {
    std::future::pending().await
}

/// What a future gives, if there is one; else nothing ever.
async fn ready<F: Future + Unpin>(future: &mut Option<F>) -> F::Output {
    poll_fn(|cx| match future {
        Some(future) => Pin::new(future).poll(cx),
        None => Poll::Pending,
    })
    .await
}
