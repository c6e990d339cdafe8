//! What tracking tells those who read logs: never an id, a property or a key. The first of a series is a warning, the
//! others are not.

use transport::Chain;

use crate::delivery::Notice;
use crate::spool::{SpoolError, SpoolReport};

pub(crate) const TARGET: &str = "experiment::tracking";

pub(crate) fn notice(notice: &Notice) {
    match notice {
        Notice::Failed { error, repeated } => {
            let error = error.as_ref().map_or_else(String::new, |error| Chain(error).to_string());
            if *repeated {
                tracing::debug!(target: TARGET, error, "events still cannot be sent");
            } else {
                tracing::warn!(target: TARGET, error, "events cannot be sent; they are kept and sent again");
            }
        }
        Notice::Recovered { failures } => {
            tracing::info!(target: TARGET, failures, "events are sent again");
        }
        Notice::Dropped { cause, events, repeated: false } => {
            tracing::warn!(target: TARGET, %cause, events, "events were dropped");
        }
        Notice::Dropped { cause, events, repeated: true } => {
            tracing::debug!(target: TARGET, %cause, events, "more events were dropped");
        }
    }
}

pub(crate) fn panicked() {
    tracing::error!(target: TARGET, "sending events panicked and is started again; this is a bug");
}

pub(crate) fn no_timers() {
    tracing::error!(
        target: TARGET,
        "events cannot be sent from a Tokio runtime without timers: build it with `enable_all`"
    );
}

pub(crate) fn callback_panicked() {
    tracing::error!(target: TARGET, "the callback for outcomes of events panicked");
}

pub(crate) fn spool_opened(report: &SpoolReport) {
    if report.damaged > 0 {
        tracing::warn!(
            target: TARGET,
            damaged = report.damaged,
            skipped_bytes = report.skipped_bytes,
            recovered = report.recovered,
            "files of the spool are damaged; what can be read is sent"
        );
    } else if report.recovered > 0 {
        tracing::info!(target: TARGET, recovered = report.recovered, "events of an earlier run are sent now");
    }
}

pub(crate) fn spool_unusable(error: &SpoolError, repeated: bool) {
    if repeated {
        tracing::debug!(target: TARGET, error = %Chain(error), "the spool still cannot be used");
    } else {
        tracing::warn!(target: TARGET, error = %Chain(error), "the spool cannot be used; events are kept in memory only");
    }
}

pub(crate) fn spool_failed(error: &std::io::Error) {
    tracing::warn!(target: TARGET, %error, "the spool cannot be written; events are kept in memory only");
}

pub(crate) fn spool_full(max_bytes: u64) {
    tracing::warn!(target: TARGET, max_bytes, "the spool is full; further events are kept in memory only");
}
