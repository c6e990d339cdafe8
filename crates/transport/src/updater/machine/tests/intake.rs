//! Bodies on their way into place, and panics.

use super::*;

#[test]
fn of_those_that_wait_only_the_newest_is_taken_in() {
    let mut rig = Rig::streaming();
    assert_eq!(rig.give(flags("v2")), ["apply v2"]);
    assert_eq!(rig.give(flags("v3")), nothing());
    assert_eq!(rig.give(flags("v4")), nothing());
    assert_eq!(rig.give(applied()), ["apply v4"]);
}

#[test]
fn flags_of_a_stream_wait_behind_those_of_a_poll() {
    let mut rig = Rig::fallback();
    assert_eq!(rig.wait(30_000).give(Input::Tick), ["open", "poll tag-v1"]);
    assert_eq!(rig.give(polled("v2")), ["apply v2"]);
    assert_eq!(rig.give(flags("v3")), nothing());
    assert_eq!(rig.give(applied()), ["apply v3"]);
    assert_eq!(rig.state(), State::Fallback);
    rig.give(applied());
    assert_eq!(rig.state(), State::Streaming);
}

#[test]
fn a_sink_that_fails_a_good_stream_is_given_the_set_again() {
    let mut rig = Rig::streaming();
    rig.give(flags("v2"));
    assert_eq!(rig.give(not_applied()), nothing());
    assert_eq!(rig.state(), State::Streaming);
    rig.wait(15_000).give(Input::StreamBytes);
    assert_eq!(rig.due_in(), Some(secs(15)));
    assert_eq!(rig.tick(), ["apply v2"]);
    rig.give(applied());
    assert_eq!(rig.machine.status().failures, 0);
}

#[test]
fn a_newer_set_takes_the_place_of_one_to_be_given_again() {
    let mut rig = Rig::streaming();
    rig.give(flags("v2"));
    rig.give(not_applied());
    assert_eq!(rig.give(flags("v3")), ["apply v3"]);
    rig.give(applied());
    assert_eq!(rig.due_in(), Some(secs(17)), "nothing but the keep-alive is armed");
}

#[test]
fn a_sink_that_hangs_is_given_up() {
    let config = UpdaterConfig { mode: Mode::Streaming, apply_timeout: secs(5), ..UpdaterConfig::default() };
    let mut rig = Rig::with(config);
    rig.give(Input::Start(Start::Wait));
    rig.give(flags("v1"));
    assert_eq!(rig.tick(), ["cancel apply", "close", "poll"]);
    assert_eq!(rig.now, secs(5));
}

#[test]
fn tags_are_those_of_sets_in_place_and_never_of_older_ones() {
    let mut rig = Rig::polling();
    rig.tick();
    rig.give(polled("v2"));
    rig.give(malformed());
    assert_eq!(rig.tick(), ["poll tag-v1"], "v2 is not in place");

    let mut rig = Rig::fallback();
    rig.tick();
    rig.give(flags("v2"));
    rig.give(applied());
    assert_eq!(rig.give(broken(ErrorClass::Unsupported)), ["close", "poll"], "v1 is no longer in place");
}

#[test]
fn a_panic_loses_the_work_and_nothing_else() {
    let panicked = || Input::Panicked;
    let mut rig = Rig::streaming();
    rig.give(flags("v2"));
    assert_eq!(rig.give(panicked()), ["close"]);
    assert_eq!((rig.state(), rig.machine.status().restarts), (State::Reconnecting, 1));

    let mut rig = Rig::fallback();
    rig.wait(30_000).give(Input::Tick);
    assert_eq!(rig.give(panicked()), ["close"]);
    assert_eq!(rig.machine.status().next_retry, Some(rig.now + secs(15)));
    assert_eq!(rig.machine.poller.waits_until(), Some(rig.now + secs(30)));

    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    rig.give(flags("v1"));
    assert_eq!(rig.give(panicked()), ["close", "poll"]);
}
