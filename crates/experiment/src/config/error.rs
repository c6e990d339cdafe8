//! What can be wrong with options.

use std::io;
use std::path::PathBuf;

use transport::options::ZeroError;
use transport::{BoxError, ClientError, KeyError, UrlError};

/// Why a client cannot be built: which option, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The deployment key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A URL cannot be used. The error names the option.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The HTTP client cannot be built.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nothing, where nothing would never do. The error names the option.
    #[error(transparent)]
    Zero(#[from] ZeroError),
    /// A number that makes no sense.
    #[error("`{option}` is {given}: give {expected}")]
    #[non_exhaustive]
    OutOfRange {
        /// The option, as files call it.
        option: &'static str,
        /// What was given.
        given: f64,
        /// What would do.
        expected: &'static str,
    },
    /// The flags to begin with cannot be read. `source` says why.
    #[error("`{option}` holds no flags that can be read: give those of the service, as a list or by key")]
    #[non_exhaustive]
    Bootstrap {
        /// The option.
        option: &'static str,
        /// What is wrong with them.
        source: BoxError,
    },
    /// A file of flags cannot be read. `source` says why.
    #[error("{path} cannot be read: give the path of a file that holds flags", path = path.display())]
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The keys for cohorts cannot be used.
    #[cfg(feature = "cohorts")]
    #[error(transparent)]
    ProjectKeys(#[from] cohorts::sync::ProjectKeyError),
    /// Tracking cannot be set up.
    #[cfg(feature = "tracking")]
    #[error("`{option}`: {problem}")]
    #[non_exhaustive]
    Tracking {
        /// The options of which kind, as files call them.
        option: &'static str,
        /// What is wrong with them.
        problem: tracking::ConfigError,
    },
    /// A client for programs without async has no thread to work on.
    #[cfg(feature = "blocking")]
    #[error("no thread can be started for the client")]
    Thread(#[source] io::Error),
    /// Streaming was asked for, but is not built in.
    #[error("`streamUpdates` needs the feature `streaming` of the crate `experiment`")]
    NoStreaming,
}
