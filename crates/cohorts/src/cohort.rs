//! A cohort as it is delivered.

use std::fmt;
use std::io;

use evaluation_core::Received;
use serde::{Deserialize, Serialize};

use crate::left_out::LeftOut;
use crate::read::Fields;

/// The group type of users.
pub const USER_GROUP_TYPE: &str = "User";

/// A cohort with its members, as the service delivers it and as files hold it.
///
/// ```
/// use cohorts::Cohort;
///
/// let cohort = Cohort::from_json(br#"{"cohortId": "beta", "lastModified": 1700000000123, "memberIds": ["u1", "u2"]}"#)?;
/// assert_eq!((cohort.group_type.as_str(), cohort.size), ("User", 2));
/// # Ok::<(), cohorts::CohortError>(())
/// ```
///
/// Equal when the cohorts say the same, whatever was left out of them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Fields<Vec<String>>")]
#[non_exhaustive]
pub struct Cohort {
    /// What flags name it by.
    pub cohort_id: String,
    /// What its members are: [`USER_GROUP_TYPE`] for users, else a type of groups. Missing, null or empty means users.
    pub group_type: String,
    /// The number that the service has for the group type.
    pub group_type_id: i64,
    /// When the service last looked who is in it, in milliseconds since 1970.
    pub last_computed: i64,
    /// When its members last changed, in milliseconds since 1970.
    pub last_modified: i64,
    /// How many members there are. Where it is missing, the number of `member_ids`.
    pub size: u64,
    /// User ids, or names of groups. Repeats do no harm.
    pub member_ids: Vec<String>,
    #[serde(skip)]
    pub(crate) left_out: Option<LeftOut>,
}

impl Cohort {
    /// A cohort of users, with all times 0.
    pub fn new(id: impl Into<String>, members: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let member_ids: Vec<String> = members.into_iter().map(Into::into).collect();
        Self {
            cohort_id: id.into(),
            group_type: USER_GROUP_TYPE.to_owned(),
            group_type_id: 0,
            last_computed: 0,
            last_modified: 0,
            size: member_ids.len() as u64,
            member_ids,
            left_out: None,
        }
    }

    /// Says what its members are: groups of this type. Empty means users.
    #[must_use]
    pub fn with_group_type(mut self, group_type: impl Into<String>) -> Self {
        self.group_type = group_type.into();
        if self.group_type.is_empty() {
            USER_GROUP_TYPE.clone_into(&mut self.group_type);
        }
        self
    }

    /// Says when its members last changed, in milliseconds since 1970.
    #[must_use]
    pub fn with_last_modified(mut self, ms: i64) -> Self {
        self.last_modified = ms;
        self
    }

    /// Reads a cohort from JSON text. Times that are missing are 0; members of the object that no cohort has are passed
    /// over.
    ///
    /// An element of `memberIds` that is not a string, or that no string can hold, is left out and reported by
    /// [`Cohort::left_out`]; all others are there.
    ///
    /// ```
    /// use cohorts::Cohort;
    ///
    /// let cohort = Cohort::from_json(br#"{"cohortId": "beta", "memberIds": ["u1", null, "u2"]}"#)?;
    /// assert_eq!(cohort.member_ids, ["u1", "u2"]);
    /// assert_eq!(cohort.left_out().unwrap().first(), "memberIds[1]: expected a string, found null");
    /// # Ok::<(), cohorts::CohortError>(())
    /// ```
    ///
    /// # Errors
    /// When the text is not JSON, or not a cohort: `cohortId` has to be a string that is not empty, and `memberIds` a
    /// list, of which some element is a string unless it is empty.
    pub fn from_json(json: &[u8]) -> Result<Self, CohortError> {
        Fields::<Vec<String>>::from_json(json)?.try_into()
    }
}

impl Cohort {
    /// The members that could not be read and were left out, if there were any.
    #[must_use]
    pub fn left_out(&self) -> Option<&LeftOut> {
        self.left_out.as_ref()
    }

    fn said(&self) -> (&str, &str, [i64; 3], u64, &[String]) {
        let numbers = [self.group_type_id, self.last_computed, self.last_modified];
        (&self.cohort_id, &self.group_type, numbers, self.size, &self.member_ids)
    }
}

impl PartialEq for Cohort {
    fn eq(&self, other: &Self) -> bool {
        self.said() == other.said()
    }
}

impl Eq for Cohort {}

impl fmt::Debug for Cohort {
    // Members are users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cohort")
            .field("cohort_id", &self.cohort_id)
            .field("group_type", &self.group_type)
            .field("last_modified", &self.last_modified)
            .field("members", &self.member_ids.len())
            .finish()
    }
}

