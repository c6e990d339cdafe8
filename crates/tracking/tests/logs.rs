//! What is shown: never a key, an id or a property.
//!
//! A program of its own, with one test, since what is logged is that of the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

#[path = "delivery/lines.rs"]
mod lines;
#[path = "delivery/service.rs"]
#[allow(dead_code, reason = "other tests need the rest")]
mod service;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use evaluation_core::{User, Variant, Variants};
use lines::Lines;
use serde_json::json;
use service::{Answer, KEY, Service, builder, config};

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
    // For all threads: what is done with files is done in others.
    let lines = Lines::default();
    tracing::subscriber::set_global_default(lines.clone()).unwrap();
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
    let spool = folder.path().join("assignment");
    std::fs::create_dir(&spool).unwrap();
    std::fs::write(spool.join("events-0000000000.log"), SECRETS.join(" ")).unwrap();
    let mut config = config();
    config.send_evaluated_props = true;
    config.delivery.queue_capacity = 5;
    config.delivery.spool_folder = Some(folder.path().to_owned());
    let builder = builder(&service, config.clone()).on_outcome(Arc::new(|_, _| panic!("{KEY} user-hush")));
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
    // A folder that cannot be one.
    config.delivery.spool_folder = Some(spool.join("no-folder"));
    std::fs::write(spool.join("no-folder"), SECRETS.join(" ")).unwrap();
    let tracking = self::builder(&service, config).build().unwrap();
    tracking.track(&user(50), &variants);
    show(&tracking.close().await);
    show(&tracking.stats());
    check(&shown.into_inner().unwrap());
    let lines = lines.0.lock().unwrap();
    lines.iter().for_each(|line| check(line));
    let ours: Vec<_> = lines.iter().filter(|line| line.contains("experiment::tracking")).collect();
    for part in
        ["events were dropped", "cannot be sent", "sent again", "panicked", "callback", "are damaged", "cannot be used"]
    {
        assert!(ours.iter().any(|line| line.contains(part)), "{part}: {ours:#?}");
    }
}
