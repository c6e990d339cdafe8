//! Exposures and assignments of a client's evaluations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use evaluation_core::{User, Variants};
use tracking::{
    AssignmentConfig, ExposureConfig, FlushReport, OutcomeCallback, Tracker, Tracking, TrackingBuilder, TrackingStats,
};
use transport::HttpClient;

use crate::config::{ConfigError, LocalEvaluationConfig};

/// What is tracked, and how, beside what options say.
#[derive(Clone, Default)]
pub(super) struct TrackingSetup {
    pub(super) exposures: Option<Arc<dyn Tracker>>,
    pub(super) assignments: Option<Arc<dyn Tracker>>,
    pub(super) told: Option<OutcomeCallback>,
}

impl TrackingSetup {
    /// True when events go to the service, or to another place whose URL wants it.
    pub(super) fn sends_by_tls(&self, config: &LocalEvaluationConfig) -> bool {
        let exposures = config.exposure_config.as_ref().filter(|_| self.exposures.is_none());
        let assignments = config.assignment_config.as_ref().filter(|_| self.assignments.is_none());
        let mut sent = exposures.map(|it| &it.delivery).into_iter().chain(assignments.map(|it| &it.delivery));
        sent.any(|delivery| !delivery.opt_out && !delivery.server_url.trim().starts_with("http://"))
    }

    pub(super) fn build(
        &self,
        config: &LocalEvaluationConfig,
        client: &Arc<dyn HttpClient>,
    ) -> Result<Tracked, ConfigError> {
        let build = |option, builder: TrackingBuilder, tracker: Option<&Arc<dyn Tracker>>| {
            let mut builder = builder.server_zone(config.server_zone).http_client(Arc::clone(client));
            if let Some(tracker) = tracker {
                builder = builder.tracker(Arc::clone(tracker));
            }
            if let Some(told) = &self.told {
                builder = builder.on_outcome(Arc::clone(told));
            }
            builder.build().map_err(|problem| ConfigError::Tracking { option, problem })
        };
        // A tracker of your own needs no options.
        let exposures = config.exposure_config.clone();
        let exposures = exposures.or_else(|| self.exposures.is_some().then(|| ExposureConfig::new("")));
        let assignments = config.assignment_config.clone();
        let assignments = assignments.or_else(|| self.assignments.is_some().then(|| AssignmentConfig::new("")));
        Ok(Tracked {
            exposures: exposures
                .map(|it| build("exposureConfig", Tracking::exposures(it), self.exposures.as_ref()))
                .transpose()?,
            assignments: assignments
                .map(|it| build("assignmentConfig", Tracking::assignments(it), self.assignments.as_ref()))
                .transpose()?,
            warned: AtomicBool::new(false),
        })
    }
}

/// What evaluations are told to.
#[derive(Default)]
pub(super) struct Tracked {
    exposures: Option<Tracking>,
    assignments: Option<Tracking>,
    /// True once somebody was told that exposures are not tracked.
    warned: AtomicBool,
}

impl Tracked {
    pub(super) fn track(&self, user: &User, variants: &Variants, exposure: bool) {
        if let Some(assignments) = &self.assignments {
            assignments.track(user, variants);
        }
        if exposure {
            self.expose(user, variants);
        }
    }

    pub(super) fn expose(&self, user: &User, variants: &Variants) {
        match &self.exposures {
            Some(exposures) => exposures.track(user, variants),
            None if !self.warned.swap(true, Ordering::Relaxed) => tracing::warn!(
                target: "experiment",
                "exposures are to be tracked, but neither `exposure_tracking` nor `exposureConfig` says how: none are"
            ),
            _ => {}
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.exposures.is_some() || self.assignments.is_some()
    }

    pub(super) fn stats(&self) -> EventsStatus {
        EventsStatus {
            assignments: self.assignments.as_ref().map(Tracking::stats),
            exposures: self.exposures.as_ref().map(Tracking::stats),
        }
    }

    pub(super) async fn flush(&self) -> EventsReport {
        let flush = async |tracking: &Option<Tracking>| match tracking {
            Some(tracking) => Some(tracking.flush().await),
            None => None,
        };
        let (assignments, exposures) = tokio::join!(flush(&self.assignments), flush(&self.exposures));
        EventsReport { assignments, exposures }
    }

    pub(super) async fn close(&self) -> EventsReport {
        let close = async |tracking: &Option<Tracking>| match tracking {
            Some(tracking) => Some(tracking.close().await),
            None => None,
        };
        let (assignments, exposures) = tokio::join!(close(&self.assignments), close(&self.exposures));
        EventsReport { assignments, exposures }
    }
}

/// What became of a client's evaluations as events, by kind. None of a kind that is not tracked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventsStatus {
    /// Assignments.
    pub assignments: Option<TrackingStats>,
    /// Exposures.
    pub exposures: Option<TrackingStats>,
}

/// What flushing or closing came to, by kind. None of a kind that is not tracked.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct EventsReport {
    /// Assignments.
    pub assignments: Option<FlushReport>,
    /// Exposures.
    pub exposures: Option<FlushReport>,
}

impl EventsReport {
    /// True when nothing was given up and nothing is left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.assignments.iter().chain(&self.exposures).all(FlushReport::is_complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_need_tls_unless_they_go_elsewhere() {
        let by_tls = |json: &str| TrackingSetup::default().sends_by_tls(&serde_json::from_str(json).unwrap());
        assert!(!by_tls("{}"));
        assert!(by_tls(r#"{"exposureConfig": {"apiKey": "a"}}"#));
        assert!(by_tls(r#"{"assignmentConfig": {"apiKey": "a", "serverUrl": "https://localhost/2/httpapi"}}"#));
        assert!(!by_tls(r#"{"assignmentConfig": {"apiKey": "a", "serverUrl": "http://localhost/2/httpapi"}}"#));
        assert!(!by_tls(r#"{"exposureConfig": {"apiKey": "a", "optOut": true}}"#));
    }
}
