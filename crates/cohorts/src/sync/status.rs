//! How cohorts are doing.

use std::sync::Arc;
use std::time::Duration;

use super::DownloadError;
use crate::store::{CohortStore, StoredCohort};

/// How one cohort is doing that some flag needs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CohortStatus {
    /// What flags name it by.
    pub id: Arc<str>,
    /// Of the copy that is there. None while there is none: flags that ask for it are decided as if nobody were in it.
    pub copy: Option<CohortCopy>,
    /// Why it was not brought up to date when this was last tried. None when that went well, which says nothing of a time
    /// since in which nobody tried: for that, see [`CohortCopy::age`].
    pub last_error: Option<Arc<DownloadError>>,
    /// How often that failed in a row.
    pub failures: u32,
}

/// The copy of a cohort that flags are decided by.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CohortCopy {
    /// What its members are: `User` for users, else a type of groups.
    pub group_type: String,
    /// How many members it has.
    pub size: usize,
    /// When its members last changed, in milliseconds since 1970; 0 if that is not known.
    pub last_modified: i64,
    /// How long ago it was last known to be what the service has, when the status was taken. Zero for cohorts of files.
    pub age: Duration,
}

impl CohortStatus {
    /// That of a cohort in a store that does not change.
    #[must_use]
    pub fn in_store(id: &str, store: &CohortStore) -> Self {
        let copy = store.get(id).map(|cohort| CohortCopy::of(cohort, Duration::ZERO));
        Self { id: id.into(), copy, last_error: None, failures: 0 }
    }

    /// True when there is a copy of it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.copy.is_some()
    }
}

impl CohortCopy {
    pub(super) fn of(cohort: &StoredCohort, age: Duration) -> Self {
        Self {
            group_type: cohort.group_type().to_owned(),
            size: cohort.len(),
            last_modified: cohort.last_modified(),
            age,
        }
    }
}
