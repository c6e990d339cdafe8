//! Where the service's endpoints are.

pub(crate) mod authority;

use std::fmt;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::options::ShownUrl;
use crate::zone::ServerZone;

/// The base URL of each endpoint: those of a zone, unless others were given.
///
/// ```
/// use transport::{ServerZone, Urls};
///
/// let urls = Urls::builder(ServerZone::Eu).flags("http://localhost:8000/proxy/").build()?;
/// assert_eq!(urls.flags.to_string(), "http://localhost:8000/proxy");
/// assert_eq!(urls.stream.to_string(), "https://stream.lab.eu.amplitude.com");
/// # Ok::<(), transport::UrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Urls {
    /// Where variants are asked for (remote evaluation).
    pub variants: BaseUrl,
    /// Where flags are asked for (local evaluation).
    pub flags: BaseUrl,
    /// Where flags are streamed from.
    pub stream: BaseUrl,
    /// Where cohorts are asked for.
    pub cohorts: BaseUrl,
}

impl Urls {
    /// Those of a zone, with the chance to give others.
    pub fn builder(zone: ServerZone) -> UrlsBuilder {
        UrlsBuilder { zone, ..UrlsBuilder::default() }
    }

    /// Those of a zone.
    #[must_use]
    pub fn of(zone: ServerZone) -> Self {
        Self {
            variants: BaseUrl::from_static(zone.variants()),
            flags: BaseUrl::from_static(zone.flags()),
            stream: BaseUrl::from_static(zone.stream()),
            cohorts: BaseUrl::from_static(zone.cohorts()),
        }
    }
}

impl Default for Urls {
    fn default() -> Self {
        Self::of(ServerZone::default())
    }
}

/// Builds [`Urls`]. Each stands for itself, and an empty text is as good as none.
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct UrlsBuilder {
    zone: ServerZone,
    variants: String,
    flags: String,
    stream: String,
    cohorts: String,
}

impl fmt::Debug for UrlsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlsBuilder")
            .field("zone", &self.zone)
            .field("variants", &ShownUrl(&self.variants))
            .field("flags", &ShownUrl(&self.flags))
            .field("stream", &ShownUrl(&self.stream))
            .field("cohorts", &ShownUrl(&self.cohorts))
            .finish()
    }
}

impl UrlsBuilder {
    /// Sets where variants are asked for.
    pub fn variants(mut self, url: impl Into<String>) -> Self {
        self.variants = url.into();
        self
    }

    /// Sets where flags are asked for.
    pub fn flags(mut self, url: impl Into<String>) -> Self {
        self.flags = url.into();
        self
    }

    /// Sets where flags are streamed from.
    pub fn stream(mut self, url: impl Into<String>) -> Self {
        self.stream = url.into();
        self
    }

    /// Sets where cohorts are asked for.
    pub fn cohorts(mut self, url: impl Into<String>) -> Self {
        self.cohorts = url.into();
        self
    }

    /// The URLs.
    ///
    /// # Errors
    /// When one that was given is no base URL. The error names the option and the reason.
    pub fn build(self) -> Result<Urls, UrlError> {
        let or = |option, given: &str, default| match given.trim() {
            "" => Ok(BaseUrl::from_static(default)),
            given => BaseUrl::parse(option, given),
        };
        Ok(Urls {
            variants: or("variants", &self.variants, self.zone.variants())?,
            flags: or("flags", &self.flags, self.zone.flags())?,
            stream: or("stream", &self.stream, self.zone.stream())?,
            cohorts: or("cohorts", &self.cohorts, self.zone.cohorts())?,
        })
    }
}

/// A URL that paths are put behind: a scheme, a host, maybe a port and the beginning of a path.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    /// Empty, or with a `/` at its beginning and none at its end.
    prefix: String,
}

impl BaseUrl {
    /// Reads a base URL. One `/` at its end is taken away; `option` is what errors call it.
    ///
    /// # Errors
    /// When it is not `http://…` or `https://…`, has no host, a host or a port that cannot be right, a query, or a
    /// path with characters that need percent-encoding, or holds white space, a user or a password.
    pub fn parse(option: &'static str, url: &str) -> Result<Self, UrlError> {
        let (scheme, authority, uri) = checked(option, url)?;
        let path = uri.path();
        let prefix = path.strip_suffix('/').unwrap_or(path).to_owned();
        Ok(Self { scheme, authority, prefix })
    }

    /// The default of a zone: known to be right, by a test.
    fn from_static(url: &'static str) -> Self {
        let host = url.strip_prefix("https://").unwrap_or(url);
        Self { scheme: Scheme::HTTPS, authority: Authority::from_static(host), prefix: String::new() }
    }