impl TryFrom<Fields<Vec<String>>> for Cohort {
    type Error = CohortError;

    fn try_from(mut fields: Fields<Vec<String>>) -> Result<Self, CohortError> {
        let id = fields.cohort_id.take().ok_or(CohortError::NoId)?;
        Ok(fields.into_cohort(id, 0))
    }
}

/// Why a cohort was not read. Never quotes members.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CohortError {
    /// The text did not come to its end: its reader failed. `source` says why.
    #[error("the cohort cannot be read to its end")]
    #[non_exhaustive]
    Read {
        /// What the reader said.
        source: io::Error,
    },
    /// The text is not JSON, or not of the shape of a cohort.
    #[error("{0}")]
    Json(CohortJsonError),
    /// The cohort does not say its id.
    #[error("the cohort has no id: give it a `cohortId`")]
    NoId,
}

/// What was received in place of the JSON of a cohort, or what is wrong in it and where. Never quotes members.
#[derive(Debug, thiserror::Error)]
#[error("not the JSON of a cohort{problem}")]
pub struct CohortJsonError {
    problem: String,
    line: usize,
    column: usize,
}

impl CohortJsonError {
    /// Reading failed. `beginning` is the text, or as much of it as is needed to name it by.
    pub(crate) fn new(error: &serde_json::Error, beginning: &[u8]) -> Self {
        let received = Received::of(beginning);
        // A column of 0 is that before a line's first.
        let (line, column) = (error.line().max(1), error.column().max(1));
        let message = error.to_string();
        let suffix = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&suffix).unwrap_or(&message);
        // The shape of the whole is wrong, and not that of a member.
        let is_whole = error.is_data() && received != Received::Cohort && !message.contains(": ");
        let problem = if !received.is_json() || is_whole {
            format!(", but {received}")
        } else if error.is_eof() {
            format!(": it ends too early, at line {line} column {column}")
        } else {
            format!(": {message} at line {line} column {column}")
        };
        Self { problem, line, column }
    }

    /// The line of the text, from 1, at which reading stopped.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column of that line, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELIVERED: &str = concat!(
        r#"{"cohortId":"c1","groupType":"org","groupTypeId":7,"lastComputed":1700000000000,"#,
        r#""lastModified":1700000000123,"size":9,"memberIds":["u1","u2","u1"]}"#
    );

    #[test]
    fn what_is_delivered_is_read_and_written_alike() {
        let cohort = Cohort::from_json(DELIVERED.as_bytes()).unwrap();
        let mut expected =
            Cohort::new("c1", ["u1", "u2", "u1"]).with_group_type("org").with_last_modified(1700000000123);
        (expected.group_type_id, expected.last_computed, expected.size) = (7, 1700000000000, 9);
        assert_eq!(cohort, expected);
        assert_eq!(serde_json::to_string(&cohort).unwrap(), DELIVERED);
        assert_eq!(serde_json::from_str::<Cohort>(DELIVERED).unwrap(), cohort);
    }

    #[test]
    fn what_is_missing_or_null_has_its_default() {
        let plain = Cohort::new("c1", ["u1", "u1"]);
        assert_eq!((plain.group_type.as_str(), plain.size), ("User", 2));
        for json in [
            r#"{"cohortId": "c1", "memberIds": ["u1", "u1"]}"#,
            r#"{"cohortId": "c1", "groupType": "", "memberIds": ["u1", "u1"], "owner": {"name": "x"}}"#,
            r#"{"cohortId": "c1", "groupType": null, "groupTypeId": null, "lastComputed": null, "lastModified": null,
                "size": null, "memberIds": ["u1", "u1"]}"#,
        ] {
            assert_eq!(Cohort::from_json(json.as_bytes()).unwrap(), plain, "{json}");
        }
        assert_eq!(plain.clone().with_group_type(""), plain);
    }

    #[test]
    fn a_cohort_without_id_is_refused() {
        let json = r#"{"memberIds": []}"#;
        assert!(matches!(Cohort::from_json(json.as_bytes()), Err(CohortError::NoId)));
        assert!(serde_json::from_str::<Cohort>(json).unwrap_err().to_string().contains("`cohortId`"));
    }

    #[test]
    fn errors_say_where() {
        let Err(CohortError::Json(error)) = Cohort::from_json(b"{\n  \"cohortId\": 7}") else { panic!("it is read") };
        assert_eq!((error.line(), error.column()), (2, 15));
    }
}
