//! Closing while tracking goes on, and dropping without closing.

use std::path::Path;

use tokio::time::Instant;
use tracking::{AssignmentConfig, DropCause, Outcome};

use super::service::*;

fn closing_within(seconds: u32) -> AssignmentConfig {
    let mut config = config();
    config.delivery.close_timeout = SECOND * seconds;
    config
}

fn spooling(folder: &Path, max_bytes: u64) -> AssignmentConfig {
    let mut config = closing_within(4);
    config.delivery.spool_folder = Some(folder.to_owned());
    config.delivery.spool_max_bytes = max_bytes;
    config
}

#[tokio::test(start_paused = true)]
async fn what_is_tracked_during_a_close_begins_a_new_life() {
    let folder = tempfile::tempdir().unwrap();
    for config in [closing_within(4), spooling(folder.path(), 1 << 20)] {
        for (answer, sent) in [(Answer::Slow(SECOND * 2), 10), (Answer::Stall, 0)] {
            let service = Service::always(answer.clone());
            let tracking = builder(&service, config.clone()).build().unwrap();
            track(&tracking, 0..10);
            let meanwhile = async {
                tokio::time::sleep(SECOND).await;
                track(&tracking, 10..15);
            };
            let (report, ()) = tokio::join!(tracking.close(), meanwhile);
            assert_eq!((report.sent, report.dropped + report.spooled), (sent, 10 - sent), "{answer:?}");
            assert_eq!((report.pending, tracking.stats().events.pending), (0, 5), "{answer:?}");
            assert_eq!(report.is_complete(), sent == 10);
            service.then_always(Answer::Take);
            settled(&tracking).await;
            assert!(tracking.close().await.is_complete());
            assert_eq!(service.taken_once() as u64, sent + 5, "{answer:?}");
            adds_up(&tracking);
            std::fs::remove_dir_all(folder.path().join("assignment")).ok();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn closing_under_traffic_waits_for_its_own_events_only() {
    let folder = tempfile::tempdir().unwrap();
    for config in [closing_within(10), spooling(folder.path(), 1 << 20)] {
        let service = Service::always(Answer::Slow(SECOND));
        let tracking = builder(&service, config).build().unwrap();
        track(&tracking, 0..10);
        let traffic = async {
            for index in 10.. {
                tokio::time::sleep(SECOND / 10).await;
                track(&tracking, index..index + 1);
            }
        };
        let started = Instant::now();
        let report = tokio::select! {
            report = tracking.close() => report,
            () = traffic => unreachable!("it never ends"),
        };
        assert!(started.elapsed() < SECOND * 2, "{:?}", started.elapsed());
        assert!(report.is_complete(), "{report:?}");
        assert_eq!(report.sent, 10);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_with_a_spool_tells_of_each_event() {
    let folder = tempfile::tempdir().unwrap();
    let (outcomes, callback) = outcomes();
    let service = Service::always(Answer::Stall);
    let tracking = builder(&service, spooling(folder.path(), 2000)).on_outcome(callback).build().unwrap();
    tracking.flush().await;
    track(&tracking, 0..50);
    drop(tracking);
    ended(&service).await;
    let outcomes = outcomes.lock().unwrap();
    let count = |outcome| outcomes.iter().filter(|it| **it == outcome).count();
    let (kept, lost) = (count(Outcome::Spooled), count(Outcome::Dropped(DropCause::LostAtDrop)));
    assert!(kept > 0 && lost > 0, "{kept} {lost}");
    assert_eq!(kept + lost, 50);
}

#[tokio::test(start_paused = true)]
async fn the_last_event_of_all_is_told_of_as_well() {
    let (outcomes, callback) = outcomes();
    let mut config = config();
    config.send_evaluated_props = true;
    let tracking = builder(&Service::new([]), config).on_outcome(callback).build().unwrap();
    let large = user(0).to_builder().user_property("long", "x".repeat(1_000_000)).build();
    tracking.track(&large, &variants());
    // Nothing else happens, and nobody asks.
    tokio::time::sleep(SECOND * 12).await;
    assert_eq!(*outcomes.lock().unwrap(), [Outcome::Dropped(DropCause::TooLarge)]);
}

#[tokio::test(start_paused = true)]
async fn with_a_spool_what_is_tracked_and_dropped_at_once_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let down = Service::always(Answer::Reset);
    let tracking = builder(&down, spooling(folder.path(), 1 << 20)).build().unwrap();
    track(&tracking, 0..10);
    drop(tracking);
    ended(&down).await;
    assert!(down.uploads().is_empty());
    let service = Service::new([]);
    let tracking = builder(&service, spooling(folder.path(), 1 << 20)).build().unwrap();
    tracking.flush().await;
    settled(&tracking).await;
    assert_eq!(service.taken_once(), 10);
}
