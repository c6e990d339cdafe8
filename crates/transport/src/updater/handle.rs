//! The handle of an updater.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use super::config::UpdaterConfig;
use super::driver::{Driver, Farewell, Gate, Order, Outcome};
use super::failure::StartError;
use super::log;
use super::machine::{Machine, Start};
use super::source::FlagSource;
use super::work::Work;
use crate::sink::FlagSink;
use crate::status::{Status, StatusWatch};
use crate::task::{Random, has_timers, lock, logged};

/// How long the task may take to end. It has nothing to wait for, unless a source or a sink blocks.
const END: Duration = Duration::from_secs(5);

/// Keeps flags fresh in the background.
///
/// A cheap handle: clones share everything. It runs on the Tokio runtime from within which it is started. When the last
/// handle is dropped, what runs is stopped. It can be started again behind a stop or a failed start.
///
/// ```
/// use std::sync::Arc;
///
/// use transport::updater::{FlagSource, FlagStream, Polled, SourceError, Updater};
/// use transport::{Applied, ApplyError, BoxFuture, Bytes, FlagSink, State};
///
/// struct Service;
///
/// impl FlagSource for Service {
///     fn poll(&self, _etag: Option<String>) -> BoxFuture<'_, Result<Polled, SourceError>> {
///         Box::pin(async { Ok(Polled::flags("[]", None)) })
///     }
///
///     fn stream(&self) -> BoxFuture<'_, Result<FlagStream, SourceError>> {
///         Box::pin(std::future::pending())
///     }
/// }
///
/// struct Flags;
///
/// impl FlagSink for Flags {
///     fn apply(&self, body: Bytes) -> BoxFuture<'_, Result<Applied, ApplyError>> {
///         Box::pin(async move {
///             assert_eq!(&body[..], b"[]");
///             Ok(Applied::new(0))
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), transport::updater::StartError> {
/// let updater = Updater::builder(Arc::new(Service), Arc::new(Flags)).build();
/// updater.start().await?;
/// assert_eq!(updater.status().state, State::Polling);
/// updater.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Updater {
    shared: Arc<Shared>,
}

/// What is set before an [`Updater`] is made.
#[derive(Clone)]
pub struct UpdaterBuilder {
    source: Arc<dyn FlagSource>,
    sink: Arc<dyn FlagSink>,
    config: UpdaterConfig,
}

/// The task holds nothing of this but what it is given, so that it ends with the last handle.
struct Shared {
    settings: UpdaterBuilder,
    epoch: Instant,
    status: watch::Sender<Status>,
    /// The machine between two runs.
    parked: Arc<Mutex<Option<Machine>>>,
    run: Mutex<Option<Run>>,
}

/// A run, from a start to its end.
#[derive(Clone)]
struct Run {
    /// When the last of these is dropped, the task stops.
    orders: Arc<watch::Sender<Order>>,
    outcome: watch::Receiver<Outcome>,
    done: watch::Receiver<bool>,
    gate: Gate,
    abort: AbortHandle,
}

impl Updater {
    /// An updater that takes flags from a source to a sink.
    pub fn builder(source: Arc<dyn FlagSource>, sink: Arc<dyn FlagSink>) -> UpdaterBuilder {
        UpdaterBuilder { source, sink, config: UpdaterConfig::default() }
    }

    /// Starts, and waits until flags are in place. Does nothing once they are; several may wait at a time.
    ///
    /// # Errors
    /// When there are no flags in time, all attempts failed, or the deployment key is refused. Nothing is left running
    /// then, unless the start was in the background. Dropping the future does not stop what was started.
    pub async fn start(&self) -> Result<(), StartError> {
        if !has_timers() {
            return Err(StartError::NoRuntime);
        }
        let after = self.shared.settings.config.start_timeout;
        let run = self.shared.run(Start::Wait)?;
        let mut outcome = run.outcome.clone();
        // The machine keeps the time of a start that it knows of, and cleans up.
        let limit = if run.is_waited_for() { after.saturating_add(END) } else { after };
        let result = match timeout(limit, outcome.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Err(StartError::Stopped)),
            Ok(Err(_)) => Err(StartError::Stopped),
            Err(_) => Err(StartError::Timeout { after, last: self.status().last_error }),
        };
        // Meanwhile it may have become a start in the background, which goes on.
        if result.is_err() && run.is_waited_for() {
            end(run.done, &run.abort).await;
        }
        result
    }

    /// Starts, and keeps trying until it is stopped. Does nothing if it runs already; a start that somebody waits for
    /// becomes one in the background.
    ///
    /// # Errors
    /// When there is no runtime.
    pub fn start_in_background(&self) -> Result<(), StartError> {
        self.shared.run(Start::Background).map(drop)
    }

    /// Stops, at once, and waits until nothing runs any more; without a Tokio runtime, it does not wait. The flags stay as
    /// they are.
    pub fn stop(&self) -> impl Future<Output = ()> + Send + use<> {
        let run = lock(&self.shared.run).clone();
        if let Some(run) = &run {
            run.orders.send_replace(Order::Stop);
        }
        async move {
            if let Some(run) = run {
                end(run.done, &run.abort).await;
            }
        }
    }

    /// True from a start on, until it has failed or a stop is asked for.
    #[must_use]
    pub fn is_running(&self) -> bool {
        lock(&self.shared.run).as_ref().is_some_and(|run| run.open().is_some())
    }

    /// How fresh the flags are by now, whether or not anything runs that could have noticed.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status.borrow().clone().by_now()
    }

    /// Follows the status.
    #[must_use]
    pub fn watch(&self) -> StatusWatch {
        StatusWatch::new(self.shared.status.subscribe())
    }
}

