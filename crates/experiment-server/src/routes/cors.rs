//! Browsers: which pages may ask.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The headers of the SDKs, beside those that need no leave.
const HEADERS: [&str; 11] = [
    "authorization",
    "cache-control",
    "content-type",
    "if-none-match",
    "last-event-id",
    "x-amp-exp-exposure-track",
    "x-amp-exp-flag-keys",
    "x-amp-exp-library",
    "x-amp-exp-track",
    "x-amp-exp-user",
    "x-requested-with",
];

/// For how long browsers need not ask again.
const MAX_AGE: Duration = Duration::from_secs(3600);

/// An origin that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no origin: give scheme and host as browsers send them, such as http://localhost:8080, or *")]
pub struct CorsError(pub(crate) String);

/// None without origins: then browsers let no other page ask.
pub(crate) fn cors(origins: &[String]) -> Result<Option<CorsLayer>, CorsError> {
    if origins.is_empty() {
        return Ok(None);
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().map(|origin| parse(origin)).collect::<Result<Vec<_>, _>>()?)
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(HEADERS.map(HeaderName::from_static))
        .expose_headers([header::ETAG, header::RETRY_AFTER])
        .max_age(MAX_AGE);
    Ok(Some(layer))
}

fn parse(origin: &str) -> Result<HeaderValue, CorsError> {
    let refused = || CorsError(origin.to_owned());
    let (scheme, host) = origin.split_once("://").ok_or_else(refused)?;
    if scheme.is_empty() || host.is_empty() || host.contains('/') {
        return Err(refused());
    }
    HeaderValue::from_str(origin).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_checked() {
        assert!(cors(&[]).unwrap().is_none());
        assert!(cors(&["http://localhost:8080".to_owned(), "https://a.example".to_owned()]).unwrap().is_some());
        assert!(cors(&["*".to_owned()]).unwrap().is_some());
        for bad in ["localhost", "http://", "http://a.example/", "http://a\n.example"] {
            assert!(cors(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
