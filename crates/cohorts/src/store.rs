//! Cohorts kept for asking who is in them.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::cohort::{Cohort, CohortError, USER_GROUP_TYPE};
use crate::fingerprint::Fingerprint;
use crate::left_out::LeftOut;
use crate::members::{Members, MembersBuilder};
use crate::read::Fields;

/// Cohorts by id.
///
/// A cheap handle: clones share everything until one of them is changed, and the members even then.
///
/// ```
/// use cohorts::{Cohort, CohortStore, USER_GROUP_TYPE};
///
/// let mut store = CohortStore::new();
/// store.insert(&Cohort::new("beta", ["user-1"]));
/// assert!(store.contains("beta", USER_GROUP_TYPE, "user-1"));
/// assert!(!store.contains("beta", "org", "user-1"));
/// ```
#[derive(Clone, Default)]
pub struct CohortStore {
    /// Every condition on cohorts looks some up here.
    cohorts: Arc<HashMap<Arc<str>, Arc<StoredCohort>, RandomState>>,
}

impl CohortStore {
    /// A store without cohorts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a cohort in, in the place of the one that has its id.
    pub fn insert(&mut self, cohort: &Cohort) {
        self.insert_stored(Arc::new(StoredCohort::new(cohort)));
    }

    /// Puts a cohort in that is in the form of stores already, in the place of the one that has its id. Its members are
    /// not copied.
    pub fn insert_stored(&mut self, cohort: Arc<StoredCohort>) {
        Arc::make_mut(&mut self.cohorts).insert(Arc::clone(&cohort.id), cohort);
    }

    /// Takes a cohort away. True if it was there.
    pub fn remove(&mut self, id: &str) -> bool {
        // Nothing is copied for a cohort that is not there.
        self.cohorts.contains_key(id) && Arc::make_mut(&mut self.cohorts).remove(id).is_some()
    }

    /// True when a cohort has this member, and its members are of this group type.
    #[must_use]
    pub fn contains(&self, cohort_id: &str, group_type: &str, member: &str) -> bool {
        self.get(cohort_id).is_some_and(|cohort| cohort.contains(group_type, member))
    }

    /// The ids of the cohorts that have this member, in order.
    pub fn cohorts_of(&self, group_type: &str, member: &str) -> impl Iterator<Item = &str> {
        let fingerprint = Fingerprint::of(member);
        let is_in = move |cohort: &&StoredCohort| cohort.group_type() == group_type && cohort.has(fingerprint);
        self.iter().filter(is_in).map(StoredCohort::id)
    }

    /// The cohort of this id, to look at or to share with another store.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<StoredCohort>> {
        self.cohorts.get(id)
    }

    /// The cohorts, ordered by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &StoredCohort> {
        let mut cohorts: Vec<&StoredCohort> = self.cohorts.values().map(|cohort| &**cohort).collect();
        cohorts.sort_unstable_by_key(|cohort| cohort.id());
        cohorts.into_iter()
    }

    /// How many cohorts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cohorts.len()
    }

    /// True when there are no cohorts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cohorts.is_empty()
    }
}

impl<'a> FromIterator<&'a Cohort> for CohortStore {
    fn from_iter<I: IntoIterator<Item = &'a Cohort>>(cohorts: I) -> Self {
        let mut store = Self::new();
        cohorts.into_iter().for_each(|cohort| store.insert(cohort));
        store
    }
}

/// The cohorts, but not their members.
impl fmt::Debug for CohortStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A cohort in the form that stores keep: who is in it can be asked, but not told.
///
/// A member takes some 17 bytes, however long its id is. What is kept of it is a fingerprint of 128 bits with a key that
/// is random for each process: that somebody counts as a member who is none is less likely than 2⁻¹⁰⁰ for each question
/// to a cohort of 10,000,000.
///
/// ```
/// use cohorts::{CohortStore, StoredCohort, USER_GROUP_TYPE};
/// use std::sync::Arc;
///
/// let body = br#"{"cohortId": "beta", "lastModified": 1700000000123, "memberIds": ["u1", "u2"]}"#;
/// let cohort = StoredCohort::from_reader(&body[..])?;
/// assert!(cohort.contains(USER_GROUP_TYPE, "u1"));
///
/// let mut store = CohortStore::new();
/// store.insert_stored(Arc::new(cohort));
/// # Ok::<(), cohorts::CohortError>(())
/// ```
pub struct StoredCohort {
    id: Arc<str>,
    group_type: Box<str>,
    of_users: bool,
    last_modified: i64,
    members: Members,
    left_out: Option<LeftOut>,
}

impl StoredCohort {
    fn new(cohort: &Cohort) -> Self {
        let group_type = if cohort.group_type.is_empty() { USER_GROUP_TYPE } else { &cohort.group_type };
        Self {
            id: cohort.cohort_id.as_str().into(),
            group_type: group_type.into(),
            of_users: group_type == USER_GROUP_TYPE,
            last_modified: cohort.last_modified,
            members: cohort.member_ids.iter().map(String::as_str).collect(),
            left_out: cohort.left_out.clone(),
        }
    }

    /// Reads a cohort from JSON text, as [`Cohort::from_json`] does, but without making anything of a member than what
    /// is kept of it.
    ///
    /// # Errors
    /// The same.
    pub fn from_json(json: &[u8]) -> Result<Self, CohortError> {
        Fields::from_json(json)?.try_into()
    }