impl fmt::Debug for Updater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Updater").field("state", &self.status().state).finish_non_exhaustive()
    }
}

impl UpdaterBuilder {
    /// Sets intervals and limits.
    #[must_use]
    pub fn config(self, config: UpdaterConfig) -> Self {
        Self { config, ..self }
    }

    /// Makes the updater. Nothing runs yet.
    #[must_use]
    pub fn build(self) -> Updater {
        let machine = Machine::new(self.config.clone());
        let shared = Shared {
            settings: self,
            epoch: Instant::now(),
            status: watch::Sender::new(Status::new()),
            parked: Arc::new(Mutex::new(Some(machine))),
            run: Mutex::new(None),
        };
        Updater { shared: Arc::new(shared) }
    }
}

impl fmt::Debug for UpdaterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdaterBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Shared {
    /// The run that is under way, or a new one.
    fn run(&self, start: Start) -> Result<Run, StartError> {
        let mut current = lock(&self.run);
        if let Some(run) = &*current
            && let Some(_open) = run.open()
        {
            if start == Start::Background {
                run.orders.send_replace(Order::Run(start));
            }
            return Ok(run.clone());
        }
        if !has_timers() {
            return Err(StartError::NoRuntime);
        }
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let run = self.spawn(&runtime, start, current.take());
        *current = Some(run.clone());
        Ok(run)
    }

    fn spawn(&self, runtime: &Handle, start: Start, before: Option<Run>) -> Run {
        let (orders, ordered) = watch::channel(Order::Run(start));
        let (outcome, told) = watch::channel(None);
        let (done, is_done) = watch::channel(false);
        let gate = Gate::default();
        let its_gate = Arc::clone(&gate);
        let UpdaterBuilder { source, sink, config, .. } = self.settings.clone();
        let (parked, epoch, status) = (Arc::clone(&self.parked), self.epoch, self.status.clone());
        let before = before.map(|run| (run.done, run.abort));
        // Made before the task is: a runtime that goes may drop it unseen.
        let farewell = Farewell { status: status.clone(), done };
        let task = async move {
            // Dropped last of all.
            let farewell = farewell;
            if let Some((done, abort)) = before {
                end(done, &abort).await;
            }
            let machine = lock(&parked).take().unwrap_or_else(|| Machine::new(config));
            let work = Work::new(source, sink);
            let random = Random::new();
            let machine =
                Driver { machine, work, epoch, orders: ordered, status, outcome, random, gate: its_gate, failed: None }
                    .run()
                    .await;
            *lock(&parked) = Some(machine);
            drop(farewell);
        };
        let abort = runtime.spawn(logged(task)).abort_handle();
        Run { orders: Arc::new(orders), outcome: told, done: is_done, gate, abort }
    }
}

impl Run {
    /// Its gate, which stays open while this is held. None of a run that takes no more orders, or was told to stop.
    fn open(&self) -> Option<MutexGuard<'_, bool>> {
        let closed = lock(&self.gate);
        let is_over = *closed || *self.done.borrow() || *self.orders.borrow() == Order::Stop;
        (!is_over).then_some(closed)
    }

    fn is_waited_for(&self) -> bool {
        *self.orders.borrow() == Order::Run(Start::Wait)
    }
}

/// Waits for a task that was told to stop, or fails its start. What does not end is aborted.
async fn end(mut done: watch::Receiver<bool>, abort: &AbortHandle) {
    if has_timers() && timeout(END, done.wait_for(|done| *done)).await.is_err() {
        log::overdue();
        abort.abort();
    }
}
