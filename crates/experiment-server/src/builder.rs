//! Setting a server up.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use cohorts::Cohort;

use crate::flags::Invalid;
use crate::keys::Keys;
use crate::routes::CorsError;
use crate::server::Server;

/// How often streams are kept alive, as the service does it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// As good as never, and not too far off for the clock.
const NEVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How many events and requests are kept.
const EVENTS: usize = 10_000;
const REQUESTS: usize = 1_000;

/// What a server is to serve, and where. Made by [`Server::builder`].
///
/// Without anything set, it has no flags, listens on a free port of 127.0.0.1, has no admin port, and accepts
/// [`DEFAULT_DEPLOYMENT_KEY`](crate::DEFAULT_DEPLOYMENT_KEY), [`DEFAULT_API_KEY`](crate::DEFAULT_API_KEY) and
/// [`DEFAULT_SECRET_KEY`](crate::DEFAULT_SECRET_KEY).
#[derive(Debug, Clone)]
#[must_use = "a server runs once it is started"]
pub struct ServerBuilder {
    pub(crate) flags: Option<Vec<u8>>,
    pub(crate) path: Option<PathBuf>,
    pub(crate) cohorts_path: Option<PathBuf>,
    pub(crate) cohorts: Vec<Cohort>,
    pub(crate) keys: Keys,
    pub(crate) own_keys: bool,
    pub(crate) listen: SocketAddr,
    pub(crate) admin_listen: Option<SocketAddr>,
    pub(crate) cors: Vec<String>,
    pub(crate) watch: bool,
    pub(crate) keep_alive: Duration,
    pub(crate) events: usize,
    pub(crate) requests: usize,
}

impl Default for ServerBuilder {
    fn default() -> Self {
        Self {
            flags: None,
            path: None,
            cohorts_path: None,
            cohorts: Vec::new(),
            keys: Keys::default(),
            own_keys: false,
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            admin_listen: None,
            cors: Vec::new(),
            watch: true,
            keep_alive: KEEP_ALIVE,
            events: EVENTS,
            requests: REQUESTS,
        }
    }
}

impl ServerBuilder {
    /// Flags: a JSON list, as the service delivers them.
    pub fn flags_json(mut self, json: impl Into<Vec<u8>>) -> Self {
        self.flags = Some(json.into());
        self
    }

    /// A file of flags, or a folder of `.json` files of them. It is read again whenever it changes, and then takes the
    /// place of what was set from code; see [`ServerBuilder::watch`].
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// A folder of cohorts, as [`cohorts::read_folder`] reads it. It is read again whenever it changes; each cohort whose
    /// file did then takes the place of one that was set from code.
    ///
    /// A server that has cohorts, even none, decides by them; one that was never given any leaves users their own
    /// `cohort_ids`.
    pub fn cohorts_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.cohorts_path = Some(path.into());
        self
    }

    /// A cohort.
    pub fn cohort(mut self, cohort: Cohort) -> Self {
        self.cohorts.push(cohort);
        self
    }

    /// A deployment key that is accepted. The first one takes the place of the default; call it again for more.
    pub fn deployment_key(mut self, key: impl Into<String>) -> Self {
        if !self.own_keys {
            self.keys.deployment.clear();
            self.own_keys = true;
        }
        self.keys.deployment.push(key.into());
        self
    }

    /// The analytics project's keys: the API key for events, both for cohorts.
    pub fn project_keys(mut self, api_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        self.keys.api = api_key.into();
        self.keys.secret = secret_key.into();
        self
    }

    /// Where to listen. Port 0, the default, stands for a free one.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Where to listen for the administrator. There is no such port by default, and no key is asked for on it. On loopback
    /// it has to be asked by `localhost` or an IP address.
    pub fn admin_listen(mut self, address: SocketAddr) -> Self {
        self.admin_listen = Some(address);
        self
    }

    /// A page that browsers let ask, such as `http://localhost:8080`, or `*` for all. None by default.
    pub fn cors_origin(mut self, origin: impl Into<String>) -> Self {
        self.cors.push(origin.into());
        self
    }

    /// Whether files are read again when they change. They are by default.
    pub fn watch(mut self, watch: bool) -> Self {
        self.watch = watch;
        self
    }

    /// How often streams are kept alive. 15 s by default, as the service does it; zero for never.
    pub fn keep_alive(mut self, every: Duration) -> Self {
        self.keep_alive = if every.is_zero() { NEVER } else { every.min(NEVER) };
        self
    }

    /// How many of the latest events are kept, within 64 MiB. 10,000 by default.
    pub fn event_capacity(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// How many of the latest requests are kept. 1,000 by default; 0 for none.
    pub fn request_capacity(mut self, requests: usize) -> Self {
        self.requests = requests;
        self
    }

    /// Reads the files, binds the ports and starts to answer.
    ///
    /// # Errors
    /// When flags or cohorts are invalid, a port cannot be had, or an option makes no sense.
    pub async fn start(self) -> Result<Server, StartError> {
        Server::start(self).await
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The flags or cohorts cannot be used.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// A page's origin is none.
    #[error(transparent)]
    Cors(#[from] CorsError),
    /// A key is empty.
    #[error("the {0} is empty")]
    EmptyKey(&'static str),
    /// The port cannot be had.
    #[error("cannot listen on {address}: choose another port, or stop what listens there")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}
