//! The service's endpoints, and what they have in common.

#[cfg(feature = "streaming")]
mod flag_stream;
mod flags;
mod variants;

use std::fmt;

pub use flags::FlagsResponse;
pub use variants::VariantsOptions;

/// What the service can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The variants of a user.
    Variants,
    /// The flags of a deployment.
    Flags,
    /// The stream of a deployment's flags.
    FlagStream,
    /// A cohort with its members.
    Cohort,
    /// Where events are sent.
    Events,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Variants => "variants",
            Self::Flags => "flags",
            Self::FlagStream => "flag stream",
            Self::Cohort => "cohort",
            Self::Events => "events",
        })
    }
}

impl Endpoint {
    /// What it is asked with, and what to check when it refuses that.
    pub(crate) fn credentials(self) -> (&'static str, &'static str) {
        match self {
            Self::Variants | Self::Flags | Self::FlagStream => {
                ("deployment key", "check that it is the key of a server deployment, and of this server zone")
            }
            Self::Cohort => (
                "API key and secret key",
                "check that they are those of the project that the cohort is in, and of this server zone",
            ),
            Self::Events => ("API key", "check that it is the key of the analytics project, and of this server zone"),
        }
    }
}