    /// True when it is reached by TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The URL of a path behind this one. The path begins with `/` and may have a query.
    ///
    /// # Errors
    /// When the path holds what no path may.
    pub fn join(&self, path_and_query: &str) -> Result<Uri, http::Error> {
        let path = PathAndQuery::try_from(format!("{}{path_and_query}", self.prefix))?;
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path).build()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

/// Reads the whole URL that requests are sent to, as it is; `option` is what errors call it.
///
/// # Errors
/// As [`BaseUrl::parse`].
pub fn request_url(option: &'static str, url: &str) -> Result<Uri, UrlError> {
    checked(option, url).map(|(_, _, uri)| uri)
}

fn checked(option: &'static str, url: &str) -> Result<(Scheme, Authority, Uri), UrlError> {
    let uri = absolute(url).map_err(|problem| UrlError { option, problem })?;
    match (uri.scheme(), uri.authority()) {
        (Some(scheme), Some(authority)) => Ok((scheme.clone(), authority.clone(), uri.clone())),
        _ => Err(UrlError { option, problem: UrlProblem::Malformed }),
    }
}

fn absolute(url: &str) -> Result<Uri, UrlProblem> {
    let parts = Parts::of(url)?;
    if parts.user.is_some() {
        return Err(UrlProblem::Credentials);
    }
    authority::check(parts.authority)?;
    if parts.path.contains(['?', '#']) {
        return Err(UrlProblem::Query);
    }
    if !is_path(parts.path) {
        return Err(UrlProblem::Path);
    }
    // The type knows its schemes in lower case only.
    let scheme = parts.scheme.to_ascii_lowercase();
    format!("{scheme}://{}{}", parts.authority, parts.path).parse().map_err(|_| UrlProblem::Malformed)
}

/// The parts of a URL. Those after the scheme are not checked yet.
pub(crate) struct Parts<'a> {
    pub(crate) scheme: &'a str,
    /// The user, with the password.
    pub(crate) user: Option<&'a str>,
    /// The host, with the port.
    pub(crate) authority: &'a str,
    /// All that follows.
    pub(crate) path: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a URL of `http` or `https`. White space around it does not count.
    pub(crate) fn of(url: &'a str) -> Result<Self, UrlProblem> {
        let parts = Self::of_any_scheme(url)?;
        let is = |scheme: &str| parts.scheme.eq_ignore_ascii_case(scheme);
        if is("http") || is("https") { Ok(parts) } else { Err(UrlProblem::Scheme) }
    }

    /// Splits a URL of any scheme.
    pub(crate) fn of_any_scheme(url: &'a str) -> Result<Self, UrlProblem> {
        let url = url.trim();
        if url.chars().any(|char| char.is_whitespace() || char.is_control()) {
            return Err(UrlProblem::Whitespace);
        }
        let is_scheme = |scheme: &str| {
            let usable = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            !scheme.is_empty() && scheme.bytes().all(usable)
        };
        let (scheme, rest) =
            url.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).ok_or(UrlProblem::Relative)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, authority),
        };
        Ok(Self { scheme, user, authority, path })
    }
}

/// True for a path of the characters that a path may hold (RFC 3986, section 3.3).
fn is_path(path: &str) -> bool {
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte);
    let mut pieces = path.split('%');
    pieces.next().is_some_and(|first| first.bytes().all(usable))
        && pieces.all(|piece| {
            let hex = |at: usize| piece.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
            hex(0) && hex(1) && piece.bytes().all(usable)
        })
}

/// Why a text is no base URL. Never quotes it, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the URL for `{option}` {problem}: give one like `https://host` or `http://host:8000/prefix`")]
#[non_exhaustive]
pub struct UrlError {
    /// The option that it was given for.
    pub option: &'static str,
    /// What is wrong with it.
    pub problem: UrlProblem,
}

/// What is wrong with a base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlProblem {
    /// It is no URL.
    #[error("cannot be read")]
    Malformed,
    /// It holds a space, a line feed or another control character.
    #[error("holds a space or a control character")]
    Whitespace,
    /// It does not begin with a scheme.
    #[error("does not begin with `http://` or `https://`")]
    Relative,
    /// Its scheme is neither `http` nor `https`.
    #[error("is neither http nor https")]
    Scheme,
    /// It holds a user or a password.
    #[error("holds a user or a password")]
    Credentials,
    /// It has no host.
    #[error("has no host")]
    NoHost,
    /// Its host can be neither a name nor an address.
    #[error("has a host that cannot be one (an IPv6 address needs brackets, and an international name needs punycode)")]
    Host,
    /// Its port is not a number from 1 to 65535.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
    /// Its path holds characters that no path may hold.
    #[error("has a path with characters that need percent-encoding")]
    Path,
    /// It has a query or a fragment.
    #[error("has a query or a fragment")]
    Query,
}

#[cfg(test)]
mod tests;
