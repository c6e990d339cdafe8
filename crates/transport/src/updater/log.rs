//! What the updater tells those who read logs: the first failure of a series is a warning, the others are not. Neither is
//! the end of a stream that had brought flags, unless such streams end again and again within seconds.

use super::machine::Notice;
use crate::error::Chain;
use crate::status::State;

const TARGET: &str = "experiment::transport";

pub(super) fn notice(notice: &Notice) {
    match notice {
        Notice::Failed { origin, failure, repeated: false } => {
            tracing::warn!(target: TARGET, %origin, error = %Chain(failure), "flags could not be brought up to date");
        }
        Notice::Failed { origin, failure, repeated: true } => {
            tracing::debug!(target: TARGET, %origin, error = %Chain(failure), "flags still cannot be brought up to date");
        }
        Notice::Ended { failure } => {
            tracing::debug!(target: TARGET, error = %Chain(failure), "the stream of flags ended and is opened again");
        }
        Notice::ShortLived { streams, failure } => {
            tracing::warn!(
                target: TARGET, streams, error = %Chain(failure),
                "streams of flags end within seconds, one after another"
            );
        }
        Notice::Lasting { streams } => {
            tracing::info!(target: TARGET, streams, "a stream of flags lasts again");
        }
        Notice::Recovered { origin, failures } => {
            tracing::info!(target: TARGET, %origin, failures, "flags are brought up to date again");
        }
        Notice::Updated { origin, applied } => {
            tracing::debug!(target: TARGET, %origin, flags = applied.flags, "flags updated");
        }
    }
}

pub(super) fn state(from: State, to: State) {
    match to {
        State::Stale => {
            tracing::warn!(target: TARGET, %from, %to, "flags are stale: nothing says that they still stand");
        }
        State::Unauthorized => {
            tracing::warn!(target: TARGET, %from, %to, "the deployment key is refused; flags stay as they are");
        }
        _ => tracing::debug!(target: TARGET, %from, %to, "state changed"),
    }
}

pub(super) fn panicked() {
    tracing::error!(target: TARGET, "updating flags panicked and is started again; this is a bug");
}

/// It ended with its runtime, or with the last handle just before that.
pub(super) fn gone() {
    tracing::debug!(target: TARGET, "the updater was ended from outside; flags stay as they are");
}

pub(super) fn died() {
    tracing::error!(target: TARGET, "the updater panicked and ended; flags stay as they are, and this is a bug");
}

pub(super) fn overdue() {
    tracing::error!(target: TARGET, "the updater did not end in time and was aborted");
}
