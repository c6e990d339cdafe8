//! What tells metrics: a task for reports, and one in so many evaluations.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use evaluation_core::Variants;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use transport::StatusWatch;
use transport::task::{Random, has_timers, lock, logged};

use super::{EvaluationSample, Metrics, Report, ReportOptions};

/// How long the task may take to end. It has nothing to wait for, unless the metrics block.
const END: Duration = Duration::from_secs(5);

/// The shortest time between two reports: streams may bring flags many times a second.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(crate) struct Meter(Option<Told>);

struct Told {
    metrics: Arc<dyn Metrics>,
    options: ReportOptions,
    task: Mutex<Option<JoinHandle<()>>>,
    /// True once it was logged that they panic.
    warned: AtomicBool,
}

impl Meter {
    pub(crate) fn new(metrics: Option<Arc<dyn Metrics>>, options: ReportOptions) -> Self {
        Self(metrics.map(|metrics| Told { metrics, options, task: Mutex::default(), warned: AtomicBool::new(false) }))
    }

    /// When an evaluation began, if it is one to be told.
    pub(crate) fn begin(&self) -> Option<Instant> {
        let told = self.0.as_ref()?;
        drawn(told.options.sample_every).then(Instant::now)
    }

    pub(crate) fn end(&self, began: Option<Instant>, variants: &Variants) {
        if let (Some(began), Some(told)) = (began, &self.0) {
            let (duration, weight) = (began.elapsed(), told.options.sample_every);
            told.tell(|metrics| {
                metrics.evaluation(&EvaluationSample { duration, variants: variants.len(), weight });
            });
        }
    }

    /// Makes sure that there is a task, which `reports` makes, unless there is nobody to tell.
    pub(crate) fn start<T: Future<Output = ()> + Send + 'static>(&self, reports: impl FnOnce(Duration) -> T) {
        let Some(told) = &self.0 else { return };
        let mut task = lock(&told.task);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            *task = Some(runtime.spawn(logged(reports(told.options.interval.max(PAUSE)))));
        }
    }

    pub(crate) async fn stop(&self) {
        let task = self.0.as_ref().and_then(|told| lock(&told.task).take());
        if let Some(task) = task {
            task.abort();
            if has_timers() {
                // An error says that it was aborted.
                let _ = timeout(END, task).await;
            }
        }
    }

    pub(crate) fn report(&self, report: impl FnOnce() -> Report) {
        if let Some(told) = &self.0 {
            told.tell(|metrics| metrics.report(&report()));
        }
    }
}

impl Told {
    fn tell(&self, tell: impl FnOnce(&dyn Metrics)) {
        let told = catch_unwind(AssertUnwindSafe(|| tell(&*self.metrics)));
        if told.is_err() && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::error!(target: "experiment", "the metrics of a client panicked");
        }
    }
}

/// Reports until the client is gone or the task is stopped. `report` says whether there is a client; nothing of an
/// offline one is watched.
pub(crate) async fn reports(interval: Duration, mut status: Option<StatusWatch>, report: impl Fn() -> bool) {
    while report() {
        tokio::time::sleep(PAUSE).await;
        let rest = interval.saturating_sub(PAUSE);
        match &mut status {
            None => tokio::time::sleep(rest).await,
            Some(status) => {
                if let Ok(None) = timeout(rest, status.changed()).await {
                    return;
                }
            }
        }
    }
}

/// True once in so many times, by chance: what comes in turn would be told of always or never.
fn drawn(every: u32) -> bool {
    thread_local! {
        static STATE: Cell<u32> = Cell::new(seed());
    }
    match every {
        0 => false,
        1 => true,
        _ => STATE.with(|state| {
            // Xorshift, by George Marsaglia.
            let mut next = state.get();
            next ^= next << 13;
            next ^= next >> 17;
            next ^= next << 5;
            state.set(next);
            next <= u32::MAX / every
        }),
    }
}

/// Of the thread: anything but 0.
fn seed() -> u32 {
    u32::try_from(Random::new().next() >> 32).unwrap_or_default() | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_so_many_is_drawn() {
        let count = |every| (0..100_000).filter(|_| drawn(every)).count();
        assert_eq!((count(0), count(1)), (0, 100_000));
        // Some 12 standard deviations to either side.
        assert!((700..1300).contains(&count(100)), "{}", count(100));
    }
}
