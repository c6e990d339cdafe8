//! The evaluation context: what selectors read.

mod list;
mod selector;
mod subject;
mod value;

pub(crate) use list::List;
pub use selector::Selector;
pub(crate) use selector::{Target, UserField};
pub(crate) use subject::Subject;

use crate::value::Value;

/// What conditions and buckets select from: a user with its groups.
///
/// Implemented for [`User`](crate::User), which is read in place, and for [`Value`], a JSON object of the form
/// `{"user": {…}, "groups": {type: {"group_name": …, "group_properties": {…}, "cohort_ids": […]}}}`. Implement it to
/// evaluate your own types without building either, or to answer cohort membership from a store.
pub trait EvaluationContext {
    /// The value at a path, [`Selected::Null`] where there is none.
    ///
    /// The path's elements are the ones behind `context`; an empty path asks for the whole context.
    fn select<'a>(&'a self, selector: &Selector) -> Selected<'a>;

    /// The cohorts that a user or group is in, if they are known from elsewhere than the context itself.
    ///
    /// `group_type` is `User` for users, and `name` then the user's id; for groups they are the type and the group's
    /// name. An answer replaces the context's own `cohort_ids`, but only for group types that some flag asks about.
    /// It is asked for only when a condition on `cohort_ids` is reached.
    fn membership(&self, group_type: &str, name: &str) -> Option<&dyn Membership> {
        let _ = (group_type, name);
        None
    }
}

impl<C: EvaluationContext + ?Sized> EvaluationContext for &C {
    fn select<'a>(&'a self, selector: &Selector) -> Selected<'a> {
        (**self).select(selector)
    }

    fn membership(&self, group_type: &str, name: &str) -> Option<&dyn Membership> {
        (**self).membership(group_type, name)
    }
}

/// The cohorts that one user or group is in.
pub trait Membership {
    /// True when it is in this cohort.
    fn contains(&self, cohort_id: &str) -> bool;
}

/// What a selector found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Selected<'a> {
    /// Nothing, or null, which is the same.
    #[default]
    Null,
    /// A text.
    Text(&'a str),
    /// A list of texts.
    Texts(&'a [String]),
    /// Any JSON value.
    Value(&'a Value),
    /// A value that had to be put together for the question, such as the user as a whole.
    Owned(Box<Value>),
}

impl From<Value> for Selected<'_> {
    fn from(value: Value) -> Self {
        Self::Owned(Box::new(value))
    }
}

impl<'a> From<Option<&'a Value>> for Selected<'a> {
    #[inline]
    fn from(value: Option<&'a Value>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl<'a> From<Option<&'a str>> for Selected<'a> {
    #[inline]
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}
