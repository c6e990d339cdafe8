//! Intervals and limits.

use std::time::Duration;

use transport::RetryPolicy;

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
    /// The pause behind the first of these attempts; it doubles with each. Default: 100 ms.
    pub backoff: Duration,
    /// The longest such pause that the service may ask for by `Retry-After`. Default: 10 s.
    pub retry_after_max: Duration,
    /// How many downloads there are at once. Refreshing takes one less at most, so that cohorts of new flags need not
    /// wait for it. Default: 4.
    pub parallel: usize,
    /// How long new flags wait for cohorts that were never asked for before; then they go live without. Default: 25 s.
    pub patience: Duration,
    /// How long a cohort that is missing is left alone when a download failed in a way that may pass; it doubles with
    /// each, up to the polling interval. Default: 5 s.
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

    pub(super) fn policy(&self) -> RetryPolicy {
        let mut policy = RetryPolicy::default();
        policy.timeout = self.request_timeout;
        policy.retry_timeout = self.request_timeout;
        policy.retries = self.attempts.saturating_sub(1);
        policy.backoff_min = self.backoff;
        policy.backoff_scalar = 2.0;
        policy.retry_after_max = self.retry_after_max;
        policy
    }

    /// How long to leave a cohort alone that is missing, after so many failures in a row.
    pub(super) fn missing_retry(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.missing_retry.saturating_mul(factor).min(self.polling_interval)
    }
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
            patience: Duration::from_secs(25),
            missing_retry: Duration::from_secs(5),
        }
    }
}
