//! The handle of cohort sync.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use transport::task::{Random, has_timers, is_ending, lock, logged};
use transport::{BaseUrl, HttpClient};

use super::download::Downloader;
use super::driver::{Driver, Farewell, OnChange, Shared, State};
use super::machine::Machine;
use super::{CohortCopy, CohortStatus, CohortWatch, ProjectKeys, SyncConfig, log};
use crate::store::CohortStore;

/// How long downloads may take to be given up.
const END: Duration = Duration::from_secs(5);

/// Keeps the cohorts that flags need in sync with the service.
///
/// A cheap handle: clones share everything. It begins to work when cohorts are first asked for, on the runtime of
/// whoever asks, and stops with [`CohortSync::stop`] or when the last handle is dropped.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use cohorts::sync::{CohortSync, ProjectKeys};
/// use transport::{DefaultClient, ServerZone, Urls};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Arc::new(DefaultClient::builder().build()?);
/// let keys = ProjectKeys::new("api-key", "secret-key")?;
/// let sync = CohortSync::builder(client, keys, Urls::of(ServerZone::Us).cohorts).build();
///
/// // Before the flags that ask for them go live, and behind that.
/// let cohorts = sync.load(["beta", "power-users"]).await;
/// assert!(cohorts.contains("beta", "User", "user-1"));
/// sync.retain(["beta", "power-users"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CohortSync {
    inner: Arc<Inner>,
}

/// What is set before a [`CohortSync`] is made.
#[must_use = "a builder does nothing until `build` is called"]
pub struct CohortSyncBuilder {
    client: Arc<dyn HttpClient>,
    keys: ProjectKeys,
    url: BaseUrl,
    config: SyncConfig,
    on_change: Arc<OnChange>,
}

/// The task holds nothing of this but what is shared, so that it ends with the last handle.
struct Inner {
    shared: Arc<Shared>,
    run: Mutex<Option<Run>>,
}

/// A run, from when cohorts are first asked for to a stop.
#[derive(Clone)]
struct Run {
    /// When the last of these is dropped, the task stops.
    stop: Arc<watch::Sender<bool>>,
    done: watch::Receiver<bool>,
    abort: AbortHandle,
}

impl CohortSync {
    /// Cohorts of a project, from where a URL says.
    pub fn builder(client: Arc<dyn HttpClient>, keys: ProjectKeys, url: BaseUrl) -> CohortSyncBuilder {
        CohortSyncBuilder { client, keys, url, config: SyncConfig::default(), on_change: Arc::new(|| ()) }
    }

    /// Asks for cohorts, because flags that need them are about to go live, and waits until each of them is there or
    /// could not be had. Those that could not be had before are not waited for. Gives all cohorts that are there then.
    ///
    /// Whoever drops the future takes the request back, but for cohorts that another asked for too. Needs a Tokio runtime;
    /// without one, nothing is asked for.
    pub async fn load<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> CohortStore {
        self.load_within(ids, self.inner.shared.downloader.config.patience_max).await
    }

    /// The same for flags that take the place of others, which decide meanwhile: waits no longer than
    /// [`SyncConfig::change_patience`]. What has not come by then goes on being asked for.
    pub async fn load_for_change<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> CohortStore {
        let config = &self.inner.shared.downloader.config;
        self.load_within(ids, config.change_patience.min(config.patience_max)).await
    }

