//! The operators of conditions.

use std::fmt;
use std::str::FromStr;

use crate::text::{Version, parse_number};

/// How a condition compares the selected value with its own values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is documented by its name on the wire")]
pub enum Operator {
    Is,
    IsNot,
    Contains,
    DoesNotContain,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    VersionLess,
    VersionLessOrEqual,
    VersionGreater,
    VersionGreaterOrEqual,
    SetIs,
    SetIsNot,
    SetContains,
    SetDoesNotContain,
    SetContainsAny,
    SetDoesNotContainAny,
    RegexMatch,
    RegexDoesNotMatch,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 20] = [
        Self::Is,
        Self::IsNot,
        Self::Contains,
        Self::DoesNotContain,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::VersionLess,
        Self::VersionLessOrEqual,
        Self::VersionGreater,
        Self::VersionGreaterOrEqual,
        Self::SetIs,
        Self::SetIsNot,
        Self::SetContains,
        Self::SetDoesNotContain,
        Self::SetContainsAny,
        Self::SetDoesNotContainAny,
        Self::RegexMatch,
        Self::RegexDoesNotMatch,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is not",
            Self::Contains => "contains",
            Self::DoesNotContain => "does not contain",
            Self::Less => "less",
            Self::LessOrEqual => "less or equal",
            Self::Greater => "greater",
            Self::GreaterOrEqual => "greater or equal",
            Self::VersionLess => "version less",
            Self::VersionLessOrEqual => "version less or equal",
            Self::VersionGreater => "version greater",
            Self::VersionGreaterOrEqual => "version greater or equal",
            Self::SetIs => "set is",
            Self::SetIsNot => "set is not",
            Self::SetContains => "set contains",
            Self::SetDoesNotContain => "set does not contain",
            Self::SetContainsAny => "set contains any",
            Self::SetDoesNotContainAny => "set does not contain any",
            Self::RegexMatch => "regex match",
            Self::RegexDoesNotMatch => "regex does not match",
        }
    }

    /// What the operator compares, if it looks for less or more.
    pub(crate) fn comparison(self) -> Option<Comparison> {
        match self {
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => Some(Comparison::Numbers),
            Self::VersionLess | Self::VersionLessOrEqual | Self::VersionGreater | Self::VersionGreaterOrEqual => {
                Some(Comparison::Versions)
            }
            _ => None,
        }
    }

    /// What the condition says of a value that is null or missing. `none` tells whether the condition's values hold
    /// the text `(none)`.
    pub(crate) fn on_null(self, none: bool) -> bool {
        match self {
            Self::Is
            | Self::Contains
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual
            | Self::VersionLess
            | Self::VersionLessOrEqual
            | Self::VersionGreater
            | Self::VersionGreaterOrEqual
            | Self::SetIs
            | Self::SetContains
            | Self::SetContainsAny => none,
            Self::IsNot | Self::DoesNotContain | Self::SetDoesNotContain | Self::SetDoesNotContainAny => !none,
            Self::SetIsNot | Self::RegexDoesNotMatch => true,
            Self::RegexMatch => false,
        }
    }
}

/// What an operator reads strings as, so that it can compare them. Where it cannot, it compares the strings themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Numbers,
    Versions,
}

impl Comparison {
    /// True when a string is a number or a version.
    pub(crate) fn reads(self, text: &str) -> bool {
        match self {
            Self::Numbers => parse_number(text).is_some(),
            Self::Versions => Version::parse(text).is_some(),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names are exact and case-sensitive.
impl FromStr for Operator {
    type Err = UnknownOperator;

    fn from_str(name: &str) -> Result<Self, UnknownOperator> {
        Ok(match name {
            "is" => Self::Is,
            "is not" => Self::IsNot,
            "contains" => Self::Contains,
            "does not contain" => Self::DoesNotContain,
            "less" => Self::Less,
            "less or equal" => Self::LessOrEqual,
            "greater" => Self::Greater,
            "greater or equal" => Self::GreaterOrEqual,
            "version less" => Self::VersionLess,
            "version less or equal" => Self::VersionLessOrEqual,
            "version greater" => Self::VersionGreater,
            "version greater or equal" => Self::VersionGreaterOrEqual,
            "set is" => Self::SetIs,
            "set is not" => Self::SetIsNot,
            "set contains" => Self::SetContains,
            "set does not contain" => Self::SetDoesNotContain,
            "set contains any" => Self::SetContainsAny,
            "set does not contain any" => Self::SetDoesNotContainAny,
            "regex match" => Self::RegexMatch,
            "regex does not match" => Self::RegexDoesNotMatch,
            _ => return Err(UnknownOperator),
        })
    }
}

/// The text names no operator. A condition with such a name never matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an operator")]
#[non_exhaustive]
pub struct UnknownOperator;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_read_by_its_own_name() {
        for operator in Operator::ALL {
            assert_eq!(operator.as_str().parse(), Ok(operator));
        }
        for name in ["", "IS", "is ", "equals", "set contains all"] {
            assert_eq!(name.parse::<Operator>(), Err(UnknownOperator));
        }
    }
}
