//! What can be asked for.

use http::uri::PathAndQuery;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Route {
    /// Remote evaluation, `/sdk/v2/vardata`.
    Variants,
    /// Remote evaluation for old SDKs, `/sdk/vardata` and `/sdk/vardata/{user}`.
    LegacyVariants,
    /// The evaluation API, `/v1/vardata`.
    EvaluationApi,
    /// Flag configs, `/sdk/v2/flags`.
    Flags,
    /// The flags API, `/v1/flags`.
    FlagsApi,
    /// The flag stream, `/sdk/stream/v1/flags`.
    Stream,
    /// A cohort, `/sdk/v1/cohort/{id}`.
    Cohort,
    /// A group's cohorts, `/sdk/v2/memberships/{groupType}/{groupName}`.
    Memberships,
    /// Events, `/2/httpapi`.
    HttpApi,
    /// Events, `/batch`.
    Batch,
    /// Anything else.
    Other,
}

impl Route {
    pub(crate) fn of(path: &PathAndQuery) -> Self {
        match path.path() {
            "/sdk/v2/vardata" => Self::Variants,
            "/sdk/vardata" => Self::LegacyVariants,
            "/v1/vardata" => Self::EvaluationApi,
            "/sdk/v2/flags" => Self::Flags,
            "/v1/flags" => Self::FlagsApi,
            "/sdk/stream/v1/flags" => Self::Stream,
            "/2/httpapi" => Self::HttpApi,
            "/batch" => Self::Batch,
            path if path.starts_with("/sdk/vardata/") => Self::LegacyVariants,
            path if path.starts_with("/sdk/v1/cohort/") => Self::Cohort,
            path if path.starts_with("/sdk/v2/memberships/") => Self::Memberships,
            _ => Self::Other,
        }
    }

    /// Its name in metrics and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Variants => "variants",
            Self::LegacyVariants => "legacy-variants",
            Self::EvaluationApi => "evaluation-api",
            Self::Flags => "flags",
            Self::FlagsApi => "flags-api",
            Self::Stream => "stream",
            Self::Cohort => "cohort",
            Self::Memberships => "memberships",
            Self::HttpApi => "httpapi",
            Self::Batch => "batch",
            Self::Other => "other",
        }
    }

    /// How many bytes a request's body may have: for events what the service's documentation says.
    pub(crate) fn body_limit(self) -> usize {
        match self {
            Self::Batch => 20 << 20,
            Self::Variants | Self::LegacyVariants | Self::EvaluationApi | Self::HttpApi => 1 << 20,
            _ => 64 << 10,
        }
    }
}
