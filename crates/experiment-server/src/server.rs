//! A running server.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cohorts::Cohort;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout};

use crate::admin;
use crate::builder::{ServerBuilder, StartError};
use crate::events::{Event, EventLog};
use crate::faults::Faults;
use crate::flags::{self, Invalid, Override, Problem, Subject};
use crate::net::{Listener, Service, bind};
use crate::reload::{Files, reload};
use crate::requests::{Request, RequestLog};
use crate::routes::{App, cors, router};
use crate::state::State;
use crate::stop::{self, StopSender};

/// A running server.
///
/// A cheap handle. The server stops with [`Server::shutdown`], or at once when the last handle is dropped.
///
/// ```
/// use experiment_server::Server;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder()
///     .flags_json(r#"[{"key": "new-nav", "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on"}]}]"#)
///     .start()
///     .await?;
/// println!("serving on {}", server.url());
///
/// // Every stream gets the change.
/// server.set_flags("[]")?;
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    state: Arc<State>,
    address: SocketAddr,
    admin: Option<SocketAddr>,
    stop: StopSender,
    /// True once everything has ended.
    ended: watch::Receiver<bool>,
    /// Waits for all tasks once they are told to stop; aborted, and they with it, when the last handle goes.
    _tasks: AbortOnDrop,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Server {
    /// A server to set up.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    pub(crate) async fn start(options: ServerBuilder) -> Result<Self, StartError> {
        check_keys(&options)?;
        let cors = cors(&options.cors)?;
        let (state, files) = load(&options).await?;
        let main = listener(options.listen).await?;
        let admin = match options.admin_listen {
            Some(address) => Some(listener(address).await?),
            None => None,
        };
        let (stop, stopped) = stop::channel();
        let (address, admin_address) = (main.address, admin.as_ref().map(|admin| admin.address));
        let app = App { state: Arc::clone(&state), stop: stopped.clone() };
        let mut tasks = JoinSet::new();
        if let Some(admin) = admin {
            let loopback = admin.address.ip().to_canonical().is_loopback();
            let service = Service::admin(Arc::clone(&state), admin::router(app.clone(), loopback));
            tasks.spawn(admin.serve(service, stopped.clone()));
        }
        tasks.spawn(main.serve(Service::main(Arc::clone(&state), router(app, cors)), stopped.clone()));
        if options.watch {
            tasks.spawn(reload(Arc::clone(&state), files, stopped.clone()));
        }
        let (end, ended) = watch::channel(false);
        let tasks = tokio::spawn(async move {
            while tasks.join_next().await.is_some() {}
            end.send_replace(true);
        });
        let tasks = AbortOnDrop(tasks.abort_handle());
        Ok(Self { inner: Arc::new(Inner { state, address, admin: admin_address, stop, ended, _tasks: tasks }) })
    }

    /// Where it listens, as `http://127.0.0.1:3000`: the server URL of any SDK, for flags, streams, cohorts and
    /// variants alike.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// Where it listens for the administrator, if it does.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.inner.admin
    }

    /// How many flags it serves.
    #[must_use]
    pub fn flag_count(&self) -> usize {
        self.state().snapshot().flags.set.len()
    }

    /// How many cohorts it serves.
    #[must_use]
    pub fn cohort_count(&self) -> usize {
        self.state().snapshot().cohorts.served.len()
    }

    /// Replaces all flags by a JSON list, and tells every stream. What is only worth a warning is returned. They stay
    /// until the flags file or folder itself changes: the last writer wins.
    ///
    /// # Errors
    /// When a flag cannot be used. The flags from before are kept then.
    pub fn set_flags(&self, json: impl AsRef<[u8]>) -> Result<Vec<Problem>, Invalid> {
        let flags =
            flags::read("the flags given", json.as_ref()).map_err(|problem| Invalid { problems: vec![problem] })?;
        let problems = flags::check(&flags);
        if problems.iter().any(Problem::is_error) {
            return Err(Invalid { problems });
        }
        self.state().set_flags(flags)?;
        Ok(problems)
    }

    /// Replaces a cohort, or adds it. It stays until its own file, if it has one, changes or goes away.
    pub fn set_cohort(&self, cohort: Cohort) {
        self.state().set_cohort(cohort);
    }

    /// Takes a cohort away, until its own file changes. True if it was there.
    pub fn remove_cohort(&self, id: &str) -> bool {
        self.state().remove_cohort(id)
    }

    /// Gives everyone, or one user, a variant whatever the flag says. It replaces an override for the same flag and
    /// subject.
    ///
    /// # Errors
    /// When there is no such flag, or it has no such variant.
    pub fn set_override(&self, wanted: Override) -> Result<(), OverrideError> {
        self.state().set_override(wanted).map_err(OverrideError)
    }

    /// Takes the overrides of a flag away: one subject's, or all. How many there were.
    pub fn clear_overrides(&self, flag: &str, subject: Option<&Subject>) -> usize {
        self.state().clear_overrides(flag, subject)
    }

    /// The script of faults.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.state().faults
    }

    /// The latest requests, the oldest first. Streams are among them once they are open.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.all()
    }

    /// Forgets the requests.
    pub fn clear_requests(&self) {
        self.state().requests.clear();
    }

    /// The latest events, the oldest first: those that came in, and those that the service would have tracked for
    /// remote evaluations.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.state().events.all()
    }

    /// How many events there were since the start, kept or not.
    #[must_use]
    pub fn event_count(&self) -> u64 {
        self.state().events.total()
    }

    /// Forgets the events that are kept.
    pub fn clear_events(&self) {
        self.state().events.clear();
    }

    /// How many streams are open.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        usize::try_from(self.state().metrics.streams.get()).unwrap_or_default()
    }

    /// Ends all open streams as a server that goes away does: the answers come to their end.
    pub fn end_streams(&self) {
        self.end(false);
    }

    /// Cuts all open streams as a broken connection does: the answers do not come to their end.
    pub fn cut_streams(&self) {
        self.end(true);
    }

    fn end(&self, abrupt: bool) {
        self.state().streams.end.send_modify(|end| {
            end.times += 1;
            end.abrupt = abrupt;
        });
    }

    /// Waits until something holds, which is asked again after every request, event and stream. False if it does not
    /// within the limit.
    pub async fn until(&self, limit: Duration, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let started = Instant::now();
        loop {
            let mut activity = std::pin::pin!(self.state().activity.notified());
            activity.as_mut().enable();
            if holds(self) {
                return true;
            }
            if timeout(limit.saturating_sub(started.elapsed()), activity).await.is_err() {
                return holds(self);
            }
        }
    }

    /// Stops: takes no more connections, ends streams, and waits for answers under way, 5 s at most. Whoever calls it
    /// waits until all has ended.
    pub async fn shutdown(&self) {
        self.inner.stop.stop();
        // An error means that the tasks are gone, which is an end too.
        let _ = self.inner.ended.clone().wait_for(|ended| *ended).await;
    }

    fn state(&self) -> &State {
        &self.inner.state
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.inner.address)
            .field("admin", &self.inner.admin)
            .finish_non_exhaustive()
    }
}

