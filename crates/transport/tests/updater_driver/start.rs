//! Starting an updater, in virtual time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::fakes::{Fakes, Meets, Taken};
use tokio::runtime::Handle;
use tokio::time::Instant;
use transport::State;
use transport::updater::{ErrorClass, Failure, Mode, StartError, Updater, UpdaterConfig};

const NO_NETWORK: Meets = Meets::Error(ErrorClass::Network);

fn updater(fakes: &Arc<Fakes>, mode: Mode) -> Updater {
    let mut config = UpdaterConfig::default();
    config.mode = mode;
    Updater::builder(fakes.clone(), fakes.clone()).config(config).build()
}

fn streaming(fakes: &Arc<Fakes>) -> Updater {
    updater(fakes, Mode::Streaming)
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test(start_paused = true)]
async fn flags_are_in_place_when_the_start_is_done() {
    let fakes = Fakes::new(Meets::Flags, Meets::Flags);
    let updater = streaming(&fakes);
    updater.start().await.unwrap();
    assert_eq!(fakes.taken(), ["v1"]);
    assert_eq!(updater.status().state, State::Streaming);
    assert_eq!(fakes.polls.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn polls_alone_open_no_stream() {
    let fakes = Fakes::new(Meets::Panic, Meets::Flags);
    let updater = updater(&fakes, Mode::Polling);
    updater.start().await.unwrap();
    assert_eq!((updater.status().state, fakes.taken()), (State::Polling, vec!["v1".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_hangs_is_left_for_polls() {
    let fakes = Fakes::new(Meets::Nothing, Meets::Flags);
    let (updater, began) = (streaming(&fakes), Instant::now());
    updater.start().await.unwrap();
    assert_eq!(updater.status().state, State::Fallback);
    assert!(began.elapsed().abs_diff(Duration::from_millis(1500)) < Duration::from_millis(10), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_tells_why_leaves_nothing_and_can_be_repeated() {
    let fakes = Fakes::new(NO_NETWORK, NO_NETWORK);
    let updater = streaming(&fakes);
    let error = updater.start().await.unwrap_err();
    assert!(matches!(error, StartError::Failed { attempts: 5, last: Failure::Poll(_), .. }), "{error:?}");
    assert_eq!((updater.status().state, fakes.under_way(), tasks()), (State::Idle, 0, 0));
    fakes.stream_meets(Meets::Flags);
    updater.start().await.unwrap();
    assert_eq!(updater.status().state, State::Streaming);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_fails_at_once() {
    let fakes = Fakes::new(Meets::Error(ErrorClass::Unauthorized), Meets::Flags);
    let (updater, began) = (streaming(&fakes), Instant::now());
    assert!(matches!(updater.start().await, Err(StartError::Unauthorized(_))));
    assert!(began.elapsed() < Duration::from_millis(10));
    assert_eq!((fakes.polls.load(Ordering::SeqCst), tasks()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_start_takes_no_longer_than_it_may() {
    let fakes = Fakes::new(Meets::Flags, Meets::Flags);
    fakes.bodies_are_taken(Taken::Never);
    let (updater, began) = (streaming(&fakes), Instant::now());
    assert!(matches!(updater.start().await, Err(StartError::Timeout { .. })));
    assert!(began.elapsed().abs_diff(Duration::from_secs(60)) < Duration::from_millis(10));
    assert_eq!((updater.status().state, fakes.under_way(), tasks()), (State::Idle, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn starts_at_the_same_time_share_one() {
    let fakes = Fakes::new(Meets::Flags, Meets::Flags);
    fakes.bodies_are_taken(Taken::After(Duration::from_secs(3)));
    let updater = streaming(&fakes);
    let (first, second) = tokio::join!(updater.start(), updater.start());
    assert!(first.is_ok() && second.is_ok());
    updater.start().await.unwrap();
    assert_eq!((fakes.streams.load(Ordering::SeqCst), tasks()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn in_the_background_it_keeps_trying() {
    let fakes = Fakes::new(NO_NETWORK, NO_NETWORK);
    let updater = streaming(&fakes);
    updater.start_in_background().unwrap();
    let error = updater.start().await.unwrap_err();
    assert!(matches!(error, StartError::Timeout { last: Some(_), .. }), "{error:?}");
    assert_eq!((updater.status().state, tasks()), (State::Starting, 1));
    fakes.polls_meet(Meets::Flags);
    updater.start().await.unwrap();
    assert_eq!(updater.status().state, State::Fallback);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_somebody_waits_for_can_be_sent_to_the_background() {
    let fakes = Fakes::new(NO_NETWORK, Meets::Nothing);
    let updater = streaming(&fakes);
    let (waited, began) = tokio::join!(updater.start(), async { updater.start_in_background() });
    assert!(matches!(waited, Err(StartError::Timeout { .. })) && began.is_ok());
    tokio::task::yield_now().await;
    assert_eq!((updater.status().state, tasks()), (State::Starting, 1));
}

#[test]
fn without_a_runtime_it_says_so() {
    let fakes = Fakes::new(Meets::Flags, Meets::Flags);
    let updater = streaming(&fakes);
    assert!(matches!(updater.start_in_background(), Err(StartError::NoRuntime)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let entered = runtime.enter();
    updater.start_in_background().unwrap();
    drop(entered);
    assert!(runtime.block_on(updater.start()).is_ok());
}
