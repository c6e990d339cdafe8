//! Users whose cohorts come from a store.

use std::fmt;
use std::sync::OnceLock;

use evaluation_core::{EvaluationContext, Membership, Selected, Selector, User};

use crate::cohort::USER_GROUP_TYPE;
use crate::fingerprint::Fingerprint;
use crate::store::{CohortStore, StoredCohort};

/// A user whose cohorts come from a store. Nothing is copied of either.
///
/// The user is looked up by its id, and its group of each type by its name; device ids are never looked up. What the
/// store says replaces the `cohort_ids` that the user brings, for every group type that some flag asks about, even when
/// the store says that there are none. A user without id, and a group without name, keep theirs.
#[derive(Debug, Clone)]
pub struct EnrichedUser<'a> {
    user: &'a User,
    known: Option<Member<'a>>,
    groups: Vec<Member<'a>>,
}

impl<'a> EnrichedUser<'a> {
    /// A user with the cohorts of a store.
    #[must_use]
    pub fn new(user: &'a User, store: &'a CohortStore) -> Self {
        let member = |group_type, name| {
            let of_users = group_type == USER_GROUP_TYPE;
            Member { store, group_type, of_users, name, fingerprint: OnceLock::new() }
        };
        let groups = user.groups().filter_map(|(group_type, _)| Some(member(group_type, user.group_name(group_type)?)));
        let known = user.user_id().filter(|id| !id.is_empty()).map(|id| member(USER_GROUP_TYPE, id));
        Self { user, known, groups: groups.collect() }
    }
}

impl EvaluationContext for EnrichedUser<'_> {
    #[inline]
    fn select<'a>(&'a self, selector: &Selector) -> Selected<'a> {
        self.user.select(selector)
    }

    fn membership(&self, group_type: &str, name: &str) -> Option<&dyn Membership> {
        let mut members = self.known.iter().chain(&self.groups);
        let found = members.find(|member| is_same(member.name, name) && member.group_type == group_type);
        found.map(|member| member as &dyn Membership)
    }
}

/// Whether two texts are equal, at once if they are one: names mostly come from the very user.
#[inline]
fn is_same(a: &str, b: &str) -> bool {
    std::ptr::eq(a, b) || a == b
}

/// A user or a group, as members of cohorts.
#[derive(Clone)]
struct Member<'a> {
    store: &'a CohortStore,
    group_type: &'a str,
    /// Whether that is the one of users, which is told without comparing texts.
    of_users: bool,
    name: &'a str,
    /// Of the name: made when a condition first asks, and one for all cohorts.
    fingerprint: OnceLock<Fingerprint>,
}

impl Membership for Member<'_> {
    fn contains(&self, cohort_id: &str) -> bool {
        let fingerprint = || *self.fingerprint.get_or_init(|| Fingerprint::of(self.name));
        let is_of_it = |cohort: &StoredCohort| match self.of_users {
            true => cohort.is_of_users(),
            false => cohort.group_type() == self.group_type,
        };
        self.store.get(cohort_id).is_some_and(|cohort| is_of_it(cohort) && cohort.has(fingerprint()))
    }
}

/// Without the store, which would show once for every group.
impl fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Member").field(&self.group_type).field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cohort::Cohort;

    fn store() -> CohortStore {
        let mut store = CohortStore::new();
        store.insert(&Cohort::new("c1", ["u1", ""]));
        store.insert(&Cohort::new("g1", ["acme", ""]).with_group_type("org"));
        store
    }

    /// Whether somebody is known, and in a cohort.
    fn answer(user: &User, group_type: &str, name: &str, cohort_id: &str) -> Option<bool> {
        let store = store();
        EnrichedUser::new(user, &store).membership(group_type, name).map(|member| member.contains(cohort_id))
    }

    #[test]
    fn the_store_answers_for_the_user_and_the_first_group_of_each_type() {
        let user = User::builder().user_id("u1").device_id("d1").groups("org", ["acme", "other"]).build();
        assert_eq!(answer(&user, "User", "u1", "c1"), Some(true));
        assert_eq!(answer(&user, "User", "u1", "g1"), Some(false));
        assert_eq!(answer(&user, "org", "acme", "g1"), Some(true));
        assert_eq!(answer(&user, "org", "acme", "c1"), Some(false));
        for (group_type, name) in [("User", "d1"), ("User", "acme"), ("org", "u1"), ("org", "other"), ("team", "acme")]
        {
            assert_eq!(answer(&user, group_type, name, "c1"), None, "{group_type} {name}");
        }
    }

    #[test]
    fn nobody_is_looked_up_by_an_empty_name() {
        let user = User::builder().user_id("").group("org", "").groups("team", Vec::<String>::new()).build();
        for group_type in ["User", "org", "team"] {
            assert_eq!(answer(&user, group_type, "", "c1"), None, "{group_type}");
        }
    }

    #[test]
    fn a_name_is_hashed_once_and_only_for_cohorts_that_it_may_be_in() {
        let user = User::with_user_id("u1");
        let store = store();
        let member = EnrichedUser::new(&user, &store).known.unwrap();
        assert!(!member.contains("unknown") && !member.contains("g1"));
        assert!(member.fingerprint.get().is_none());
        assert!(member.contains("c1"));
        assert!(member.fingerprint.get() == Some(&Fingerprint::of("u1")));
        // It is what is asked with from then on.
        let other = Member { fingerprint: Fingerprint::of("u1").into(), name: "u2", ..member };
        assert!(other.contains("c1"));
    }

    #[test]
    fn a_clone_answers_alike_and_keeps_what_was_hashed() {
        let user = User::with_user_id("u1");
        let store = store();
        let enriched = EnrichedUser::new(&user, &store);
        assert!(enriched.membership("User", "u1").unwrap().contains("c1"));
        let clone = enriched.clone();
        assert!(clone.known.as_ref().unwrap().fingerprint.get().is_some());
        assert!(clone.membership("User", "u1").unwrap().contains("c1"));
    }

    #[test]
    fn all_else_is_read_from_the_user() {
        let user = User::builder().country("Norway").build();
        let store = store();
        let enriched = EnrichedUser::new(&user, &store);
        let country = enriched.select(&Selector::new(["user", "country"]));
        assert!(matches!(country, Selected::Text("Norway")), "{country:?}");
    }
}
