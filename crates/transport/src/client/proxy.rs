//! Which proxy a connection goes through, by an option or by the environment. Checks the addresses and warns of
//! variables that cannot be read. Does not connect.

mod environment;

use std::net::Ipv6Addr;
use std::{env, fmt};

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use self::environment::Unreadable;
use crate::urls::{Parts, UrlProblem, authority};

/// Which proxy connections go through. For `https` a tunnel is asked of it, for `http` it is sent the requests.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// What the environment says when the client is built: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or
    /// the same in lower case. The client ignores a variable that it cannot read, and logs a warning.
    ///
    /// `NO_PROXY` lists what is reached without a proxy, separated by commas or spaces: names, which include the names
    /// below them (`example.com`, `.example.com` or `*.example.com`), addresses (`10.0.0.1`, `::1`), networks
    /// (`10.0.0.0/8`), each maybe with a port (`localhost:8080`), or `*` for everything.
    #[default]
    FromEnvironment,
    /// None, whatever the environment says.
    Off,
    /// This one for everything, such as `http://user:password@proxy.example:3128`.
    Explicit(String),
}

impl Proxy {
    /// The proxies that are meant.
    ///
    /// # Errors
    /// When the address of the explicit one cannot be used.
    pub(super) fn proxies(&self) -> Result<Proxies, UrlProblem> {
        match self {
            Self::FromEnvironment => {
                let (proxies, unreadable) = environment::read(|name| env::var(name));
                for Unreadable { variable, problem } in unreadable {
                    tracing::warn!(
                        target: "experiment::transport", variable, problem,
                        "a proxy variable of the environment cannot be read and is ignored"
                    );
                }
                Ok(proxies)
            }
            Self::Off => Ok(Proxies::new(Matcher::builder().build())),
            Self::Explicit(url) => Ok(Proxies::new(Matcher::builder().all(address(url)?).build())),
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

/// The proxy of each connection.
#[derive(Debug)]
pub(super) struct Proxies {
    matcher: Matcher,
    /// Ports that are reached without a proxy, each at the hosts that its matcher excepts.
    exceptions: Vec<(u16, Matcher)>,
}

impl Proxies {
    fn new(matcher: Matcher) -> Self {
        Self { matcher, exceptions: Vec::new() }
    }

    /// The proxy that a connection to this URL goes through.
    pub(super) fn intercept(&self, to: &Uri) -> Option<Intercept> {
        let plain = plain(to);
        let to = plain.as_ref().unwrap_or(to);
        let proxy = self.matcher.intercept(to)?;
        let port = to.port_u16().or(match to.scheme_str()? {
            "https" => Some(443),
            _ => Some(80),
        });
        let excepted = |(of, hosts): &(u16, Matcher)| port == Some(*of) && hosts.intercept(to).is_none();
        (!self.exceptions.iter().any(excepted)).then_some(proxy)
    }
}

/// The URL with its host as exceptions name it, if that is another: without the dot at its end, and an IPv4 address that
/// is written as an IPv6 one as what it is.
fn plain(to: &Uri) -> Option<Uri> {
    let host = to.host()?;
    let mapped = || host.trim_matches(['[', ']']).parse::<Ipv6Addr>().ok()?.to_ipv4_mapped();
    let host = match host.strip_suffix('.') {
        Some(name) => name.to_owned(),
        None => mapped()?.to_string(),
    };
    let authority = match to.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    };
    Uri::builder().scheme(to.scheme()?.clone()).authority(authority).path_and_query("/").build().ok()
}

/// True for proxies that speak HTTP.
pub(super) fn usable(proxy: &Intercept) -> bool {
    matches!(proxy.uri().scheme_str(), Some("http" | "https"))
}

/// The address of a proxy with its scheme, which is `http` where none is given. A path does not count, as with curl.
fn address(given: &str) -> Result<String, UrlProblem> {
    let given = given.trim();
    let has_scheme = given.contains("://");
    let given = if has_scheme { given.to_owned() } else { format!("http://{given}") };
    let Parts { scheme, user, authority: host_and_port, path } = Parts::of(&given)?;
    authority::check(host_and_port)?;
    if !has_scheme && !matches!(path, "" | "/") {
        // As in `http//proxy`, where the scheme would be the host.
        return Err(UrlProblem::Relative);
    }
    if path.contains('@') {
        // The password ends the host where it holds one of `/`, `?` and `#`.
        return Err(UrlProblem::Malformed);
    }
    let scheme = scheme.to_ascii_lowercase();
    let address = match user {
        Some(user) => format!("{scheme}://{user}@{host_and_port}"),
        None => format!("{scheme}://{host_and_port}"),
    };
    if address.parse::<Uri>().is_err() { Err(UrlProblem::Malformed) } else { Ok(address) }
}
