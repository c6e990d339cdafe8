//! The task of a tracker: sees to it that it ends only when there is nothing to do.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::core::Core;
use super::driver;
use crate::log;
use crate::outcome::DeliveryError;

/// Delivers until nothing is left to do.
pub(super) async fn run(mut farewell: Farewell) {
    let core = Arc::clone(&farewell.core);
    while let Err(message) = caught(driver::drive(&core)).await {
        log::panicked(&message);
        let mut random = || core.random.next();
        core.lock().machine.panicked(core.now(), DeliveryError::Panicked(message), &mut random);
        core.tell();
    }
    farewell.ended = true;
}

/// What a future comes to, or what it said when it panicked. It is not asked again then.
async fn caught(future: impl Future<Output = ()>) -> Result<(), Arc<str>> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
        Err(panic) => Poll::Ready(Err(message(&*panic))),
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").into()
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
        }
        self.core.news.notify_waiters();
    }
}
