//! How much is logged.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tracing::Level;
use tracing::level_filters::LevelFilter;

/// How much a client tells its logger: this and what is worse.
///
/// In files it has its name in whatever case, or the number that it has in the Node SDK: 0 for `disable` to 5 for
/// `verbose`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Nothing.
    Disable,
    /// What is broken until somebody mends it, such as a flag that cannot be used. The default.
    #[default]
    Error,
    /// What goes wrong, and the client deals with: the first failure of a series.
    Warn,
    /// That it is over, or what an earlier run left is taken up.
    Info,
    /// What happens: updates, changes of state, each failure of a series.
    Debug,
    /// Every evaluation and fetch with its user and results.
    Verbose,
}

impl LogLevel {
    const ALL: [Self; 6] = [Self::Disable, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Verbose];

    /// Its name in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Verbose => "verbose",
        }
    }

    pub(super) fn filter(self) -> LevelFilter {
        match self {
            Self::Disable => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Verbose => LevelFilter::TRACE,
        }
    }

    pub(super) fn of(level: Level) -> Self {
        match level {
            Level::ERROR => Self::Error,
            Level::WARN => Self::Warn,
            Level::INFO => Self::Info,
            Level::DEBUG => Self::Debug,
            Level::TRACE => Self::Verbose,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that no log level has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no log level: they are disable, error, warn, info, debug and verbose")]
pub struct NoLogLevel(String);

impl FromStr for LogLevel {
    type Err = NoLogLevel;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let level = Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(name));
        level.ok_or_else(|| NoLogLevel(name.to_owned()))
    }
}

impl Serialize for LogLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for LogLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrNumber)
    }
}

struct NameOrNumber;

impl Visitor<'_> for NameOrNumber {
    type Value = LogLevel;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log level, by name or as a number from 0 to 5")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<LogLevel, E> {
        name.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<LogLevel, E> {
        let level = usize::try_from(number).ok().and_then(|number| LogLevel::ALL.get(number).copied());
        level.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    // Some formats know no others.
    fn visit_i64<E: Error>(self, number: i64) -> Result<LogLevel, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_by_name_and_by_the_numbers_of_the_node_sdk() {
        for (number, level) in LogLevel::ALL.into_iter().enumerate() {
            let shouted = format!("{:?}", level.as_str().to_uppercase());
            for text in [number.to_string(), shouted, serde_json::to_string(&level).unwrap()] {
                assert_eq!(serde_json::from_str::<LogLevel>(&text).unwrap(), level, "{text}");
            }
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        let signed = serde::de::value::I64Deserializer::<serde_json::Error>::new(2);
        assert_eq!(LogLevel::deserialize(signed).unwrap(), LogLevel::Warn);
        for wrong in ["6", "-1", "\"loud\"", "1.5", "null"] {
            assert!(serde_json::from_str::<LogLevel>(wrong).is_err(), "{wrong}");
        }
        assert!("loud".parse::<LogLevel>().unwrap_err().to_string().contains("`loud`"));
    }
}
