//! Selected values in the form that conditions ask about.

use super::Selected;
use super::list::List;
use crate::value::{ScalarText, Value};

/// A selected value as conditions see it: null, a list, or a text.
#[derive(Debug)]
pub(crate) enum Subject<'a> {
    Null,
    Text(ScalarText<'a>),
    List(List<'a>),
}

impl<'a> Subject<'a> {
    #[inline]
    pub(crate) fn new(selected: Selected<'a>) -> Self {
        match selected {
            Selected::Null => Self::Null,
            Selected::Text(text) => Self::of_text(text),
            Selected::Texts(texts) => Self::List(List::Texts(texts)),
            Selected::Value(Value::String(text)) => Self::of_text(text),
            Selected::Value(Value::Array(elements)) => Self::List(List::Values(elements)),
            Selected::Value(value) => ScalarText::of(value).map_or(Self::Null, Self::Text),
            Selected::Owned(value) => Self::of_owned(*value),
        }
    }

    #[inline]
    fn of_text(text: &'a str) -> Self {
        if text.starts_with('[')
            && let Some(list) = List::of_text(text)
        {
            return Self::List(list);
        }
        Self::Text(ScalarText::Borrowed(text))
    }

    fn of_owned(value: Value) -> Self {
        match value {
            Value::Array(elements) => Self::List(List::Owned(elements)),
            Value::String(text) => List::of_text(&text).map_or(Self::Text(ScalarText::Owned(text)), Self::List),
            other => ScalarText::of_owned(other).map_or(Self::Null, Self::Text),
        }
    }
}

impl<'a> Selected<'a> {
    /// The text, if this is one that cannot be a list.
    #[inline]
    pub(crate) fn plain_text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) if !text.starts_with('[') => Some(text),
            Self::Value(Value::String(text)) if !text.starts_with('[') => Some(text),
            _ => None,
        }
    }

    /// The number, if this is one. The text of a number reads back as the same.
    #[inline]
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Value(value) => value.as_f64(),
            _ => None,
        }
    }

    /// The text that a bucket hashes; lists are not looked into.
    #[inline]
    pub(crate) fn into_text(self) -> Option<ScalarText<'a>> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(ScalarText::Borrowed(text)),
            Self::Texts(texts) => ScalarText::of_owned(Value::from(texts)),
            Self::Value(value) => ScalarText::of(value),
            Self::Owned(value) => ScalarText::of_owned(*value),
        }
    }

    /// The value, for reports.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::from(*text),
            Self::Texts(texts) => Value::from(*texts),
            Self::Value(value) => (*value).clone(),
            Self::Owned(value) => (**value).clone(),
        }
    }
}
