//! An event, as loggers get it.

use std::fmt::{self, Debug};

use tracing::Event;
use tracing::field::{Field, Visit};

use super::LogLevel;

/// What a client logs. As text it is `[Experiment]`, the message, and the fields behind it as `name=value`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogRecord<'a> {
    /// How bad it is. Never `Disable`.
    pub level: LogLevel,
    /// Which part of the client it comes from, such as `experiment::transport`.
    pub target: &'a str,
    /// What happened. For the same thing the same text, always.
    pub message: String,
    /// What there is to tell of it, by name, in order.
    pub fields: Vec<(&'static str, String)>,
}

impl<'a> LogRecord<'a> {
    pub(super) fn of(event: &'a Event<'_>) -> Self {
        let metadata = event.metadata();
        let mut record = Self {
            level: LogLevel::of(*metadata.level()),
            target: metadata.target(),
            message: String::new(),
            fields: Vec::new(),
        };
        event.record(&mut Reading(&mut record));
        record
    }

    /// The value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// A record that is not complete.
struct Reading<'a, 'b>(&'a mut LogRecord<'b>);

impl Visit for Reading<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.0.message),
            name => self.0.fields.push((name, value.to_owned())),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl fmt::Display for LogRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[Experiment] {}", self.message)?;
        self.fields.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
