//! From results to events.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use evaluation_core::{User, Variants};
use tokio::time::timeout;
use transport::options::positive;
use transport::task::has_timers;
use transport::{HttpClient, ServerZone};

use crate::clock::Clock;
use crate::config::{AssignmentConfig, ConfigError, DeliveryOptions, ExposureConfig};
use crate::dedupe::Dedupe;
use crate::delivery::{HttpTracker, HttpTrackerBuilder};
use crate::event::{Event, EventType};
use crate::outcome::{DeliveryError, OutcomeCallback};
use crate::stats::{FlushReport, TrackingStats};
use crate::tracker::Tracker;

/// Tracks what users get: leaves out repeats, makes events of the rest, and hands them to a [`Tracker`].
///
/// A cheap handle: clones share everything. See [`HttpTracker`] for what becomes of the events, and of what is pending
/// when the last handle is dropped.
///
/// ```
/// use evaluation_core::{User, Variant, Variants};
/// use tracking::{DeliveryOptions, ExposureConfig, Tracking};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let delivery = DeliveryOptions::default().with_server_url("http://localhost:3000/2/httpapi");
/// # let delivery = delivery.with_opt_out(true);
/// let config = ExposureConfig::new("key of the analytics project").with_delivery(delivery);
/// let exposures = Tracking::exposures(config).build()?;
///
/// let variants: Variants = [("new-nav", Variant::new("on"))].into_iter().collect();
/// for _ in 0..10 {
///     exposures.track(&User::with_user_id("user-1"), &variants);
/// }
/// let stats = exposures.stats();
/// assert_eq!((stats.new, stats.deduplicated, stats.events.handed_over), (1, 9, 1));
/// println!("{:?}", exposures.close().await);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tracking {
    shared: Arc<Shared>,
}

struct Shared {
    kind: EventType,
    send_evaluated_props: bool,
    dedupe: Dedupe,
    clock: Arc<dyn Clock>,
    tracker: Arc<dyn Tracker>,
    /// How long flushing and closing may take, where the tracker is not known to keep to it.
    limit: Option<Duration>,
    empty: AtomicU64,
    deduplicated: AtomicU64,
    new: AtomicU64,
}

impl Tracking {
    /// Tracks assignments: every evaluation is to be handed over.
    pub fn assignments(config: AssignmentConfig) -> TrackingBuilder {
        let AssignmentConfig { api_key, cache_capacity, send_evaluated_props, delivery } = config;
        let builder = TrackingBuilder::new(EventType::Assignment, api_key, cache_capacity, delivery);
        TrackingBuilder { send_evaluated_props, ..builder }
    }

    /// Tracks exposures: those evaluations are to be handed over whose variants are shown.
    pub fn exposures(config: ExposureConfig) -> TrackingBuilder {
        TrackingBuilder::new(EventType::Exposure, config.api_key, config.cache_capacity, config.delivery)
    }

    /// Tracks what a user got: all of it, as it was evaluated. Cannot fail, and never waits for anything that is sent or
    /// written; it may rest for some microseconds while what was seen is being put in order.
    pub fn track(&self, user: &User, variants: &Variants) {
        let shared = &*self.shared;
        let count = |counter: &AtomicU64| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        if variants.is_empty() {
            return count(&shared.empty);
        }
        let now = shared.clock.now_ms();
        if !shared.dedupe.is_new(user, variants, now) {
            return count(&shared.deduplicated);
        }
        count(&shared.new);
        let events = match shared.kind {
            EventType::Exposure => Event::exposures(user, variants, now),
            EventType::Assignment => {
                let event = Event::assignment(user, variants, now);
                vec![if shared.send_evaluated_props { event.with_evaluated(user) } else { event }]
            }
        };
        if !events.is_empty() {
            shared.tracker.track(events);
        }
    }

    /// What is tracked: assignments or exposures.
    #[must_use]
    pub fn kind(&self) -> EventType {
        self.shared.kind
    }

