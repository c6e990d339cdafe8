//! Feature flags and A/B experiments that speak Amplitude Experiment's protocol.
//!
//! [`LocalEvaluationClient`] keeps the flags of a deployment here and decides by them at once;
//! [`RemoteEvaluationClient`] asks the service. Both give [`Variants`]:
//!
//! ```
//! use experiment::{LocalEvaluationClient, User};
//!
//! // Offline here; `LocalEvaluationClient::builder(deployment_key)` fetches flags and keeps them fresh.
//! let client = LocalEvaluationClient::offline(
//!     r#"[{"key": "new-nav", "variants": {"on": {"key": "on", "value": "on"}}, "segments": [{"variant": "on"}]}]"#,
//! )?;
//! let variants = client.evaluate(&User::with_user_id("user-1"));
//! assert!(variants.is_on("new-nav"));
//! # Ok::<(), experiment::ConfigError>(())
//! ```
//!
//! # Features
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `cohorts` | yes | cohorts kept in sync, or read from files |
//! | `remote` | yes | [`RemoteEvaluationClient`] |
//! | `streaming` | yes | flags by a stream, with polls while there is none |
//! | `tracking` | yes | exposures and assignments told to the analytics project |
//! | `rustls-native-roots` | yes | TLS with the certificates that the operating system trusts |
//! | `blocking` | no | clients for programs without async |
//! | `logging` | no | a log level and a logger for each client |
//! | `metrics` | no | a [`Recorder`](metrics) of metrics for the crate `metrics` |
//! | `testing` | no | a client for tests: no network, variants as the test says, exposures to look at |
//! | `rustls-webpki-roots` | no | TLS with Mozilla's certificates, built in |

#[cfg(feature = "blocking")]
pub mod blocking;
mod config;
mod cookie;
mod evaluate;
mod local;
#[cfg(feature = "logging")]
pub mod logging;
mod logs;
pub mod metrics;
#[cfg(feature = "remote")]
mod remote;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "cohorts")]
pub use config::CohortSyncConfig;
#[cfg(feature = "remote")]
pub use config::RemoteEvaluationConfig;
pub use config::{ConfigError, LocalEvaluationConfig, ProxyConfig};
pub use cookie::{AmplitudeCookie, CookieFormat, CookieNameError};
pub use evaluate::{Evaluate, EvaluateOptions};
pub use evaluation_core::{
    AllocationTrace, BucketTrace, ConditionTrace, Diagnostic, DiagnosticKind, DistributionTrace, EvaluationContext,
    Explanation, FlagSet, JsonError, Membership, Metadata, Object, ReadError, Received, SegmentTrace, Selected,
    Selector, Severity, User, UserBuilder, UserDiagnostic, Value, Variant, VariantRef, Variants, VariantsIter,
};
pub use local::{
    CloseReport, FlagChanges, FlagOrigin, FlagsChanged, LocalEvaluationClient, LocalEvaluationClientBuilder,
    LocalStatus,
};
#[cfg(feature = "tracking")]
pub use local::{EventsReport, EventsStatus};
#[cfg(feature = "remote")]
pub use remote::{Fetch, FetchOptions, RemoteEvaluationClient, RemoteEvaluationClientBuilder};
pub use transport::options::ZeroError;
pub use transport::updater::{ErrorClass, Failure, Mode, SourceError, StartError, UpdaterConfig};
pub use transport::{
    ApplyError, BodyStream, BoxError, BoxFuture, Bytes, Chain, ClientError, DefaultClient, DefaultClientBuilder,
    Endpoint, HttpClient, HttpError, KeyError, Origin, Proxy, RedirectProblem, ResponseJsonError, ServerZone, State,
    Status, StatusWatch, Stream, TransportError, UrlError, UrlProblem, http,
};

/// Cohorts: those that a client keeps in sync, and those of files for an offline client.
#[cfg(feature = "cohorts")]
pub mod cohorts {
    pub use ::cohorts::sync::{CohortCopy, CohortStatus, CohortWatch, DownloadError, ProjectKeyError, SyncConfig};
    pub use ::cohorts::{
        Cohort, CohortError, CohortJsonError, CohortStore, EnrichedUser, Folder, FolderError, LeftOut, StoredCohort,
        USER_GROUP_TYPE, read_folder,
    };
}

/// Tracking of exposures and assignments: options, accounts, and trackers of your own.
#[cfg(feature = "tracking")]
pub mod tracking {
    pub use ::tracking::{
        AssignmentConfig, Clock, ConfigError, DeliveryError, DeliveryOptions, DropCause, Dropped, Event, EventStats,
        EventType, ExposureConfig, FlushReport, HttpTracker, HttpTrackerBuilder, IngestionMetadata, Outcome,
        OutcomeCallback, Plan, SpoolReport, SystemClock, Tracker, TrackingStats,
    };
}

/// The examples of the README files, tested as they stand.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../README.md")]
mod readme {}

/// Those of the guide, which talk to a local server and use most features.
#[cfg(all(
    doctest,
    feature = "blocking",
    feature = "cohorts",
    feature = "logging",
    feature = "metrics",
    feature = "remote",
    feature = "streaming",
    feature = "tracking"
))]
#[doc = include_str!("../../../docs/guide.md")]
mod guide {}

/// Those of the page for people who come from other SDKs.
#[cfg(all(doctest, feature = "remote", feature = "tracking"))]
#[doc = include_str!("../../../docs/migrating.md")]
mod migrating {}

/// Those of the page on logs.
#[cfg(all(doctest, feature = "logging"))]
#[doc = include_str!("../../../docs/logs.md")]
mod logs_page {}
