//! A running updater, in virtual time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::fakes::{Fakes, Meets, Taken};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};
use transport::updater::{ErrorClass, Failure, Mode, SourceError, StartError, StreamItem, Updater, UpdaterConfig};
use transport::{Chain, State, Status, StatusWatch};

async fn streaming() -> (Arc<Fakes>, Updater, StatusWatch) {
    let fakes = Fakes::new(Meets::Flags, Meets::Flags);
    let mut config = UpdaterConfig::default();
    config.mode = Mode::Streaming;
    let updater = Updater::builder(fakes.clone(), fakes.clone()).config(config).build();
    updater.start().await.unwrap();
    let watch = updater.watch();
    (fakes, updater, watch)
}

/// Waits for a status, in virtual time.
async fn until(watch: &mut StatusWatch, wanted: impl FnMut(&Status) -> bool) -> Status {
    timeout(Duration::from_secs(600), watch.wait_for(wanted)).await.expect("in time").expect("not gone")
}

fn broken() -> Result<StreamItem, SourceError> {
    Err(SourceError::new(ErrorClass::Network, "as set"))
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn each_set_of_the_stream_is_taken_in() {
    let (fakes, _updater, mut watch) = streaming().await;
    fakes.publish("v2");
    until(&mut watch, |status| status.updates == 2).await;
    fakes.publish("v3");
    until(&mut watch, |status| status.updates == 3).await;
    assert_eq!(fakes.taken(), ["v1", "v2", "v3"]);
}

#[tokio::test(start_paused = true)]
async fn it_falls_back_to_polls_and_comes_back() {
    let (fakes, _updater, mut watch) = streaming().await;
    fakes.stream_meets(Meets::Error(ErrorClass::Status(500)));
    fakes.send(broken());
    until(&mut watch, |status| status.state == State::Reconnecting).await;
    until(&mut watch, |status| status.state == State::Fallback).await;
    fakes.publish("v2");
    until(&mut watch, |_| fakes.taken().contains(&"v2".to_owned())).await;
    fakes.stream_meets(Meets::Flags);
    let status = until(&mut watch, |status| status.state == State::Streaming).await;
    assert_eq!((status.reconnects, status.failures), (1, 0));
    let polls = fakes.polls.load(Ordering::SeqCst);
    // Keep-alives only, for longer than a poll interval.
    for _ in 0..5 {
        tokio::time::advance(Duration::from_secs(10)).await;
        fakes.send(Ok(StreamItem::Alive));
        tokio::task::yield_now().await;
    }
    assert_eq!(fakes.polls.load(Ordering::SeqCst), polls);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_or_falls_silent_is_opened_again() {
    let (fakes, _updater, mut watch) = streaming().await;
    fakes.end_stream();
    until(&mut watch, |status| status.reconnects == 1).await;
    let since = Instant::now();
    let status = until(&mut watch, |status| status.state == State::Reconnecting).await;
    assert!(matches!(status.last_error, Some(Failure::Silent(_))), "{status:?}");
    assert!(since.elapsed().abs_diff(Duration::from_secs(17)) < Duration::from_millis(10), "{:?}", since.elapsed());
    until(&mut watch, |status| status.reconnects == 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_sink_gets_the_newest_set_and_the_stream_is_heard_meanwhile() {
    let (fakes, updater, mut watch) = streaming().await;
    fakes.bodies_are_taken(Taken::After(Duration::from_secs(40)));
    fakes.publish("v2");
    tokio::task::yield_now().await;
    fakes.bodies_are_taken(Taken::Well);
    fakes.publish("v3");
    fakes.publish("v4");
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(9)).await;
        fakes.send(Ok(StreamItem::Alive));
    }
    assert_eq!((updater.status().state, fakes.taken().len()), (State::Streaming, 1));
    until(&mut watch, |status| status.updates == 3).await;
    assert_eq!(fakes.taken(), ["v1", "v2", "v4"]);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_is_given_up() {
    let fakes = Fakes::new(Meets::Panic, Meets::Flags);
    let mut config = UpdaterConfig::default();
    config.apply_timeout = Duration::from_secs(5);
    let updater = Updater::builder(fakes.clone(), fakes.clone()).config(config).build();
    updater.start().await.unwrap();
    fakes.bodies_are_taken(Taken::Never);
    let status = until(&mut updater.watch(), |status| status.failures == 1).await;
    assert!(matches!(status.last_error, Some(Failure::Apply(_))), "{status:?}");
    assert_eq!(fakes.under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_and_updating_goes_on() {
    let (fakes, _updater, mut watch) = streaming().await;
    fakes.bodies_are_taken(Taken::Panic);
    fakes.publish("v2");
    let status = until(&mut watch, |status| status.restarts == 1).await;
    // What the panic said may be anything, and is not repeated.
    let shown = status.last_error.map(|error| format!("{error:?} {}", Chain(&error))).unwrap_or_default();
    assert!(shown.contains("panicked") && !shown.contains("as set"), "{shown}");
    fakes.bodies_are_taken(Taken::Well);
    until(&mut watch, |_| fakes.taken().contains(&"v2".to_owned())).await;

    fakes.stream_meets(Meets::Panic);
    fakes.polls_meet(Meets::Panic);
    fakes.end_stream();
    until(&mut watch, |status| status.restarts > 3).await;
    fakes.stream_meets(Meets::Flags);
    until(&mut watch, |status| status.state == State::Streaming).await;
}

#[tokio::test(start_paused = true)]
async fn sets_that_are_not_taken_in_leave_the_flags_as_they_are() {
    for (how, state) in [(Taken::Malformed, State::Fallback), (Taken::Badly, State::Stale)] {
        let (fakes, _updater, mut watch) = streaming().await;
        fakes.bodies_are_taken(how);
        fakes.publish("v2");
        let beat = async {
            loop {
                tokio::time::sleep(Duration::from_secs(10)).await;
                fakes.send(Ok(StreamItem::Alive));
            }
        };
        tokio::select! {
            _ = until(&mut watch, |status| status.state == state) => {}
            () = beat => unreachable!(),
        }
        assert_eq!(fakes.taken(), ["v1"]);
        fakes.bodies_are_taken(Taken::Well);
        until(&mut watch, |status| status.state == State::Streaming).await;
        assert_eq!(fakes.taken().last().unwrap(), "v2");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_shows_and_flags_stay() {
    let (fakes, _updater, mut watch) = streaming().await;
    fakes.stream_meets(Meets::Error(ErrorClass::Unauthorized));
    fakes.polls_meet(Meets::Error(ErrorClass::Unauthorized));
    fakes.end_stream();
    until(&mut watch, |status| status.state == State::Unauthorized).await;
    let (polls, since) = (fakes.polls.load(Ordering::SeqCst), Instant::now());
    fakes.polls_meet(Meets::Flags);
    until(&mut watch, |status| status.state == State::Fallback).await;
    assert_eq!(fakes.polls.load(Ordering::SeqCst), polls + 1);
    assert!(since.elapsed().abs_diff(Duration::from_secs(300)) < Duration::from_secs(1), "{:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn age_is_the_time_since_the_flags_were_known_to_stand() {
    let (fakes, updater, _watch) = streaming().await;
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(updater.status().age().unwrap().abs_diff(Duration::from_secs(5)) < Duration::from_millis(5));
    fakes.send(Ok(StreamItem::Alive));
    tokio::task::yield_now().await;
    assert!(updater.status().age().unwrap() < Duration::from_millis(5));
    assert!(updater.status().since_contact().unwrap() < Duration::from_millis(5));
    assert!(updater.status().last_update_time().is_some());
}

#[tokio::test(start_paused = true)]
async fn word_that_the_flags_stand_wakes_who_waits_for_it_but_not_each_byte_of_a_stream() {
    let fakes = Fakes::new(Meets::Panic, Meets::Flags);
    let updater = Updater::builder(fakes.clone(), fakes.clone()).build();
    updater.start().await.unwrap();
    fakes.polls_meet(Meets::Unchanged);
    let before = updater.status().last_current;
    let status = until(&mut updater.watch(), |status| status.last_current > before).await;
    assert_eq!((status.state, status.updates), (State::Polling, 1));

    let (fakes, updater, mut watch) = streaming().await;
    let before = updater.status().last_current;
    tokio::time::advance(Duration::from_secs(5)).await;
    fakes.send(Ok(StreamItem::Alive));
    assert!(timeout(Duration::from_secs(5), watch.changed()).await.is_err());
    assert!(updater.status().last_current > before);
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_nothing_and_a_start_takes_up_again() {
    let (fakes, updater, mut watch) = streaming().await;
    fakes.bodies_are_taken(Taken::Never);
    fakes.publish("v2");
    tokio::task::yield_now().await;
    assert_eq!(fakes.under_way(), 2);
    updater.stop().await;
    assert_eq!((updater.status().state, fakes.under_way(), tasks()), (State::Stopped, 0, 0));
    updater.stop().await;
    fakes.bodies_are_taken(Taken::Well);
    updater.start().await.unwrap();
    until(&mut watch, |status| status.state == State::Streaming && status.updates == 2).await;
}

#[tokio::test(start_paused = true)]
async fn stops_and_starts_in_any_order_end_as_the_last_one_says() {
    let (fakes, updater, _watch) = streaming().await;
    for n in 1..20 {
        let ((), started) = tokio::join!(updater.stop(), updater.start());
        assert!(started.is_ok());
        assert_eq!((updater.status().state, updater.status().updates), (State::Streaming, 2 * n));
        assert_eq!(tasks(), 1);
        let ((), stopped, ()) = tokio::join!(updater.stop(), updater.start(), async { updater.stop().await });
        assert!(matches!(stopped, Err(StartError::Stopped)), "{stopped:?}");
        updater.start_in_background().unwrap();
        updater.start().await.unwrap();
        assert_eq!((updater.status().state, tasks(), fakes.under_way()), (State::Streaming, 1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_stops_it() {
    let (fakes, updater, mut watch) = streaming().await;
    let other = updater.clone();
    drop(updater);
    fakes.publish("v2");
    until(&mut watch, |status| status.updates == 2).await;
    drop(other);
    until(&mut watch, |status| status.state == State::Stopped).await;
    while tasks() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fakes.under_way(), 0);
    assert!(timeout(Duration::from_secs(60), watch.changed()).await.expect("in time").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_pauses_keeps_nobody_waiting() {
    let fakes = Fakes::new(Meets::Flood, Meets::Panic);
    let mut config = UpdaterConfig::default();
    config.mode = Mode::Streaming;
    let updater = Updater::builder(fakes.clone(), fakes.clone()).config(config).build();
    // One thread: these are only reached if the updater lets go in between.
    updater.start().await.unwrap();
    updater.stop().await;
    assert_eq!((fakes.taken().len(), fakes.under_way()), (1, 0));
}

#[test]
fn a_runtime_that_goes_away_does_not_go_unnoticed() {
    let fakes = Fakes::new(Meets::Flags, Meets::Flags);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let updater = Updater::builder(fakes.clone(), fakes.clone()).build();
    runtime.block_on(updater.start()).unwrap();
    assert_eq!(updater.status().state, State::Polling);
    drop(runtime);
    assert_eq!((updater.status().state, fakes.under_way()), (State::Stopped, 0));
}
