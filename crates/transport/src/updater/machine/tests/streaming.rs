//! From `Streaming` and `Reconnecting`.

use super::*;

#[test]
fn data_is_taken_in_strictly_in_order() {
    let mut rig = Rig::streaming();
    assert_eq!(rig.give(flags("v2")), ["apply v2"]);
    assert_eq!(rig.give(flags("v3")), nothing());
    assert_eq!(rig.give(applied()), ["apply v3"]);
    assert_eq!(rig.give(applied()), nothing());
    assert_eq!((rig.state(), rig.machine.status().updates), (State::Streaming, 3));
}

#[test]
fn bytes_keep_the_stream_and_silence_ends_it() {
    let mut rig = Rig::streaming();
    assert_eq!(rig.due_in(), Some(secs(17)));
    for _ in 0..5 {
        assert_eq!(rig.wait(15_000).give(Input::StreamBytes), nothing());
        assert_eq!(rig.due_in(), Some(secs(17)));
    }
    assert_eq!(rig.tick(), ["close"]);
    assert_eq!(rig.state(), State::Reconnecting);
}

/// Keeps a stream alive to the end of its life.
fn live_out(rig: &mut Rig) -> Vec<String> {
    loop {
        rig.wait(10_000).give(Input::StreamBytes);
        if rig.due_in().unwrap() < secs(10) {
            return rig.tick();
        }
    }
}

#[test]
fn at_the_end_of_its_life_a_connection_is_renewed_without_a_word() {
    let mut rig = Rig::streaming();
    assert_eq!(live_out(&mut rig), ["close", "open"]);
    assert_eq!((rig.now, rig.state()), (secs(15 * 60), State::Streaming));
    rig.give(Input::StreamOpened);
    assert_eq!(rig.give(flags("v2")), ["apply v2"]);
    rig.give(applied());
    assert_eq!((rig.state(), rig.machine.status().failures, rig.machine.status().reconnects), (State::Streaming, 0, 0));
}

#[test]
fn lives_are_drawn_between_twelve_and_eighteen_minutes() {
    for (random, minutes) in [(0, 12), (u64::MAX, 18)] {
        let mut rig = Rig::new(Mode::Streaming);
        rig.random = random;
        rig.give(Input::Start(Start::Wait));
        rig.give(flags("v1"));
        rig.give(applied());
        live_out(&mut rig);
        assert!(rig.now.abs_diff(secs(minutes * 60)) < millis(1), "{:?}", rig.now);
    }
}

#[test]
fn a_renewal_that_fails_is_a_stream_that_broke() {
    let mut rig = Rig::streaming();
    live_out(&mut rig);
    assert_eq!(rig.give(broken(ErrorClass::Network)), ["close"]);
    assert_eq!((rig.state(), rig.due_in()), (State::Reconnecting, Some(millis(500))));
    assert_eq!(rig.tick(), ["open"]);
}

#[test]
fn a_stream_that_breaks_is_opened_again_within_a_second() {
    for (random, delay) in [(0, 1), (u64::MAX / 4 + 1, 250), (u64::MAX / 2 + 1, 500)] {
        let mut rig = Rig::streaming();
        rig.random = random;
        assert_eq!(rig.give(broken(ErrorClass::Network)), ["close"]);
        assert_eq!((rig.state(), rig.due_in()), (State::Reconnecting, Some(millis(delay))));
        assert_eq!(rig.tick(), ["open"]);
    }
}

/// Has a stream break a second after it brought flags, and gives the next its flags, if it is opened at once.
fn cut(rig: &mut Rig) -> State {
    rig.wait(1000).give(broken(ErrorClass::Network));
    let state = rig.state();
    if state == State::Reconnecting {
        assert_eq!(rig.tick(), ["open"]);
        rig.give(flags("v2"));
        rig.give(applied());
    }
    state
}

#[test]
fn a_stream_that_is_always_cut_leaves_the_flags_to_polls() {
    let mut rig = Rig::streaming();
    for _ in 0..5 {
        assert_eq!(cut(&mut rig), State::Reconnecting);
    }
    assert_eq!(cut(&mut rig), State::Fallback);
}

#[test]
fn a_connection_that_lives_its_life_begins_the_count_of_cuts_anew() {
    let mut rig = Rig::streaming();
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(cut(&mut rig), State::Reconnecting);
        }
        assert_eq!(live_out(&mut rig), ["close", "open"]);
        rig.give(flags("v3"));
        rig.give(applied());
    }
}

