//! Reading options without quoting them: what serde itself says of a key that was given for a number would show it.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, map};

/// Reads what was given for an option. Errors name it, and say of what kind that is, but never quote it.
///
/// # Errors
/// When it is not what the option has to be.
pub fn read<T: DeserializeOwned>(option: &str, given: Value) -> Result<T, OptionError> {
    T::deserialize(Given(given)).map_err(|error| error.within(option))
}

/// An object of options, of which each is read by itself.
#[derive(Clone)]
pub struct Members {
    option: &'static str,
    left: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Members {
    /// The members of the object that was given for an option.
    ///
    /// # Errors
    /// When it is no object.
    pub fn of(option: &'static str, given: Value) -> Result<Self, OptionError> {
        Ok(Self { option, left: read(option, given)?, known: Vec::new() })
    }

    /// Takes a member out and reads it, if it is there.
    ///
    /// # Errors
    /// When it is not what it has to be.
    pub fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<Option<T>, OptionError> {
        self.known.push(name);
        let taken = self.left.remove(name).map(|given| read(name, given)).transpose();
        taken.map_err(|error| error.within(self.option))
    }

    /// The same of a member that has to be there.
    ///
    /// # Errors
    /// When it is not, or not what it has to be.
    pub fn need<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, OptionError> {
        let option = self.option;
        self.take(name)?.ok_or_else(|| OptionError::other(format!("`{name}` is missing")).within(option))
    }

    /// Reads the members that were not taken out.
    ///
    /// # Errors
    /// When they are not what they have to be.
    pub fn rest<T: DeserializeOwned>(self) -> Result<T, OptionError> {
        // The names that are known here would be missing from what serde lists.
        let known: String = self.known.iter().map(|name| format!("`{name}`, ")).collect();
        read(self.option, Value::Object(self.left)).map_err(|mut error| {
            if let Problem::Other(problem) = &mut error.problem
                && problem.starts_with("unknown field")
            {
                *problem = problem.replacen("expected one of ", &format!("expected one of {known}"), 1);
            }
            error
        })
    }

    /// Makes sure that all members were taken out.
    ///
    /// # Errors
    /// When there are others.
    pub fn end(self) -> Result<(), OptionError> {
        let Some(name) = self.left.keys().next() else { return Ok(()) };
        let problem = format!("unknown field `{name}`, expected one of `{}`", self.known.join("`, `"));
        Err(OptionError::other(problem).within(self.option))
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").field("option", &self.option).finish_non_exhaustive()
    }
}

/// Why an option cannot be read: which one, and of what kind it is. Never quotes it, since it may be a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError {
    /// The names of the objects that it is in and its own, with dots between.
    path: String,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    /// It is of another kind than the one that was expected.
    Kind(&'static str, String),
    Other(String),
}

impl OptionError {
    fn other(problem: String) -> Self {
        Self { path: String::new(), problem: Problem::Other(problem) }
    }

    /// The same of an option that is a member of this one.
    fn within(mut self, option: &str) -> Self {
        self.path = if self.path.is_empty() { option.to_owned() } else { format!("{option}.{}", self.path) };
        self
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.problem {
            Problem::Kind(given, expected) => write!(f, "`{path}` is {given}: give {expected}"),
            Problem::Other(problem) => write!(f, "`{path}`: {problem}"),
        }
    }
}

impl std::error::Error for OptionError {}

impl de::Error for OptionError {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::other(problem.to_string())
    }

    fn invalid_type(given: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let given = match given {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) => "a number",
            Unexpected::Signed(_) => "a number below 0",
            Unexpected::Float(_) => "a number with a fraction",
            Unexpected::Str(_) => "a string",
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Seq => "a list",
            Unexpected::Map => "an object",
            _ => "of another kind",
        };
        let expected = match expected.to_string() {
            name if name == "a map" || name.starts_with("struct ") => "an object".to_owned(),
            name if ["u8", "u32", "u64", "usize"].contains(&name.as_str()) => "a whole number".to_owned(),
            other => other,
        };
        Self { path: String::new(), problem: Problem::Kind(given, expected) }
    }

    fn invalid_value(given: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(given, expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::other(format!("none of `{}`", expected.join("`, `")))
    }
}

/// A value as what is read from, with errors that do not quote it.
struct Given(Value);

impl<'de> Deserializer<'de> for Given {
    type Error = OptionError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(given) => visitor.visit_bool(given),
            Value::Number(given) => match (given.as_u64(), given.as_i64()) {
                (Some(given), _) => visitor.visit_u64(given),
                (_, Some(given)) => visitor.visit_i64(given),
                _ => visitor.visit_f64(given.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(given) => visitor.visit_string(given),
            Value::Array(given) => visitor.visit_seq(SeqDeserializer::new(given.into_iter().map(Given))),
            Value::Object(given) => visitor.visit_map(Named { left: given.into_iter(), next: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, OptionError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, OptionError> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(name.into_deserializer()),
            Value::Object(given) => {
                visitor.visit_enum(MapAccessDeserializer::new(Named { left: given.into_iter(), next: None }))
            }
            other => Given(other).deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, OptionError> for Given {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The members of an object: errors have their names.
struct Named {
    left: map::IntoIter,
    next: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Named {
    type Error = OptionError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, OptionError> {
        self.next = self.left.next();
        let name = self.next.as_ref().map(|(name, _)| name.clone());
        name.map(|name| seed.deserialize(name.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, OptionError> {
        let (name, given) = self.next.take().unwrap_or_default();
        seed.deserialize(Given(given)).map_err(|error| error.within(&name))
    }
}

#[cfg(test)]
mod tests;
