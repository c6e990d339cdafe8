//! How soon services respond, so that [`Connections`](super::connections::Connections) can tell a slow service from a
//! dead connection. Learns from each response; knows nothing of connections.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use http::uri::Authority;

use crate::task::lock;

/// How many services are remembered at most. Redirects could name any number.
const SERVICES: usize = 64;

/// How soon each service responds.
#[derive(Debug, Default)]
pub(super) struct Latencies(Mutex<HashMap<Authority, Latency>>);

impl Latencies {
    /// The time within which nearly all responses of a service begin, or a shorter one within which most do if only
    /// that leaves time for a second request within the timeout. Zero until the service responded.
    pub(super) fn expected(&self, service: Option<&Authority>, timeout: Option<Duration>) -> Duration {
        let latencies = lock(&self.0);
        let latency = service.and_then(|service| latencies.get(service));
        latency.map_or(Duration::ZERO, |latency| latency.expected(timeout))
    }

    /// Takes note of how long a service took to begin a response, or longer than what it takes.
    pub(super) fn learn(&self, service: Option<&Authority>, took: Duration) {
        let Some(service) = service else { return };
        let mut latencies = lock(&self.0);
        if let Some(latency) = latencies.get_mut(service) {
            latency.learn(took);
            return;
        }
        if latencies.len() == SERVICES {
            latencies.clear();
        }
        latencies.insert(service.clone(), Latency { mean: took, deviation: took / 2 });
    }
}

/// Smoothed as TCP smooths round-trip times (RFC 6298, section 2), with a quarter as both gains: a service that was
/// slow once counts as fast after some ten fast responses.
#[derive(Debug)]
struct Latency {
    mean: Duration,
    deviation: Duration,
}

impl Latency {
    fn learn(&mut self, took: Duration) {
        let smoothed = |old: Duration, new: Duration| (old.saturating_mul(3).saturating_add(new)) / 4;
        self.deviation = smoothed(self.deviation, self.mean.abs_diff(took));
        self.mean = smoothed(self.mean, took);
    }

    fn expected(&self, timeout: Option<Duration>) -> Duration {
        // The parts of the mean are room for services whose latency hardly varies.
        let again = self.mean.saturating_add(self.mean / 4);
        let most = again.max(self.mean.saturating_add(self.deviation.saturating_mul(3) / 2));
        let nearly_all = self.mean.saturating_add(self.mean / 2).saturating_add(self.deviation.saturating_mul(2));
        match timeout.and_then(|timeout| timeout.checked_sub(again)) {
            Some(last) if last >= most => nearly_all.min(last),
            _ => nearly_all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(took: &[u64]) -> Duration {
        let (latencies, service) = (Latencies::default(), Authority::from_static("host"));
        took.iter().for_each(|millis| latencies.learn(Some(&service), Duration::from_millis(*millis)));
        latencies.expected(Some(&service), Some(Duration::from_millis(500)))
    }

    #[test]
    fn time_is_left_for_a_second_request_where_there_is_enough() {
        for (latency, longest) in [(10, 16), (100, 151), (150, 226), (200, 250)] {
            let expected = expected(&vec![latency; 30]);
            let within = Duration::from_millis(latency * 5 / 4)..=Duration::from_millis(longest);
            assert!(within.contains(&expected), "{latency}: {expected:?}");
        }
        // Not at the price of sending again what is merely slow.
        assert!(expected(&vec![250; 30]) >= Duration::from_millis(375));
    }

    #[test]
    fn a_slow_and_steady_service_is_expected_well_above_its_latency() {
        for count in [1, 2, 10, 100] {
            let expected = expected(&vec![300; count]);
            assert!(expected >= Duration::from_millis(440), "{count}: {expected:?}");
        }
    }

    #[test]
    fn a_service_that_varies_is_expected_beyond_its_slowest_responses() {
        let took: Vec<u64> = (0..200).map(|turn| 50 + turn * 97 % 301).collect();
        let late = (20..200).filter(|at| expected(&took[..*at]) < Duration::from_millis(took[*at])).count();
        assert!(late < 10, "{late} of 180");
    }

    #[test]
    fn one_slow_response_is_soon_forgotten() {
        let expected = expected(&[&[5; 3][..], &[1300], &[5; 12]].concat());
        assert!(expected < Duration::from_millis(200), "{expected:?}");
    }

    #[test]
    fn each_service_is_by_itself_and_not_all_are_remembered() {
        let latencies = Latencies::default();
        let names: Vec<Authority> = (0..1000).map(|number| format!("host{number}").parse().unwrap()).collect();
        for name in &names {
            assert_eq!(latencies.expected(Some(name), None), Duration::ZERO);
            latencies.learn(Some(name), Duration::from_secs(1));
            assert!(latencies.expected(Some(name), None) > Duration::ZERO);
        }
        assert!(lock(&latencies.0).len() <= SERVICES);
        latencies.learn(Some(&names[999]), Duration::MAX);
        assert!(latencies.expected(Some(&names[999]), None) > Duration::from_secs(1));
    }
}
