//! Intervals and limits.

use std::time::Duration;

use transport::between;

/// What a member may take in JSON: an id of 1,024 characters, the most that the service keeps, in two bytes each.
const LONGEST_MEMBER: usize = 2 << 10;

/// How cohorts are kept in sync.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncConfig {
    /// The most members that a cohort may have. The service refuses to send larger ones. Default: 2,147,483,647.
    pub max_cohort_size: u64,
    /// The largest body of a cohort, in bytes and after decoding. Default: 1 GiB.
    pub max_cohort_bytes: usize,
    /// From one refresh of all cohorts to the next. Default: 60 s.
    pub polling_interval: Duration,
    /// How long one request may take, reading it to its end included. Default: 20 s.
    pub request_timeout: Duration,
    /// How often a download is tried in a row. Default: 3.
    pub attempts: u32,
    /// The pause behind the first of these attempts; it doubles with each, and is drawn within a quarter of that either
    /// way. Default: 100 ms.
    pub backoff: Duration,
    /// How long at most a cohort is left alone because the service asks for it by `Retry-After`. Default: 10 s.
    pub retry_after_max: Duration,
    /// How many downloads there are at once. Refreshing takes one less at most, so that cohorts of new flags need not
    /// wait for it. Default: 4.
    pub parallel: usize,
    /// How long new flags wait while none of their new cohorts comes; then they go live without. Default: none, which
    /// means 5 s more than one request may take.
    pub patience: Option<Duration>,
    /// How long new flags wait for their new cohorts in all. Default: 45 s.
    pub patience_max: Duration,
    /// How long new flags wait for their new cohorts in all where they take the place of others, which decide meanwhile
    /// ([`CohortSync::load_for_change`]); then they go live without, and their cohorts are taken in when they come. Zero
    /// means not at all; never longer than `patience` and `patience_max`. Default: 5 s.
    ///
    /// [`CohortSync::load_for_change`]: super::CohortSync::load_for_change
    pub change_patience: Duration,
    /// How long a cohort that is missing is left alone when a download failed in a way that may pass; it doubles with
    /// each, and is drawn within a quarter of that either way, up to the polling interval. Default: 5 s.
    pub missing_retry: Duration,
}

impl SyncConfig {
    /// Delays and counts that were set to nothing, set to the least that works.
    pub(super) fn checked(mut self) -> Self {
        const SHORTEST: Duration = Duration::from_millis(1);
        for delay in [&mut self.polling_interval, &mut self.request_timeout, &mut self.missing_retry] {
            *delay = (*delay).max(SHORTEST);
        }
        self.attempts = self.attempts.max(1);
        self.parallel = self.parallel.max(2);
        self
    }

    /// How long new flags wait while none of their new cohorts comes.
    pub(super) fn patience(&self) -> Duration {
        self.patience.unwrap_or(self.request_timeout.saturating_add(Duration::from_secs(5))).min(self.patience_max)
    }

    /// The pause behind an attempt, the first of which is 1: what backing off asks for, or longer if the service does.
    pub(super) fn pause(&self, attempt: u32, retry_after: Option<Duration>, random: u64) -> Duration {
        doubled(self.backoff, attempt, random).max(self.granted(retry_after))
    }

    /// How long the service is left alone if it asks for so much.
    pub(super) fn granted(&self, retry_after: Option<Duration>) -> Duration {
        retry_after.unwrap_or_default().min(self.retry_after_max)
    }

    /// The largest body that is read: no larger than a cohort of as many members as are allowed could be.
    pub(super) fn max_bytes(&self) -> usize {
        let members = usize::try_from(self.max_cohort_size).unwrap_or(usize::MAX);
        self.max_cohort_bytes.min(members.saturating_mul(LONGEST_MEMBER).saturating_add(64 << 10))
    }

    /// How long to leave a cohort alone that is missing, after so many failures in a row.
    pub(super) fn missing_retry(&self, failures: u32, random: u64) -> Duration {
        doubled(self.missing_retry, failures, random).min(self.polling_interval)
    }
}

/// A delay doubled with each time but the first, and a quarter of that shorter or longer by a random number: clients that
/// failed together do not try again together.
fn doubled(delay: Duration, times: u32, random: u64) -> Duration {
    let delay = delay.saturating_mul(2_u32.saturating_pow(times.saturating_sub(1)));
    between(delay.saturating_sub(delay / 4), delay.saturating_add(delay / 4), random)
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self {
            max_cohort_size: 2_147_483_647,
            max_cohort_bytes: 1 << 30,
            polling_interval: Duration::from_secs(60),
            request_timeout: Duration::from_secs(20),
            attempts: 3,
            backoff: Duration::from_millis(100),
            retry_after_max: Duration::from_secs(10),
            parallel: 4,
            patience: None,
            patience_max: Duration::from_secs(45),
            change_patience: Duration::from_secs(5),
            missing_retry: Duration::from_secs(5),
        }
    }
}
