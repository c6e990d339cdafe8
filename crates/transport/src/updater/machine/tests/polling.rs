//! Polls alone.

use super::*;

#[test]
fn polls_come_at_the_interval_and_never_a_stream() {
    let mut rig = Rig::polling();
    for n in 1..5 {
        assert_eq!(rig.tick(), ["poll tag-v1"]);
        assert_eq!(rig.now, secs(30 * n));
        rig.wait(2000).give(Input::PollDone(Ok(Polled::Unchanged)));
        assert_eq!(rig.state(), State::Polling);
    }
}

#[test]
fn a_failed_poll_keeps_ticking() {
    let mut rig = Rig::polling();
    for n in 1..4 {
        assert_eq!(rig.tick(), ["poll tag-v1"]);
        assert_eq!(rig.now, secs(30 * n));
        assert_eq!(rig.give(no_poll(ErrorClass::Status(500))), nothing());
    }
    assert_eq!(rig.machine.status().failures, 3);
}

#[test]
fn behind_a_failure_polls_of_many_clients_do_not_come_all_at_once() {
    for (random, failed, well) in [(0, millis(27_000), secs(30)), (u64::MAX, millis(33_000), secs(30))] {
        let mut rig = Rig::polling();
        rig.random = random;
        rig.tick();
        rig.wait(2000).give(no_poll(ErrorClass::Network));
        let last = secs(30);
        assert!((rig.machine.next_deadline().unwrap() - last).abs_diff(failed) < millis(1));
        rig.tick();
        let last = rig.now;
        rig.wait(2000).give(Input::PollDone(Ok(Polled::Unchanged)));
        assert_eq!(rig.machine.next_deadline().unwrap() - last, well);
    }
}

#[test]
fn pauses_of_the_first_series_grow_and_are_drawn() {
    for (random, pauses) in [(0, [75, 150, 300, 600]), (u64::MAX, [125, 250, 500, 1000])] {
        let mut rig = Rig::new(Mode::Polling);
        rig.random = random;
        rig.give(Input::Start(Start::Wait));
        for pause in pauses {
            rig.give(no_poll(ErrorClass::Network));
            assert!(rig.due_in().unwrap().abs_diff(millis(pause)) < millis(1), "{:?}", rig.due_in());
            assert_eq!(rig.tick(), ["poll"]);
        }
    }
}

#[test]
fn a_poll_has_ten_seconds() {
    let mut rig = Rig::polling();
    rig.tick();
    assert_eq!(rig.due_in(), Some(secs(10)));
    assert_eq!(rig.tick(), ["cancel poll"]);
    assert!(matches!(rig.machine.status().last_error, Some(Failure::PollTimeout(_))));
    assert_eq!(rig.due_in(), Some(secs(20)));
}

#[test]
fn there_is_one_poll_at_a_time() {
    let config = UpdaterConfig { poll_interval: secs(1), poll_timeout: secs(10), ..UpdaterConfig::default() };
    let mut rig = Rig::with(config);
    rig.give(Input::Start(Start::Background));
    assert_eq!(rig.wait(5000).give(Input::Tick), nothing());
    rig.give(polled("v1"));
    rig.give(applied());
    assert_eq!(rig.tick(), ["poll tag-v1"]);
}

#[test]
fn a_refused_key_shows_and_is_tried_again_after_ten_intervals() {
    let mut rig = Rig::polling();
    rig.tick();
    rig.give(no_poll(ErrorClass::Unauthorized));
    assert_eq!(rig.state(), State::Unauthorized);
    assert_eq!(rig.machine.status().next_retry, Some(rig.now + secs(300)));
    while rig.tick() != ["poll tag-v1"] {}
    assert_eq!(rig.now, secs(330));
    rig.give(Input::PollDone(Ok(Polled::Unchanged)));
    assert_eq!(rig.state(), State::Polling);
}

#[test]
fn a_service_that_asks_for_time_gets_it_within_bounds() {
    for (asked, given) in [(5, 30), (100, 100), (86_400, 300)] {
        let mut rig = Rig::polling();
        rig.tick();
        rig.give(Input::PollDone(Err(Failure::Poll(asked_to_wait(asked)))));
        assert_eq!(rig.machine.status().next_retry, Some(rig.now + secs(given)));
    }
    let mut rig = Rig::new(Mode::Polling);
    rig.give(Input::Start(Start::Wait));
    rig.give(Input::PollDone(Err(Failure::Poll(asked_to_wait(3)))));
    assert_eq!(rig.due_in(), Some(secs(3)));
}

#[test]
fn unchanged_ends_a_start_only_if_a_set_was_named() {
    let mut rig = Rig::new(Mode::Polling);
    rig.give(Input::Start(Start::Wait));
    assert_eq!(rig.give(Input::PollDone(Ok(Polled::Unchanged))), nothing());
    assert!(matches!(rig.machine.status().last_error, Some(Failure::Poll(_))));

    let mut rig = Rig::polling();
    rig.give(Input::Stop);
    assert_eq!(rig.give(Input::Start(Start::Wait)), ["poll tag-v1"]);
    assert_eq!(rig.give(Input::PollDone(Ok(Polled::Unchanged))), ["ready"]);
}

#[test]
fn settings_of_nothing_do_not_make_it_spin() {
    let config = UpdaterConfig {
        poll_interval: Duration::ZERO,
        initial_attempts: 0,
        initial_backoff: Duration::ZERO,
        initial_backoff_max: Duration::ZERO,
        ..UpdaterConfig::default()
    };
    let mut rig = Rig::with(config);
    rig.give(Input::Start(Start::Background));
    for _ in 0..5 {
        rig.give(no_poll(ErrorClass::Network));
        assert!(rig.due_in().unwrap() >= millis(1));
        rig.tick();
    }
}
