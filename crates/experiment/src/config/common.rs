//! What the options of all clients share.

use std::sync::Arc;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use transport::options::Members;
use transport::{DefaultClient, HttpClient, Proxy};

use super::ConfigError;

/// How long a connection is kept that is not in use, unless set.
pub(super) const CONNECTION_IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Which proxy connections go through. In files it is `"environment"`, `"off"`, or a URL: `"http://proxy.example:3128"`
/// or `{"url": "http://proxy.example:3128"}`.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
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

/// Written by hand, so that errors do not quote what was given.
impl<'de> Deserialize<'de> for ProxyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => match text.as_str() {
                "environment" => Ok(Self::Environment),
                "off" => Ok(Self::Off),
                url if url.contains("://") => Ok(Self::Url(text)),
                _ => Err(D::Error::custom(
                    "`proxy` is neither `environment`, `off` nor a URL: give one like `http://proxy.example:3128`",
                )),
            },
            given => {
                let mut members = Members::of("proxy", given).map_err(D::Error::custom)?;
                let url = members.need("url").map_err(D::Error::custom)?;
                members.end().map_err(D::Error::custom)?;
                Ok(Self::Url(url))
            }
        }
    }
}

/// The client that was given, or the one that comes with the SDK. If it is to reach something by TLS, what that needs is
/// looked for now, rather than when somebody waits.
pub(crate) fn client(
    given: Option<Arc<dyn HttpClient>>,
    proxy: &ProxyConfig,
    idle_timeout: Duration,
    tls: bool,
) -> Result<Arc<dyn HttpClient>, ConfigError> {
    if let Some(client) = given {
        return Ok(client);
    }
    let proxy = match proxy {
        ProxyConfig::Environment => Proxy::FromEnvironment,
        ProxyConfig::Off => Proxy::Off,
        ProxyConfig::Url(url) => Proxy::Explicit(url.clone()),
    };
    let client = DefaultClient::builder().proxy(proxy).pool_idle_timeout(idle_timeout).build()?;
    if tls {
        client.prepare_tls()?;
    }
    Ok(Arc::new(client))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_as_people_write_them() {
        let url = ProxyConfig::Url("http://user:hunter2@proxy:3128".to_owned());
        for (json, proxy) in [
            (r#""environment""#, &ProxyConfig::Environment),
            (r#""off""#, &ProxyConfig::Off),
            (r#""http://user:hunter2@proxy:3128""#, &url),
            (r#"{"url": "http://user:hunter2@proxy:3128"}"#, &url),
        ] {
            let read: ProxyConfig = serde_json::from_str(json).unwrap();
            assert_eq!(&read, proxy, "{json}");
            assert_eq!(serde_json::from_str::<ProxyConfig>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
        }
    }

    #[test]
    fn proxies_are_not_shown() {
        for json in [
            r#""user:hunter2@proxy""#,
            r#"["http://user:hunter2@proxy"]"#,
            r#"{"uri": "http://user:hunter2@proxy"}"#,
            r#"{"url": ["http://user:hunter2@proxy"]}"#,
            r#"{"url": "http://proxy", "password": "hunter2"}"#,
            "8675309",
        ] {
            let error = serde_json::from_str::<ProxyConfig>(json).unwrap_err().to_string();
            assert!(error.contains("`proxy") && !error.contains("hunter2") && !error.contains("8675309"), "{error}");
        }
        let shown = format!("{:?}", ProxyConfig::Url("http://user:hunter2@proxy".to_owned()));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
