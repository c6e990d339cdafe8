//! Which proxy a connection goes through.

use std::fmt;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// Which proxy connections go through. For `https` a tunnel is asked of it, for `http` it is sent the requests.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// What the environment says when the client is built: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or
    /// the same in lower case.
    #[default]
    FromEnvironment,
    /// None, whatever the environment says.
    Off,
    /// This one for everything, such as `http://user:password@proxy.example:3128`.
    Explicit(String),
}

impl Proxy {
    /// What decides, or `None` when the address of the explicit one cannot be used.
    pub(crate) fn matcher(&self) -> Option<Matcher> {
        match self {
            Self::FromEnvironment => Some(Matcher::from_env()),
            Self::Off => Some(Matcher::builder().build()),
            Self::Explicit(url) => {
                let matcher = Matcher::builder().all(url.as_str()).build();
                let probe = http::Uri::from_static("https://proxy.invalid");
                let proxy = matcher.intercept(&probe)?;
                usable(&proxy).then_some(matcher)
            }
        }
    }
}

/// Credentials stand in the address.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FromEnvironment => "FromEnvironment",
            Self::Off => "Off",
            Self::Explicit(_) => "Explicit(..)",
        })
    }
}

/// True for proxies that speak HTTP.
pub(super) fn usable(proxy: &Intercept) -> bool {
    matches!(proxy.uri().scheme_str(), Some("http" | "https"))
}
