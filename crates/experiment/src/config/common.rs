//! What the options of all clients share.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use transport::{BaseUrl, ClientError, DefaultClient, HttpClient, KeyError, Proxy, ServerZone, UrlError};

/// Which proxy connections go through.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ProxyConfig {
    /// What the environment says: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`.
    #[default]
    Environment,
    /// None, whatever the environment says.
    Off,
    /// This one for everything, such as `http://proxy.example:3128`.
    Url(String),
}

impl std::fmt::Debug for ProxyConfig {
    // The address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::Off => "Off",
            Self::Url(_) => "Url(..)",
        })
    }
}

/// A URL in `Debug`: not if it may hold a password, for which it will be refused.
pub(crate) struct ShownUrl<'a>(pub(crate) &'a str);

impl std::fmt::Debug for ShownUrl<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.contains('@') { "(withheld)" } else { self.0 })
    }
}

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
    #[error("the HTTP client cannot be built")]
    Client(#[from] ClientError),
    /// Nothing, where nothing would never do.
    #[error("`{option}` is 0: give more than that")]
    Zero {
        /// The option, as files call it.
        option: &'static str,
    },
    /// A number that makes no sense.
    #[error("`{option}` is {given}: give {expected}")]
    OutOfRange {
        /// The option, as files call it.
        option: &'static str,
        /// What was given.
        given: f64,
        /// What would do.
        expected: &'static str,
    },
    /// The flags to begin with cannot be read.
    #[error("`{option}` holds no flags that can be read")]
    Bootstrap {
        /// The option, as files call it.
        option: &'static str,
        /// What is wrong with them.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The keys for cohorts cannot be used.
    #[cfg(feature = "cohorts")]
    #[error(transparent)]
    ProjectKeys(#[from] cohorts::sync::ProjectKeyError),
    /// Tracking cannot be set up.
    #[cfg(feature = "tracking")]
    #[error("`{option}`: {source}")]
    Tracking {
        /// The options of which kind, as files call them.
        option: &'static str,
        /// What is wrong with them.
        source: tracking::ConfigError,
    },
    /// A client for programs without async has no thread to work on.
    #[cfg(feature = "blocking")]
    #[error("no thread can be started for the client")]
    Thread(#[source] std::io::Error),
    /// Streaming was asked for, but is not built in.
    #[error("`streamUpdates` needs the feature `streaming` of the crate `experiment`")]
    NoStreaming,
}

/// An error about a URL, by the name that files have for the option.
pub(crate) fn named(mut error: UrlError, names: &[(&str, &'static str)]) -> UrlError {
    if let Some((_, name)) = names.iter().find(|(option, _)| *option == error.option) {
        error.option = name;
    }
    error
}

pub(crate) fn positive(option: &'static str, time: Duration) -> Result<Duration, ConfigError> {
    if time.is_zero() { Err(ConfigError::Zero { option }) } else { Ok(time) }
}

/// The zone of a name, as the other SDKs read it: what is not `eu` is the United States.
pub(crate) fn zone(name: &str) -> ServerZone {
    let zone = ServerZone::from_name(name);
    if zone == ServerZone::Us && !name.is_empty() && !name.eq_ignore_ascii_case("us") {
        tracing::warn!(target: "experiment", name, "`serverZone` is neither `us` nor `eu`, and counts as `us`");
    }
    zone
}

/// The client that was given, or the one that comes with the SDK. If it is to reach one of the URLs by TLS, what that
/// needs is looked for now, rather than when somebody waits.
pub(crate) fn client(
    given: Option<Arc<dyn HttpClient>>,
    proxy: &ProxyConfig,
    urls: &[&BaseUrl],
) -> Result<Arc<dyn HttpClient>, ConfigError> {
    if let Some(client) = given {
        return Ok(client);
    }
    let proxy = match proxy {
        ProxyConfig::Environment => Proxy::FromEnvironment,
        ProxyConfig::Off => Proxy::Off,
        ProxyConfig::Url(url) => Proxy::Explicit(url.clone()),
    };
    let client = DefaultClient::builder().proxy(proxy).build()?;
    if urls.iter().any(|url| url.is_https()) {
        client.prepare_tls()?;
    }
    Ok(Arc::new(client))
}

/// Times as files hold them: whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
