//! What is told: status and notices.

use super::*;

/// The notices since the last call: `!` first failure, `.` repeated, `+` recovered; `e` a stream that had worked is over,
/// `?` streams are short-lived, `l` one lasts again.
fn told(rig: &mut Rig) -> String {
    let marks = rig.notices.drain(..).map(|notice| match notice {
        Notice::Failed { repeated: false, .. } => "!",
        Notice::Failed { repeated: true, .. } => ".",
        Notice::Recovered { .. } => "+",
        Notice::Ended { .. } => "e",
        Notice::ShortLived { .. } => "?",
        Notice::Lasting { .. } => "l",
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

/// Lets a stream live so long, which is alive to its end.
fn live(rig: &mut Rig, seconds: u64) {
    let end = rig.now + secs(seconds);
    while rig.now + secs(10) < end {
        rig.wait(10_000).give(Input::StreamBytes);
    }
    rig.now = end;
}

/// Ends the stream, or the attempt at one. Polls that stand in bring flags.
fn end(rig: &mut Rig, how: Input) {
    let actions = rig.give(how);
    answer(rig, &actions);
}

fn answer(rig: &mut Rig, actions: &[String]) {
    if actions.iter().any(|action| action.starts_with("poll")) {
        rig.give(polled("v2"));
        rig.give(applied());
    }
}

/// Waits for the next stream, which brings flags.
fn next_stream(rig: &mut Rig) {
    loop {
        let actions = rig.tick();
        answer(rig, &actions);
        if actions.contains(&"open".to_owned()) {
            break;
        }
    }
    rig.give(Input::StreamOpened);
    rig.give(flags("v2"));
    rig.give(applied());
}

fn ended() -> Input {
    Input::StreamFailed(Failure::Ended)
}

#[test]
fn a_balancer_that_ends_each_stream_after_a_minute_is_nothing_to_warn_of() {
    for how in [ended(), broken(ErrorClass::Network)] {
        let mut rig = Rig::streaming();
        for n in 1..=100 {
            live(&mut rig, 60);
            end(&mut rig, how.clone());
            let status = rig.machine.status();
            assert_eq!((status.state, status.failures, status.reconnects), (State::Reconnecting, 1, n - 1));
            assert!(status.last_error.is_some());
            next_stream(&mut rig);
            assert_eq!((rig.state(), rig.machine.status().failures), (State::Streaming, 0));
        }
        assert_eq!(told(&mut rig), "e".repeat(100));
    }
}

#[test]
fn an_end_is_a_warning_once_the_next_attempt_fails() {
    let mut rig = Rig::streaming();
    live(&mut rig, 60);
    end(&mut rig, ended());
    assert_eq!(told(&mut rig), "e");
    assert_eq!(rig.tick(), ["open"]);
    end(&mut rig, broken(ErrorClass::Network));
    assert_eq!(told(&mut rig), "!");
    next_stream(&mut rig);
    assert_eq!(told(&mut rig), "+");
    // So is one that brought nothing.
    end(&mut rig, ended());
    assert_eq!(rig.tick(), ["open"]);
    rig.give(Input::StreamOpened);
    end(&mut rig, ended());
    assert_eq!(told(&mut rig), "e!");
}

#[test]
fn streams_that_end_within_seconds_are_one_warning_until_one_lasts() {
    let mut rig = Rig::streaming();
    for _ in 0..2 {
        for _ in 0..20 {
            live(&mut rig, 5);
            end(&mut rig, ended());
            next_stream(&mut rig);
        }
        assert_eq!(told(&mut rig), format!("ee?{}", "e".repeat(17)));
        live(&mut rig, 30);
        assert_eq!(told(&mut rig), "l");
        end(&mut rig, ended());
        next_stream(&mut rig);
        assert_eq!(told(&mut rig), "e");
    }
}

#[test]
fn of_streams_that_break_within_seconds_the_first_is_a_warning_too() {
    let mut rig = Rig::streaming();
    for _ in 0..20 {
        live(&mut rig, 5);
        end(&mut rig, broken(ErrorClass::Network));
        next_stream(&mut rig);
    }
    assert_eq!(told(&mut rig), format!("!+e?{}", "e".repeat(17)));
}

#[test]
fn what_a_stream_that_had_worked_fails_by_otherwise_is_a_warning() {
    for input in [Input::Tick, broken(ErrorClass::Malformed), Input::Panicked] {
        let mut rig = Rig::streaming();
        live(&mut rig, 60);
        if matches!(input, Input::Tick) {
            rig.tick();
        } else {
            rig.give(input);
        }
        assert_eq!(told(&mut rig), "!");
    }
}

#[test]
fn flags_that_are_too_old_when_they_are_in_place_are_stale_all_along() {
    let mut rig = Rig::polling();
    rig.tick();
    rig.give(polled("v2"));
    while rig.state() != State::Stale {
        for action in rig.tick() {
            if action.starts_with("poll") {
                rig.give(no_poll(ErrorClass::Network));
            }
        }
    }
    rig.wait(60_000).give(applied());
    assert_eq!((rig.state(), rig.machine.status().last_current), (State::Stale, Some(secs(30))));
}

#[test]
fn a_status_says_until_when_it_holds() {
    let mut rig = Rig::new(Mode::Polling);
    assert_eq!(rig.machine.status().stale_at, None);
    rig.give(Input::Start(Start::Wait));
    assert_eq!(rig.machine.status().stale_at, None, "somebody waits, and is told how it goes");
    rig.give(polled("v1"));
    rig.give(applied());
    assert_eq!(rig.machine.status().stale_at, Some(secs(90)));
    rig.tick();
    rig.give(Input::PollDone(Ok(Polled::Unchanged)));
    assert_eq!(rig.machine.status().stale_at, Some(secs(120)));
    while rig.state() != State::Stale {
        assert_eq!(rig.machine.status().stale_at, Some(secs(120)));
        rig.tick();
        rig.give(no_poll(ErrorClass::Network));
    }
    assert_eq!((rig.now, rig.machine.status().stale_at), (secs(120), None));
    rig.give(Input::Stop);
    assert_eq!(rig.machine.status().stale_at, None);
    rig.give(Input::Start(Start::Background));
    assert_eq!(rig.machine.status().stale_at, Some(secs(210)), "the age counts from the start");
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