#[test]
fn so_does_a_start() {
    let mut rig = Rig::streaming();
    while cut(&mut rig) == State::Reconnecting {}
    rig.give(Input::Stop);
    rig.give(Input::Start(Start::Wait));
    rig.give(flags("v3"));
    rig.give(applied());
    assert_eq!(cut(&mut rig), State::Reconnecting);
}

#[test]
fn attempts_that_bring_no_flags_are_no_cuts() {
    let mut rig = Rig::fallback();
    for opened in [false, true, false, true, false, true] {
        while rig.tick() != ["open"] {
            rig.give(Input::PollDone(Ok(Polled::Unchanged)));
        }
        if opened {
            rig.give(Input::StreamOpened);
        }
        rig.give(broken(ErrorClass::Network));
    }
    while rig.tick() != ["open"] {
        rig.give(Input::PollDone(Ok(Polled::Unchanged)));
    }
    rig.give(flags("v2"));
    rig.give(applied());
    assert_eq!(cut(&mut rig), State::Reconnecting);
}

#[test]
fn every_failure_but_501_and_refusal_reconnects() {
    for input in [
        broken(ErrorClass::Status(500)),
        broken(ErrorClass::Timeout),
        broken(ErrorClass::Malformed),
        Input::StreamFailed(Failure::Ended),
    ] {
        let mut rig = Rig::streaming();
        assert_eq!(rig.give(input), ["close"]);
        assert_eq!(rig.state(), State::Reconnecting);
    }
    let mut rig = Rig::streaming();
    rig.give(flags("bad"));
    assert_eq!(rig.give(malformed()), ["close"]);
    assert_eq!(rig.state(), State::Reconnecting);
}

#[test]
fn on_501_polls_stand_in_at_once() {
    let mut rig = Rig::streaming();
    assert_eq!(rig.give(broken(ErrorClass::Unsupported)), ["close", "poll"]);
    assert_eq!((rig.state(), rig.machine.status().next_retry), (State::Fallback, Some(secs(15))));
}

#[test]
fn a_reconnect_that_brings_flags_is_streaming_again() {
    let mut rig = Rig::streaming();
    rig.give(broken(ErrorClass::Network));
    rig.tick();
    rig.give(Input::StreamOpened);
    rig.give(flags("v2"));
    assert_eq!(rig.state(), State::Reconnecting);
    assert_eq!(rig.give(applied()), nothing());
    assert_eq!((rig.state(), rig.machine.status().reconnects), (State::Streaming, 1));
}

#[test]
fn a_reconnect_that_fails_starts_the_poller_and_arms_the_retry() {
    for input in [broken(ErrorClass::Network), broken(ErrorClass::Status(502)), Input::StreamFailed(Failure::Ended)] {
        let mut rig = Rig::streaming();
        rig.give(broken(ErrorClass::Network));
        rig.tick();
        let now = rig.now;
        assert_eq!(rig.give(input), ["close", "poll"]);
        assert_eq!((rig.state(), rig.machine.status().next_retry), (State::Fallback, Some(now + secs(15))));
    }
    let mut rig = Rig::streaming();
    rig.give(broken(ErrorClass::Network));
    rig.tick();
    assert_eq!(rig.tick(), ["close", "poll"], "silence too");
}

#[test]
fn a_service_that_asks_for_time_is_not_hurried() {
    let mut rig = Rig::streaming();
    assert_eq!(rig.give(Input::StreamFailed(Failure::Stream(asked_to_wait(40)))), ["close", "poll"]);
    assert_eq!(rig.machine.status().next_retry, Some(secs(40)));
}

#[test]
fn a_refused_reconnect_keeps_the_flags_and_waits_ten_poll_intervals() {
    let mut rig = Rig::streaming();
    rig.give(broken(ErrorClass::Network));
    rig.tick();
    assert_eq!(rig.give(broken(ErrorClass::Unauthorized)), ["close", "poll"]);
    assert_eq!(rig.give(no_poll(ErrorClass::Unauthorized)), nothing());
    assert_eq!((rig.state(), rig.machine.status().next_retry), (State::Unauthorized, Some(rig.now + secs(300))));
}
