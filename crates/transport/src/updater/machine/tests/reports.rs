//! What is told: status and notices.

use super::*;

/// The notices since the last call: `!` first failure, `.` repeated, `+` recovered.
fn told(rig: &mut Rig) -> String {
    let marks = rig.notices.drain(..).map(|notice| match notice {
        Notice::Failed { repeated: false, .. } => "!",
        Notice::Failed { repeated: true, .. } => ".",
        Notice::Recovered { .. } => "+",
        Notice::Updated { .. } => "",
    });
    marks.collect()
}

#[test]
fn of_a_series_of_failures_the_first_and_the_end_stand_out() {
    let mut rig = Rig::polling();
    told(&mut rig);
    for _ in 0..3 {
        rig.tick();
        rig.give(no_poll(ErrorClass::Network));
    }
    assert_eq!(told(&mut rig), "!..");
    while rig.tick().is_empty() {}
    rig.give(Input::PollDone(Ok(Polled::Unchanged)));
    assert_eq!(told(&mut rig), "+");
}

#[test]
fn polls_that_work_do_not_make_each_failure_of_the_stream_a_first_one() {
    let mut rig = Rig::fallback();
    told(&mut rig);
    for _ in 0..6 {
        for action in rig.tick() {
            rig.give(if action == "open" {
                broken(ErrorClass::Network)
            } else {
                Input::PollDone(Ok(Polled::Unchanged))
            });
        }
    }
    let told = told(&mut rig);
    assert!(!told.is_empty() && told.chars().all(|mark| mark == '.'), "{told}");
}

#[test]
fn contact_is_bytes_and_not_the_head_of_an_answer() {
    let mut rig = Rig::new(Mode::Streaming);
    rig.give(Input::Start(Start::Wait));
    rig.wait(100).give(Input::StreamOpened);
    assert_eq!(rig.machine.status().last_contact, None);
    rig.wait(100).give(Input::StreamBytes);
    assert_eq!(rig.machine.status().last_contact, Some(millis(200)));
}

#[test]
fn flags_are_as_old_as_the_last_word_that_they_stand() {
    let mut rig = Rig::streaming();
    rig.wait(15_000).give(Input::StreamBytes);
    assert_eq!(rig.machine.status().last_current, Some(secs(15)));
    rig.give(flags("v2"));
    rig.wait(5000).give(Input::StreamBytes);
    assert_eq!(rig.machine.status().last_current, Some(secs(15)), "something newer is not in place yet");
    rig.wait(5000).give(not_applied());
    rig.give(Input::StreamBytes);
    assert_eq!(rig.machine.status().last_current, Some(secs(15)), "something newer could not be put in place");
    rig.give(flags("v3"));
    rig.give(applied());
    assert_eq!((rig.machine.status().last_current, rig.machine.status().last_update), (Some(secs(25)), Some(secs(25))));
}

#[test]
fn unchanged_says_nothing_while_another_set_is_on_its_way() {
    let mut rig = Rig::polling();
    rig.tick();
    rig.give(polled("v2"));
    assert_eq!(rig.tick(), ["poll tag-v1"]);
    rig.give(Input::PollDone(Ok(Polled::Unchanged)));
    assert_eq!(rig.machine.status().last_current, Some(Duration::ZERO));
    rig.give(applied());
    assert_eq!(rig.machine.status().last_current, Some(secs(30)), "v2 is as old as its poll");
}

#[test]
fn without_news_flags_become_stale_and_fresh_again() {
    let mut rig = Rig::polling();
    while rig.state() != State::Stale {
        assert_eq!(rig.state(), State::Polling);
        rig.tick();
        rig.give(no_poll(ErrorClass::Network));
    }
    assert_eq!(rig.now, secs(90));
    while rig.tick().is_empty() {}
    rig.give(Input::PollDone(Ok(Polled::Unchanged)));
    assert_eq!(rig.state(), State::Polling);
}

#[test]
fn a_quiet_stream_is_not_stale_however_often_polls_would_come() {
    for (interval, stale_after) in [(1, 51), (5, 51), (30, 90)] {
        let config = UpdaterConfig { mode: Mode::Streaming, poll_interval: secs(interval), ..UpdaterConfig::default() };
        let mut rig = Rig::streaming_with(config);
        for n in 1..5 {
            while rig.machine.next_deadline().unwrap() < secs(15 * n) {
                rig.tick();
                assert_eq!(rig.state(), State::Streaming, "polls each {interval} s, {:?}", rig.now);
            }
            rig.now = secs(15 * n);
            rig.give(Input::StreamBytes);
        }
        while rig.state() != State::Stale {
            for action in rig.tick() {
                match action.as_str() {
                    "open" => drop(rig.give(broken(ErrorClass::Network))),
                    "poll" => drop(rig.give(no_poll(ErrorClass::Network))),
                    _ => {}
                }
            }
        }
        assert_eq!(rig.now, secs(60 + stale_after), "polls each {interval} s");
    }
}

#[test]
fn status_tells_where_flags_came_from() {
    use crate::status::Origin;
    assert_eq!(Rig::new(Mode::Polling).machine.status().origin, None);
    assert_eq!(Rig::fallback().machine.status().origin, Some(Origin::Poll));
    assert_eq!(Rig::streaming().machine.status().origin, Some(Origin::Stream));
}
