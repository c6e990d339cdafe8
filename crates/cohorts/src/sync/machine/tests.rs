use transport::Endpoint;
use transport::call::refusal;
use transport::http::Response;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// The number that leaves pauses as long as they are set.
const HALF: u64 = u64::MAX / 2 + 1;

fn machine() -> Machine {
    Machine::new(SyncConfig::default())
}

fn error(retryable: bool) -> Outcome {
    Outcome::Failed(Arc::new(if retryable { DownloadError::Computing } else { DownloadError::TooLarge { max: 1 } }))
}

/// The ids of the downloads that begin now, with what is asked behind.
fn begun(machine: &mut Machine, now: Time) -> Vec<(String, Option<i64>)> {
    machine.next(now).into_iter().map(|job| (job.id.to_string(), job.modified)).collect()
}

fn ids(machine: &mut Machine, now: Time) -> Vec<String> {
    begun(machine, now).into_iter().map(|(id, _)| id).collect()
}

/// Has all attempts of a row fail, with the pauses between. When the last one did.
fn fail(machine: &mut Machine, id: &str, mut now: Time) -> (Time, Option<Notice>) {
    loop {
        if let Some(notice) = machine.finished(id, error(true), now, HALF) {
            return (now, Some(notice));
        }
        now = machine.next_deadline().unwrap();
        assert_eq!(ids(machine, now), [id]);
    }
}

fn is_settled(machine: &Machine, names: &[&str]) -> bool {
    machine.unsettled(names.iter().copied()).next().is_none()
}

/// A machine that has these cohorts since time zero, and whose flags need them.
fn holding(names: &[&str]) -> Machine {
    let mut machine = machine();
    machine.need(names.iter().copied());
    loop {
        let jobs = machine.next(Time::ZERO);
        if jobs.is_empty() {
            break;
        }
        for job in jobs {
            machine.finished(&job.id, Outcome::Arrived { modified: 7 }, Time::ZERO, HALF);
        }
    }
    machine.retain(&names.iter().copied().collect(), Time::ZERO);
    machine
}

#[test]
fn what_is_needed_is_asked_for_once_and_four_at_a_time() {
    let mut machine = machine();
    machine.need(["a", "b", "c", "d", "e", "a"]);
    machine.need(["b", "e"]);
    assert_eq!(ids(&mut machine, Time::ZERO), ["a", "b", "c", "d"]);
    assert!(machine.next(SECOND).is_empty());
    machine.finished("c", Outcome::Arrived { modified: 1 }, SECOND, HALF);
    assert_eq!(ids(&mut machine, SECOND), ["e"]);
    machine.need(["a", "c"]);
    for id in ["a", "b", "d", "e"] {
        assert!(!is_settled(&machine, &["a", "b", "c", "d", "e"]));
        machine.finished(id, Outcome::Arrived { modified: 1 }, SECOND, HALF);
    }
    assert!(is_settled(&machine, &["a", "b", "c", "d", "e"]));
    assert!(machine.next(SECOND).is_empty());
}

#[test]
fn an_attempt_that_fails_is_followed_by_two_others() {
    let mut machine = machine();
    machine.need(["a"]);
    let mut now = Time::ZERO;
    for pause in [100, 200] {
        assert_eq!(begun(&mut machine, now), [("a".to_owned(), None)]);
        assert_eq!(machine.finished("a", error(true), now, HALF), None);
        assert!(!is_settled(&machine, &["a"]));
        assert_eq!(machine.next_deadline(), Some(now + Duration::from_millis(pause)));
        now += Duration::from_millis(pause);
    }
    assert_eq!(ids(&mut machine, now), ["a"]);
    assert_eq!(machine.finished("a", error(true), now, HALF), Some(Notice::Failed { first: true }));
    assert!(is_settled(&machine, &["a"]));
}

