use std::cell::RefCell;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{self:?}")]
enum Failure {
    Passing,
    Final,
    Busy(u64),
}

impl Retryable for Failure {
    fn is_retryable(&self) -> bool {
        *self != Self::Final
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy(seconds) => Some(Duration::from_secs(*seconds)),
            _ => None,
        }
    }
}

/// Runs attempts that fail with each of these and then succeed; gives the result and when each began, in milliseconds.
async fn run(policy: &RetryPolicy, failures: &[Failure]) -> (Result<u32, Failure>, Vec<u128>) {
    let (start, begun) = (Instant::now(), RefCell::new(Vec::new()));
    let result = retrying(policy, |attempt| {
        begun.borrow_mut().push(start.elapsed().as_millis());
        let failure = failures.get(attempt.index as usize);
        let expected = if attempt.index == 0 { policy.timeout } else { policy.retry_timeout };
        assert_eq!(attempt.timeout, expected);
        async move { failure.map_or(Ok(attempt.index), |failure| Err(*failure)) }
    })
    .await;
    (result, begun.into_inner())
}

#[test]
fn the_default_pauses_are_those_of_the_node_sdk() {
    let millis: Vec<_> = RetryPolicy::default().delays().map(|delay| delay.as_secs_f64() * 1000.0).collect();
    let expected = [500.0, 750.0, 1125.0, 1687.5, 2531.25, 3796.875, 5695.3125, 8542.96875];
    assert_eq!(millis.len(), expected.len());
    assert!(millis.iter().zip(expected).all(|(is, should)| (is - should).abs() < 0.001), "{millis:?}");
}

#[test]
fn the_first_pause_is_not_cut_to_the_maximum() {
    let policy = RetryPolicy {
        backoff_min: Duration::from_secs(5),
        backoff_max: Duration::from_secs(2),
        retries: 3,
        ..RetryPolicy::default()
    };
    assert_eq!(policy.delays().collect::<Vec<_>>(), [5, 2, 2].map(Duration::from_secs));
}

#[test]
fn odd_scalars_do_no_harm() {
    for scalar in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, f64::MAX] {
        let policy = RetryPolicy { backoff_scalar: scalar, ..RetryPolicy::default() };
        assert!(policy.delays().all(|delay| delay >= policy.backoff_min && delay <= policy.backoff_max), "{scalar}");
    }
}

#[tokio::test(start_paused = true)]
async fn passing_failures_are_tried_again_after_their_pauses() {
    let failures = [Failure::Passing; 3];
    assert_eq!(run(&RetryPolicy::default(), &failures).await, (Ok(3), vec![0, 500, 1250, 2375]));
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_told_once_retries_are_used_up() {
    let failures = [Failure::Passing, Failure::Busy(0), Failure::Passing];
    assert_eq!(run(&RetryPolicy::server(), &failures).await, (Err(Failure::Busy(0)), vec![0, 0]));
    let none = RetryPolicy::default().without_retries();
    assert_eq!(run(&none, &failures).await, (Err(Failure::Passing), vec![0]));
}

#[tokio::test(start_paused = true)]
async fn a_final_failure_ends_it_even_among_retries() {
    let failures = [Failure::Passing, Failure::Final];
    assert_eq!(run(&RetryPolicy::default(), &failures).await, (Err(Failure::Final), vec![0, 500]));
}

#[tokio::test(start_paused = true)]
async fn what_the_service_asks_for_is_granted_up_to_a_limit() {
    let policy = RetryPolicy { retries: 2, ..RetryPolicy::default() };
    assert_eq!(run(&policy, &[Failure::Busy(3), Failure::Busy(3600)]).await, (Ok(2), vec![0, 3000, 13000]));
}

proptest! {
    #[test]
    fn times_between_two_are_between_them(low in 0u64..1 << 40, spread in 0u64..1 << 40, random in any::<u64>()) {
        let (low, high) = (Duration::from_nanos(low), Duration::from_nanos(low + spread));
        let time = between(low, high, random);
        prop_assert!(low <= time && (time < high || spread == 0));
    }
}
