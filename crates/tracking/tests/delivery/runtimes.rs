//! Runtimes that end, that are gone, or that lack something.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use tokio::runtime::{Builder, Runtime};
use tracking::{DeliveryError, DropCause, Event, Outcome};

use super::service::*;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

#[test]
fn a_runtime_that_ends_after_the_last_handle_loses_nothing_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config();
    config.delivery.spool_folder = Some(folder.path().to_owned());
    let (outcomes, callback) = outcomes();
    let service = Service::always(Answer::Stall);
    let runtime = runtime();
    runtime.block_on(async {
        let tracking = builder(&service, config).on_outcome(callback).build().unwrap();
        tracking.flush().await;
        track(&tracking, 0..10);
        // The task would write it, and has no time to.
        drop(tracking);
    });
    drop(runtime);
    assert_eq!(*outcomes.lock().unwrap(), [Outcome::Dropped(DropCause::LostAtDrop); 10]);
    assert_eq!(Arc::strong_count(&service), 1);
}

#[test]
fn the_runtime_is_remembered_for_threads_that_have_none() {
    let service = Service::new([]);
    let (told, outcomes) = channel();
    let told = Mutex::new(told);
    let callback = move |_: &Event, outcome: &Outcome| told.lock().unwrap().send(*outcome).unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let tracking = builder(&service, config()).on_outcome(Arc::new(callback)).build().unwrap();
    let patience = SECOND * 30;
    runtime.block_on(tracking.flush());
    for round in 0..3 {
        // Each time there is a lull, and the task has ended.
        track(&tracking, round * 200..(round + 1) * 200);
        for _ in 0..200 {
            assert_eq!(outcomes.recv_timeout(patience), Ok(Outcome::Sent));
        }
    }
    assert_eq!(service.taken_once(), 600);
    // Once it is gone, events wait for another one.
    drop(runtime);
    track(&tracking, 600..900);
    assert_eq!(tracking.stats().events.pending, 300);
    let report = self::runtime().block_on(tracking.flush());
    assert_eq!((report.sent, service.taken_once()), (300, 900));
}

#[test]
fn where_the_runtime_it_was_made_on_is_gone_that_of_the_thread_does() {
    let service = Service::new([]);
    let tracking = runtime().block_on(async { builder(&service, config()).build().unwrap() });
    let report = runtime().block_on(async {
        track(&tracking, 0..10);
        tracking.flush().await
    });
    assert_eq!((report.sent, service.taken_once()), (10, 10));
}

#[test]
fn a_runtime_without_timers_is_told_and_keeps_events_for_another() {
    let service = Service::new([]);
    let tracking = tracking(&service);
    let timeless = Builder::new_current_thread().build().unwrap();
    let report = timeless.block_on(async {
        track(&tracking, 0..300);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        tracking.flush().await
    });
    assert!(matches!(report.last_error, Some(DeliveryError::NoRuntime)), "{report:?}");
    assert_eq!((report.pending, service.uploads().len()), (300, 0));
    assert_eq!(runtime().block_on(tracking.flush()).sent, 300);
}
