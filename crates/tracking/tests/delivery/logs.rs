//! What is logged when.

use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, set_default};
use tracking::Tracking;

use super::lines::Lines;
use super::service::*;

/// Has what this thread logs written down, until it is dropped. With a twin: of one subscriber alone `tracing` remembers
/// what whichever thread comes first to a line says, which may be that of another test.
fn listen(lines: &Lines) -> (Dispatch, DefaultGuard) {
    (Dispatch::new(lines.clone()), set_default(lines.clone()))
}

#[tokio::test(start_paused = true)]
async fn a_series_of_failures_is_one_warning_and_its_end_is_told() {
    let lines = Lines::default();
    let guard = listen(&lines);
    let service = Service::new(vec![Answer::Reset; 5]);
    let tracking = tracking(&service);
    track(&tracking, 0..10);
    settled(&tracking).await;
    drop(guard);
    let lines = lines.0.lock().unwrap();
    let count =
        |level: &str| lines.iter().filter(|line| line.starts_with(&format!("{level} experiment::tracking"))).count();
    assert_eq!((count("ERROR"), count("WARN"), count("INFO"), count("DEBUG")), (0, 1, 1, 4), "{lines:#?}");
}

#[test]
fn a_runtime_without_timers_is_one_error() {
    let lines = Lines::default();
    let guard = listen(&lines);
    let tracking = tracking(&Service::new([]));
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        for index in 0..10 {
            track(&tracking, index * 200..(index + 1) * 200);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
    });
    drop(guard);
    let lines = lines.0.lock().unwrap();
    let errors: Vec<_> = lines.iter().filter(|line| line.starts_with("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{lines:#?}");
    assert!(errors[0].contains("enable_all"), "{errors:?}");
}

#[tokio::test(start_paused = true)]
async fn dropping_without_closing_warns_with_the_number_of_events_lost() {
    let lines = Lines::default();
    let guard = listen(&lines);
    let service = Service::new([]);
    let lost: Tracking = tracking(&service);
    track(&lost, 0..7);
    drop(lost);
    let closed = tracking(&service);
    track(&closed, 0..7);
    closed.close().await;
    drop(closed);
    drop(guard);
    let lines = lines.0.lock().unwrap();
    let warnings: Vec<_> = lines.iter().filter(|line| line.starts_with("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{lines:#?}");
    assert!(warnings[0].contains("events=7") && warnings[0].contains("without closing"), "{warnings:?}");
}