/// Why an override cannot be set: there is no such flag or variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OverrideError(String);

fn check_keys(options: &ServerBuilder) -> Result<(), StartError> {
    let keys = &options.keys;
    let named = keys.deployment.iter().map(|key| ("deployment key", key));
    let named = named.chain([("API key", &keys.api), ("secret key", &keys.secret)]);
    match named.into_iter().find(|(_, key)| key.is_empty()) {
        Some((name, _)) => Err(StartError::EmptyKey(name)),
        None => Ok(()),
    }
}

async fn listener(address: SocketAddr) -> Result<Listener, StartError> {
    bind(address).await.map_err(|source| StartError::Listen { address, source })
}

/// The state with everything read that is to be served from the start.
async fn load(options: &ServerBuilder) -> Result<(Arc<State>, Files), StartError> {
    let events = EventLog::new(options.events);
    let requests = RequestLog::new(options.requests);
    let state = Arc::new(State::new(options.keys.clone(), events, requests, options.keep_alive)?);
    if let Some(json) = &options.flags {
        let flags = flags::read("the flags given", json).map_err(|problem| Invalid { problems: vec![problem] })?;
        let problems = flags::check(&flags);
        if problems.iter().any(Problem::is_error) {
            return Err(Invalid { problems }.into());
        }
        state.set_flags(flags)?;
    }
    let files = Files { flags: options.path.clone(), cohorts: options.cohorts_path.clone() };
    let loaded = files.clone();
    let into = Arc::clone(&state);
    let read = tokio::task::spawn_blocking(move || loaded.load(&into)).await;
    match read {
        Ok(read) => read?,
        Err(error) => {
            let name = files.flags.as_deref().unwrap_or(Path::new("files")).display().to_string();
            return Err(Invalid { problems: vec![Problem::of_file(name, format!("cannot be read: {error}"))] }.into());
        }
    }
    for cohort in options.cohorts.clone() {
        state.set_cohort(cohort);
    }
    Ok((state, files))
}
