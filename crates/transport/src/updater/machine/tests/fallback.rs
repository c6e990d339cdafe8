//! From `Fallback`.

use super::*;

#[test]
fn when_the_series_of_polls_fails_polls_go_on_at_the_interval() {
    let mut rig = Rig::streaming();
    rig.give(broken(ErrorClass::Unsupported));
    for _ in 0..4 {
        rig.give(no_poll(ErrorClass::Network));
        assert_eq!(rig.tick(), ["poll"]);
    }
    let last = rig.now;
    assert_eq!(rig.give(no_poll(ErrorClass::Network)), nothing());
    assert_eq!((rig.state(), rig.tick()), (State::Fallback, vec!["open".to_owned()]));
    rig.give(broken(ErrorClass::Network));
    let mut polls = Vec::new();
    while polls.len() < 3 {
        match rig.tick().as_slice() {
            [action] if action == "poll" => {
                polls.push(rig.now - last);
                rig.give(no_poll(ErrorClass::Network));
            }
            [action] if action == "open" => assert_eq!(rig.give(broken(ErrorClass::Network)), ["close"]),
            other => assert_eq!(other, nothing()),
        }
    }
    assert_eq!(polls, [secs(30), secs(60), secs(90)]);
}

#[test]
fn the_stream_is_tried_at_its_interval_while_polls_go_on() {
    let mut rig = Rig::fallback();
    assert_eq!(rig.tick(), ["open"]);
    assert_eq!(rig.now, secs(15));
    assert_eq!(rig.tick(), ["close"], "no flags in time");
    assert_eq!((rig.state(), rig.due_in()), (State::Fallback, Some(millis(13_500))));
    assert_eq!(rig.tick(), ["poll tag-v1"]);
    assert_eq!(rig.now, secs(30));
    assert_eq!(rig.give(polled("v2")), ["apply v2"]);
    rig.give(applied());
    assert_eq!(rig.tick(), ["open"]);
    assert_eq!(rig.now, millis(31_500));
}

#[test]
fn the_delay_is_drawn_anew_each_time() {
    let mut rig = Rig::fallback();
    for (random, delay) in [(0, secs(14)), (u64::MAX / 2 + 1, secs(15)), (u64::MAX, secs(16))] {
        while rig.tick() != ["open"] {
            rig.give(Input::PollDone(Ok(Polled::Unchanged)));
        }
        rig.random = random;
        rig.give(broken(ErrorClass::Network));
        let retry = rig.machine.stream.waits_until().unwrap() - rig.now;
        assert!(retry.abs_diff(delay) < millis(1), "{retry:?}");
    }
}

#[test]
fn a_stream_that_brings_flags_ends_the_polls() {
    let mut rig = Rig::fallback();
    rig.tick();
    rig.give(Input::StreamOpened);
    assert_eq!(rig.give(flags("v2")), ["apply v2"]);
    assert_eq!(rig.state(), State::Fallback);
    assert_eq!(rig.give(applied()), nothing());
    assert_eq!((rig.state(), rig.due_in(), rig.machine.status().next_retry), (State::Streaming, Some(secs(17)), None));
}

#[test]
fn a_poll_under_way_is_dropped_when_the_stream_brings_flags() {
    let mut rig = Rig::fallback();
    assert_eq!(rig.wait(30_000).give(Input::Tick), ["open", "poll tag-v1"]);
    assert_eq!(rig.give(flags("v3")), ["cancel poll", "apply v3"]);
    assert_eq!(rig.give(polled("v2")), nothing(), "an older set does not follow a newer one");
}

#[test]
fn polls_go_on_at_once_when_the_flags_of_the_stream_are_not_taken_in() {
    for result in [malformed(), not_applied()] {
        let mut rig = Rig::fallback();
        rig.tick();
        rig.give(flags("bad"));
        assert_eq!(rig.give(result), ["close", "poll tag-v1"]);
        assert_eq!(rig.state(), State::Fallback);
    }
}

#[test]
fn a_refused_poll_waits_ten_intervals_while_the_stream_is_tried() {
    let mut rig = Rig::fallback();
    rig.tick();
    rig.give(broken(ErrorClass::Network));
    rig.now = secs(30);
    assert_eq!(rig.give(Input::Tick), ["open", "poll tag-v1"]);
    rig.give(no_poll(ErrorClass::Unauthorized));
    assert_eq!(rig.state(), State::Unauthorized);
    assert_eq!(rig.machine.poller.waits_until(), Some(secs(330)));
    rig.give(flags("v2"));
    rig.give(applied());
    assert_eq!(rig.state(), State::Streaming);
}

#[test]
fn a_refused_stream_waits_ten_intervals_while_polls_go_on() {
    let mut rig = Rig::fallback();
    rig.tick();
    assert_eq!(rig.give(broken(ErrorClass::Unauthorized)), ["close"]);
    assert_eq!((rig.state(), rig.machine.stream.waits_until()), (State::Fallback, Some(secs(315))));
    assert_eq!(rig.tick(), ["poll tag-v1"]);
}
