//! From results to events: repeats, empty results, both kinds, trackers of one's own.

use std::sync::{Arc, Mutex};

use evaluation_core::{Variant, Variants};
use tracking::{
    BoxFuture, DeliveryError, DropCause, Event, EventStats, EventType, ExposureConfig, FlushReport, Tracker, Tracking,
};

use super::service::*;

/// Keeps what it gets.
#[derive(Default)]
struct Kept(Mutex<Vec<Event>>);

impl Tracker for Kept {
    fn track(&self, events: Vec<Event>) {
        self.0.lock().unwrap().extend(events);
    }
}

fn exposures(kept: &Arc<Kept>, clock: &Arc<Still>) -> Tracking {
    let tracker = Arc::clone(kept) as Arc<dyn Tracker>;
    // A key is not needed where nothing is sent.
    Tracking::exposures(ExposureConfig::new("")).tracker(tracker).clock(Arc::clone(clock) as _).build().unwrap()
}

/// A pipeline that never gets done.
struct Stuck;

impl Tracker for Stuck {
    fn track(&self, _: Vec<Event>) {}

    fn flush(&self) -> BoxFuture<'_, FlushReport> {
        Box::pin(std::future::pending())
    }

    fn stats(&self) -> EventStats {
        let mut stats = EventStats::default();
        (stats.handed_over, stats.pending) = (1, 1);
        stats
    }
}

#[tokio::test(start_paused = true)]
async fn a_tracker_that_is_stuck_is_not_waited_for_for_ever() {
    let mut config = ExposureConfig::new("");
    config.delivery.close_timeout = std::time::Duration::from_secs(3);
    let tracking = Tracking::exposures(config).tracker(Arc::new(Stuck)).build().unwrap();
    let began = tokio::time::Instant::now();
    for report in [tracking.flush().await, tracking.close().await] {
        assert!(matches!(report.last_error, Some(DeliveryError::Deadline { .. })), "{report:?}");
        assert_eq!((report.pending, report.is_complete()), (1, false));
    }
    assert_eq!(began.elapsed().as_secs(), 6);
}

#[test]
fn a_result_is_tracked_once_a_day() {
    let (kept, clock) = (Arc::new(Kept::default()), Arc::new(Still::default()));
    let tracking = exposures(&kept, &clock);
    let day = 24 * 60 * 60 * 1000;
    for (now, events) in [(0, 1), (1000, 1), (day, 1), (day + 1, 2), (day * 2, 2)] {
        *clock.0.lock().unwrap() = now;
        tracking.track(&user(1), &variants());
        assert_eq!(kept.0.lock().unwrap().len(), events, "{now}");
    }
    let stats = tracking.stats();
    assert_eq!((stats.new, stats.deduplicated, stats.empty, stats.results()), (2, 3, 0, 5));
}

#[test]
fn empty_results_are_counted_and_defaults_alone_take_a_place_but_give_no_exposure() {
    let (kept, clock) = (Arc::new(Kept::default()), Arc::new(Still::default()));
    let tracking = exposures(&kept, &clock);
    tracking.track(&user(1), &Variants::default());
    let defaults: Variants = [("flag", Variant::new("off").with_metadata("default", true))].into_iter().collect();
    tracking.track(&user(1), &defaults);
    tracking.track(&user(1), &defaults);
    assert!(kept.0.lock().unwrap().is_empty());
    let stats = tracking.stats();
    assert_eq!((stats.empty, stats.new, stats.deduplicated), (1, 1, 1));
}

#[test]
fn each_kind_makes_its_own_events() {
    let (kept, clock) = (Arc::new(Kept::default()), Arc::new(Still::default()));
    exposures(&kept, &clock).track(&user(1), &variants());
    let assignments = Tracking::assignments(config()).tracker(Arc::clone(&kept) as _).build().unwrap();
    assignments.track(&user(1), &variants());
    assert_eq!(assignments.kind(), EventType::Assignment);
    let kinds: Vec<_> = kept.0.lock().unwrap().iter().map(|event| event.event_type).collect();
    assert_eq!(kinds, [EventType::Exposure, EventType::Assignment]);
}

#[test]
fn without_a_key_or_a_cache_there_is_no_tracking() {
    let error = Tracking::exposures(ExposureConfig::new(" ")).build().unwrap_err();
    assert!(error.to_string().contains("apiKey"), "{error}");
    let mut config = config();
    config.cache_capacity = 0;
    let error = Tracking::assignments(config).build().unwrap_err();
    assert!(error.to_string().contains("cacheCapacity"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn who_opted_out_sends_nothing_and_counts_it() {
    let service = Service::new([]);
    let mut config = config();
    config.delivery.opt_out = true;
    let tracking = builder(&service, config).build().unwrap();
    track(&tracking, 0..10);
    assert!(tracking.close().await.is_complete());
    assert_eq!(tracking.stats().events.dropped.by(DropCause::OptedOut), 10);
    assert!(service.uploads().is_empty());
}

#[test]
fn of_a_thousand_threads_one_tracks() {
    let (kept, clock) = (Arc::new(Kept::default()), Arc::new(Still::default()));
    let tracking = exposures(&kept, &clock);
    let start = std::sync::Barrier::new(1000);
    std::thread::scope(|scope| {
        for _ in 0..1000 {
            scope.spawn(|| {
                start.wait();
                tracking.track(&user(1), &variants());
            });
        }
    });
    assert_eq!(kept.0.lock().unwrap().len(), 1);
    assert_eq!(tracking.stats().deduplicated, 999);
}
