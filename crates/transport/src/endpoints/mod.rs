//! The service's endpoints, and what they have in common.

mod call;
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
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Variants => "variants",
            Self::Flags => "flags",
            Self::FlagStream => "flag stream",
        })
    }
}
