//! What users get.

use std::collections::{BTreeMap, BTreeSet};

use evaluation_core::{FlagSet, User, Variant, Variants};
#[cfg(feature = "remote")]
use transport::http::StatusCode;

/// What the test said.
#[derive(Default)]
pub(super) struct Said {
    pub(super) flags: FlagSet,
    pub(super) everyone: BTreeMap<String, Variant>,
    /// By id and flag.
    pub(super) some: BTreeMap<(String, String), Variant>,
    /// The status that fetches are refused with, if they are.
    #[cfg(feature = "remote")]
    pub(super) refusal: Option<StatusCode>,
}

impl Said {
    pub(super) fn decide(&self, user: &User, keys: &[String]) -> Variants {
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
