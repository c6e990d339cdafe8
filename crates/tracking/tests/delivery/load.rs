//! Many evaluations from two threads. `TRACKING_LOAD` sets how many distinct users there are; each is tracked ten times.
//! 5,000 unless set, which takes a second or two; 100,000 in release mode make a million evaluations.

use std::thread;

use tracking::Tracking;

use super::service::*;

fn users() -> usize {
    std::env::var("TRACKING_LOAD").ok().and_then(|users| users.parse().ok()).unwrap_or(5000)
}

/// Ten evaluations of each user, from two threads.
fn run(tracking: &Tracking) {
    let (users, variants) = (users(), variants());
    thread::scope(|scope| {
        for half in 0..2 {
            let variants = &variants;
            scope.spawn(move || {
                for round in 0..5 {
                    for index in 0..users {
                        // Each thread takes its own way through them.
                        let index = if half == 0 { index } else { users - 1 - index };
                        tracking.track(&user((index + round * 7) % users), variants);
                    }
                }
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_room_for_all_every_event_arrives_once() {
    let service = Service::new([]);
    let mut config = config();
    config.cache_capacity = users() as u64 * 2;
    config.delivery.queue_capacity = users() * 2;
    config.delivery.close_timeout = SECOND * 60;
    let tracking = builder(&service, config).build().unwrap();
    // Threads of the caller know no runtime: the first event is tracked here.
    track(&tracking, 0..1);
    tokio::task::block_in_place(|| run(&tracking));
    let report = tracking.close().await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(service.taken_once(), users());
    let stats = tracking.stats();
    assert_eq!(stats.events.sent, users() as u64);
    assert_eq!((stats.results(), stats.new), (users() as u64 * 10 + 1, users() as u64));
}

/// Checks that of all that was tracked it is known what became of it.
fn check(tracking: &Tracking, service: &Service, told: usize) {
    let stats = tracking.stats();
    assert_eq!(stats.results(), users() as u64 * 10 + 1);
    assert_eq!(stats.new + stats.deduplicated, stats.results());
    assert_eq!(stats.events.handed_over, stats.new);
    assert_eq!(stats.events.sent + stats.events.dropped.total(), stats.new);
    assert_eq!(service.taken().values().sum::<usize>() as u64, stats.events.sent);
    assert_eq!(told as u64, stats.new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_defaults_the_accounts_add_up() {
    let service = Service::new([Answer::Reset, Answer::Slow(SECOND / 10)]);
    let (outcomes, callback) = outcomes();
    let tracking = builder(&service, config()).on_outcome(callback).build().unwrap();
    track(&tracking, 0..1);
    tokio::task::block_in_place(|| run(&tracking));
    assert_eq!(tracking.close().await.pending, 0);
    check(&tracking, &service, outcomes.lock().unwrap().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_the_accounts_still_add_up() {
    let service = Service::new([Answer::Reset, Answer::Slow(SECOND / 10)]);
    let mut config = config();
    config.cache_capacity = users() as u64 / 8;
    config.delivery.queue_capacity = users() / 20;
    config.delivery.close_timeout = SECOND * 60;
    let (outcomes, callback) = outcomes();
    let tracking = builder(&service, config).on_outcome(callback).build().unwrap();
    track(&tracking, 0..1);
    tokio::task::block_in_place(|| run(&tracking));
    assert_eq!(tracking.close().await.pending, 0);
    assert!(tracking.stats().events.dropped.total() > 0);
    check(&tracking, &service, outcomes.lock().unwrap().len());
}
