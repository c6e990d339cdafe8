//! Reading users from JSON: lenient, so that no odd field fails a request.

use std::fmt;

use serde::Serialize;

use super::{Ordered, User};
use crate::context::UserField;
use crate::value::{
    Document, JsonError, Object, SURROGATE, ScalarText, Value, find_surrogates, has_surrogates, salvage,
};

/// A part of a user's JSON that is not of the type that its field has, that is read as something else, or that cannot be
/// read at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// A number past all floats, such as `1e999`, and bytes that are not UTF-8 are left out and reported too, with the
    /// member or element that they are the value of. A lone surrogate, such as `"\ud800"`, is read as U+FFFD and
    /// reported.
    ///
    /// # Errors
    /// When the text is not JSON, or nests deeper than 128 levels.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<(Self, Vec<UserDiagnostic>), JsonError> {
        let json = json.as_ref();
        let mut unreadable = Vec::new();
        let value = Value::from_json(json).or_else(|error| {
            let mut report = |path: &str, message: &str| unreadable.push(UserDiagnostic::new(path, message));
            salvage(json, &mut report).ok_or(error)
        })?;
        if has_surrogates(json) {
            let mut report = |path: &str| unreadable.push(UserDiagnostic::new(path, SURROGATE));
            find_surrogates(Document::new(json).text(), "", &mut report);
        }
        let (user, diagnostics) = Self::from_value(value);
        unreadable.extend(diagnostics);
        Ok((user, unreadable))
    }

    /// Reads a user from a JSON value. Never fails: what has an unexpected shape is reported. Null is absent.
    ///
    /// - A field that no getter returns is kept as it is: [`User::field`].
    /// - Where a string is expected, getters return a number or a boolean as its text, and nothing for a list or an object,
    ///   which is reported. Flags are decided by the value as it is.
    /// - The same holds for `user_properties` that are no object, and for `cohort_ids` with lists or objects in them.
    /// - In groups, a single name stands for a list of one, and what is reported is left out.
    #[must_use]
    pub fn from_value(value: Value) -> (Self, Vec<UserDiagnostic>) {
        let mut reader = Reader::default();
        let members = reader.object("", value);
        for (key, value) in members.into_iter().flatten() {
            reader.field(&key, value);
        }
        (reader.user, reader.diagnostics)
    }

    /// Reads one field. What cannot be read goes unreported.
    pub(super) fn read_field(&mut self, name: &str, value: Value) {
        let mut reader = Reader { user: std::mem::take(self), diagnostics: Vec::new() };
        reader.field(name, value);
        *self = reader.user;
    }
}

impl UserDiagnostic {
    fn new(path: &str, message: &str) -> Self {
        let path = if path.is_empty() { "user" } else { path };
        Self { path: path.to_owned(), message: message.to_owned() }
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
            "user_properties" => match value {
                Value::Object(properties) => self.user.user_properties = properties,
                value => self.keep(key, value, "expected an object"),
            },
            "groups" => self.user.groups = self.map(key, value, Self::texts),
            "group_properties" => {
                self.user.group_properties =
                    self.map(key, value, |reader, path, names| Some(reader.map(path, names, Self::object)));
            }
            "cohort_ids" => self.cohort_ids(key, value),
            "group_cohort_ids" => {
                self.user.group_cohort_ids =
                    self.map(key, value, |reader, path, names| Some(reader.map(path, names, Self::texts)));
            }
            _ => match (UserField::of(key), value) {
                (None, value) => self.user.set_other(key, value),
                (Some(field), Value::String(text)) => self.user.set_text(field, text),
                (Some(_), value @ (Value::Array(_) | Value::Object(_))) => self.keep(key, value, "expected a text"),
                (Some(field), scalar) => {
                    let text = ScalarText::of(&scalar).map(|text| text.as_str().to_owned());
                    self.user.set_scalar(field, scalar, &text.unwrap_or_default());
                }
            },
        }
    }

    /// Keeps a field of an unexpected type as it is.
    fn keep(&mut self, key: &str, value: Value, message: &str) {
        self.user.set_other(key, value);
        self.report::<()>(key, message);
    }

    fn cohort_ids(&mut self, key: &str, value: Value) {
        let nests = |value: &Value| matches!(value, Value::Array(_) | Value::Object(_));
        let odd = value.as_array().map_or_else(|| nests(&value), |elements| elements.iter().any(nests));
        if odd {
            self.user.set_other(key, value.clone());
        }
        self.user.cohort_ids = self.texts(key, value);
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
        self.diagnostics.push(UserDiagnostic::new(path, message));
        None
    }
}
