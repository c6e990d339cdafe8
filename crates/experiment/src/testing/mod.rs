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
//! The same goes for code that takes a `Fetch` in the place of a client for remote evaluation, or that of `blocking`.

mod recorder;
mod said;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evaluation_core::{FlagSet, JsonError, User, Variant, Variants};
use tracking::{Clock, ExposureConfig, Tracker, Tracking};
#[cfg(feature = "remote")]
use transport::http::{self, StatusCode};
use transport::task::lock;
#[cfg(feature = "remote")]
use transport::{BoxFuture, Endpoint, TransportError, call::refusal as refusal_of};

pub use self::recorder::Exposure;
use self::recorder::{Recorder, TestClock, exposure};
use self::said::Said;
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

    /// Gives the user of this id, or of this device id, this variant of a flag, whatever everybody gets. What is said for
    /// the user id comes first.
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

#[cfg(feature = "remote")]
impl TestClient {
    /// As the service would answer. What it tracks by itself is not known here: a fetch that asks for exposures to be
    /// tracked counts as one that shows them.
    fn answer(&self, user: &User, options: &FetchOptions) -> Result<Variants, TransportError> {
        let exposes = options.tracks_exposure == Some(true);
        let options = EvaluateOptions::default().with_flag_keys(&options.flag_keys).with_tracks_exposure(exposes);
        let refusal = lock(&self.inner.said).refusal;
        let Some(status) = refusal else { return Ok(self.evaluate_with(user, &options)) };
        self.asked(user, options);
        let mut response = http::Response::new(());
        *response.status_mut() = status;
        Err(refusal_of(Endpoint::Variants, &response))
    }
}

#[cfg(feature = "remote")]
impl Fetch for TestClient {
    fn fetch_with<'a>(
        &'a self,
        user: &'a User,
        options: &'a FetchOptions,
    ) -> BoxFuture<'a, Result<Variants, TransportError>> {
        Box::pin(async move { self.answer(user, options) })
    }
}

#[cfg(all(feature = "blocking", feature = "remote"))]
impl crate::blocking::Fetch for TestClient {
    fn fetch_with(&self, user: &User, options: &FetchOptions) -> Result<Variants, TransportError> {
        self.answer(user, options)
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

fn on() -> Variant {
    Variant::new("on").with_value("on")
}

#[cfg(test)]
mod tests;
