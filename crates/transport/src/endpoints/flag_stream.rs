//! The stream of a deployment's flags.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, LOCATION};
use http::{Request, Response, StatusCode, Uri};

use super::Endpoint;
use crate::call::{refusal, send, unusable, within};
use crate::client::BodyStream;
use crate::error::{RedirectProblem, TransportError};
use crate::service::{LIBRARY, Service};
use crate::sse::EventStream;

const ENDPOINT: Endpoint = Endpoint::FlagStream;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

impl Service {
    /// Opens the stream of flags. Its first event are the flags as they are; each later one, all flags after a change.
    ///
    /// `timeout` is for opening it, which is done once the head of the response is there. How long to wait for what
    /// follows is for the caller to say.
    ///
    /// # Errors
    /// When it could not be opened, or not within `timeout`.
    pub async fn flag_stream(&self, timeout: Duration) -> Result<EventStream, TransportError> {
        within(ENDPOINT, timeout, async {
            let unusable = unusable(ENDPOINT);
            let first = self.urls.stream.join("/sdk/stream/v1/flags").map_err(&unusable)?;
            let mut uri = first.clone();
            for _ in 0..=MAX_REDIRECTS {
                let trusted = same_origin(&uri, &first);
                let response =
                    send(&*self.client, ENDPOINT, self.stream_request(&uri, trusted).map_err(&unusable)?).await?;
                if !is_redirect(response.status()) {
                    if response.status() != StatusCode::OK {
                        return Err(refusal(ENDPOINT, &response));
                    }
                    return Ok(EventStream::new(response.into_body(), self.max_body));
                }
                uri = target(&uri, &response).map_err(redirect)?;
            }
            Err(redirect(RedirectProblem::TooMany))
        })
        .await
    }

    /// The key goes only to where the caller sent it.
    fn stream_request(&self, uri: &Uri, trusted: bool) -> Result<Request<Bytes>, http::Error> {
        let mut request = Request::get(uri.clone())
            .header(ACCEPT, "text/event-stream")
            .header(CACHE_CONTROL, "no-cache")
            .header("X-Amp-Exp-Library", LIBRARY);
        if trusted {
            request = request.header(AUTHORIZATION, self.key.header());
        }
        request.body(Bytes::new())
    }
}

fn redirect(problem: RedirectProblem) -> TransportError {
    TransportError::Redirect { endpoint: ENDPOINT, problem }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect leads.
fn target(from: &Uri, response: &Response<BodyStream>) -> Result<Uri, RedirectProblem> {
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let to = location.and_then(|location| resolve(from, location)).ok_or(RedirectProblem::NoLocation)?;
    if from.scheme_str() == Some("https") && to.scheme_str() != Some("https") {
        return Err(RedirectProblem::Unsafe);
    }
    Ok(to)
}

/// A location beside the URL that it was given for: a whole URL, one without its scheme, or a path.
fn resolve(from: &Uri, location: &str) -> Option<Uri> {
    let location = location.trim().split('#').next()?;
    let scheme = from.scheme_str()?;
    let authority = from.authority()?;
    // A `://` may also stand in a query.
    let begins_with_scheme = |(scheme, _): (&str, &str)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let whole = if location.split_once("://").is_some_and(begins_with_scheme) {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else if location.starts_with('?') {
        format!("{scheme}://{authority}{}{location}", from.path())
    } else if location.is_empty() {
        return None;
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    let uri: Uri = whole.parse().ok()?;
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    (http && uri.host().is_some_and(|host| !host.is_empty())).then_some(uri)
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
    fn locations_are_taken_beside_the_url_they_were_given_for() {
        let from = Uri::from_static("https://host:1/a/b?c=d");
        for (location, to) in [
            ("https://other/x", Some("https://other/x")),
            ("//other/x#y", Some("https://other/x")),
            ("/x?u=http://y", Some("https://host:1/x?u=http://y")),
            ("x", Some("https://host:1/a/x")),
            ("x?u=http://y", Some("https://host:1/a/x?u=http://y")),
            ("?x", Some("https://host:1/a/b?x")),
            ("", None),
            ("ftp://other/x", None),
            ("https://", None),
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
