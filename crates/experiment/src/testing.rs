//! A client for tests of code that uses this crate: no network, variants as the test says, exposures to look at.
//!
//! Code that takes an [`Evaluate`] gets the same from [`TestClient`] as from a real client:
//!
//! ```
//! use experiment::testing::TestClient;
//! use experiment::{Evaluate, EvaluateOptions, User};
//!
//! fn greeting(client: &dyn Evaluate, user: &User) -> &'static str {
//!     let shown = EvaluateOptions::default().with_flag_keys(["greeting"]).with_tracks_exposure(true);
//!     if client.evaluate_with(user, &shown).is_on("greeting") { "Good day" } else { "Hello" }
//! }
//!
//! let client = TestClient::new();
//! let (ann, bob) = (User::with_user_id("ann"), User::with_user_id("bob"));
//! client.turn_on_for("ann", "greeting");
//! assert_eq!((greeting(&client, &ann), greeting(&client, &bob)), ("Good day", "Hello"));
//! client.assert_exposed("ann", "greeting", "on");
//! client.assert_not_exposed("bob", "greeting");
//! ```
//!
//! The same goes for code that takes a `Fetch` in the place of a client for remote evaluation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evaluation_core::{FlagSet, JsonError, User, Variant, Variants};
use serde_json::Value;
use tracking::{Clock, Event, EventStats, ExposureConfig, FlushReport, Tracker, Tracking};
use transport::BoxFuture;
#[cfg(feature = "remote")]
use transport::http::{self, StatusCode};
use transport::task::lock;
#[cfg(feature = "remote")]
use transport::{Endpoint, TransportError, call::refusal as refusal_of};

use crate::evaluate::{Evaluate, EvaluateOptions};
#[cfg(feature = "remote")]
use crate::remote::{Fetch, FetchOptions};

/// How many of the latest evaluations and exposures are kept.
const KEPT: usize = 100_000;

/// When the clock begins, in milliseconds since 1970.
const BEGINNING: u64 = 1_700_000_000_000;

/// A client that gives what a test says, and keeps what it was asked.
///
/// A cheap handle: clones share everything. Exposures are made and left out as by a real client: one for each variant
/// that is no default, and none again within a day of [`TestClient::advance`].
#[derive(Clone)]
pub struct TestClient {
    inner: Arc<Inner>,
}

struct Inner {
    said: Mutex<Said>,
    evaluations: Mutex<VecDeque<Evaluation>>,
    recorder: Arc<Recorder>,
    clock: Arc<TestClock>,
    /// None only if the options of tracking were refused, which they are not.
    tracking: Option<Tracking>,
}

/// What the test said.
#[derive(Default)]
struct Said {
    flags: FlagSet,
    everyone: BTreeMap<String, Variant>,
    /// By id and flag.
    some: BTreeMap<(String, String), Variant>,
    /// The status that fetches are refused with, if they are.
    #[cfg(feature = "remote")]
    refusal: Option<StatusCode>,
}

/// What a client was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evaluation {
    /// The user's id.
    pub user_id: Option<String>,
    /// The user's device id.
    pub device_id: Option<String>,
    /// With what options.
    pub options: EvaluateOptions,
}

/// What a user was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exposure {
    /// The user's id; empty if there is none.
    pub user_id: String,
    /// The user's device id; empty if there is none.
    pub device_id: String,
    /// The flag.
    pub flag: String,
    /// The variant's key, or its value if it has none.
    pub variant: String,
    /// When, in milliseconds since 1970 by the client's clock.
    pub time_ms: u64,
}

impl TestClient {
    /// A client without flags: everybody gets nothing until the test says otherwise.
    #[must_use]
    pub fn new() -> Self {
        let (recorder, clock) = (Arc::<Recorder>::default(), Arc::new(TestClock(AtomicU64::new(BEGINNING))));
        let tracking = Tracking::exposures(ExposureConfig::new(""))
            .tracker(Arc::clone(&recorder) as Arc<dyn Tracker>)
            .clock(Arc::clone(&clock) as Arc<dyn Clock>)
            .build()
            .ok();
        let inner = Inner { said: Mutex::default(), evaluations: Mutex::default(), recorder, clock, tracking };
        Self { inner: Arc::new(inner) }
    }

