//! Metrics for the crate `metrics`.

use std::time::{Duration, SystemTime};

use metrics::{Label, SharedString, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
#[cfg(feature = "tracking")]
use tracking::{DropCause, TrackingStats};
use transport::State;

use super::{EvaluationSample, Metrics, Report};

/// Tells the recorder of the crate `metrics` that the process has, and so whatever that exports to.
///
/// | metric | kind | labels | what it says |
/// |---|---|---|---|
/// | `experiment_flags` | gauge | | how many flags there are |
/// | `experiment_flags_age_seconds` | gauge | | how long ago they were last known to be what the service has |
/// | `experiment_flags_current_timestamp_seconds` | gauge | | when that was, in seconds since 1970: it shows the age even where nobody reports any more |
/// | `experiment_source_state` | gauge | `state` | 1 for the state that the updater is in, and 0 for the others |
/// | `experiment_source_failures` | gauge | | failures in a row |
/// | `experiment_source_updates_total` | counter | | sets that were put in place |
/// | `experiment_source_reconnects_total` | counter | | how often a stream that was lost came back |
/// | `experiment_source_restarts_total` | counter | | how often updating panicked and was started again |
/// | `experiment_cohorts` | gauge | `there`: `yes` or `no` | how many cohorts flags ask about |
/// | `experiment_cohorts_age_seconds` | gauge | | the age of the oldest copy of a cohort |
/// | `experiment_evaluations_sampled_total` | counter | | evaluations, as a sample of them tells |
/// | `experiment_evaluation_seconds` | histogram | | how long those of the sample took |
/// | `experiment_results_total` | counter | `kind`, `outcome`: `new`, `deduplicated` or `empty` | evaluations that were tracked |
/// | `experiment_events_total` | counter | `kind`, `outcome`: `sent`, `spooled`, or why they were dropped | events |
/// | `experiment_events_pending` | gauge | `kind` | events that are still to be sent |
///
/// `kind` is `exposure` or `assignment`. Counters go up by what came since the last report: they go on where a client is
/// made again, and clients with the same labels add up. Gauges are those of whichever client reported last: give each
/// client of several a label of its own by [`Recorder::with_label`].
///
/// ```
/// use std::sync::Arc;
///
/// use experiment::LocalEvaluationClient;
/// use experiment::metrics::Recorder;
///
/// // Behind the installation of an exporter, such as that of Prometheus.
/// let client = LocalEvaluationClient::builder("server-key")
///     .metrics(Arc::new(Recorder::new().with_label("client", "checkout")))
///     .build()?;
/// # Ok::<(), experiment::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    labels: Vec<Label>,
}

impl Recorder {
    /// A recorder, whose metrics are described from now on.
    #[must_use]
    pub fn new() -> Self {
        describe_gauge!("experiment_flags", "Flags that are in place");
        describe_gauge!("experiment_flags_age_seconds", "Time since the flags were last known to be current");
        describe_gauge!("experiment_flags_current_timestamp_seconds", "When the flags were last known to be current");
        describe_gauge!("experiment_source_state", "1 for the state that the updater is in");
        describe_gauge!("experiment_source_failures", "Failures in a row");
        describe_counter!("experiment_source_updates_total", "Sets of flags that were put in place");
        describe_counter!("experiment_source_reconnects_total", "Streams that were lost and came back");
        describe_counter!("experiment_source_restarts_total", "Updaters that panicked and were started again");
        describe_gauge!("experiment_cohorts", "Cohorts that flags ask about");
        describe_gauge!("experiment_cohorts_age_seconds", "Age of the oldest copy of a cohort");
        describe_counter!("experiment_evaluations_sampled_total", "Evaluations, as a sample of them tells");
        describe_histogram!("experiment_evaluation_seconds", "Time that evaluations of the sample took");
        describe_counter!("experiment_results_total", "Evaluations that were tracked");
        describe_counter!("experiment_events_total", "Events by what became of them");
        describe_gauge!("experiment_events_pending", "Events that are still to be sent");
        Self::default()
    }

