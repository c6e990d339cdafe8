//! What is decided by at one moment.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

#[cfg(feature = "cohorts")]
use cohorts::{CohortStore, EnrichedUser, sync::CohortStatus};
use evaluation_core::{Explanation, FlagSet, JsonError, User, Value, Variants, skip_byte_order_mark};
use foldhash::fast::FixedState;
use serde_json::value::RawValue;

use super::FlagOrigin;

/// Flags, where they came from, the cohorts that they ask about, and what tells whether another set differs.
#[derive(Clone, Default)]
pub(super) struct Snapshot {
    pub(super) flags: FlagSet,
    pub(super) origin: FlagOrigin,
    /// None where cohorts are not looked up, and users bring their own.
    #[cfg(feature = "cohorts")]
    cohorts: Option<CohortStore>,
    /// Of each flag's text, by key.
    prints: Arc<HashMap<Box<str>, u64>>,
}

impl Snapshot {
    pub(super) fn read(json: &[u8], origin: FlagOrigin) -> Result<Self, JsonError> {
        Ok(Self {
            flags: FlagSet::from_json(json)?,
            origin,
            #[cfg(feature = "cohorts")]
            cohorts: None,
            prints: Arc::new(prints(json)),
        })
    }

    /// The same flags with these cohorts.
    #[cfg(feature = "cohorts")]
    pub(super) fn with_cohorts(self, cohorts: CohortStore) -> Self {
        Self { cohorts: Some(cohorts), ..self }
    }

    /// The same flags with the cohorts of another, if it has any.
    #[cfg(feature = "cohorts")]
    pub(super) fn with_cohorts_of(self, other: &Self) -> Self {
        Self { cohorts: other.cohorts.clone(), ..self }
    }

    /// Decides flags for a user; with no keys, all.
    pub(super) fn evaluate(&self, user: &User, keys: &[&str]) -> Variants {
        #[cfg(feature = "cohorts")]
        if let Some(cohorts) = &self.cohorts
            && self.flags.cohort_ids().len() > 0
        {
            return self.flags.evaluate(&EnrichedUser::new(user, cohorts), keys);
        }
        self.flags.evaluate(user, keys)
    }

    /// Tells how a flag is decided for a user. None when there is no such flag.
    pub(super) fn explain(&self, user: &User, key: &str) -> Option<Explanation> {
        #[cfg(feature = "cohorts")]
        if let Some(cohorts) = &self.cohorts {
            return self.flags.explain(&EnrichedUser::new(user, cohorts), key);
        }
        self.flags.explain(user, key)
    }

    /// True when who is in cohorts is looked up.
    pub(super) fn looks_cohorts_up(&self) -> bool {
        #[cfg(feature = "cohorts")]
        return self.cohorts.is_some();
        #[cfg(not(feature = "cohorts"))]
        false
    }

    /// How the cohorts are doing that flags ask about, if they are looked up.
    #[cfg(feature = "cohorts")]
    pub(super) fn cohort_statuses(&self) -> Vec<CohortStatus> {
        let Some(cohorts) = &self.cohorts else { return Vec::new() };
        self.cohort_ids().into_iter().map(|id| CohortStatus::in_store(id, cohorts)).collect()
    }

    /// The ids of the cohorts that flags ask about, of all group types.
    pub(super) fn cohort_ids(&self) -> BTreeSet<&str> {
        self.flags.cohort_ids().flat_map(|(_, ids)| ids).collect()
    }

    /// The keys of the flags that are new, gone or not as they were, in order.
    pub(super) fn changed_from(&self, before: &Self) -> Vec<String> {
        let new = self.prints.iter().filter(|(key, print)| before.prints.get(*key) != Some(*print));
        let gone = before.prints.iter().filter(|(key, _)| !self.prints.contains_key(*key));
        let mut keys: Vec<String> = new.chain(gone).map(|(key, _)| key.to_string()).collect();
        keys.sort_unstable();
        keys
    }
}

fn prints(json: &[u8]) -> HashMap<Box<str>, u64> {
    // Bytes that are not UTF-8 spoil the flag that they stand in, and no other.
    let json = String::from_utf8_lossy(skip_byte_order_mark(json));
    let flags: Vec<&RawValue> = serde_json::from_str(&json).unwrap_or_default();
    let keyed = flags.into_iter().filter_map(|flag| {
        let key = key(flag.get()).or_else(|| lenient_key(flag.get()))?;
        Some((key, FixedState::default().hash_one(flag.get())))
    });
    keyed.collect()
}

/// Of repeated members the last counts, as it does for the engine. A flag without a key is a diagnostic, and nothing that
/// could change.
fn key(flag: &str) -> Option<Box<str>> {
    let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(flag).ok()?;
    serde_json::from_str(members.get("key")?.get()).ok()
}

/// The same where the key is no string, or something in the flag has lone surrogates: as the engine reads it then.
fn lenient_key(flag: &str) -> Option<Box<str>> {
    match Value::from_json(flag).ok()?.get("key")? {
        Value::String(key) => Some(key.as_str().into()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        scalar => Some(scalar.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(flags: &[(&str, &str)]) -> Snapshot {
        let flags: Vec<String> = flags
            .iter()
            .map(|(key, variant)| format!(r#"{{"key": "{key}", "variants": {{"{variant}": {{}}}}, "segments": []}}"#))
            .collect();
        Snapshot::read(format!("[{}]", flags.join(",")).as_bytes(), FlagOrigin::Poll).unwrap()
    }

    #[test]
    fn changes_are_told_by_key() {
        let before = snapshot(&[("same", "on"), ("other", "on"), ("gone", "on")]);
        let after = snapshot(&[("new", "on"), ("other", "off"), ("same", "on")]);
        assert_eq!(after.changed_from(&before), ["gone", "new", "other"]);
        assert!(after.changed_from(&after).is_empty());
        assert_eq!(after.changed_from(&Snapshot::default()), ["new", "other", "same"]);
    }

    #[test]
    fn a_byte_order_mark_changes_nothing() {
        let json = r#"[{"key": "a", "variants": {}, "segments": []}]"#;
        let read = |json: &str| Snapshot::read(json.as_bytes(), FlagOrigin::Stream);
        let (plain, marked) = (read(json).unwrap(), read(&format!("\u{feff}{json}")).unwrap());
        assert!(marked.flags.contains("a"));
        assert!(marked.changed_from(&plain).is_empty() && plain.changed_from(&marked).is_empty());
        assert!(read(&format!("\u{feff}\u{feff}{json}")).is_err());
    }

    #[test]
    fn a_set_with_bad_flags_is_read() {
        let json = br#"[{"key": "good", "variants": {}, "segments": []}, {"key": "bad", "variants": 7}, {}, 7]"#;
        let snapshot = Snapshot::read(json, FlagOrigin::Poll).unwrap();
        assert_eq!((snapshot.flags.len(), snapshot.prints.len()), (1, 2));
        assert!(Snapshot::read(b"{}", FlagOrigin::Poll).is_err());
    }
}
