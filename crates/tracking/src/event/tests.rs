use evaluation_core::Variant;
use serde_json::{Value as Json, json, to_value};

use super::*;

const TIME: u64 = 1_700_000_000_000;

fn user() -> User {
    User::builder().user_id("u1").device_id("d1").build()
}

fn variants(json: Json) -> Variants {
    serde_json::from_value(json).unwrap()
}

fn with_metadata(metadata: Json) -> Variants {
    variants(json!({"flag": {"key": "on", "metadata": metadata}}))
}

#[test]
fn an_assignment_tells_all_flags() {
    let variants = variants(json!({
        "nav": {"key": "on", "metadata": {"flagVersion": 3, "segmentName": "All Other Users"}},
        "ads": {"key": "off", "metadata": {"default": true, "flagVersion": 3}},
    }));
    let event = Event::assignment(&user(), &variants, TIME);
    let hash = crate::canonical::TextHash::of("u1 d1 ads off nav on ").value();
    assert_eq!(
        to_value(&event).unwrap(),
        json!({
            "event_type": "[Experiment] Assignment", "user_id": "u1", "device_id": "d1",
            "event_properties": {"nav.variant": "on", "nav.details": "v3 rule:All Other Users", "ads.variant": "off"},
            "user_properties": {"$set": {"[Experiment] nav": "on"}, "$unset": {"[Experiment] ads": "-"}},
            "insert_id": format!("u1 d1 {hash} 19675"), "time": TIME
        })
    );
}

