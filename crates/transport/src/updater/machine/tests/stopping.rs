//! Stops and restarts.

use super::*;

#[test]
fn a_stop_cancels_what_is_under_way_in_every_state() {
    let mut streaming = Rig::streaming();
    streaming.give(flags("v2"));
    streaming.give(flags("v3"));
    assert_eq!(streaming.give(Input::Stop), ["close", "cancel apply"]);

    let mut reconnecting = Rig::streaming();
    reconnecting.give(broken(ErrorClass::Network));
    assert_eq!(reconnecting.give(Input::Stop), nothing());

    let mut fallback = Rig::fallback();
    fallback.wait(30_000).give(Input::Tick);
    assert_eq!(fallback.give(Input::Stop), ["close", "cancel poll"]);

    let mut polling = Rig::polling();
    assert_eq!(polling.give(Input::Stop), nothing());

    for rig in [&mut streaming, &mut reconnecting, &mut fallback, &mut polling] {
        assert_eq!((rig.state(), rig.due_in()), (State::Stopped, None));
        assert_eq!(rig.machine.status().next_retry, None);
        assert_eq!(rig.give(Input::Stop), nothing());
    }
}

#[test]
fn a_start_under_way_is_told_of_the_stop() {
    for start in [Start::Wait, Start::Background] {
        let mut rig = Rig::new(Mode::Streaming);
        rig.give(Input::Start(start));
        assert_eq!(rig.give(Input::Stop), ["close", "failed"]);
        assert!(matches!(rig.start, Some(Err(StartError::Stopped))));
    }
}

#[test]
fn what_comes_after_a_stop_is_ignored() {
    let mut rig = Rig::streaming();
    rig.give(Input::Stop);
    let (bytes, opened, tick, panicked) = (Input::StreamBytes, Input::StreamOpened, Input::Tick, Input::Panicked);
    for input in [flags("v2"), applied(), polled("v2"), bytes, opened, tick, panicked] {
        assert_eq!(rig.give(input), nothing());
    }
    assert_eq!(rig.give(broken(ErrorClass::Network)), nothing());
    assert_eq!((rig.state(), rig.due_in()), (State::Stopped, None));
}

#[test]
fn it_starts_again_as_it_did_first() {
    let mut rig = Rig::streaming();
    rig.give(Input::Stop);
    assert_eq!(rig.give(Input::Start(Start::Wait)), ["open"]);
    assert_eq!(rig.state(), State::Starting);
    rig.give(flags("v2"));
    assert_eq!(rig.give(applied()), ["ready"]);
    assert_eq!((rig.state(), rig.machine.status().reconnects), (State::Streaming, 0));
}
