//! What outlasts a tracker.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracking::{DropCause, Tracking};

use super::service::*;

fn spooling(service: &Arc<Service>, folder: &Path) -> Tracking {
    let mut config = config();
    config.delivery.spool_folder = Some(folder.to_owned());
    config.delivery.close_timeout = SECOND * 4;
    builder(service, config).build().unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("assignment")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|it| it == "log")).collect()
}

#[tokio::test(start_paused = true)]
async fn what_closing_leaves_is_sent_at_the_next_start_once() {
    let folder = tempfile::tempdir().unwrap();
    let down = Service::always(Answer::Reset);
    let tracking = spooling(&down, folder.path());
    track(&tracking, 0..300);
    let report = tracking.close().await;
    assert_eq!((report.spooled, report.dropped, report.sent), (300, 0, 0));
    adds_up(&tracking);
    drop(tracking);
    for expected in [300, 0] {
        let service = Service::new([]);
        let tracking = spooling(&service, folder.path());
        // Nothing has to be tracked for that.
        let report = tracking.flush().await;
        assert!(report.pending == 0 && report.last_error.is_none(), "{report:?}");
        settled(&tracking).await;
        assert_eq!(service.taken_once(), expected);
        let events = tracking.stats().events;
        assert_eq!((events.recovered, events.sent), (expected as u64, expected as u64));
        adds_up(&tracking);
        assert!(tracking.close().await.is_complete());
        drop(tracking);
    }
    assert!(files(folder.path()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn closing_and_going_on_sends_what_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::always(Answer::Stall);
    let tracking = spooling(&service, folder.path());
    track(&tracking, 0..10);
    assert_eq!(tracking.close().await.spooled, 10);
    service.then_always(Answer::Take);
    track(&tracking, 10..11);
    assert_eq!(tracking.close().await.pending, 0);
    assert_eq!(service.taken_once(), 11);
    let events = tracking.stats().events;
    assert_eq!((events.handed_over, events.recovered, events.spooled, events.sent), (11, 10, 10, 11));
    adds_up(&tracking);
}

#[tokio::test(start_paused = true)]
async fn dropping_without_closing_leaves_all_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::always(Answer::Stall);
    let tracking = spooling(&service, folder.path());
    tracking.flush().await;
    track(&tracking, 0..10);
    drop(tracking);
    // The task writes what is missing, and lets go of the folder.
    ended(&service).await;
    let service = Service::new([]);
    let tracking = spooling(&service, folder.path());
    tracking.flush().await;
    settled(&tracking).await;
    assert_eq!(service.taken_once(), 10);
}

#[tokio::test(start_paused = true)]
async fn what_was_delivered_is_not_sent_again_and_no_key_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::new([]);
    let tracking = spooling(&service, folder.path());
    track(&tracking, 0..200);
    tokio::time::sleep(SECOND * 2).await;
    service.then_always(Answer::Stall);
    track(&tracking, 200..210);
    // It is written within a second, and so is what was sent.
    tokio::time::sleep(SECOND * 3).await;
    assert_eq!(service.taken_once(), 200);
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("assignment")).unwrap();
    for file in files(folder.path()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(KEY));
        std::fs::write(copy.path().join("assignment").join(file.file_name().unwrap()), bytes).unwrap();
    }
    // What is on disk now is what a kill would leave.
    let service = Service::new([]);
    let next = spooling(&service, copy.path());
    next.flush().await;
    settled(&next).await;
    assert_eq!(service.taken_once(), 10);
}

#[tokio::test(start_paused = true)]
async fn what_was_delivered_before_the_deadline_of_closing_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::new([Answer::Take]);
    service.then_always(Answer::Stall);
    let tracking = spooling(&service, folder.path());
    track(&tracking, 0..205);
    let report = tracking.close().await;
    assert_eq!((report.sent, report.spooled, service.taken_once()), (200, 5, 200));
    // The folder is free, though the tracker is still there.
    let service = Service::new([]);
    let next = spooling(&service, folder.path());
    assert_eq!(next.flush().await.sent, 5);
    assert_eq!((service.taken_once(), next.stats().events.recovered), (5, 5));
    drop(tracking);
}

#[tokio::test(start_paused = true)]
async fn two_trackers_of_one_folder_do_not_both_send() {
    let folder = tempfile::tempdir().unwrap();
    let down = Service::always(Answer::Reset);
    let first = spooling(&down, folder.path());
    track(&first, 0..10);
    first.flush().await;
    let service = Service::new([]);
    let second = spooling(&service, folder.path());
    track(&second, 100..110);
    assert_eq!(second.flush().await.sent, 10);
    assert_eq!(service.taken_once(), 10);
    let report = second.stats().events.spool.unwrap();
    assert!(report.problem.unwrap().contains("in use"));
    assert_eq!(first.close().await.spooled, 10);
    // It is free now, for one that begins anew.
    second.close().await;
    track(&second, 110..111);
    second.flush().await;
    settled(&second).await;
    assert_eq!(service.taken_once(), 21);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_was_in_use_is_tried_again() {
    for by_flush in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let down = Service::always(Answer::Reset);
        let first = spooling(&down, folder.path());
        track(&first, 0..10);
        first.flush().await;
        let service = Service::always(Answer::Reset);
        let second = spooling(&service, folder.path());
        track(&second, 100..110);
        second.flush().await;
        assert!(second.stats().events.spool.unwrap().problem.is_some());
        assert_eq!(first.close().await.spooled, 10);
        if by_flush {
            second.flush().await;
        } else {
            tokio::time::sleep(SECOND * 65).await;
        }
        let report = second.stats().events.spool.unwrap();
        assert_eq!((report.problem, report.recovered), (None, 10), "{by_flush}");
        // What was in memory only is on disk now, though it was sent in vain before.
        assert_eq!(second.close().await.spooled, 20, "{by_flush}");
        adds_up(&second);
    }
}

#[tokio::test(start_paused = true)]
async fn damaged_files_are_reported_and_the_rest_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let tracking = spooling(&Service::always(Answer::Reset), folder.path());
    track(&tracking, 0..10);
    tracking.close().await;
    drop(tracking);
    let file = files(folder.path()).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[500] ^= 0xff;
    bytes.truncate(bytes.len() - 1);
    std::fs::write(&file, bytes).unwrap();
    let service = Service::new([]);
    let tracking = spooling(&service, folder.path());
    tracking.flush().await;
    settled(&tracking).await;
    let report = tracking.stats().events.spool.unwrap();
    assert_eq!((service.taken_once(), report.recovered, report.damaged), (8, 8, 2));
    assert!(report.skipped_bytes > 100);
}

#[tokio::test(start_paused = true)]
async fn a_full_spool_keeps_the_rest_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::always(Answer::Reset);
    let mut config = config();
    config.delivery.spool_folder = Some(folder.path().to_owned());
    config.delivery.spool_max_bytes = 2000;
    let tracking = builder(&service, config).build().unwrap();
    track(&tracking, 0..50);
    let report = tracking.close().await;
    let kept = report.spooled;
    assert!(kept > 0 && kept < 50);
    assert_eq!(tracking.stats().events.dropped.by(DropCause::CloseDeadline), 50 - kept);
    assert_eq!(tracking.stats().events.spool.unwrap().not_kept, 50 - kept);
    adds_up(&tracking);
}
