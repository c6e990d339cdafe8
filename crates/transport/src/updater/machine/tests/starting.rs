//! From `Idle` and `Connecting`.

use super::*;

#[test]
fn a_start_opens_the_stream_and_gives_it_one_and_a_half_seconds() {
    let mut rig = Rig::new(Mode::Streaming);
    assert_eq!((rig.state(), rig.due_in()), (State::Idle, None));
    assert_eq!(rig.give(Input::Start(Start::Wait)), ["open"]);
    assert_eq!((rig.state(), rig.due_in()), (State::Starting, Some(millis(1500))));
    assert_eq!(rig.give(Input::Start(Start::Wait)), nothing());
}

#[test]
fn first_flags_in_place_end_the_start() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    assert_eq!(rig.wait(700).give(Input::StreamOpened), nothing());
    assert_eq!(rig.due_in(), Some(millis(800)), "opening the stream does not extend the time for flags");
    assert_eq!(rig.wait(700).give(flags("v1")), ["apply v1"]);
    assert_eq!((rig.state(), rig.start.is_some()), (State::Starting, false));
    assert_eq!(rig.give(applied()), ["ready"]);
    assert_eq!(rig.state(), State::Streaming);
}

#[test]
fn the_time_for_first_flags_does_not_count_taking_them_in() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    rig.give(Input::StreamOpened);
    rig.wait(1400).give(flags("v1"));
    assert_eq!(rig.wait(10_000).give(Input::Tick), nothing());
    assert_eq!(rig.give(applied()), ["ready"]);
}

#[test]
fn any_failure_of_the_first_connection_starts_the_poller() {
    for class in [ErrorClass::Network, ErrorClass::Status(500), ErrorClass::Unsupported, ErrorClass::Malformed] {
        let mut rig = Rig::new(Mode::Streaming);
        rig.give(Input::Start(Start::Wait));
        assert_eq!(rig.give(broken(class)), ["close", "poll"], "{class:?}");
    }
    for opened in [false, true] {
        let mut rig = Rig::new(Mode::Streaming);
        rig.give(Input::Start(Start::Wait));
        if opened {
            rig.give(Input::StreamOpened);
            rig.give(Input::StreamBytes);
        }
        assert_eq!(rig.tick(), ["close", "poll"]);
        assert_eq!(rig.now, millis(1500));
    }
    for result in [malformed(), not_applied()] {
        let mut rig = Rig::new(Mode::Streaming);
        rig.give(Input::Start(Start::Wait));
        rig.give(flags("bad"));
        assert_eq!(rig.give(result), ["close", "poll"]);
    }
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    assert_eq!(rig.give(Input::StreamFailed(Failure::Ended)), ["close", "poll"]);
}

#[test]
fn when_the_poller_works_the_start_ends_in_fallback_and_the_stream_is_tried_again() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    rig.give(broken(ErrorClass::Network));
    assert_eq!(rig.give(polled("v1")), ["apply v1"]);
    assert_eq!(rig.give(applied()), ["ready"]);
    assert_eq!((rig.state(), rig.due_in()), (State::Fallback, Some(secs(15))));
    assert_eq!(rig.tick(), ["open"]);
}

#[test]
fn when_five_polls_fail_the_start_fails_and_nothing_is_left() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    rig.give(broken(ErrorClass::Network));
    for backoff in [100, 200, 400, 800] {
        assert_eq!(rig.give(no_poll(ErrorClass::Network)), nothing());
        assert_eq!(rig.due_in(), Some(millis(backoff)));
        assert_eq!(rig.tick(), ["poll"]);
    }
    assert_eq!(rig.give(no_poll(ErrorClass::Network)), ["failed"]);
    assert!(matches!(rig.start, Some(Err(StartError::Failed { attempts: 5, .. }))));
    assert_eq!((rig.state(), rig.due_in()), (State::Idle, None));
    assert_eq!(rig.give(Input::Start(Start::Wait)), ["open"], "it may be started again");
}

#[test]
fn a_body_that_is_not_taken_in_is_a_failed_attempt() {
    let mut rig = Rig::new(Mode::Polling);
    rig.give(Input::Start(Start::Wait));
    for _ in 0..4 {
        rig.give(polled("bad"));
        assert_eq!(rig.give(malformed()), nothing());
        assert_eq!(rig.tick(), ["poll"]);
    }
    rig.give(polled("bad"));
    assert_eq!(rig.give(malformed()), ["failed"]);
}

#[test]
fn a_refused_key_fails_the_start_at_once() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    assert_eq!(rig.give(broken(ErrorClass::Unauthorized)), ["close", "failed"]);
    assert!(matches!(rig.start, Some(Err(StartError::Unauthorized(_)))));
    let mut rig = Rig::new(Mode::Polling);
    rig.give(Input::Start(Start::Wait));
    assert_eq!(rig.give(no_poll(ErrorClass::Unauthorized)), ["failed"]);
    assert!(matches!(rig.start, Some(Err(StartError::Unauthorized(_)))));
    assert_eq!((rig.state(), rig.due_in()), (State::Idle, None));
}

#[test]
fn a_start_has_a_deadline_and_tells_what_went_wrong_last() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    rig.give(broken(ErrorClass::Network));
    rig.give(polled("v1"));
    assert_eq!(rig.tick(), ["cancel apply", "failed"]);
    assert_eq!(rig.now, secs(60));
    assert!(matches!(rig.start, Some(Err(StartError::Timeout { last: Some(Failure::Stream(_)), .. }))));
    assert_eq!((rig.state(), rig.due_in()), (State::Idle, None));
}

#[test]
fn flags_that_outlive_their_stream_end_the_start_too() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    rig.give(flags("v1"));
    assert_eq!(rig.give(broken(ErrorClass::Network)), ["close", "poll"]);
    assert_eq!(rig.give(applied()), ["ready"]);
    assert_eq!(rig.state(), State::Fallback);
    assert_eq!(rig.machine.status().next_retry, Some(secs(15)), "the stream is tried again");
}

#[test]
fn a_start_in_the_background_keeps_trying() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Background));
    rig.give(broken(ErrorClass::Unauthorized));
    assert_eq!(rig.state(), State::Starting);
    rig.give(no_poll(ErrorClass::Unauthorized));
    assert_eq!((rig.state(), rig.start.is_none()), (State::Unauthorized, true));
    rig.now = secs(300);
    assert_eq!(rig.give(Input::Tick), ["open", "poll"]);
    rig.give(polled("v1"));
    assert_eq!(rig.give(applied()), ["ready"]);
    assert_eq!(rig.state(), State::Fallback);
}

#[test]
fn a_start_that_somebody_waits_for_can_become_one_in_the_background() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    rig.give(broken(ErrorClass::Network));
    assert_eq!(rig.give(Input::Start(Start::Background)), nothing());
    for _ in 0..4 {
        rig.give(no_poll(ErrorClass::Network));
        assert_eq!(rig.tick(), ["poll"]);
    }
    assert_eq!(rig.give(no_poll(ErrorClass::Network)), nothing());
    assert_eq!(rig.tick(), ["open"]);
}
