//! What keeping cohorts in sync tells those who read logs: the first failure of a series is a warning, the others are
//! not.

use std::sync::Arc;

use transport::Chain;

use super::DownloadError;
use crate::store::StoredCohort;

const TARGET: &str = "experiment::cohorts";

/// How many cohorts a line names at most.
const NAMED: usize = 20;

pub(super) fn failed(id: &str, there: bool, first: bool, error: &DownloadError) {
    let error = Chain(error);
    match (first, there) {
        (true, true) => {
            tracing::warn!(target: TARGET, cohort = id, %error, "a cohort could not be brought up to date; its copy is kept");
        }
        (true, false) => {
            tracing::warn!(
                target: TARGET, cohort = id, %error,
                "a cohort could not be downloaded; flags are decided as if nobody were in it"
            );
        }
        (false, _) => tracing::debug!(target: TARGET, cohort = id, %error, "a cohort still cannot be downloaded"),
    }
}

pub(super) fn arrived(id: &str, cohort: &StoredCohort) {
    if let Some(left_out) = cohort.left_out() {
        let (count, first) = (left_out.count(), left_out.first());
        tracing::warn!(
            target: TARGET, cohort = id, left_out = count, first,
            "some members of a cohort cannot be read and are left out"
        );
    }
    tracing::debug!(target: TARGET, cohort = id, members = cohort.len(), "a cohort was downloaded");
}

pub(super) fn recovered(id: &str, failures: u32) {
    tracing::info!(target: TARGET, cohort = id, failures, "a cohort is brought up to date again");
}

pub(super) fn late(waiting: &[Arc<str>]) {
    let cohorts = waiting.iter().take(NAMED).map(|id| &**id).collect::<Vec<_>>().join(", ");
    let waiting = waiting.len();
    tracing::warn!(target: TARGET, waiting, cohorts, "flags go live before all of their cohorts are here");
}

pub(super) fn panicked() {
    tracing::error!(target: TARGET, "taking in a cohort panicked; this is a bug");
}

pub(super) fn overdue() {
    tracing::error!(target: TARGET, "cohort sync did not end in time and was left");
}
