//! Reading users from JSON: lenient, so that no odd field fails a request.

use std::fmt;

use super::{Ordered, User};
use crate::context::UserField;
use crate::value::{JsonError, Object, ScalarText, Value};

/// A part of a user's JSON that could not be used and was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserDiagnostic {
    /// Where it stands, such as `group_properties.org`.
    pub path: String,
    /// What is wrong with it. Never quotes the user's data.
    pub message: String,
}

impl fmt::Display for UserDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl User {
    /// Reads a user from JSON text, as [`User::from_value`] does.
    ///
    /// ```
    /// use evaluation_core::User;
    ///
    /// let json = br#"{"user_id": 42, "country": null, "group_properties": {"org": ["acme"]}}"#;
    /// let (user, diagnostics) = User::from_json(json)?;
    /// assert_eq!(user.user_id(), Some("42"));
    /// assert_eq!(diagnostics[0].path, "group_properties.org");
    /// # Ok::<(), evaluation_core::JsonError>(())
    /// ```
    ///
    /// # Errors
    /// Only when the text is not JSON that a [`Value`] can hold: see [`Value::from_json`].
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<(Self, Vec<UserDiagnostic>), JsonError> {
        Value::from_json(json).map(Self::from_value)
    }

    /// Reads a user from a JSON value. Never fails: what has an unexpected shape is left out and reported, numbers and
    /// booleans stand for their text where a text is expected, a single name for a list of one, and null is absent.
    #[must_use]
    pub fn from_value(value: Value) -> (Self, Vec<UserDiagnostic>) {
        let mut reader = Reader::default();
        let members = reader.object("", value);
        for (key, value) in members.into_iter().flatten() {
            reader.field(&key, value);
        }
        (reader.user, reader.diagnostics)
    }
}

#[derive(Default)]
struct Reader {
    user: User,
    diagnostics: Vec<UserDiagnostic>,
}

impl Reader {
    fn field(&mut self, key: &str, value: Value) {
        if value.is_null() {
            return;
        }
        match key {
            "user_properties" => self.user.user_properties = self.object(key, value).unwrap_or_default(),
            "groups" => self.user.groups = self.map(key, value, Self::texts),
            "group_properties" => {
                self.user.group_properties =
                    self.map(key, value, |reader, path, names| Some(reader.map(path, names, Self::object)));
            }
            "cohort_ids" => self.user.cohort_ids = self.texts(key, value),
            "group_cohort_ids" => {
                self.user.group_cohort_ids =
                    self.map(key, value, |reader, path, names| Some(reader.map(path, names, Self::texts)));
            }
            _ => match UserField::ALL.into_iter().find(|field| field.name() == key) {
                Some(field) => {
                    if let Some(text) = self.text(key, value) {
                        self.user.set_text(field, text);
                    }
                }
                None => drop(self.report::<()>(key, "not a field of a user")),
            },
        }
    }

    fn map<T>(&mut self, path: &str, value: Value, read: impl Fn(&mut Self, &str, Value) -> Option<T>) -> Ordered<T> {
        let members = self.object(path, value).into_iter().flatten().filter(|(_, value)| !value.is_null());
        let mut map = Ordered::default();
        for (key, value) in members {
            if let Some(value) = read(self, &format!("{path}.{key}"), value) {
                map.insert(key, value);
            }
        }
        map
    }

    fn object(&mut self, path: &str, value: Value) -> Option<Object> {
        match value {
            Value::Object(members) => Some(members),
            Value::Null => None,
            _ => self.report(path, "expected an object"),
        }
    }

    /// A list of texts, or one text alone.
    fn texts(&mut self, path: &str, value: Value) -> Option<Vec<String>> {
        let Value::Array(elements) = value else {
            return self.text(path, value).map(|text| vec![text]);
        };
        let present = elements.into_iter().enumerate().filter(|(_, element)| !element.is_null());
        Some(present.filter_map(|(index, element)| self.text(&format!("{path}[{index}]"), element)).collect())
    }

    fn text(&mut self, path: &str, value: Value) -> Option<String> {
        match value {
            Value::Array(_) | Value::Object(_) => self.report(path, "expected a text"),
            Value::String(text) => Some(text),
            scalar => ScalarText::of(&scalar).map(|text| text.as_str().to_owned()),
        }
    }

    fn report<T>(&mut self, path: &str, message: &str) -> Option<T> {
        let path = if path.is_empty() { "user" } else { path };
        self.diagnostics.push(UserDiagnostic { path: path.to_owned(), message: message.to_owned() });
        None
    }
}