#[test]
fn what_is_missing_is_asked_for_again_ever_later() {
    let mut machine = machine();
    machine.need(["a"]);
    let mut now = Time::ZERO;
    for (failures, delay) in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60)] {
        assert_eq!(begun(&mut machine, now), [("a".to_owned(), None)]);
        let (failed, notice) = fail(&mut machine, "a", now);
        assert_eq!(notice, Some(Notice::Failed { first: failures == 1 }));
        assert_eq!(machine.next_deadline(), Some(failed + delay * SECOND));
        now = failed + delay * SECOND;
        assert!(machine.next(now - SECOND).is_empty());
    }
    assert_eq!(ids(&mut machine, now), ["a"]);
    let recovered = machine.finished("a", Outcome::Arrived { modified: 1 }, now, HALF);
    assert_eq!(recovered, Some(Notice::Recovered { failures: 6 }));
    assert_eq!(machine.next_deadline(), None);
}

#[test]
fn what_trying_again_does_not_help_waits_for_the_interval() {
    let mut machine = machine();
    machine.need(["a"]);
    assert_eq!(machine.next(Time::ZERO).len(), 1);
    assert!(machine.finished("a", error(false), Time::ZERO, HALF).is_some());
    assert_eq!(machine.next_deadline(), Some(60 * SECOND));
}

#[test]
fn another_set_does_not_hurry_what_is_missing() {
    let mut machine = machine();
    machine.need(["a"]);
    machine.next(Time::ZERO);
    machine.finished("a", error(false), Time::ZERO, HALF);
    // As with each poll of a service that knows no tags.
    machine.need(["a"]);
    assert!(machine.next(SECOND).is_empty());
    machine.need(["a", "b"]);
    assert_eq!(ids(&mut machine, SECOND), ["b"]);
    machine.finished("b", Outcome::Arrived { modified: 1 }, SECOND, HALF);
    assert!(is_settled(&machine, &["a", "b"]), "what failed before is not waited for");
}

#[test]
fn what_was_given_up_is_not_waited_for_again() {
    let mut machine = machine();
    machine.need(["a"]);
    machine.next(Time::ZERO);
    machine.give_up(["a"]);
    machine.need(["a"]);
    assert!(is_settled(&machine, &["a"]));
    // It still comes.
    machine.finished("a", Outcome::Arrived { modified: 1 }, SECOND, HALF);
    assert!(machine.get("a").unwrap().current.is_some());
}

#[test]
fn what_hangs_keeps_nothing_new_from_its_turn() {
    let mut machine = machine();
    machine.need(["h1", "h2", "h3", "h4", "n"]);
    assert_eq!(ids(&mut machine, Time::ZERO), ["h1", "h2", "h3", "h4"]);
    // A request that ran into its deadline gives its place up before it is tried again.
    machine.finished("h1", error(true), 20 * SECOND, HALF);
    assert_eq!(ids(&mut machine, 21 * SECOND), ["n"]);
    machine.finished("n", Outcome::Arrived { modified: 1 }, 21 * SECOND, HALF);
    // What was tried in vain before leaves a place to what was not.
    for id in ["h1", "h2", "h3", "h4"] {
        machine.give_up([id]);
    }
    assert_eq!(ids(&mut machine, 22 * SECOND), ["h1"]);
    for id in ["h1", "h2", "h3", "h4"] {
        machine.finished(id, error(true), 40 * SECOND, HALF);
    }
    assert_eq!(ids(&mut machine, 41 * SECOND).len(), 3);
    machine.need(["m"]);
    assert_eq!(ids(&mut machine, 41 * SECOND), ["m"]);
}

#[test]
fn what_is_taken_back_is_forgotten_unless_flags_need_it() {
    let mut machine = holding(&["a"]);
    let new = machine.need(["a", "b", "c"]);
    machine.withdraw(&new);
    assert!(machine.next(SECOND).is_empty());
    assert_eq!(machine.cohorts().map(|(id, _)| &**id).collect::<Vec<_>>(), ["a"]);
    let new = machine.need(["b"]);
    machine.retain(&["b"].into(), SECOND);
    machine.withdraw(&new);
    assert!(machine.get("b").is_some());
}

