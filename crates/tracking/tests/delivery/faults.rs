//! Every answer that the service has, and every way in which it has none.

use serde_json::json;
use tokio::time::Instant;
use tracking::{DeliveryError, DropCause};

use super::service::*;

#[tokio::test(start_paused = true)]
async fn an_upload_has_the_form_that_the_service_takes() {
    let service = Service::new([]);
    let mut config = config();
    config.delivery.min_id_length = 3;
    let tracking =
        builder(&service, config).clock(std::sync::Arc::new(Still(1_700_000_000_000.into()))).build().unwrap();
    track(&tracking, 0..2);
    settled(&tracking).await;
    let upload = service.uploads().remove(0);
    assert_eq!(upload["api_key"], KEY);
    assert_eq!(upload["options"], json!({"min_id_length": 3}));
    assert_eq!(upload["client_upload_time"], "2023-11-14T22:13:20.000Z");
    let event = &upload["events"][1];
    assert_eq!(event["event_type"], "[Experiment] Assignment");
    assert_eq!((&event["event_id"], &event["time"]), (&json!(1), &json!(1_700_000_000_000_u64)));
    assert_eq!(event["library"], tracking::LIBRARY);
    assert_eq!(
        event["user_properties"],
        json!({"$set": {"[Experiment] flag": "on"}, "$unset": {"[Experiment] other": "-"}})
    );
}

