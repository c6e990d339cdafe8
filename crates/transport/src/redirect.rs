//! The one rule for redirects, which all calls keep: see [`Redirects`].

use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};

use crate::error::RedirectProblem;
use crate::urls::authority;

/// How many redirects of one call are followed.
const MAX_REDIRECTS: usize = 5;

/// Follows the redirects of one request.
///
/// - The client follows at most five, and none from `https` to `http`.
/// - Within the origin (scheme, host and port) of the configured URL, it repeats the request as it is.
/// - Another origin gets no key. Where the request says more than that in confidence, a user or
///   events, the client does not follow.
/// - Events are sent again only for 307 and 308, because the other statuses would turn the upload into
///   a `GET`.
pub(crate) struct Redirects {
    first: Request<Bytes>,
    at: Uri,
    followed: usize,
}

impl Redirects {
    pub(crate) fn of(request: Request<Bytes>) -> Self {
        Self { at: request.uri().clone(), first: request, followed: 0 }
    }

    /// The request as it has to be sent now.
    pub(crate) fn request(&self) -> Request<Bytes> {
        let mut request = self.first.clone();
        *request.uri_mut() = self.at.clone();
        if self.is_elsewhere() {
            request.headers_mut().remove(AUTHORIZATION);
        }
        request
    }

    /// Moves on to where a response leads. False for a response that is not a redirect.
    pub(crate) fn follow<B>(&mut self, response: &Response<B>) -> Result<bool, RedirectProblem> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            // Without the key this is no surprise, and says nothing about the key.
            return match response.status() {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.is_elsewhere() => Err(self.elsewhere()),
                _ => Ok(false),
            };
        }
        if self.followed == MAX_REDIRECTS {
            return Err(RedirectProblem::TooMany);
        }
        self.followed += 1;
        let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes).unwrap_or_default().trim_ascii();
        if location.is_empty() {
            return Err(RedirectProblem::NoLocation);
        }
        let location = str::from_utf8(location).ok();
        let to = location.and_then(|location| resolve(&self.at, location)).ok_or(RedirectProblem::Unreadable)?;
        if self.at.scheme_str() == Some("https") && to.scheme_str() != Some("https") {
            return Err(RedirectProblem::Unsafe);
        }
        self.at = to;
        if self.is_elsewhere() && self.is_confidential() {
            return Err(self.elsewhere());
        }
        let keeps_method = matches!(response.status().as_u16(), 307 | 308);
        if !keeps_method && self.first.method() != Method::GET {
            return Err(RedirectProblem::Method);
        }
        Ok(true)
    }

    fn is_elsewhere(&self) -> bool {
        !same_origin(&self.at, self.first.uri())
    }

    fn elsewhere(&self) -> RedirectProblem {
        RedirectProblem::OtherOrigin { host: self.at.host().unwrap_or_default().to_owned() }
    }

    /// True when something besides the key is for the configured service only.
    fn is_confidential(&self) -> bool {
        let sensitive =
            |(name, value): (&http::HeaderName, &HeaderValue)| value.is_sensitive() && name != AUTHORIZATION;
        !self.first.body().is_empty() || self.first.headers().iter().any(sensitive)
    }
}

/// The URL that a location names beside the URL of its response (RFC 3986, section 5.2): the location is a whole URL, one
/// without its scheme, or a path.
fn resolve(from: &Uri, location: &str) -> Option<Uri> {
    let location = location.split('#').next()?;
    let scheme = from.scheme_str()?;
    let authority = from.authority()?;
    let (path, query) = location.split_at(location.find('?').unwrap_or(location.len()));
    let whole = if has_scheme(path) {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if path.starts_with('/') {
        format!("{scheme}://{authority}{}{query}", without_dots(path))
    } else if path.is_empty() {
        let query =
            if query.is_empty() { from.query().map(|query| format!("?{query}")) } else { Some(query.to_owned()) };
        format!("{scheme}://{authority}{}{}", from.path(), query.unwrap_or_default())
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{}{query}", without_dots(&format!("{folder}/{path}")))
    };
    let uri: Uri = whole.parse().ok()?;
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    let given = uri.authority()?.as_str();
    let host_and_port = given.rsplit_once('@').map_or(given, |(_, host_and_port)| host_and_port);
    // A port that is not a number would else count as the scheme's own.
    (http && authority::check(host_and_port).is_ok()).then_some(uri)
}

/// True when a colon ends a scheme: it stands before any slash.
fn has_scheme(path: &str) -> bool {
    path.split('/').next().is_some_and(|first| first.contains(':'))
}

/// A path that begins with a slash, without its parts `.` and `..` (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        match part {
            "." | ".." => {
                if part == ".." {
                    kept.pop();
                }
                if parts.peek().is_none() {
                    kept.push("");
                }
            }
            part => kept.push(part),
        }
    }
    format!("/{}", kept.join("/"))
}

/// True when both have the same scheme, host and port.
fn same_origin(a: &Uri, b: &Uri) -> bool {
    fn origin(uri: &Uri) -> Option<(&str, String, u16)> {
        let default = if uri.scheme_str()? == "https" { 443 } else { 80 };
        Some((uri.scheme_str()?, uri.host()?.to_ascii_lowercase(), uri.port_u16().unwrap_or(default)))
    }
    origin(a).is_some() && origin(a) == origin(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_resolved_beside_the_url_of_their_response() {
        let from = Uri::from_static("https://host:1/a/b?c=d");
        for (location, to) in [
            ("https://other/x", Some("https://other/x")),
            ("//other/x#y", Some("https://other/x")),
            ("/x?u=http://y", Some("https://host:1/x?u=http://y")),
            ("x", Some("https://host:1/a/x")),
            ("x?u=http://y", Some("https://host:1/a/x?u=http://y")),
            ("?x", Some("https://host:1/a/b?x")),
            ("../x", Some("https://host:1/x")),
            ("./x", Some("https://host:1/a/x")),
            ("../../x/./y/../z", Some("https://host:1/x/z")),
            ("/x/..", Some("https://host:1/")),
            ("..", Some("https://host:1/")),
            (".?d=..", Some("https://host:1/a/?d=..")),
            ("#x", Some("https://host:1/a/b?c=d")),
            ("x:y", None),
            ("javascript:x", None),
            ("http:/127.0.0.1:1", None),
            ("http:x", None),
            ("/a b", None),
            ("ftp://other/x", None),
            ("https://", None),
            ("https://host:808O/x", None),
            ("//:80/x", None),
        ] {
            assert_eq!(resolve(&from, location).map(|uri| uri.to_string()).as_deref(), to, "{location}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = Uri::from_static("https://host/a");
        for (uri, same) in [
            ("https://HOST:443/b", true),
            ("http://host/a", false),
            ("https://host:444/a", false),
            ("https://host.evil/a", false),
        ] {
            assert_eq!(same_origin(&Uri::from_static(uri), &origin), same, "{uri}");
        }
    }
}