#[test]
fn what_another_asked_for_too_is_not_taken_back_before_both_do() {
    let mut machine = machine();
    let first = machine.need(["a", "b", "a"]);
    let second = machine.need(["a"]);
    machine.withdraw(&first);
    assert_eq!(ids(&mut machine, Time::ZERO), ["a"]);
    assert!(!is_settled(&machine, &["a"]));
    machine.withdraw(&second);
    assert!(machine.get("a").is_none());
    // Nor what was asked for anew since.
    let before = machine.need(["c"]);
    machine.retain(&BTreeSet::new(), SECOND);
    machine.need(["c"]);
    machine.withdraw(&before);
    assert!(machine.get("c").is_some());
    // Nor what is about to go live for another.
    let mut machine = self::machine();
    machine.need(["a"]);
    machine.next(Time::ZERO);
    machine.finished("a", Outcome::Arrived { modified: 1 }, SECOND, HALF);
    let other = machine.need(["a"]);
    machine.withdraw(&other);
    assert!(machine.get("a").is_some());
}

#[test]
fn pauses_are_drawn_within_a_quarter() {
    for (random, pauses) in [(0, [75, 150, 3750]), (u64::MAX, [125, 250, 6250])] {
        let mut machine = machine();
        machine.need(["a"]);
        let mut now = Time::ZERO;
        for pause in pauses {
            assert_eq!(ids(&mut machine, now), ["a"]);
            machine.finished("a", error(true), now, random);
            let next = machine.next_deadline().unwrap();
            assert!((next - now).abs_diff(Duration::from_millis(pause)) < Duration::from_millis(1), "{:?}", next - now);
            now = next;
        }
    }
    let config = SyncConfig::default();
    assert_eq!(config.missing_retry(9, u64::MAX), 60 * SECOND, "no later than with the interval");
}

/// The service is busy, and asks to be left alone for so long.
fn busy(seconds: u64) -> Outcome {
    let response = Response::builder().status(503).header("Retry-After", seconds).body(()).unwrap();
    Outcome::Failed(Arc::new(refusal(Endpoint::Cohort, &response).into()))
}

#[test]
fn what_the_service_asks_counts_behind_the_last_attempt_too() {
    for (asked, given) in [(3, 5), (8, 8), (3600, 10)] {
        let mut machine = machine();
        machine.need(["a"]);
        let mut now = Time::ZERO;
        while machine.get("a").unwrap().failures == 0 {
            assert_eq!(ids(&mut machine, now), ["a"]);
            machine.finished("a", busy(asked), now, HALF);
            now = if machine.get("a").unwrap().failures == 0 { machine.next_deadline().unwrap() } else { now };
        }
        assert_eq!(machine.next_deadline(), Some(now + given * SECOND), "asked for {asked} s");
    }
}

#[test]
fn a_refresh_does_not_hurry_what_is_to_be_left_alone() {
    let mut machine = holding(&["a"]);
    machine.need(["c"]);
    for at in [33, 43, 53] {
        assert_eq!(ids(&mut machine, at * SECOND), ["c"]);
        machine.finished("c", busy(10), at * SECOND, HALF);
    }
    assert_eq!(ids(&mut machine, 60 * SECOND), ["a"]);
    machine.finished("a", busy(10), 60 * SECOND, HALF);
    assert_eq!(ids(&mut machine, 63 * SECOND), ["c"]);
    machine.finished("c", Outcome::Arrived { modified: 1 }, 63 * SECOND, HALF);
    // Nor where a copy is there: the last attempt takes long.
    assert_eq!(ids(&mut machine, 70 * SECOND), ["a"]);
    machine.finished("a", busy(10), 70 * SECOND, HALF);
    assert_eq!(ids(&mut machine, 80 * SECOND), ["a"]);
    machine.finished("a", busy(10), 115 * SECOND, HALF);
    assert_eq!(ids(&mut machine, 120 * SECOND), ["c"]);
    assert_eq!(machine.next_deadline(), Some(125 * SECOND));
    assert_eq!(ids(&mut machine, 125 * SECOND), ["a"]);
}

#[test]
fn all_are_refreshed_at_each_interval_with_what_they_said() {
    let mut machine = holding(&["a", "b"]);
    assert_eq!(machine.next_deadline(), Some(60 * SECOND));
    assert!(machine.next(59 * SECOND).is_empty());
    assert_eq!(begun(&mut machine, 60 * SECOND), [("a".to_owned(), Some(7)), ("b".to_owned(), Some(7))]);
    machine.finished("a", Outcome::Unchanged, 61 * SECOND, HALF);
    assert_eq!(machine.finished("b", error(false), 62 * SECOND, HALF), Some(Notice::Failed { first: true }));
    // The copy stays, and is asked for with the others.
    assert_eq!(machine.next_deadline(), Some(120 * SECOND));
    let told: Vec<_> = machine.cohorts().map(|(_, it)| (it.current, it.failures)).collect();
    assert_eq!(told, [(Some(61 * SECOND), 0), (Some(Time::ZERO), 1)]);
    assert_eq!(ids(&mut machine, 120 * SECOND), ["a", "b"]);
}

