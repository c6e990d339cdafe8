//! What the server counts, in the text form of Prometheus.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::Route;

/// Upper bounds of the classes of answer times, in seconds.
const SECONDS: [f64; 9] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 1.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: &'static str,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    result: &'static str,
}

pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Named, Histogram, fn() -> Histogram>,
    reloads: Family<Outcome, Counter>,
    pub(crate) connections: Gauge,
    pub(crate) streams: Gauge,
    flags: Gauge,
    cohorts: Gauge,
    events: Gauge<u64, AtomicU64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("experiment_server"),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            reloads: Family::default(),
            connections: Gauge::default(),
            streams: Gauge::default(),
            flags: Gauge::default(),
            cohorts: Gauge::default(),
            events: Gauge::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("requests", "Requests answered, by route and status", self.requests.clone());
        registry.register("request_duration_seconds", "Time to the head of the answer", self.durations.clone());
        registry.register("reloads", "Readings of changed files, by result", self.reloads.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register("streams", "Open flag streams", self.streams.clone());
        registry.register("flags", "Flags served", self.flags.clone());
        registry.register("cohorts", "Cohorts served", self.cohorts.clone());
        registry.register("events_received", "Events since the start", self.events.clone());
        self
    }

    pub(crate) fn answered(&self, route: Route, status: u16, took: Duration) {
        let route = route.name();
        self.requests.get_or_create(&Answered { route, status: status.into() }).inc();
        self.durations.get_or_create(&Named { route }).observe(took.as_secs_f64());
    }

    pub(crate) fn reloaded(&self, good: bool) {
        self.reloads.get_or_create(&Outcome { result: if good { "ok" } else { "invalid" } }).inc();
    }

    pub(crate) fn text(&self, flags: usize, cohorts: usize, events: u64) -> Result<String, std::fmt::Error> {
        self.flags.set(flags as i64);
        self.cohorts.set(cohorts as i64);
        self.events.set(events);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Counted in a gauge for as long as it lives.
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