#[tokio::test(start_paused = true)]
async fn whatever_passes_is_sent_again_and_counts_once() {
    for answer in [
        Answer::Refuse(500, json!({"code": 500})),
        Answer::Refuse(200, json!({"code": 503})),
        Answer::Refuse(200, json!({})),
        Answer::Refuse(200, json!([])),
        Answer::Refuse(200, json!("success")),
        Answer::Refuse(200, json!({"error": "blocked"})),
        Answer::Refuse(202, json!({"status": "accepted"})),
        Answer::Refuse(500, json!({"code": 200})),
        Answer::Other(200, "text/html", "<html>Sign in</html>"),
        Answer::Other(200, "text/html; charset=utf-8", r#"{"code": 200}"#),
        Answer::Other(200, "application/json", ""),
        Answer::Other(200, "text/plain", "blocked by policy"),
        Answer::Other(200, "application/json", r#"{"code": 200, "events_ing"#),
        Answer::Other(204, "application/json", ""),
        Answer::Refuse(408, json!({})),
        Answer::Refuse(429, json!({"code": 429})),
        Answer::Refuse(413, json!({"code": 413})),
        // Nobody says which events are meant.
        Answer::Refuse(400, json!({"code": 400})),
        // Whatever stands between may answer like that; the service names a key that it refuses.
        Answer::Busy(401, 0),
        Answer::Busy(403, 0),
        Answer::Busy(404, 0),
        Answer::Busy(503, 5),
        Answer::Busy(302, 0),
        Answer::Reset,
        Answer::Stall,
        Answer::Panic,
        Answer::Cut(200),
        Answer::Cut(413),
        Answer::Cut(500),
        Answer::Hang(200),
        Answer::Hang(413),
        Answer::Slow(SECOND * 9),
    ] {
        let service = Service::new([answer.clone(), answer.clone()]);
        let tracking = tracking(&service);
        track(&tracking, 0..50);
        settled(&tracking).await;
        assert_eq!(service.taken_once(), 50, "{answer:?}");
        assert_eq!(tracking.stats().events.sent, 50, "{answer:?}");
        // An insert id is the same however often it is sent.
        let ids = |upload: &serde_json::Value| upload["events"][0]["insert_id"].clone();
        let uploads = service.uploads();
        assert_eq!(ids(&uploads[0]), ids(&uploads[uploads.len().min(2) - 1]), "{answer:?}");
        adds_up(&tracking);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_dropped_with_its_cause() {
    for (answer, cause) in [
        (Answer::Refuse(400, json!({"code": 400, "error": "Invalid API key: hush"})), DropCause::RefusedKey),
        (Answer::Refuse(400, json!({"code": 400, "missing_field": "api_key"})), DropCause::Invalid),
    ] {
        let service = Service::new([answer.clone()]);
        let tracking = tracking(&service);
        track(&tracking, 0..10);
        settled(&tracking).await;
        let events = tracking.stats().events;
        assert_eq!((events.dropped.by(cause), events.dropped.total()), (10, 10), "{answer:?}");
        // It is not the end.
        track(&tracking, 10..20);
        settled(&tracking).await;
        assert_eq!(service.taken_once(), 10, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_an_upload_with_bad_events_the_good_ones_arrive() {
    let refusal = json!({
        "code": 400, "events_with_invalid_fields": {"time": [0]}, "events_with_missing_fields": {"event_type": [2]},
        "events_with_invalid_id_lengths": {"user_id": [4]}, "silenced_events": [6]
    });
    let service = Service::new([Answer::Refuse(400, refusal)]);
    let tracking = tracking(&service);
    track(&tracking, 0..10);
    settled(&tracking).await;
    assert_eq!((service.taken_once(), tracking.stats().events.dropped.by(DropCause::Invalid)), (6, 4));
    let sent: Vec<_> =
        service.uploads()[1]["events"].as_array().unwrap().iter().map(|it| it["user_id"].clone()).collect();
    assert_eq!(sent, ["user-1", "user-3", "user-5", "user-7", "user-8", "user-9"]);
}

#[tokio::test(start_paused = true)]
async fn throttled_users_wait_and_those_over_quota_do_not_arrive() {
    let refusal = json!({
        "code": 429, "throttled_events": [0, 1, 2], "exceeded_daily_quota_users": {"user-2": 1},
        "exceeded_daily_quota_devices": {"device-5": 1}
    });
    let service = Service::new([Answer::Refuse(429, refusal)]);
    let tracking = tracking(&service);
    let started = Instant::now();
    track(&tracking, 0..10);
    settled(&tracking).await;
    assert!(started.elapsed() >= SECOND * 40);
    assert_eq!((service.taken_once(), tracking.stats().events.dropped.by(DropCause::OverQuota)), (8, 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_sent_in_parts() {
    let too_large = || Answer::Refuse(413, json!({"code": 413}));
    let service = Service::new([too_large(), too_large(), too_large()]);
    let tracking = tracking(&service);
    track(&tracking, 0..8);
    settled(&tracking).await;
    assert_eq!(service.taken_once(), 8);
    let sizes: Vec<_> = service.uploads().iter().map(|upload| upload["events"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
    let service = Service::always(too_large());
    let tracking = self::tracking(&service);
    track(&tracking, 0..8);
    settled(&tracking).await;
    assert_eq!(tracking.stats().events.dropped.by(DropCause::TooLarge), 8);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_breaks_off_or_stalls_counts_by_its_status_and_a_success_does_not() {
    for answer in [Answer::Cut(200), Answer::Hang(200), Answer::Cut(413), Answer::Hang(413)] {
        let service = Service::new([answer.clone()]);
        let tracking = tracking(&service);
        track(&tracking, 0..8);
        settled(&tracking).await;
        assert_eq!(service.taken_once(), 8, "{answer:?}");
        let sizes: Vec<_> = service.uploads().iter().map(|upload| upload["events"].as_array().unwrap().len()).collect();
        let expected = if matches!(answer, Answer::Cut(200) | Answer::Hang(200)) { vec![8, 8] } else { vec![8, 4, 4] };
        assert_eq!(sizes, expected, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_s_own_response_is_taken_with_any_content_type_but_that_of_a_page() {
    let body = r#"{"code": 200, "events_ingested": 8, "payload_size_bytes": 900, "server_upload_time": 1}"#;
    for (kind, uploads) in [
        ("application/json", 1),
        ("application/json;charset=utf-8", 1),
        ("APPLICATION/JSON", 1),
        ("text/plain", 1),
        ("text/html", 2),
        ("Text/HTML; charset=utf-8", 2),
        ("application/xhtml+xml", 2),
    ] {
        let service = Service::new([Answer::Other(200, kind, body)]);
        let tracking = tracking(&service);
        track(&tracking, 0..8);
        settled(&tracking).await;
        assert_eq!(service.uploads().len(), uploads, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_received_in_place_of_the_service_s_response_is_told_without_its_content() {
    for (answer, said) in [
        (Answer::Other(200, "text/html", "<html>user-hush</html>"), "an HTML page (status 200)"),
        (Answer::Other(204, "text/plain", ""), "an empty text (status 204)"),
        (Answer::Other(200, "text/plain", "user-hush is blocked"), "a text that is no JSON (status 200)"),
        (Answer::Other(200, "application/json", r#"{"error": "user-hush"}"#), "with an `error` member (status 200)"),
        (Answer::Other(200, "application/json", r#"{"user-hush": 1"#), "it ends too early, at line 1 column 15"),
        (Answer::Cut(200), "the connection broke within the response"),
        (Answer::Hang(200), "not done within"),
    ] {
        let service = Service::always(answer.clone());
        let mut config = config();
        config.delivery.close_timeout = SECOND * 15;
        let tracking = builder(&service, config).build().unwrap();
        track(&tracking, 0..3);
        let report = tracking.flush().await;
        let error = report.last_error.clone().unwrap();
        let chain = transport::Chain(&error).to_string();
        assert!(chain.contains(said), "{answer:?}: {chain}");
        assert!(!format!("{chain} {error:?}").contains("hush"), "{answer:?}: {error:?}");
        assert_eq!((report.sent, report.pending), (0, 3), "{answer:?}");
        assert_eq!((tracking.stats().events.sent, tracking.stats().events.pending), (0, 3), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn uploads_are_within_the_limits_in_bytes() {
    let service = Service::new([]);
    let mut config = config();
    config.send_evaluated_props = true;
    let tracking = builder(&service, config).build().unwrap();
    for index in 0..30 {
        let long = "é".repeat(if index == 7 { 600_000 } else { 50_000 });
        tracking.track(&user(index).to_builder().user_property("long", long).build(), &variants());
    }
    settled(&tracking).await;
    assert_eq!((service.taken_once(), tracking.stats().events.dropped.by(DropCause::TooLarge)), (29, 1));
    let uploads = service.uploads();
    assert!(uploads.iter().all(|upload| upload.to_string().len() < 1_000_000));
    assert!(uploads.len() < 10, "{}", uploads.len());
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_minute_loses_nothing() {
    for answer in [Answer::Reset, Answer::Stall, Answer::Refuse(503, json!({}))] {
        let service = Service::always(answer.clone());
        let tracking = tracking(&service);
        for second in 0..60 {
            track(&tracking, second * 20..second * 20 + 20);
            tokio::time::sleep(SECOND).await;
        }
        assert_eq!(service.taken_once(), 0);
        service.then_always(Answer::Take);
        settled(&tracking).await;
        assert_eq!(service.taken_once(), 1200, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_without_an_end_uses_up_the_attempts() {
    let service = Service::always(Answer::Reset);
    let tracking = tracking(&service);
    track(&tracking, 0..10);
    let started = Instant::now();
    settled(&tracking).await;
    assert!(started.elapsed() > SECOND * 120, "{:?}", started.elapsed());
    assert_eq!(service.uploads().len(), 12);
    assert_eq!(tracking.stats().events.dropped.by(DropCause::RetriesUsedUp), 10);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_counts_what_it_drops() {
    let service = Service::always(Answer::Reset);
    let mut config = config();
    config.delivery.queue_capacity = 100;
    let tracking = builder(&service, config).build().unwrap();
    track(&tracking, 0..350);
    let events = tracking.stats().events;
    assert_eq!((events.pending, events.dropped.by(DropCause::QueueFull)), (100, 250));
    service.then_always(Answer::Take);
    settled(&tracking).await;
    assert_eq!(service.taken_once(), 100);
    // The oldest went.
    assert!(service.taken().keys().all(|id| id.split(' ').next().unwrap()[5..].parse::<usize>().unwrap() >= 250));
    adds_up(&tracking);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_client_is_told_and_survived() {
    let service = Service::always(Answer::Panic);
    let tracking = tracking(&service);
    track(&tracking, 0..10);
    let report = tracking.flush().await;
    assert!(matches!(report.last_error, Some(DeliveryError::Panicked)), "{report:?}");
    service.then_always(Answer::Take);
    settled(&tracking).await;
    assert_eq!(service.taken_once(), 10);
}
