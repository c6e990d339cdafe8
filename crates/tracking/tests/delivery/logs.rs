//! What is shown: never a key, an id or a property.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use evaluation_core::{User, Variant, Variants};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracking::Tracking;

use super::service::*;

/// Writes down all that is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

const SECRETS: [&str; 5] = [KEY, "user-hush", "device-hush", "property-hush", "org-hush"];

fn user(index: usize) -> User {
    User::builder()
        .user_id(format!("user-hush-{index}"))
        .device_id("device-hush")
        .user_property("plan", "property-hush")
        .group("org", "org-hush")
        .build()
}

fn check(shown: &str) {
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_the_user_and_no_key_is_ever_shown() {
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
    let quoted = json!({"code": 400, "error": format!("Invalid API key: {KEY}"), "silenced_events": ["user-hush"]});
    let quota = json!({"code": 429, "exceeded_daily_quota_users": {"user-hush-0": 1}});
    let service = Service::new([
        Answer::Refuse(400, quoted),
        Answer::Refuse(429, quota),
        Answer::Reset,
        Answer::Stall,
        Answer::Panic,
        Answer::Refuse(500, json!({"error": "user-hush"})),
        Answer::Busy(404, 0),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let mut config = config();
    config.send_evaluated_props = true;
    config.delivery.queue_capacity = 5;
    config.delivery.spool_folder = Some(folder.path().to_owned());
    let builder = builder(&service, config.clone()).on_outcome(Arc::new(|_, _| panic!("the callback panics")));
    let shown = Mutex::new(format!("{config:?} {builder:?}"));
    let tracking = builder.build().unwrap();
    let show = |it: &dyn Debug| write!(shown.lock().unwrap(), "{it:?} {it:#?}").unwrap();
    let variants: Variants = [("flag", Variant::new("on"))].into_iter().collect();
    for round in 0..8 {
        for index in 0..3 {
            tracking.track(&user(round * 3 + index), &variants);
            show(&tracking::Event::exposures(&user(index), &variants, 0));
        }
        let report = tracking.flush().await;
        report.last_error.iter().for_each(|error| show(&error.to_string()));
        show(&report);
        show(&tracking);
    }
    service.then_always(Answer::Reset);
    (30..40).for_each(|index| tracking.track(&user(index), &variants));
    show(&tracking.close().await);
    show(&tracking.stats());
    drop(tracking);
    drop(guard);
    check(&shown.into_inner().unwrap());
    let lines = lines.0.lock().unwrap();
    lines.iter().for_each(|line| check(line));
    let ours: Vec<_> = lines.iter().filter(|line| line.contains("experiment::tracking")).collect();
    for part in ["events were dropped", "cannot be sent", "sent again", "panicked", "callback"] {
        assert!(ours.iter().any(|line| line.contains(part)), "{part}: {ours:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_series_of_failures_is_one_warning_and_its_end_is_told() {
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
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

#[tokio::test(start_paused = true)]
async fn dropping_without_closing_warns_with_the_number_of_events_lost() {
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
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
