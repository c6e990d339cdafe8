//! What can be wrong with options.

use transport::options::ZeroError;
use transport::{ClientError, UrlError};

/// Why tracking cannot be set up: which option, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no API key.
    #[error("`apiKey` is empty: give the key of the analytics project that the events are for")]
    NoApiKey,
    /// The URL cannot be used. The error names the option.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Nothing, where nothing would never do. The error names the option.
    #[error(transparent)]
    Zero(#[from] ZeroError),
    /// The HTTP client cannot be built.
    #[error(transparent)]
    Client(#[from] ClientError),
}
