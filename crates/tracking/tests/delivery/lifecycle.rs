//! Flushing, closing, dropping, and runtimes that come and go.

use std::sync::{Arc, Mutex};

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;
use tracking::{DeliveryError, DropCause, Event, HttpTracker, Outcome, Tracker};

use super::service::*;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_flush_sends_at_once_and_tells_what_came_of_it() {
    let service = Service::new([]);
    let tracking = tracking(&service);
    track(&tracking, 0..450);
    let started = Instant::now();
    let report = tracking.flush().await;
    assert!(started.elapsed() < SECOND);
    assert_eq!((report.sent, report.dropped, report.pending), (450, 0, 0));
    assert!(report.is_complete() && report.last_error.is_none());
    assert!(tracking.flush().await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_flush_tries_again_but_not_for_ever() {
    let service = Service::new([Answer::Reset, Answer::Reset]);
    let tracking = tracking(&service);
    track(&tracking, 0..10);
    assert_eq!(tracking.flush().await.sent, 10);
    service.then_always(Answer::Stall);
    track(&tracking, 10..20);
    let started = Instant::now();
    let report = tracking.flush().await;
    assert!(started.elapsed() <= SECOND * 10 + SECOND / 10, "{:?}", started.elapsed());
    assert_eq!((report.sent, report.pending), (0, 10));
    // What is left is sent later.
    service.then_always(Answer::Take);
    settled(&tracking).await;
    assert_eq!(service.taken_once(), 20);
}

#[tokio::test(start_paused = true)]
async fn closing_returns_by_its_deadline_whatever_the_service_does() {
    for answer in [
        Answer::Take,
        Answer::Reset,
        Answer::Stall,
        Answer::Panic,
        Answer::Slow(SECOND * 10),
        Answer::Busy(429, 600),
        Answer::Refuse(413, serde_json::json!({})),
        Answer::Refuse(500, serde_json::json!({})),
    ] {
        let service = Service::always(answer.clone());
        let mut config = config();
        config.delivery.close_timeout = SECOND * 4;
        let tracking = builder(&service, config).build().unwrap();
        track(&tracking, 0..300);
        let started = Instant::now();
        let report = tracking.close().await;
        assert!(started.elapsed() <= SECOND * 4 + SECOND / 10, "{answer:?} {:?}", started.elapsed());
        assert_eq!((report.sent + report.dropped, report.pending), (300, 0), "{answer:?}");
        assert_eq!(report.last_error.is_some(), !matches!(answer, Answer::Take));
        adds_up(&tracking);
    }
}

#[tokio::test(start_paused = true)]
async fn after_closing_it_begins_again() {
    let service = Service::new([]);
    let tracking = tracking(&service);
    track(&tracking, 0..10);
    tracking.close().await;
    // What was seen still was.
    track(&tracking, 5..15);
    settled(&tracking).await;
    assert_eq!(service.taken_once(), 15);
    assert!(tracking.close().await.is_complete());
}

#[tokio::test(start_paused = true)]
async fn what_closing_gave_up_is_not_sent_later() {
    let service = Service::always(Answer::Stall);
    let tracking = tracking(&service);
    track(&tracking, 0..10);
    assert_eq!(tracking.close().await.dropped, 10);
    assert_eq!(tracking.stats().events.dropped.by(DropCause::CloseDeadline), 10);
    service.then_always(Answer::Take);
    track(&tracking, 10..20);
    settled(&tracking).await;
    assert_eq!(service.taken_once(), 10);
}

#[test]
fn without_a_runtime_events_wait_for_a_flush() {
    let service = Service::new([]);
    let tracking = tracking(&service);
    track(&tracking, 0..300);
    assert_eq!((service.taken_once(), tracking.stats().events.pending), (0, 300));
    let report = runtime().block_on(tracking.flush());
    assert_eq!((report.sent, service.taken_once()), (300, 300));
}

#[test]
fn when_its_runtime_goes_the_next_one_goes_on() {
    let service = Service::new([Answer::Stall]);
    let tracking = tracking(&service);
    let first = runtime();
    first.block_on(async {
        track(&tracking, 0..10);
        // It is being sent by then.
        tokio::time::sleep(SECOND * 12).await;
        assert_eq!(service.uploads().len(), 1);
    });
    drop(first);
    assert_eq!(tracking.stats().events.pending, 10);
    runtime().block_on(async {
        track(&tracking, 10..11);
        settled(&tracking).await;
    });
    assert_eq!(service.taken_once(), 11);
}

#[test]
fn the_runtime_that_it_was_made_on_is_used_from_anywhere() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let service = Service::new([]);
    let entered = runtime.enter();
    let tracking = builder(&service, config()).build().unwrap();
    drop(entered);
    track(&tracking, 0..250);
    // No runtime here: whoever runs futures may wait for it.
    let report = futures_executor(tracking.flush());
    // The first upload is on its way unasked, and may have arrived before.
    assert!(report.is_complete() && (50..=250).contains(&report.sent), "{report:?}");
    assert_eq!((tracking.stats().events.sent, service.taken_once()), (250, 250));
}

#[test]
fn a_runtime_that_was_shut_down_takes_nothing_with_it() {
    let service = Service::new([]);
    let tracking = runtime().block_on(async { builder(&service, config()).build().unwrap() });
    track(&tracking, 0..10);
    let report = futures_executor(tracking.flush());
    assert!(matches!(report.last_error, Some(DeliveryError::NoRuntime)), "{report:?}");
    assert_eq!((report.pending, tracking.stats().events.pending), (10, 10));
}

#[test]
fn without_any_runtime_a_flush_says_so() {
    let service = Service::new([]);
    let tracking = tracking(&service);
    track(&tracking, 0..3);
    let report = futures_executor(tracking.flush());
    assert_eq!(report.pending, 3);
    assert!(matches!(report.last_error, Some(DeliveryError::NoRuntime)));
}

/// Runs a future without Tokio.
fn futures_executor<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_ends_the_task_and_counts_what_is_lost() {
    let service = Service::always(Answer::Stall);
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&outcomes);
    let tracking = builder(&service, config())
        .on_outcome(Arc::new(move |_: &Event, outcome: &Outcome| told.lock().unwrap().push(*outcome)))
        .build()
        .unwrap();
    let clone = tracking.clone();
    track(&tracking, 0..10);
    drop(tracking);
    tokio::time::sleep(SECOND * 12).await;
    assert_eq!((service.uploads().len(), outcomes.lock().unwrap().len()), (1, 0));
    drop(clone);
    assert_eq!(*outcomes.lock().unwrap(), [Outcome::Dropped(DropCause::LostAtDrop); 10]);
    // The task held a handle of the client and of the callback.
    tokio::time::sleep(SECOND).await;
    assert_eq!((Arc::strong_count(&service), Arc::strong_count(&outcomes)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_callback_is_told_of_each_event_and_may_panic() {
    let service = Service::new([Answer::Refuse(400, serde_json::json!({"silenced_events": [1]}))]);
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&outcomes);
    let tracking = builder(&service, config())
        .on_outcome(Arc::new(move |event: &Event, outcome: &Outcome| {
            told.lock().unwrap().push((event.user_id.clone().unwrap(), *outcome));
            panic!("the callback panics");
        }))
        .build()
        .unwrap();
    track(&tracking, 0..3);
    settled(&tracking).await;
    let expected =
        [("user-1", Outcome::Dropped(DropCause::Invalid)), ("user-0", Outcome::Sent), ("user-2", Outcome::Sent)];
    assert_eq!(*outcomes.lock().unwrap(), expected.map(|(user, outcome)| (user.to_owned(), outcome)));
}

#[tokio::test(start_paused = true)]
async fn several_may_flush_at_a_time() {
    let service = Service::always(Answer::Slow(SECOND));
    let tracking = tracking(&service);
    track(&tracking, 0..400);
    let (a, b) = tokio::join!(tracking.flush(), async {
        tokio::time::sleep(SECOND / 2).await;
        track(&tracking, 400..410);
        tracking.flush().await
    });
    assert_eq!((a.sent, b.sent), (400, 410));
}

#[tokio::test(start_paused = true)]
async fn a_tracker_can_be_used_on_its_own() {
    let service = Service::new([]);
    let client = Arc::clone(&service) as Arc<dyn transport::HttpClient>;
    let tracker = HttpTracker::builder(KEY, config().delivery).http_client(client).build().unwrap();
    tracker.track(vec![Event::assignment(&user(0), &variants(), 0)]);
    assert!(tracker.close().await.is_complete());
    assert_eq!((service.taken_once(), tracker.stats().sent), (1, 1));
}