    /// Adds a label to all metrics.
    #[must_use]
    pub fn with_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push(Label::new(name.into(), value.into()));
        self
    }

    /// The labels of all metrics with these.
    fn and(&self, more: &[(&'static str, &'static str)]) -> Vec<Label> {
        let more = more.iter().map(|(name, value)| Label::from_static_parts(name, value));
        self.labels.iter().cloned().chain(more).collect()
    }

    fn gauge(&self, name: &'static str, labels: &[(&'static str, &'static str)], value: f64) {
        gauge!(SharedString::const_str(name), self.and(labels)).set(value);
    }

    /// Counts what came since the report before.
    fn counter<T>(
        &self,
        name: &'static str,
        labels: &[(&'static str, &'static str)],
        (now, before): (&T, Option<&T>),
        count: impl Fn(&T) -> u64,
    ) {
        counter!(SharedString::const_str(name), self.and(labels)).increment(since(count(now), before.map(count)));
    }

    #[cfg(feature = "tracking")]
    fn events(&self, kind: &'static str, stats: (&TrackingStats, Option<&TrackingStats>)) {
        let kind = ("kind", kind);
        let result = |outcome, count: fn(&TrackingStats) -> u64| {
            self.counter("experiment_results_total", &[kind, ("outcome", outcome)], stats, count);
        };
        result("new", |stats| stats.new);
        result("deduplicated", |stats| stats.deduplicated);
        result("empty", |stats| stats.empty);
        let event = |outcome, count: &dyn Fn(&TrackingStats) -> u64| {
            self.counter("experiment_events_total", &[kind, ("outcome", outcome)], stats, count);
        };
        event("sent", &|stats| stats.events.sent);
        event("spooled", &|stats| stats.events.spooled);
        // Those too that never were: growth is seen only of what began at 0.
        for cause in DropCause::ALL.iter().copied() {
            event(cause.as_str(), &|stats| stats.events.dropped.by(cause));
        }
        self.gauge("experiment_events_pending", &[kind], number(stats.0.events.pending));
    }
}

impl Metrics for Recorder {
    fn report(&self, report: &Report) {
        let status = &report.status;
        let before = report.previous.as_deref();
        self.gauge("experiment_flags", &[], number(status.flags as u64));
        if let Some(age) = status.age() {
            self.gauge("experiment_flags_age_seconds", &[], age.as_secs_f64());
            self.gauge("experiment_flags_current_timestamp_seconds", &[], timestamp(age));
        }
        if let Some(updater) = &status.updater {
            for state in State::ALL.iter().copied() {
                let value = f64::from(u8::from(state == updater.state));
                self.gauge("experiment_source_state", &[("state", state.as_str())], value);
            }
            self.gauge("experiment_source_failures", &[], f64::from(updater.failures));
            let counts = (updater, before.and_then(|before| before.status.updater.as_ref()));
            self.counter("experiment_source_updates_total", &[], counts, |updater| updater.updates);
            self.counter("experiment_source_reconnects_total", &[], counts, |updater| updater.reconnects);
            self.counter("experiment_source_restarts_total", &[], counts, |updater| updater.restarts);
        }
        #[cfg(feature = "cohorts")]
        {
            let (there, missing): (Vec<_>, Vec<_>) = status.cohorts.iter().partition(|cohort| cohort.is_there());
            self.gauge("experiment_cohorts", &[("there", "yes")], number(there.len() as u64));
            self.gauge("experiment_cohorts", &[("there", "no")], number(missing.len() as u64));
            let ages = there.iter().filter_map(|cohort| Some(cohort.copy.as_ref()?.age));
            self.gauge("experiment_cohorts_age_seconds", &[], ages.max().unwrap_or_default().as_secs_f64());
        }
        #[cfg(feature = "tracking")]
        {
            let (events, before) = (&report.events, before.map(|before| &before.events));
            if let Some(stats) = &events.exposures {
                self.events("exposure", (stats, before.and_then(|before| before.exposures.as_ref())));
            }
            if let Some(stats) = &events.assignments {
                self.events("assignment", (stats, before.and_then(|before| before.assignments.as_ref())));
            }
        }
    }

    fn evaluation(&self, sample: &EvaluationSample) {
        counter!("experiment_evaluations_sampled_total", self.and(&[])).increment(u64::from(sample.weight));
        histogram!("experiment_evaluation_seconds", self.and(&[])).record(sample.duration.as_secs_f64());
    }
}

/// Counts beyond 2^53 lose their last digits.
fn number(count: u64) -> f64 {
    count as f64
}

/// How much a count grew; one that is smaller than before began anew.
fn since(count: u64, before: Option<u64>) -> u64 {
    before.and_then(|before| count.checked_sub(before)).unwrap_or(count)
}

/// When something was that is so old, in seconds since 1970.
fn timestamp(age: Duration) -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().saturating_sub(age).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_began_anew_are_added() {
        assert_eq!([since(3, None), since(5, Some(3)), since(5, Some(5)), since(2, Some(5))], [3, 2, 0, 2]);
    }
}