    /// Reads a cohort from JSON text that is never held as a whole, such as the body of an answer. The reader is read to
    /// its end and needs no buffer of its own.
    ///
    /// # Errors
    /// Those of [`StoredCohort::from_json`], also when the text stops halfway, and [`CohortError::Read`] when the reader
    /// fails.
    pub fn from_reader(reader: impl io::Read) -> Result<Self, CohortError> {
        Fields::from_reader(reader)?.try_into()
    }

    /// What flags name it by.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What its members are: [`USER_GROUP_TYPE`] for users, else a type of groups.
    #[must_use]
    pub fn group_type(&self) -> &str {
        &self.group_type
    }

    /// When its members last changed, in milliseconds since 1970; 0 if that is not known.
    #[must_use]
    pub fn last_modified(&self) -> i64 {
        self.last_modified
    }

    /// How many members it has, each counted once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True when nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.len() == 0
    }

    /// The members that could not be read and were left out, if there were any: see [`Cohort::from_json`].
    #[must_use]
    pub fn left_out(&self) -> Option<&LeftOut> {
        self.left_out.as_ref()
    }

    /// True when it has this member, and its members are of this group type.
    #[must_use]
    pub fn contains(&self, group_type: &str, member: &str) -> bool {
        *self.group_type == *group_type && self.has(Fingerprint::of(member))
    }

    /// True when its members are users.
    #[inline]
    pub(crate) fn is_of_users(&self) -> bool {
        self.of_users
    }

    /// True when it has this member, whatever its group type.
    #[inline]
    pub(crate) fn has(&self, member: Fingerprint) -> bool {
        self.members.contains(member)
    }
}

impl TryFrom<Fields<MembersBuilder>> for StoredCohort {
    type Error = CohortError;

    fn try_from(fields: Fields<MembersBuilder>) -> Result<Self, CohortError> {
        let group_type = fields.group_type.as_deref().unwrap_or(USER_GROUP_TYPE);
        Ok(Self {
            id: fields.cohort_id.ok_or(CohortError::NoId)?.into(),
            group_type: group_type.into(),
            of_users: group_type == USER_GROUP_TYPE,
            last_modified: fields.last_modified.unwrap_or_default(),
            members: fields.members.finish(),
            left_out: fields.left_out,
        })
    }
}

/// How many members there are, but not who.
impl fmt::Debug for StoredCohort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredCohort")
            .field("id", &self.id)
            .field("group_type", &self.group_type)
            .field("last_modified", &self.last_modified)
            .field("len", &self.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> CohortStore {
        let mut store = CohortStore::new();
        store.insert(&Cohort::new("c2", ["u1", "u2", "u1"]).with_last_modified(5));
        store.insert(&Cohort::new("c1", ["u1"]));
        store.insert(&Cohort::new("c3", ["u1"]).with_group_type("org"));
        store
    }

    #[test]
    fn members_are_found_by_cohort_group_type_and_name() {
        let store = store();
        assert!(store.contains("c2", "User", "u2") && store.contains("c3", "org", "u1"));
        for (id, group_type, member) in
            [("c1", "User", "u2"), ("c1", "org", "u1"), ("c3", "User", "u1"), ("c9", "User", "u1"), ("c1", "User", "")]
        {
            assert!(!store.contains(id, group_type, member), "{id} {group_type} {member}");
        }
        assert_eq!(store.cohorts_of("User", "u1").collect::<Vec<_>>(), ["c1", "c2"]);
        assert_eq!(store.cohorts_of("org", "u1").collect::<Vec<_>>(), ["c3"]);
        assert_eq!(store.cohorts_of("User", "nobody").count(), 0);
    }

    #[test]
    fn cohorts_are_told_in_order_and_members_counted_once() {
        let store = store();
        let told: Vec<_> = store.iter().map(|it| (it.id(), it.group_type(), it.last_modified(), it.len())).collect();
        assert_eq!(told, [("c1", "User", 0, 1), ("c2", "User", 5, 2), ("c3", "org", 0, 1)]);
        assert_eq!((store.len(), store.is_empty(), CohortStore::new().is_empty()), (3, false, true));
    }

    #[test]
    fn a_cohort_replaces_the_one_of_its_id() {
        let mut store = store();
        store.insert(&Cohort::new("c2", ["u3"]).with_last_modified(6));
        assert!(store.contains("c2", "User", "u3") && !store.contains("c2", "User", "u1"));
        assert_eq!((store.len(), store.get("c2").unwrap().last_modified()), (3, 6));
        store.insert(&Cohort::new("c2", Vec::<String>::new()));
        assert!(store.get("c2").unwrap().is_empty());
        assert!(store.remove("c2") && !store.remove("c2"));
        assert!(store.get("c2").is_none());
    }

    #[test]
    fn clones_share_members_and_do_not_see_changes() {
        let before = store();
        let mut after = before.clone();
        after.remove("c1");
        after.insert(&Cohort::new("c4", ["u4"]));
        assert!(before.contains("c1", "User", "u1") && before.get("c4").is_none());
        assert!(Arc::ptr_eq(before.get("c2").unwrap(), after.get("c2").unwrap()));
    }

    #[test]
    fn an_empty_group_type_means_users() {
        let mut cohort = Cohort::new("c1", ["u1"]);
        cohort.group_type.clear();
        let mut store = CohortStore::new();
        store.insert(&cohort);
        assert!(store.contains("c1", "User", "u1"));
    }

    #[test]
    fn members_do_not_show() {
        let text = format!("{:?}", store());
        assert!(text.contains("c2") && !text.contains("u1"), "{text}");
    }
}
