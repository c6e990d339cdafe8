//! Fields that users have no place of their own for.

use super::User;
use crate::context::UserField;
use crate::value::{Object, Value};

/// The fields of a user that are kept as they came: those that this crate does not know, and known ones of an unexpected
/// type. Nearly all users have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct OtherFields {
    pub(super) fields: Object,
    /// The strings of known fields whose value here is a number or a boolean: getters return these.
    texts: Vec<(UserField, Box<str>)>,
}

impl OtherFields {
    pub(super) fn text(&self, field: UserField) -> Option<&str> {
        self.texts.iter().find(|(known, _)| *known == field).map(|(_, text)| &**text)
    }
}

impl User {
    /// A field that has no getter of its own, such as the `device_category` that browser SDKs send.
    ///
    /// A field that has a getter is here only if its JSON value is of another type than the getter's: flags are decided
    /// by that value.
    ///
    /// ```
    /// use evaluation_core::{User, Value};
    ///
    /// let (user, _) = User::from_json(r#"{"user_id": "u1", "device_category": "mobile", "version": 3}"#)?;
    /// assert_eq!(user.field("device_category").and_then(Value::as_str), Some("mobile"));
    /// assert_eq!((user.version(), user.field("version")), (Some("3"), Some(&Value::Int(3))));
    /// assert_eq!((user.user_id(), user.field("user_id")), (Some("u1"), None));
    /// # Ok::<(), evaluation_core::JsonError>(())
    /// ```
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.other.as_ref()?.fields.get(name)
    }

    /// Keeps a field as it came.
    pub(super) fn set_other(&mut self, name: &str, value: Value) {
        self.other.get_or_insert_default().fields.insert(name, value);
    }

    /// Keeps a known field that is a number or a boolean, with the string that getters return.
    pub(super) fn set_scalar(&mut self, field: UserField, value: Value, text: &str) {
        self.unset_text(field);
        let other = self.other.get_or_insert_default();
        other.fields.insert(field.name(), value);
        other.texts.push((field, text.into()));
    }

    /// Takes away what was kept of a field as it came.
    pub(super) fn unset_other(&mut self, name: &str) {
        let Some(other) = &mut self.other else { return };
        other.fields.remove(name);
        other.texts.retain(|(field, _)| field.name() != name);
        if other.fields.is_empty() {
            self.other = None;
        }
    }
}