#[test]
fn the_interval_counts_from_the_first_flags() {
    let mut machine = holding(&["a"]);
    machine.retain(&["a"].into(), 50 * SECOND);
    assert_eq!(machine.next_deadline(), Some(60 * SECOND));
}

#[test]
fn a_long_refresh_is_not_begun_twice() {
    let mut machine = holding(&["a", "b", "c", "d", "e"]);
    assert_eq!(ids(&mut machine, 60 * SECOND), ["a", "b", "c"]);
    assert!(machine.next(120 * SECOND).is_empty());
    machine.finished("a", Outcome::Unchanged, 120 * SECOND, HALF);
    assert_eq!(ids(&mut machine, 120 * SECOND), ["d"]);
    machine.finished("b", Outcome::Unchanged, 120 * SECOND, HALF);
    assert_eq!(ids(&mut machine, 120 * SECOND), ["e"]);
    for id in ["c", "d", "e"] {
        machine.finished(id, Outcome::Unchanged, 121 * SECOND, HALF);
    }
    assert!(machine.next(121 * SECOND).is_empty());
}

#[test]
fn neither_refreshing_nor_new_cohorts_keep_the_other_waiting() {
    let names: Vec<String> = (0..20).map(|index| format!("old-{index:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut machine = holding(&names);
    // A place is left for new ones, however much there is to refresh.
    assert_eq!(ids(&mut machine, 60 * SECOND).len(), 3);
    machine.need(["n0", "n1", "n2", "n3", "n4"]);
    assert_eq!(ids(&mut machine, 60 * SECOND), ["n0"]);
    // Both go on as places become free.
    for (done, next) in [("old-00", "n1"), ("old-01", "old-03"), ("n0", "n2"), ("old-02", "old-04"), ("n1", "n3")] {
        machine.finished(done, Outcome::Arrived { modified: 1 }, 60 * SECOND, HALF);
        let begun = ids(&mut machine, 60 * SECOND);
        assert_eq!(begun, [next], "behind {done}");
    }
}

#[test]
fn what_is_no_longer_needed_is_forgotten() {
    let mut machine = holding(&["a", "b", "c", "d", "e"]);
    assert_eq!(machine.next(60 * SECOND).len(), 3);
    machine.retain(&["e"].into(), 60 * SECOND);
    assert!(machine.get("a").is_none() && is_settled(&machine, &["a"]));
    assert_eq!(machine.finished("a", error(true), 60 * SECOND, HALF), None);
    assert_eq!(ids(&mut machine, 60 * SECOND), ["e"]);
    machine.retain(&BTreeSet::new(), 60 * SECOND);
    assert_eq!(machine.next_deadline(), None);
}

#[test]
fn what_is_needed_again_is_not_downloaded_twice_at_a_time() {
    let mut machine = holding(&["a"]);
    assert_eq!(begun(&mut machine, 60 * SECOND), [("a".to_owned(), Some(7))]);
    machine.retain(&BTreeSet::new(), 60 * SECOND);
    machine.need(["a"]);
    assert!(machine.next(60 * SECOND).is_empty());
    // The copy that it did not change from is gone.
    assert_eq!(machine.finished("a", Outcome::Unchanged, 61 * SECOND, HALF), None);
    assert!(!is_settled(&machine, &["a"]));
    assert_eq!(begun(&mut machine, 61 * SECOND), [("a".to_owned(), None)]);
}

#[test]
fn lost_downloads_are_begun_again() {
    let mut machine = holding(&["a"]);
    machine.need(["b"]);
    assert_eq!(machine.next(60 * SECOND).len(), 2);
    machine.lost();
    let mut again = ids(&mut machine, 60 * SECOND);
    again.sort();
    assert_eq!(again, ["a", "b"]);
}
