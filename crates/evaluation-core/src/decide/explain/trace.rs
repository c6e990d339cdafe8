//! The parts of an explanation.

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::user::UserDiagnostic;
use crate::value::Value;

/// Which variant of a flag a user gets, and why.
///
/// Serialise it, or print it: its `Display` is meant to be read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// The flag's key.
    pub flag: String,
    /// The variant, by the name that the flag lists it under; none if the flag yields nothing.
    pub variant: Option<String>,
    /// The place of the segment that decided.
    pub segment: Option<usize>,
    /// The segments that were looked at, in order. The last one decided, unless none did.
    pub segments: Vec<SegmentTrace>,
    /// What is hardly as it was meant in the flag, by the warnings among [`FlagSet::diagnostics`].
    ///
    /// [`FlagSet::diagnostics`]: crate::FlagSet::diagnostics
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Diagnostic>,
    /// The flags that were evaluated before this one, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Explanation>,
    /// What of the user's JSON could not be read as its field expects: see [`Explanation::with_user_diagnostics`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_diagnostics: Vec<UserDiagnostic>,
}

impl Explanation {
    /// Adds what reading the user found, so that the explanation shows by what user it was decided.
    ///
    /// ```
    /// use evaluation_core::{FlagSet, User};
    ///
    /// let flags = FlagSet::from_json(r#"[{"key": "f", "variants": {"on": {}}, "segments": [{"variant": "on"}]}]"#)?;
    /// let (user, diagnostics) = User::from_json(r#"{"user_id": "u1", "country": ["NO"]}"#)?;
    /// let explanation = flags.explain(&user, "f").unwrap().with_user_diagnostics(diagnostics);
    /// assert!(explanation.to_string().starts_with("of the user, country: expected a text\n"));
    /// # Ok::<(), evaluation_core::JsonError>(())
    /// ```
    #[must_use]
    pub fn with_user_diagnostics(mut self, diagnostics: Vec<UserDiagnostic>) -> Self {
        self.user_diagnostics = diagnostics;
        self
    }
}

/// What happened in one segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SegmentTrace {
    /// Its place in the flag.
    pub index: usize,
    /// Its name, from its metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether its conditions hold. A segment that matches may still yield nothing.
    pub matched: bool,
    /// The conditions that were asked, by group. One group with all conditions true is enough; a group ends with its
    /// first false one.
    pub groups: Vec<Vec<ConditionTrace>>,
    /// What its bucket came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketTrace>,
    /// The variant that it yields.
    pub variant: Option<String>,
}

/// A condition that was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConditionTrace {
    /// Path of the value.
    pub selector: Vec<String>,
    /// The operator's name.
    pub operator: String,
    /// What the value was compared with.
    pub values: Vec<String>,
    /// The value: null if there is none. For looked-up membership, the cohorts it found.
    pub value: Value,
    /// True when the operator compares numbers or versions, but had to compare strings: the value is not a number or
    /// not a version, or none of `values` is; or it is a version that only its pre-release sets apart from the one that
    /// decides. Of a list, it is true when that holds for some element.
    #[serde(skip_serializing_if = "is_false")]
    pub compared_as_text: bool,
    /// The answer.
    pub holds: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// What a bucket came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BucketTrace {
    /// Path of the hashed value.
    pub selector: Vec<String>,
    /// Hashed in front of it.
    pub salt: String,
    /// The hashed value. Nothing is hashed if it is missing or empty.
    pub value: Option<String>,
    /// The hash of `salt/value`.
    pub hash: Option<u32>,
    /// The hash modulo 100: what allocations are compared with.
    pub percentage: Option<u32>,
    /// The hash divided by 100: what distributions are compared with.
    pub part: Option<u32>,
    /// The allocation that holds the percentage.
    pub allocation: Option<AllocationTrace>,
    /// The distribution that holds the part.
    pub distribution: Option<DistributionTrace>,
}

/// An allocation that a hash fell into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AllocationTrace {
    /// Its place in the bucket.
    pub index: usize,
    /// The first percentage inside.
    pub start: u32,
    /// The first percentage behind.
    pub end: u32,
}

/// A distribution that a hash fell into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DistributionTrace {
    /// Its place in the allocation.
    pub index: usize,
    /// The first part inside.
    pub start: u32,
    /// The first part behind.
    pub end: u32,
    /// Its variant; none if the flag does not have it.
    pub variant: Option<String>,
}