    /// What became of all that was tracked.
    #[must_use]
    pub fn stats(&self) -> TrackingStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TrackingStats {
            empty: count(&self.shared.empty),
            deduplicated: count(&self.shared.deduplicated),
            new: count(&self.shared.new),
            events: self.shared.tracker.stats(),
        }
    }

    /// Sends what is pending, again where that fails, and tells what came of it. Takes no longer than closing may.
    pub async fn flush(&self) -> FlushReport {
        self.in_time(self.shared.tracker.flush()).await
    }

    /// Sends what is pending, gives up what cannot be sent in time, and tells what came of it. What is tracked later
    /// begins anew.
    pub async fn close(&self) -> FlushReport {
        self.in_time(self.shared.tracker.close()).await
    }

    async fn in_time(&self, report: impl Future<Output = FlushReport>) -> FlushReport {
        match self.shared.limit {
            Some(after) if has_timers() => timeout(after, report).await.unwrap_or_else(|_| FlushReport {
                pending: self.shared.tracker.stats().pending,
                last_error: Some(DeliveryError::Deadline { after }),
                ..FlushReport::default()
            }),
            _ => report.await,
        }
    }
}

impl fmt::Debug for Tracking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracking")
            .field("kind", &self.shared.kind)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// What is set before a [`Tracking`] is made.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TrackingBuilder {
    kind: EventType,
    cache_capacity: u64,
    send_evaluated_props: bool,
    http: HttpTrackerBuilder,
    tracker: Option<Arc<dyn Tracker>>,
}

impl TrackingBuilder {
    fn new(kind: EventType, api_key: String, cache_capacity: u64, delivery: DeliveryOptions) -> Self {
        Self {
            kind,
            cache_capacity,
            send_evaluated_props: false,
            http: HttpTracker::builder(api_key, delivery),
            tracker: None,
        }
    }

    /// Sets where the data is if the options do not say. The United States unless set.
    pub fn server_zone(mut self, zone: ServerZone) -> Self {
        self.http = self.http.server_zone(zone);
        self
    }

    /// Sets what requests are sent through. The client that comes with the SDK unless set.
    pub fn http_client(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.http = self.http.http_client(client);
        self
    }

    /// Sets the clock that events are dated by, and repeats known by.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.http = self.http.clock(clock);
        self
    }

    /// Has a function told what became of each event. Not if there is a tracker of your own.
    pub fn on_outcome(mut self, callback: OutcomeCallback) -> Self {
        self.http = self.http.on_outcome(callback);
        self
    }

    /// Has events go to a tracker of your own rather than to the service. The API key, which may then be empty, says nothing
    /// any more, nor do the options of delivery but for how long flushing and closing may take.
    pub fn tracker(mut self, tracker: Arc<dyn Tracker>) -> Self {
        self.tracker = Some(tracker);
        self
    }

    /// The tracking.
    ///
    /// # Errors
    /// When an option cannot be used, or the HTTP client cannot be built.
    pub fn build(self) -> Result<Tracking, ConfigError> {
        positive("cacheCapacity", self.cache_capacity)?;
        let mut http = self.http;
        let clock = Arc::clone(&http.clock);
        let limit = self.tracker.is_some().then_some(http.options.close_timeout);
        let tracker = match self.tracker {
            Some(tracker) => tracker,
            None => {
                // Both kinds may be given one folder.
                http.options.spool_folder = http.options.spool_folder.map(|folder| folder.join(self.kind.to_string()));
                Arc::new(http.build()?)
            }
        };
        let shared = Shared {
            kind: self.kind,
            send_evaluated_props: self.send_evaluated_props,
            dedupe: Dedupe::new(self.cache_capacity),
            clock,
            tracker,
            limit,
            empty: AtomicU64::new(0),
            deduplicated: AtomicU64::new(0),
            new: AtomicU64::new(0),
        };
        Ok(Tracking { shared: Arc::new(shared) })
    }
}

impl fmt::Debug for TrackingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackingBuilder")
            .field("kind", &self.kind)
            .field("delivery", &self.http.options)
            .finish_non_exhaustive()
    }
}
