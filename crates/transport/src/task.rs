//! What the tasks of the SDK have in common, here and in the layers above.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tracing::dispatcher::{Dispatch, get_default, with_default};
use tracing::subscriber::NoSubscriber;

/// A future that logs to where logs go in this thread now, wherever it runs.
pub fn logged<F: Future>(future: F) -> impl Future<Output = F::Output> {
    Logged { logs: Logs::here(), future: Some(Box::pin(future)) }
}

struct Logged<F> {
    logs: Logs,
    /// None once it is dropped, which may log too.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for Logged<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { logs, future } = &mut *self;
        match future {
            Some(future) => logs.run(|| future.as_mut().poll(cx)),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Logged<F> {
    fn drop(&mut self) {
        let future = self.future.take();
        self.logs.run(|| drop(future));
    }
}

/// The same of a closure.
pub fn logged_call<T>(call: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let logs = Logs::here();
    move || logs.run(call)
}

/// Where logs go. None if nobody asked for them: somebody still may, for all threads.
struct Logs(Option<Dispatch>);

impl Logs {
    fn here() -> Self {
        Self(Some(get_default(Clone::clone)).filter(|logs| !logs.is::<NoSubscriber>()))
    }

    fn run<T>(&self, call: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(logs) => with_default(logs, call),
            None => call(),
        }
    }
}

/// What a future comes to, or that it panicked. It is not asked again then.
///
/// # Errors
/// When it panics.
pub async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(Panicked { message: message(&*panic) })),
    })
    .await
}

/// True where there is a Tokio runtime, and it has timers: it may have been built without. Tokio tells that only by a
/// panic, which is caught: a program that aborts on panics has to have timers.
#[must_use]
pub fn has_timers() -> bool {
    Handle::try_current().is_ok() && catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO))).is_ok()
}

/// True where the runtime that this is called on is being shut down, or was: nothing can be begun on it. What a task
/// waits for may be gone before the task is, which is then no failure to report.
#[must_use]
pub fn is_ending() -> bool {
    Handle::try_current().is_ok_and(|runtime| {
        let probe = runtime.spawn(std::future::pending::<()>());
        let is_ending = probe.is_finished();
        probe.abort();
        is_ending
    })
}

/// Waits until a moment by Tokio's clock; for ever if there is none.
pub async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// Locks what a panic elsewhere leaves nothing half done behind.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A panic that was caught.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("it panicked")]
#[non_exhaustive]
pub struct Panicked {
    /// What it said. That may be anything: it is in no `Debug` and no error.
    pub message: Arc<str>,
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panicked").finish_non_exhaustive()
    }
}

fn message(panic: &(dyn Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").into()
}

/// Numbers for spreading load; nothing rests on their being hard to guess. The generator is SplitMix64.
#[derive(Debug)]
pub struct Random(AtomicU64);

impl Random {
    /// A generator of its own.
    #[must_use]
    pub fn new() -> Self {
        // The standard library's random keys are the one source of chance at hand.
        Self(AtomicU64::new(RandomState::new().hash_one(0_u8)))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        let state = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_caught_and_its_message_is_not_shown() {
        assert_eq!(caught(async { 1 }).await, Ok(1));
        for (panicked, message) in [
            (caught(async { panic!("hush") }).await, "hush"),
            (caught(async { panic!("hush {}", 1) }).await, "hush 1"),
            (caught(async { std::panic::panic_any(1) }).await, "no message"),
        ] {
            let panicked: Result<(), _> = panicked;
            let panicked = panicked.unwrap_err();
            assert_eq!(&*panicked.message, message);
            assert!(!format!("{panicked:?} {panicked}").contains(message));
        }
    }

    #[test]
    fn a_task_that_outlives_others_sees_that_its_runtime_ends() {
        struct Last(std::sync::mpsc::Sender<bool>);
        impl Drop for Last {
            fn drop(&mut self) {
                let _ = self.0.send(is_ending());
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(!is_ending());
        {
            let _entered = runtime.enter();
            assert!(!is_ending());
        }
        let (told, saw) = std::sync::mpsc::channel();
        let last = Last(told);
        runtime.block_on(async {
            assert!(!is_ending());
            tokio::spawn(async move {
                let _last = last;
                std::future::pending::<()>().await;
            });
            tokio::task::yield_now().await;
        });
        let handle = runtime.handle().clone();
        drop(runtime);
        assert!(saw.recv().unwrap());
        let _entered = handle.enter();
        assert!(is_ending());
    }

    #[test]
    fn a_lock_outlasts_a_panic() {
        let mutex = Mutex::new(1);
        std::thread::scope(|scope| {
            let panicked = scope.spawn(|| {
                let _guard = lock(&mutex);
                panic!("while it is locked");
            });
            assert!(panicked.join().is_err());
        });
        assert_eq!(*lock(&mutex), 1);
    }

    #[test]
    fn numbers_are_those_of_the_generator() {
        let random = Random(AtomicU64::new(0));
        assert_eq!([random.next(), random.next()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }
}