    /// Decides by these flags, a JSON list, where the test says nothing else. What it says does not reach flags that depend
    /// on another's result: they see what that flag decides.
    ///
    /// # Errors
    /// When they are no list.
    pub fn set_flags(&self, json: impl AsRef<[u8]>) -> Result<(), JsonError> {
        let flags = FlagSet::from_json(json.as_ref())?;
        lock(&self.inner.said).flags = flags;
        Ok(())
    }

    /// Gives everybody this variant of a flag.
    pub fn set(&self, flag: impl Into<String>, variant: Variant) {
        lock(&self.inner.said).everyone.insert(flag.into(), variant);
    }

    /// Gives the user of this id this variant of a flag, whatever everybody gets. For visitors without a user id it is
    /// their device id.
    pub fn set_for(&self, id: impl Into<String>, flag: impl Into<String>, variant: Variant) {
        lock(&self.inner.said).some.insert((id.into(), flag.into()), variant);
    }

    /// Gives everybody the variant `on` of a flag.
    pub fn turn_on(&self, flag: impl Into<String>) {
        self.set(flag, on());
    }

    /// Gives the user of this id the variant `on` of a flag.
    pub fn turn_on_for(&self, id: impl Into<String>, flag: impl Into<String>) {
        self.set_for(id, flag, on());
    }

    /// Takes back what was said of a flag, for everybody and for each user.
    pub fn unset(&self, flag: &str) {
        let mut said = lock(&self.inner.said);
        said.everyone.remove(flag);
        said.some.retain(|(_, of), _| of != flag);
    }

    /// Takes back what was said of a flag for the user of this id.
    pub fn unset_for(&self, id: &str, flag: &str) {
        lock(&self.inner.said).some.remove(&(id.to_owned(), flag.to_owned()));
    }

    /// Takes back all that was said: nobody gets anything.
    pub fn reset(&self) {
        *lock(&self.inner.said) = Said::default();
    }

    /// Has fetches fail as if the service answered with this status, such as 503; with none, they succeed again.
    #[cfg(feature = "remote")]
    pub fn refuse_fetches(&self, status: Option<StatusCode>) {
        lock(&self.inner.said).refusal = status;
    }

    /// Lets time pass by the clock that exposures are dated by, and known again by.
    pub fn advance(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.inner.clock.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// What it was asked, the oldest first.
    #[must_use]
    pub fn evaluations(&self) -> Vec<Evaluation> {
        lock(&self.inner.evaluations).iter().cloned().collect()
    }

    /// What users were shown, the oldest first.
    #[must_use]
    pub fn exposures(&self) -> Vec<Exposure> {
        lock(&self.inner.recorder.0).iter().filter_map(exposure).collect()
    }

    /// Forgets what it was asked and what users were shown. Exposures of the last day are still known.
    pub fn clear(&self) {
        lock(&self.inner.evaluations).clear();
        lock(&self.inner.recorder.0).clear();
    }

    /// Makes sure that the user of this id, or the visitor of this device id, was shown this variant of a flag.
    ///
    /// # Panics
    /// When that is not so.
    #[track_caller]
    pub fn assert_exposed(&self, id: &str, flag: &str, variant: &str) {
        let exposures = self.exposures();
        let is = |it: &Exposure| it.is_of(id) && it.flag == flag && it.variant == variant;
        assert!(exposures.iter().any(is), "{id} was not shown {variant} of {flag}; exposures: {exposures:?}");
    }

    /// Makes sure that the user of this id, or the visitor of this device id, was shown nothing of a flag.
    ///
    /// # Panics
    /// When that is not so.
    #[track_caller]
    pub fn assert_not_exposed(&self, id: &str, flag: &str) {
        let exposures = self.exposures();
        let found = exposures.iter().find(|it| it.is_of(id) && it.flag == flag);
        assert!(found.is_none(), "{id} was shown {found:?}");
    }

    fn asked(&self, user: &User, options: EvaluateOptions) {
        let mut evaluations = lock(&self.inner.evaluations);
        if evaluations.len() == KEPT {
            evaluations.pop_front();
        }
        let (user_id, device_id) = (user.user_id().map(str::to_owned), user.device_id().map(str::to_owned));
        evaluations.push_back(Evaluation { user_id, device_id, options });
    }
}

impl Exposure {
    fn is_of(&self, id: &str) -> bool {
        self.user_id == id || self.device_id == id
    }
}

impl Default for TestClient {
    fn default() -> Self {
        Self::new()
    }
}

impl Evaluate for TestClient {
    fn evaluate_with(&self, user: &User, options: &EvaluateOptions) -> Variants {
        let variants = lock(&self.inner.said).decide(user, &options.flag_keys);
        if options.tracks_exposure {
            self.track_exposure(user, &variants);
        }
        self.asked(user, options.clone());
        variants
    }

