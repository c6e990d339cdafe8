//! Carries out what the machine says: one upload and one writing to disk at a time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use transport::BoxFuture;

use super::core::{Access, Core};
use super::machine::{Entry, Sync};
use super::reply::Reply;
use super::upload::{Upload, upload};
use crate::log;
use crate::outcome::{DeliveryError, DropCause};
use crate::spool::{Spool, SpoolReport};

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
        let deadline = match core.step(syncing.is_some()) {
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
                    syncing = Some(spawn_blocking(move || core.write(&sync)));
                }
                deadline
            }
        };
        core.tell();
        tokio::select! {
            biased;
            (reply, error) = ready(&mut sending) => {
                sending = None;
                let mut random = || core.random.next();
                core.lock().machine.reply(core.now(), reply, error, &mut random);
            }
            kept = ready(&mut syncing) => {
                syncing = None;
                core.lock().machine.synced(kept.unwrap_or_default(), core.now());
                core.news.notify_waiters();
            }
            () = core.wake.notified() => {}
            () = until(core, deadline) => {}
        }
        core.tell();
    }
}

impl Core {
    fn step(&self, is_syncing: bool) -> Step {
        let now = self.now();
        let mut state = self.lock();
        let state = &mut *state;
        let has_work = state.machine.pending() > 0 || !(state.left || state.closing);
        if state.access == Access::Closed && has_work && !state.left {
            return Step::Open;
        }
        // Whoever opens the folder next has to find all of it.
        let is_written = state.closing && state.machine.sync_all(now);
        if state.left && is_written {
            state.machine.give_up(DropCause::LostAtDrop);
        }
        let entries = if state.left { None } else { state.machine.next_upload(now) };
        let sync = state.machine.next_sync(now);
        let is_done = state.machine.pending() == 0 && sync.is_none() && !is_syncing;
        if is_done && is_written && state.machine.sync_all(now) && matches!(state.access, Access::Open | Access::Failed)
        {
            return Step::CloseSpool;
        }
        if !is_syncing && state.machine.is_idle() {
            state.running = false;
            state.closing = false;
            return Step::End;
        }
        Step::Work { entries, sync, deadline: state.machine.next_deadline() }
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
        let kept = spool.write(&sync.events, &sync.settled);
        let report = spool.report();
        self.lock().spool = Some(report);
        kept
    }

    async fn open_spool(self: &Arc<Self>) {
        let core = Arc::clone(self);
        let opened = spawn_blocking(move || {
            let Some((folder, max_bytes)) = &core.settings.spool else { return };
            match Spool::open(folder, *max_bytes) {
                Ok((mut spool, events)) => {
                    log::spool_opened(&spool.report());
                    let mut held = core.lock_spool();
                    let mut state = core.lock();
                    state.machine.set_spool(true);
                    spool.adopt(state.machine.recover_events(core.now(), events));
                    state.spool = Some(spool.report());
                    state.access = Access::Open;
                    *held = Some(spool);
                }
                Err(error) => {
                    log::spool_unusable(&error);
                    let mut state = core.lock();
                    state.machine.set_spool(false);
                    state.spool = Some(SpoolReport::unusable(&error));
                    state.access = Access::Failed;
                }
            }
        });
        if opened.await.is_err() {
            let mut state = self.lock();
            state.machine.set_spool(false);
            state.access = Access::Failed;
        }
    }

    /// Lets others use the folder.
    async fn close_spool(self: &Arc<Self>) {
        let core = Arc::clone(self);
        let _ = spawn_blocking(move || drop(core.lock_spool().take())).await;
        let mut state = self.lock();
        state.machine.set_spool(true);
        state.access = Access::Closed;
    }
}

/// What a future gives, if there is one; else nothing ever.
async fn ready<F: Future + Unpin>(future: &mut Option<F>) -> F::Output {
    poll_fn(|cx| match future {
        Some(future) => Pin::new(future).poll(cx),
        None => Poll::Pending,
    })
    .await
}

async fn until(core: &Core, deadline: Option<Duration>) {
    match deadline.and_then(|at| core.epoch.checked_add(at)) {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
