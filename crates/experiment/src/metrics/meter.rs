//! What tells metrics: a task for reports, and one in so many evaluations.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use evaluation_core::Variants;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use transport::StatusWatch;
use transport::task::{has_timers, lock, logged};

use super::sample::drawn;
use super::{EvaluationSample, Metrics, Report, ReportOptions};

/// How long the task may take to end. It has nothing to wait for, unless the metrics block.
const END: Duration = Duration::from_secs(5);

/// The shortest time between two reports: streams may bring flags many times a second.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(crate) struct Meter(Option<Told>);

/// What a report is told for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// It is due.
    Due,
    /// The client is gone without closing, or its runtime is.
    End,
}

struct Told {
    metrics: Arc<dyn Metrics>,
    options: ReportOptions,
    task: Mutex<Option<Task>>,
    /// The last report.
    last: Mutex<Option<Box<Report>>>,
    /// True once it was logged that they panic.
    warned: AtomicBool,
}

struct Task {
    handle: JoinHandle<()>,
    /// True once it was ended from here, which is nothing to tell.
    ended: Arc<AtomicBool>,
}

impl Meter {
    pub(crate) fn new(metrics: Option<Arc<dyn Metrics>>, options: ReportOptions) -> Self {
        Self(metrics.map(|metrics| Told {
            metrics,
            options,
            task: Mutex::default(),
            last: Mutex::default(),
            warned: AtomicBool::new(false),
        }))
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

    /// Makes sure that there is a task, unless there is nobody to tell or no timer to wait by. `tell` says whether there
    /// is a client; nothing of an offline one is watched.
    pub(crate) fn start(&self, status: Option<StatusWatch>, tell: impl Fn(Occasion) -> bool + Send + 'static) {
        let Some(told) = &self.0 else { return };
        let mut task = lock(&told.task);
        if task.as_ref().is_some_and(|task| !task.handle.is_finished()) || !has_timers() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let ended = Arc::new(AtomicBool::new(false));
            let farewell = Farewell { tell, ended: Arc::clone(&ended) };
            let reports = reports(told.options.interval.max(PAUSE), status, farewell);
            *task = Some(Task { handle: runtime.spawn(logged(reports)), ended });
        }
    }

    /// Ends the task at once, and gives a future that waits until it is gone. None if there was none: the client was never
    /// started, or it was closed.
    pub(crate) fn stop(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let task = self.0.as_ref().and_then(|told| lock(&told.task).take())?;
        task.end();
        Some(async {
            if has_timers() {
                // An error says that it was aborted.
                let _ = timeout(END, task.handle).await;
            }
        })
    }

    pub(crate) fn report(&self, report: impl FnOnce() -> Report) {
        if let Some(told) = &self.0 {
            told.tell(|metrics| metrics.report(&told.next(report)));
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

    /// A report with the one before it. Made and kept in one, so that each follows the last; nothing is locked while it is
    /// told, since whoever takes it may close the client.
    fn next(&self, report: impl FnOnce() -> Report) -> Report {
        let mut last = lock(&self.last);
        let report = report();
        let previous = last.replace(Box::new(report.clone()));
        Report { previous, ..report }
    }
}

impl Task {
    fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.handle.abort();
    }
}

/// Tells when the task is gone and nobody ended it: its runtime was shut down.
struct Farewell<T: Fn(Occasion) -> bool> {
    tell: T,
    ended: Arc<AtomicBool>,
}

impl<T: Fn(Occasion) -> bool> Drop for Farewell<T> {
    fn drop(&mut self) {
        if !self.ended.load(Ordering::SeqCst) {
            (self.tell)(Occasion::End);
        }
    }
}

/// Reports until the client is gone or the task is ended.
async fn reports<T: Fn(Occasion) -> bool>(interval: Duration, mut status: Option<StatusWatch>, farewell: Farewell<T>) {
    while (farewell.tell)(Occasion::Due) {
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
