use super::*;

fn shown() -> EvaluateOptions {
    EvaluateOptions::default().with_tracks_exposure(true)
}

#[test]
fn users_come_before_everyone_and_everyone_before_flags() {
    let client = TestClient::new();
    client
        .set_flags(
            r#"[{"key": "a", "variants": {"flag": {"key": "flag"}}, "segments": [{"variant": "flag"}]},
                {"key": "b", "variants": {"flag": {"key": "flag"}}, "segments": [{"variant": "flag"}]}]"#,
        )
        .unwrap();
    client.set("a", Variant::new("everyone"));
    client.set_for("ann", "a", Variant::new("ann").with_payload(7));
    let of = |id: &str, flag: &str| {
        let variants = client.evaluate(&User::with_user_id(id));
        variants.get(flag).and_then(|variant| variant.key().map(str::to_owned)).unwrap_or_default()
    };
    assert_eq!([of("ann", "a"), of("bob", "a"), of("ann", "b")], ["ann", "everyone", "flag"]);
    client.unset_for("ann", "a");
    assert_eq!(of("ann", "a"), "everyone");
    client.unset("a");
    assert_eq!(of("ann", "a"), "flag");
    assert!(client.set_flags("{").is_err());
    client.reset();
    assert!(client.evaluate(&User::with_user_id("ann")).is_empty());
}

#[test]
fn visitors_are_known_by_their_devices() {
    let client = TestClient::new();
    client.turn_on_for("device", "a");
    client.turn_on_for("ann", "a");
    client.set_for("ann", "a", Variant::new("off"));
    let decide = |user: User| client.evaluate_with(&user, &shown()).is_on("a");
    assert!(decide(User::builder().device_id("device").build()));
    assert!(!decide(User::builder().device_id("device").user_id("ann").build()));
    client.assert_exposed("device", "a", "on");
}

#[test]
fn what_was_said_of_a_dependency_is_given_with_the_flag_that_has_it() {
    let client = TestClient::new();
    let flags = r#"[
        {"key": "a", "dependencies": ["holdout"], "variants": {"on": {"key": "on"}}, "segments": [{"variant": "on"}]},
        {"key": "holdout", "variants": {"off": {"key": "off"}}, "segments": [{"variant": "off"}]}
    ]"#;
    client.set_flags(flags).unwrap();
    client.turn_on("holdout");
    let some = EvaluateOptions::default().with_flag_keys(["a"]);
    assert!(client.evaluate_with(&User::with_user_id("ann"), &some).is_on("holdout"));
}

#[cfg(feature = "remote")]
#[tokio::test]
async fn fetches_are_answered_or_refused() {
    let client = TestClient::new();
    client.turn_on("a");
    let remote: &dyn Fetch = &client;
    let user = User::with_user_id("ann");
    assert!(remote.fetch(&user).await.unwrap().is_on("a"));
    client.assert_not_exposed("ann", "a");
    let shown = FetchOptions::default().with_tracks_exposure(true).with_flag_keys(["a"]);
    remote.fetch_with(&user, &shown).await.unwrap();
    client.assert_exposed("ann", "a", "on");
    client.refuse_fetches(Some(StatusCode::SERVICE_UNAVAILABLE));
    let refused = remote.fetch(&user).await.unwrap_err();
    assert!(matches!(refused, TransportError::Status { status: 503, .. }), "{refused}");
    client.refuse_fetches(None);
    assert!(remote.fetch(&user).await.is_ok());
    assert_eq!(client.evaluations().len(), 4);
}

#[cfg(all(feature = "blocking", feature = "remote"))]
#[test]
fn fetches_that_are_waited_for_are_answered_alike() {
    let client = TestClient::new();
    client.turn_on("a");
    let remote: &dyn crate::blocking::Fetch = &client;
    let user = User::with_user_id("ann");
    assert!(remote.fetch(&user).unwrap().is_on("a"));
    remote.fetch_with(&user, &FetchOptions::default().with_tracks_exposure(true)).unwrap();
    client.assert_exposed("ann", "a", "on");
    client.refuse_fetches(Some(StatusCode::SERVICE_UNAVAILABLE));
    let refused = remote.fetch(&user).unwrap_err();
    assert!(matches!(refused, TransportError::Status { status: 503, .. }), "{refused}");
}

#[test]
fn only_the_flags_that_are_asked_for_are_given() {
    let client = TestClient::new();
    client.turn_on("a");
    client.turn_on("b");
    let some = client.evaluate_with(&User::with_user_id("u"), &EvaluateOptions::default().with_flag_keys(["b"]));
    assert_eq!(some.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["b"]);
    let evaluations = client.evaluations();
    assert_eq!((evaluations.len(), evaluations[0].user_id.as_deref()), (1, Some("u")));
    assert_eq!(evaluations[0].options.flag_keys, ["b"]);
}

#[test]
fn exposures_are_those_of_a_real_client() {
    let client = TestClient::new();
    client.turn_on("a");
    client.set("off", Variant::new("off").with_metadata("default", true));
    let user = User::builder().user_id("ann").device_id("d1").build();
    for _ in 0..3 {
        let _ = client.evaluate_with(&user, &shown());
    }
    let _ = client.evaluate(&User::with_user_id("bob"));
    let exposures = client.exposures();
    assert_eq!(exposures.len(), 1, "{exposures:?}");
    let Exposure { user_id, device_id, flag, variant, time_ms } = exposures[0].clone();
    assert_eq!([&*user_id, &*device_id, &*flag, &*variant], ["ann", "d1", "a", "on"]);
    assert_eq!(time_ms, BEGINNING);
    client.assert_exposed("ann", "a", "on");
    client.assert_not_exposed("bob", "a");
    client.clear();
    client.advance(Duration::from_secs(86_400 + 1));
    let _ = client.evaluate_with(&user, &shown());
    assert_eq!(client.exposures()[0].time_ms, BEGINNING + 86_401_000);
}

#[test]
#[should_panic(expected = "ann was not shown on of a")]
fn what_was_not_shown_fails_the_test() {
    TestClient::new().assert_exposed("ann", "a", "on");
}

#[test]
fn users_do_not_show() {
    let client = TestClient::new();
    client.turn_on_for("hush", "a");
    let _ = client.evaluate_with(&User::with_user_id("hush"), &shown());
    assert!(!format!("{client:?}").contains("hush"));
}
