//! Trying again.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use crate::error::Chain;

/// How often, and after which pauses, to try again.
///
/// The first pause is `backoff_min`, whatever the maximum; each later one is `backoff_scalar` times the one before, and
/// at most `backoff_max`. [`RetryPolicy::default`] is that of the Node SDK, which tries for half a minute;
/// [`RetryPolicy::server`] suits servers that have somebody waiting.
///
/// ```
/// use std::time::Duration;
/// use transport::RetryPolicy;
///
/// let pauses: Vec<_> = RetryPolicy::default().delays().take(3).collect();
/// assert_eq!(pauses, [500, 750, 1125].map(Duration::from_millis));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The deadline of the first attempt.
    pub timeout: Duration,
    /// How many attempts may follow the first.
    pub retries: u32,
    /// The first pause.
    pub backoff_min: Duration,
    /// The longest of the other pauses.
    pub backoff_max: Duration,
    /// What each pause is multiplied by to give the next. What is no number, or less than 1, is as good as 1.
    pub backoff_scalar: f64,
    /// The deadline of each later attempt.
    pub retry_timeout: Duration,
    /// The longest pause that a service may ask for by `Retry-After`; what it asks beyond that is not granted.
    pub retry_after_max: Duration,
}

impl RetryPolicy {
    /// For servers: one attempt of half a second, one more at once.
    #[must_use]
    pub fn server() -> Self {
        Self {
            timeout: Duration::from_millis(500),
            retries: 1,
            backoff_min: Duration::ZERO,
            backoff_max: Duration::from_secs(10),
            backoff_scalar: 1.0,
            retry_timeout: Duration::from_millis(500),
            retry_after_max: Duration::from_millis(500),
        }
    }

    /// The same with one attempt only.
    #[must_use]
    pub fn without_retries(self) -> Self {
        Self { retries: 0, ..self }
    }

    /// The pauses, one before each attempt after the first.
    pub fn delays(&self) -> impl Iterator<Item = Duration> + use<> {
        let (scalar, max, retries) = (self.backoff_scalar, self.backoff_max, self.retries as usize);
        std::iter::successors(Some(self.backoff_min), move |delay| Some(scaled(*delay, scalar, max))).take(retries)
    }

    /// The pause before the next attempt: what backing off asks for, or longer if the service does.
    fn pause(&self, delay: Duration, retry_after: Option<Duration>) -> Duration {
        delay.max(retry_after.unwrap_or_default().min(self.retry_after_max))
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            retries: 8,
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(10),
            backoff_scalar: 1.5,
            retry_timeout: Duration::from_secs(10),
            retry_after_max: Duration::from_secs(10),
        }
    }
}

fn scaled(delay: Duration, scalar: f64, max: Duration) -> Duration {
    let scalar = if scalar.is_nan() { 1.0 } else { scalar.max(1.0) };
    Duration::try_from_secs_f64(delay.as_secs_f64() * scalar).unwrap_or(Duration::MAX).min(max)
}

/// Errors that say whether trying again may help.
pub trait Retryable: Error {
    /// True when it may.
    fn is_retryable(&self) -> bool;

    /// How long the service asks to be left alone.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// One of several attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// 0 for the first.
    pub index: u32,
    /// The deadline that it has to keep to.
    pub timeout: Duration,
}

/// Does something, and again as long as it fails with something that may pass and the policy allows it. Fails with the
/// last error. Whoever drops the future gives it up.
///
/// # Errors
/// When the last attempt fails, or one fails in a way that trying again does not help.
pub async fn retrying<T, E, F, A>(policy: &RetryPolicy, mut attempt: A) -> Result<T, E>
where
    E: Retryable,
    F: Future<Output = Result<T, E>>,
    A: FnMut(Attempt) -> F,
{
    let mut delays = policy.delays();
    let mut next = Attempt { index: 0, timeout: policy.timeout };
    loop {
        let error = match attempt(next).await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let Some(delay) = error.is_retryable().then(|| delays.next()).flatten() else { return Err(error) };
        let pause = policy.pause(delay, error.retry_after());
        tracing::debug!(
            target: "experiment::transport", attempt = next.index, ?pause, error = %Chain(&error), "failed, trying again"
        );
        // A pause of nothing would still wait for the clock's next step.
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        next = Attempt { index: next.index.saturating_add(1), timeout: policy.retry_timeout };
    }
}

/// A time from `low` up to but not including `high`, evenly by a random number: for pauses that many clients should not
/// make at once. `low` where `high` is not more.
///
/// ```
/// use std::time::Duration;
/// use transport::between;
///
/// let (low, high) = (Duration::from_secs(14), Duration::from_secs(16));
/// assert_eq!(between(low, high, 0), low);
/// assert_eq!(between(low, high, u64::MAX / 2 + 1), Duration::from_secs(15));
/// assert!(between(low, high, u64::MAX) < high);
/// ```
#[must_use]
pub fn between(low: Duration, high: Duration, random: u64) -> Duration {
    let spread = u64::try_from(high.saturating_sub(low).as_nanos()).unwrap_or(u64::MAX);
    // The upper half of the product of both is below `spread`.
    let part = (u128::from(random) * u128::from(spread)) >> 64;
    low.saturating_add(Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests;
