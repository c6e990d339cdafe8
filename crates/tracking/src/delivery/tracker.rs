//! The handle of a delivery.

use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;
use transport::task::Random;
use transport::{BoxFuture, DefaultClient, HttpClient, ServerZone};

use super::core::{Access, Core, State};
use super::machine::Machine;
use crate::clock::{Clock, SystemClock};
use crate::config::{ApiKey, ConfigError, DeliveryOptions, Settings};
use crate::event::Event;
use crate::outcome::OutcomeCallback;
use crate::stats::{EventStats, FlushReport};
use crate::tracker::Tracker;

/// Sends events to the service, in batches and by a task of its own.
///
/// A cheap handle: clones share everything. Handing over never waits; the task begins with the first event if there is a
/// Tokio runtime in that thread, or was one where the tracker was made or last ran, and else with the next flush. That
/// runtime has to be kept running, and needs timers. When the last handle is dropped, what is pending is given up, or left on disk if there
/// is a spool: close before. Behind closing it begins again with the next event.
#[derive(Clone)]
pub struct HttpTracker {
    handle: Arc<Owner>,
}

/// Tells the task that the last handle is gone. The task itself holds the core only.
struct Owner {
    core: Arc<Core>,
}

impl HttpTracker {
    /// A tracker with the key of an analytics project.
    pub fn builder(api_key: impl Into<String>, options: DeliveryOptions) -> HttpTrackerBuilder {
        HttpTrackerBuilder {
            api_key: api_key.into(),
            options,
            zone: ServerZone::default(),
            client: None,
            clock: Arc::new(SystemClock),
            callback: None,
        }
    }
}

impl Tracker for HttpTracker {
    fn track(&self, events: Vec<Event>) {
        if !events.is_empty() {
            self.handle.core.push(events);
        }
    }

    /// Sends what is pending, again where that fails, until all is settled or the time for closing has passed.
    fn flush(&self) -> BoxFuture<'_, FlushReport> {
        Box::pin(self.handle.core.flush(false))
    }

    /// The same, and gives up what is not sent by then, or leaves it on disk.
    fn close(&self) -> BoxFuture<'_, FlushReport> {
        Box::pin(self.handle.core.flush(true))
    }

    fn stats(&self) -> EventStats {
        self.handle.core.stats()
    }
}

impl fmt::Debug for HttpTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTracker").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.core.leave();
    }
}

/// What is set before an [`HttpTracker`] is made.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct HttpTrackerBuilder {
    api_key: String,
    pub(crate) options: DeliveryOptions,
    zone: ServerZone,
    client: Option<Arc<dyn HttpClient>>,
    pub(crate) clock: Arc<dyn Clock>,
    callback: Option<OutcomeCallback>,
}

impl HttpTrackerBuilder {
    /// Sets where the data is if the options do not say. The United States unless set.
    pub fn server_zone(mut self, zone: ServerZone) -> Self {
        self.zone = zone;
        self
    }

    /// Sets what requests are sent through. The client that comes with the SDK unless set.
    pub fn http_client(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.client = Some(client);
        self
    }

    /// Sets the clock that uploads are dated by.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Has a function told what became of each event.
    pub fn on_outcome(mut self, callback: OutcomeCallback) -> Self {
        self.callback = Some(callback);
        self
    }

    /// The tracker. If there is a spool, what an earlier run left in it is sent at once, given a runtime.
    ///
    /// # Errors
    /// When an option cannot be used, or the HTTP client cannot be built.
    pub fn build(self) -> Result<HttpTracker, ConfigError> {
        let key = ApiKey::new(&self.api_key)?;
        let settings = Settings::new(&self.options, self.zone)?;
        let client = match self.client {
            Some(client) => client,
            None => default_client(&settings)?,
        };
        let has_spool = settings.spool.is_some() && !settings.opt_out;
        let machine = Machine::new(Core::policy(&settings));
        let core = Arc::new(Core {
            key,
            client,
            clock: self.clock,
            callback: self.callback,
            epoch: Instant::now(),
            state: Mutex::new(State {
                machine,
                running: false,
                closing: false,
                left: false,
                is_stuck: false,
                last_runtime: Handle::try_current().ok(),
                access: if has_spool { Access::Closed } else { Access::None },
                spool: None,
            }),
            wake: Notify::new(),
            news: Notify::new(),
            spool: Mutex::new(None),
            random: Random::new(),
            settings,
        });
        if has_spool {
            core.run(core.runtime());
        }
        Ok(HttpTracker { handle: Arc::new(Owner { core }) })
    }
}

impl fmt::Debug for HttpTrackerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTrackerBuilder").field("options", &self.options).finish_non_exhaustive()
    }
}

/// What TLS needs is looked for now, rather than when events are to be sent.
fn default_client(settings: &Settings) -> Result<Arc<dyn HttpClient>, ConfigError> {
    let client = DefaultClient::builder().build()?;
    if settings.url.scheme_str() == Some("https") {
        client.prepare_tls()?;
    }
    Ok(Arc::new(client))
}