#[test]
fn fields_that_the_sdk_does_not_know_are_in_no_event() {
    let variants = with_metadata(json!({}));
    let user =
        User::builder().user_id("u1").field("landing_url", "hush").field("country", ["hush"]).field("version", 3);
    let user = user.build();
    let mut events = Event::exposures(&user, &variants, TIME);
    events.push(Event::assignment(&user, &variants, TIME).with_evaluated(&user));
    assert_eq!(events.len(), 2);
    let json = serde_json::to_string(&events).unwrap();
    assert!(!json.contains("hush") && json.contains(r#""app_version":"3""#), "{json}");
}

#[test]
fn groups_of_exclusion_are_told_but_are_no_property_of_the_user() {
    let variants = variants(json!({
        "mutex": {"key": "slot-1", "metadata": {"flagType": "mutual-exclusion-group"}},
        "holdout": {"key": "on", "metadata": {"flagType": "holdout-group"}},
    }));
    let event = to_value(Event::assignment(&user(), &variants, TIME)).unwrap();
    assert_eq!(event["event_properties"], json!({"holdout.variant": "on", "mutex.variant": "slot-1"}));
    assert_eq!(event["user_properties"], json!({"$set": {"[Experiment] holdout": "on"}, "$unset": {}}));
    let sets: Vec<Json> = Event::exposures(&user(), &variants, TIME)
        .iter()
        .map(|event| to_value(&event.user_properties).unwrap())
        .collect();
    assert_eq!(
        sets,
        [json!({"$set": {"[Experiment] holdout": "on"}, "$unset": {}}), json!({"$set": {}, "$unset": {}})]
    );
}

#[test]
fn an_exposure_tells_one_flag_with_its_metadata_and_groups() {
    let variants = variants(json!({"ads": {
        "key": "treatment", "metadata": {"flagType": "experiment", "flagVersion": 7, "experimentKey": "exp-1"}
    }}));
    let user = user().to_builder().group("org", "acme").group_property("org", "acme", "tier", 3).build();
    let events = Event::exposures(&user, &variants, TIME);
    let hash = crate::canonical::TextHash::of("ads u1 d1 ads treatment ").value();
    assert_eq!(
        to_value(&events).unwrap(),
        json!([{
            "event_type": "[Experiment] Exposure", "user_id": "u1", "device_id": "d1",
            "event_properties": {
                "[Experiment] Flag Key": "ads", "[Experiment] Variant": "treatment",
                "[Experiment] Experiment Key": "exp-1",
                "metadata": {"flagType": "experiment", "flagVersion": 7, "experimentKey": "exp-1"}
            },
            "user_properties": {"$set": {"[Experiment] ads": "treatment"}, "$unset": {}},
            "groups": {"org": ["acme"]}, "insert_id": format!("u1 d1 {hash} 19675"), "time": TIME
        }])
    );
}

#[test]
fn exposures_are_not_made_for_defaults_nor_where_the_flag_says_so() {
    for (metadata, tracked) in [
        (json!({"default": true}), false),
        (json!({"default": false}), true),
        (json!({"trackExposure": false}), false),
        (json!({"trackExposure": true}), true),
        (json!({"trackExposure": null}), true),
        (json!({"deployed": false}), true),
        (json!({}), true),
    ] {
        let events = Event::exposures(&user(), &with_metadata(metadata.clone()), TIME);
        assert_eq!(!events.is_empty(), tracked, "{metadata}");
    }
}

#[test]
fn a_value_stands_in_for_a_key() {
    for (variant, shown) in [
        (json!({"key": "k", "value": "v"}), Some("k")),
        (json!({"key": "", "value": "v"}), Some("v")),
        (json!({"value": {"a": 1}}), Some("{\"a\":1}")),
        (json!({"payload": 1}), None),
    ] {
        let events = Event::exposures(&user(), &variants(json!({"flag": variant})), TIME);
        assert_eq!(events[0].event_properties.get("[Experiment] Variant").and_then(Value::as_str), shown, "{variant}");
        let set = events[0].user_properties.get("$set").and_then(|set| set.get("[Experiment] flag"));
        assert_eq!(set.and_then(Value::as_str), shown, "{variant}");
    }
}

#[test]
fn an_assignment_passes_over_flags_without_a_key() {
    let event = Event::assignment(&user(), &variants(json!({"a": {"value": "v"}, "b": {"key": ""}})), TIME);
    assert!(event.event_properties.is_empty());
    assert_eq!(to_value(event.user_properties).unwrap(), json!({"$set": {}, "$unset": {}}));
}

#[test]
fn details_need_both_the_version_and_the_segment() {
    for (metadata, details) in [
        (json!({"flagVersion": 3, "segmentName": "s"}), Some("v3 rule:s")),
        (json!({"flagVersion": "x", "segmentName": "s"}), Some("vx rule:s")),
        (json!({"flagVersion": null, "segmentName": "s"}), None),
        (json!({"flagVersion": 0, "segmentName": "s"}), None),
        (json!({"flagVersion": "", "segmentName": "s"}), None),
        (json!({"flagVersion": false, "segmentName": "s"}), None),
        (json!({"flagVersion": 3, "segmentName": ""}), None),
        (json!({"flagVersion": 3, "segmentName": 0.0}), None),
        (json!({"segmentName": "s"}), None),
    ] {
        let event = Event::assignment(&user(), &with_metadata(metadata.clone()), TIME);
        assert_eq!(event.event_properties.get("flag.details").and_then(Value::as_str), details, "{metadata}");
    }
}

#[test]
fn the_experiment_key_is_told_unless_it_is_empty() {
    for (key, told) in [("exp", true), ("", false)] {
        let events = Event::exposures(&user(), &with_metadata(json!({"experimentKey": key})), TIME);
        assert_eq!(events[0].event_properties.get("[Experiment] Experiment Key").is_some(), told, "{key:?}");
    }
}

#[test]
fn insert_ids_hold_ids_as_they_are_and_the_day() {
    let hash = |text| crate::canonical::TextHash::of(text).value();
    let variants: Variants = [("dep", Variant::new("on"))].into_iter().collect();
    let event = Event::assignment(&User::with_user_id("u2"), &variants, TIME);
    assert_eq!(event.insert_id, "u2  -1542167341 19675");
    assert!(to_value(&event).unwrap().get("device_id").is_none());
    let spaced = User::builder().user_id(" u1 ").device_id("d1").build();
    let event = Event::assignment(&spaced, &variants, 19_676 * DAY - 1);
    assert_eq!(event.insert_id, format!(" u1  d1 {} 19675", hash("u1 d1 dep on ")));
    let event = Event::assignment(&spaced, &variants, 19_676 * DAY);
    assert!(event.insert_id.ends_with(" 19676"));
    let none = Event::assignment(&User::default(), &variants, 0);
    assert_eq!(none.insert_id, format!("  {} 0", hash("  dep on ")));
}

#[test]
fn the_worked_example_gives_the_worked_insert_id() {
    let variants: Variants = [("child", "treat"), ("dep", "on"), ("mutex", "slot-1"), ("num", "n")]
        .map(|(flag, key)| (flag, Variant::new(key)))
        .into_iter()
        .collect();
    assert_eq!(Event::assignment(&user(), &variants, TIME).insert_id, "u1 d1 -2116292270 19675");
    let dep = &Event::exposures(&user(), &variants, TIME)[1];
    assert_eq!(dep.insert_id, "u1 d1 -426079805 19675");
}

#[test]
fn what_flags_were_decided_by_is_added_only_where_asked_for() {
    let user =
        user().to_builder().country("Norway").os("linux").ip_address("1.2.3.4").user_property("plan", "pro").build();
    let variants: Variants = [("dep", Variant::new("on"))].into_iter().collect();
    let bare = Event::assignment(&user, &variants, TIME);
    assert!(to_value(&bare).unwrap().get("country").is_none());
    let event = to_value(bare.with_evaluated(&user)).unwrap();
    assert_eq!(
        (&event["country"], &event["os_name"], &event["ip"]),
        (&json!("Norway"), &json!("linux"), &json!("1.2.3.4"))
    );
    assert_eq!(event["user_properties"], json!({"plan": "pro", "$set": {"[Experiment] dep": "on"}, "$unset": {}}));
}

#[test]
fn events_read_back_as_they_were_written() {
    let user = user().to_builder().group("org", "acme").country("Norway").build();
    let variants = with_metadata(json!({"flagVersion": 1.5, "list": [1, null]}));
    for event in Event::exposures(&user, &variants, TIME) {
        let event = event.with_evaluated(&user);
        assert_eq!(serde_json::from_slice::<Event>(&serde_json::to_vec(&event).unwrap()).unwrap(), event);
    }
}

#[test]
fn nothing_of_the_user_is_in_debug() {
    let event = Event::assignment(&user(), &with_metadata(json!({})), TIME);
    assert_eq!(format!("{event:?}"), "Event { event_type: Assignment, time: 1700000000000, .. }");
}