    fn track_exposure(&self, user: &User, variants: &Variants) {
        if let Some(tracking) = &self.inner.tracking {
            tracking.track(user, variants);
        }
    }
}

/// As the service would answer. What it tracks by itself is not known here: a fetch that asks for exposures to be tracked
/// counts as one that shows them.
#[cfg(feature = "remote")]
impl Fetch for TestClient {
    fn fetch_with<'a>(
        &'a self,
        user: &'a User,
        options: &'a FetchOptions,
    ) -> BoxFuture<'a, Result<Variants, TransportError>> {
        let exposes = options.tracks_exposure == Some(true);
        let options = EvaluateOptions::default().with_flag_keys(&options.flag_keys).with_tracks_exposure(exposes);
        let refusal = lock(&self.inner.said).refusal;
        Box::pin(async move {
            let Some(status) = refusal else { return Ok(self.evaluate_with(user, &options)) };
            self.asked(user, options);
            let mut response = http::Response::new(());
            *response.status_mut() = status;
            Err(refusal_of(Endpoint::Variants, &response))
        })
    }
}

/// How much there is, but not of whom.
impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("evaluations", &lock(&self.inner.evaluations).len())
            .field("exposures", &lock(&self.inner.recorder.0).len())
            .finish_non_exhaustive()
    }
}

impl Said {
    fn decide(&self, user: &User, keys: &[String]) -> Variants {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let by_flags = self.flags.evaluate(user, &keys);
        let mut decided: BTreeMap<&str, Variant> =
            by_flags.iter().map(|(flag, variant)| (flag, Variant::from(variant))).collect();
        // Those that flags of these keys depend on are among what was decided.
        let wanted: BTreeSet<&str> = decided.keys().copied().chain(keys.iter().copied()).collect();
        let is_wanted = |flag: &str| keys.is_empty() || wanted.contains(flag);
        let everyone = self.everyone.iter().map(|(flag, variant)| (flag.as_str(), variant));
        // The last that says something counts.
        let said = everyone.chain(self.of(user.device_id())).chain(self.of(user.user_id()));
        decided.extend(said.filter(|(flag, _)| is_wanted(flag)).map(|(flag, variant)| (flag, variant.clone())));
        decided.into_iter().collect()
    }

    /// What was said for an id.
    fn of(&self, id: Option<&str>) -> impl Iterator<Item = (&str, &Variant)> {
        let some = self.some.iter().filter(move |((of, _), _)| Some(of.as_str()) == id);
        some.map(|((_, flag), variant)| (flag.as_str(), variant))
    }
}

fn on() -> Variant {
    Variant::new("on").with_value("on")
}

struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Keeps events.
#[derive(Default)]
struct Recorder(Mutex<VecDeque<Event>>);

impl Tracker for Recorder {
    fn track(&self, events: Vec<Event>) {
        let mut kept = lock(&self.0);
        kept.extend(events);
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }

    fn flush(&self) -> BoxFuture<'_, FlushReport> {
        Box::pin(async { FlushReport::default() })
    }

    fn close(&self) -> BoxFuture<'_, FlushReport> {
        self.flush()
    }

    fn stats(&self) -> EventStats {
        EventStats::default()
    }
}

fn exposure(event: &Event) -> Option<Exposure> {
    let event = serde_json::to_value(event).ok()?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let properties = event.get("event_properties")?;
    Some(Exposure {
        user_id: text(event.get("user_id")),
        device_id: text(event.get("device_id")),
        flag: text(properties.get("[Experiment] Flag Key")),
        variant: text(properties.get("[Experiment] Variant")),
        time_ms: event.get("time").and_then(Value::as_u64).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
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
}