    async fn load_within<'a>(&self, ids: impl IntoIterator<Item = &'a str>, most: Duration) -> CohortStore {
        let ids: Vec<&str> = ids.into_iter().collect();
        let shared = &self.inner.shared;
        if !ids.is_empty() && self.inner.run() {
            let claims = shared.state().machine.need(ids.iter().copied());
            let mut request = Request { shared, claims };
            shared.wake.notify_one();
            if timeout(most, self.settle(&ids, shared.downloader.config.patience())).await != Ok(true) {
                if is_ending() {
                    // Nothing comes any more, and no flags go live.
                    std::future::pending::<()>().await;
                }
                let late = {
                    let mut state = shared.state();
                    let late: Vec<Arc<str>> = state.machine.unsettled(ids.iter().copied()).cloned().collect();
                    state.machine.give_up(ids.iter().copied());
                    late
                };
                log::late(&late);
            }
            request.claims.clear();
        }
        self.cohorts()
    }

    /// Waits until each of these is there or could not be had. False when nothing came of any for so long.
    async fn settle(&self, ids: &[&str], patience: Duration) -> bool {
        let shared = &self.inner.shared;
        let mut settled = shared.settled.subscribe();
        let mut since = Instant::now();
        let mut unsettled = usize::MAX;
        loop {
            let left = shared.state().machine.unsettled(ids.iter().copied()).count();
            if left == 0 {
                return true;
            }
            if left < unsettled {
                (unsettled, since) = (left, Instant::now());
            }
            let rest = patience.saturating_sub(since.elapsed());
            // Somebody else may have stopped the run that was to bring them.
            if is_ending() || !self.inner.run() || timeout(rest, settled.changed()).await.is_err() {
                return false;
            }
        }
    }

    /// Goes on with keeping those cohorts in sync that flags need, behind a stop.
    ///
    /// Needs a Tokio runtime; without one, nothing is asked for.
    pub fn resume(&self) {
        if self.inner.shared.state().machine.cohorts().next().is_some() {
            self.inner.run();
        }
    }

    /// Says that the flags that are live now need these cohorts, and no others: the others are dropped, and no longer
    /// asked for.
    pub fn retain<'a>(&self, ids: impl IntoIterator<Item = &'a str>) {
        let ids: BTreeSet<&str> = ids.into_iter().collect();
        let shared = &self.inner.shared;
        let now = shared.now();
        let mut state = shared.state();
        state.machine.retain(&ids, now);
        let unused: Vec<Arc<str>> =
            state.store.iter().filter(|cohort| !ids.contains(cohort.id())).map(|cohort| cohort.id().into()).collect();
        for id in &unused {
            state.store.remove(id);
        }
        drop(state);
        shared.wake.notify_one();
    }

    /// The cohorts that are there.
    #[must_use]
    pub fn cohorts(&self) -> CohortStore {
        self.inner.shared.state().store.clone()
    }

    /// How each cohort is doing that flags need, ordered by id.
    #[must_use]
    pub fn status(&self) -> Vec<CohortStatus> {
        let shared = &self.inner.shared;
        let now = shared.now();
        let state = shared.state();
        let of = state.machine.cohorts().map(|(id, entry)| {
            let age = now.saturating_sub(entry.current.unwrap_or(now));
            let copy = state.store.get(id).map(|cohort| CohortCopy::of(cohort, age));
            CohortStatus { id: Arc::clone(id), copy, last_error: entry.error.clone(), failures: entry.failures }
        });
        of.collect()
    }

    /// Listens for downloads that end, from now on.
    #[must_use]
    pub fn watch(&self) -> CohortWatch {
        CohortWatch::new(self.inner.shared.settled.subscribe())
    }

    /// Stops asking, at once, and waits until nothing is under way any more. The cohorts stay as they are, and asking
    /// begins again when cohorts are next asked for, or with [`CohortSync::resume`].
    pub fn stop(&self) -> impl Future<Output = ()> + Send + use<> {
        let run = lock(&self.inner.run).clone();
        if let Some(run) = &run {
            run.stop.send_replace(true);
        }
        async move {
            if let Some(run) = run {
                run.end().await;
            }
        }
    }
}

impl Run {
    fn is_going_on(&self) -> bool {
        !*self.stop.borrow() && !*self.done.borrow()
    }

    /// Waits for a task that was told to stop. What does not end is aborted.
    async fn end(mut self) {
        if has_timers() && timeout(END, self.done.wait_for(|done| *done)).await.is_err() {
            log::overdue();
            self.abort.abort();
        }
    }
}

/// Cohorts that flags are about to need. Taken back when dropped, but for those that others asked for too.
struct Request<'a> {
    shared: &'a Shared,
    claims: Vec<Arc<str>>,
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if self.claims.is_empty() {
            return;
        }
        let mut state = self.shared.state();
        state.machine.withdraw(&self.claims);
        for id in &self.claims {
            if state.machine.get(id).is_none() {
                state.store.remove(id);
            }
        }
    }
}

impl fmt::Debug for CohortSync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CohortSync").field("cohorts", &self.cohorts()).finish_non_exhaustive()
    }
}

impl CohortSyncBuilder {
    /// Sets intervals and limits.
    pub fn config(mut self, config: SyncConfig) -> Self {
        self.config = config.checked();
        self
    }

    /// Sets what is called whenever a cohort came or changed that flags are decided by already. It has to be quick.
    pub fn on_change(mut self, on_change: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_change = Arc::new(on_change);
        self
    }

    /// Makes it. Nothing is asked for yet.
    #[must_use]
    pub fn build(self) -> CohortSync {
        let machine = Machine::new(self.config.clone());
        let downloader = Downloader { client: self.client, keys: self.keys, url: self.url, config: self.config };
        let shared = Shared {
            downloader: Arc::new(downloader),
            state: Mutex::new(State { machine, store: CohortStore::new() }),
            wake: tokio::sync::Notify::new(),
            settled: watch::Sender::new(()),
            on_change: self.on_change,
            epoch: Instant::now(),
            random: Random::new(),
        };
        CohortSync { inner: Arc::new(Inner { shared: Arc::new(shared), run: Mutex::new(None) }) }
    }
}

impl fmt::Debug for CohortSyncBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CohortSyncBuilder")
            .field("url", &self.url)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// Begins to work, unless it does already. False where there is no runtime.
    fn run(&self) -> bool {
        let mut run = lock(&self.run);
        if run.as_ref().is_some_and(Run::is_going_on) {
            return true;
        }
        let Ok(runtime) = Handle::try_current() else { return false };
        if !has_timers() {
            return false;
        }
        let (stop, stopped) = watch::channel(false);
        let (done, is_done) = watch::channel(false);
        let shared = Arc::clone(&self.shared);
        let before = run.take();
        // Made before the task is: a runtime that goes may drop it unseen.
        let farewell = Farewell { shared: Arc::clone(&shared), done };
        let task = async move {
            // Dropped last of all.
            let _farewell = farewell;
            if let Some(before) = before {
                before.end().await;
            }
            Driver::new(shared, stopped).run().await;
        };
        let abort = runtime.spawn(logged(task)).abort_handle();
        *run = Some(Run { stop: Arc::new(stop), done: is_done, abort });
        true
    }
}
