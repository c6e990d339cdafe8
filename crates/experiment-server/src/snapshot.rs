//! What is served: flags and cohorts made ready once, never changed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use cohorts::{Cohort, CohortStore, EnrichedUser};
use evaluation_core::{Explanation, FlagSet, JsonError, User, UserDiagnostic, Variants};
use http::HeaderValue;

use crate::flags::{RawFlag, list};

/// Flags and cohorts as they are at one moment.
#[derive(Clone)]
pub(crate) struct Snapshot {
    pub(crate) flags: Arc<Flags>,
    pub(crate) cohorts: Arc<Cohorts>,
}

impl Snapshot {
    /// Decides flags for a user; with no keys, all.
    pub(crate) fn evaluate(&self, user: &User, keys: &[&str]) -> Variants {
        let set = &self.flags.set;
        if self.cohorts.known {
            set.evaluate(&EnrichedUser::new(user, &self.cohorts.store), keys)
        } else {
            set.evaluate(user, keys)
        }
    }

    /// Explains which variant of one flag, or of all of them, a user gets, and lists what of the user could not be read.
    pub(crate) fn explain(&self, user: &User, unread: &[UserDiagnostic], key: Option<&str>) -> Vec<Explanation> {
        let set = &self.flags.set;
        let keys = set.keys().filter(|known| key.is_none_or(|key| key == *known));
        let enriched = self.cohorts.known.then(|| EnrichedUser::new(user, &self.cohorts.store));
        let explained = keys.filter_map(|key| match &enriched {
            Some(user) => set.explain(user, key),
            None => set.explain(user, key),
        });
        explained.map(|explanation| explanation.with_user_diagnostics(unread.to_vec())).collect()
    }
}

/// A flag set in every form that it is served in.
pub(crate) struct Flags {
    pub(crate) set: FlagSet,
    pub(crate) raw: Vec<RawFlag>,
    /// The JSON list.
    pub(crate) body: Bytes,
    pub(crate) etag: HeaderValue,
    /// The JSON list as a message of a stream.
    pub(crate) message: Bytes,
}

impl Flags {
    pub(crate) fn new(raw: Vec<RawFlag>) -> Result<Self, JsonError> {
        let body = list(raw.iter().map(|flag| &*flag.json));
        let set = FlagSet::from_json(body.as_bytes())?;
        let message = Bytes::from(format!("data: {body}\n\n"));
        Ok(Self { set, raw, etag: etag(body.as_bytes()), body: body.into(), message })
    }
}

/// Made from the content, so that it outlives a restart.
fn etag(body: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    let tag = format!("\"{:x}-{:016x}\"", body.len(), hasher.finish());
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Cohorts, for answering and for evaluating.
#[derive(Clone, Default)]
pub(crate) struct Cohorts {
    /// Whether the server knows cohorts at all. If not, users bring their own `cohort_ids`.
    pub(crate) known: bool,
    pub(crate) store: CohortStore,
    pub(crate) served: BTreeMap<String, Arc<ServedCohort>>,
    /// The latest time that was given out for an id.
    last_modified: BTreeMap<String, i64>,
}

impl Cohorts {
    /// Puts a cohort in. Its time goes up when its members change, since clients ask by it.
    pub(crate) fn insert(&mut self, mut cohort: Cohort) {
        self.known = true;
        let given = cohort.last_modified;
        if self.served.get(&cohort.cohort_id).is_some_and(|old| old.given == given && old.is_but_for_time(&cohort)) {
            return;
        }
        // Also above that of a cohort of this id that was taken away.
        if let Some(last) = self.last_modified.get(&cohort.cohort_id) {
            cohort.last_modified = given.max(last.saturating_add(1));
        }
        self.last_modified.insert(cohort.cohort_id.clone(), cohort.last_modified);
        self.store.insert(&cohort);
        let id = cohort.cohort_id.clone();
        self.served.insert(id, Arc::new(ServedCohort { cohort, given, body: OnceLock::new() }));
    }

    pub(crate) fn remove(&mut self, id: &str) -> bool {
        self.store.remove(id);
        self.served.remove(id).is_some()
    }
}

/// A cohort with its answer, made when it is first asked for.
pub(crate) struct ServedCohort {
    pub(crate) cohort: Cohort,
    /// When it says it was modified; its time may have been put up.
    given: i64,
    body: OnceLock<Bytes>,
}

impl ServedCohort {
    fn is_but_for_time(&self, other: &Cohort) -> bool {
        let mut other = other.clone();
        other.last_modified = self.cohort.last_modified;
        self.cohort == other
    }

    pub(crate) fn body(&self) -> Bytes {
        // Texts and numbers can be written.
        self.body.get_or_init(|| serde_json::to_vec(&self.cohort).unwrap_or_default().into()).clone()
    }
}
