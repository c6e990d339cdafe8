//! A user as evaluation context.

use super::User;
use crate::context::{EvaluationContext, Selected, Selector, Target, UserField};
use crate::value::{Object, Value};

impl EvaluationContext for User {
    #[inline]
    fn select<'a>(&'a self, selector: &Selector) -> Selected<'a> {
        match selector.target() {
            Target::Property => Selected::from(self.user_properties.get_hashed(selector.key())),
            Target::Text(field) => match self.plain_text(field) {
                Some(text) => Selected::Text(text),
                None if self.other.is_none() => Selected::Null,
                None => self.select_other(field.name(), &[]),
            },
            _ => self.select_rest(selector),
        }
    }
}

impl User {
    /// What is asked for less often.
    fn select_rest(&self, selector: &Selector) -> Selected<'_> {
        match selector.target() {
            Target::Field(field) => self.select_field(field, selector.rest(2)),
            Target::Other => self.select_other(selector.element(1).unwrap_or_default(), selector.rest(2)),
            Target::Group => self.select_group(selector.element(1).unwrap_or_default(), selector.rest(2)),
            // Only parts of the context are left out.
            Target::Root => Selected::from(Value::Object(self.context_object())),
            Target::User => non_empty(self.user_object()),
            Target::Groups => non_empty(self.groups_object()),
            Target::Property | Target::Text(_) | Target::Unknown => Selected::Null,
        }
    }

    fn select_field(&self, field: UserField, rest: &[Box<str>]) -> Selected<'_> {
        if self.field(field.name()).is_some() {
            return self.select_other(field.name(), rest);
        }
        match (field, rest) {
            (UserField::UserProperties, []) => non_empty(self.user_properties.clone()),
            (UserField::UserProperties, [key, rest @ ..]) => {
                Selected::from(self.user_properties.get(key).and_then(|value| value.walk(rest)))
            }
            (UserField::CohortIds, []) => self.cohort_ids().map_or(Selected::Null, Selected::Texts),
            _ => Selected::Null,
        }
    }

    /// What is kept as it came.
    #[inline(never)]
    fn select_other(&self, name: &str, rest: &[Box<str>]) -> Selected<'_> {
        Selected::from(self.field(name).and_then(|value| value.walk(rest)))
    }

    fn select_group(&self, group_type: &str, rest: &[Box<str>]) -> Selected<'_> {
        let Some(name) = self.group_name(group_type) else {
            return Selected::Null;
        };
        let Some((member, rest)) = rest.split_first() else {
            return Selected::from(Value::Object(self.group_object(group_type, name)));
        };
        match (&**member, rest) {
            ("group_name", []) => Selected::Text(name),
            ("group_properties", rest) => {
                let Some(properties) = self.group_properties(group_type, name) else {
                    return Selected::Null;
                };
                match rest.split_first() {
                    None => non_empty(properties.clone()),
                    Some((key, rest)) => Selected::from(properties.get(key).and_then(|value| value.walk(rest))),
                }
            }
            ("cohort_ids", []) => match self.group_cohort_ids(group_type, name) {
                None | Some([]) => Selected::Null,
                Some(cohort_ids) => Selected::Texts(cohort_ids),
            },
            _ => Selected::Null,
        }
    }

    fn context_object(&self) -> Object {
        let parts = [("user", self.user_object()), ("groups", self.groups_object())];
        parts.into_iter().filter(|(_, part)| !part.is_empty()).collect()
    }

    fn user_object(&self) -> Object {
        let mut user: Object = self.plain_texts().collect();
        if !self.user_properties.is_empty() {
            user.insert("user_properties", self.user_properties.clone());
        }
        if let Some(cohort_ids) = self.plain_cohort_ids() {
            user.insert("cohort_ids", cohort_ids);
        }
        user.extend(self.other_fields().map(|(name, value)| (name, value.clone())));
        user
    }

    fn groups_object(&self) -> Object {
        let named = self.groups.keys().filter_map(|group_type| Some((group_type, self.group_name(group_type)?)));
        named.map(|(group_type, name)| (group_type.clone(), self.group_object(group_type, name))).collect()
    }

    fn group_object(&self, group_type: &str, name: &str) -> Object {
        let mut group = Object::new();
        group.insert("group_name", name);
        if let Some(properties) = self.group_properties(group_type, name).filter(|it| !it.is_empty()) {
            group.insert("group_properties", properties.clone());
        }
        if let Some(cohort_ids) = self.group_cohort_ids(group_type, name).filter(|it| !it.is_empty()) {
            group.insert("cohort_ids", cohort_ids);
        }
        group
    }
}

/// A part of the context, which leaves out what is empty.
fn non_empty(object: Object) -> Selected<'static> {
    if object.is_empty() { Selected::Null } else { Selected::from(Value::Object(object)) }
}
