//! Keys, and who has the right one. None of them shows in logs, errors or `Debug`.

use std::fmt;

use base64::Engine;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq;

use crate::base64::BASE64;

/// The deployment key of a server that is given none.
pub const DEFAULT_DEPLOYMENT_KEY: &str = "local-deployment-key";

/// The analytics project's API key of a server that is given none.
pub const DEFAULT_API_KEY: &str = "local-api-key";

/// The analytics project's secret key of a server that is given none.
pub const DEFAULT_SECRET_KEY: &str = "local-secret-key";

/// The keys that a server accepts.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) deployment: Vec<String>,
    pub(crate) api: String,
    pub(crate) secret: String,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            deployment: vec![DEFAULT_DEPLOYMENT_KEY.to_owned()],
            api: DEFAULT_API_KEY.to_owned(),
            secret: DEFAULT_SECRET_KEY.to_owned(),
        }
    }
}

impl Keys {
    /// Whether the request carries `Authorization: Api-Key <one of the deployment keys>`.
    pub(crate) fn allow_deployment(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        let given =
            credentials(headers, "api-key").ok_or("this needs the header `Authorization: Api-Key <deployment key>`")?;
        // All are compared, so that the time does not tell which one came close.
        let known = self.deployment.iter().fold(false, |known, key| known | same(key, given));
        if known { Ok(()) } else { Err("unknown deployment key") }
    }

    /// Whether the request carries `Authorization: Basic <API key and secret key>`.
    pub(crate) fn allow_project(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        let given = credentials(headers, "basic")
            .ok_or("this needs the header `Authorization: Basic <base64 of API key:secret key>`")?;
        let decoded = BASE64.decode(given).map_err(|_| "the credentials are not base64")?;
        let expected = format!("{}:{}", self.api, self.secret);
        if bool::from(decoded.ct_eq(expected.as_bytes())) { Ok(()) } else { Err("unknown API key or secret key") }
    }

    pub(crate) fn is_api_key(&self, given: &str) -> bool {
        same(&self.api, given)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("deployment", &self.deployment.len()).finish_non_exhaustive()
    }
}

fn same(expected: &str, given: &str) -> bool {
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

/// What stands behind the scheme in the header, whose case does not matter.
fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (given, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then_some(rest.trim())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(authorization).unwrap())])
    }

    #[test]
    fn deployment_keys_are_compared_whole() {
        let keys = Keys { deployment: vec!["first".into(), "second".into()], ..Keys::default() };
        for good in ["Api-Key first", "Api-Key second", "api-key  second "] {
            assert_eq!(keys.allow_deployment(&headers(good)), Ok(()), "{good}");
        }
        for bad in ["Api-Key firs", "Api-Key", "Bearer first", "first", "Api-Key third"] {
            assert!(keys.allow_deployment(&headers(bad)).is_err(), "{bad}");
        }
        assert!(keys.allow_deployment(&HeaderMap::new()).is_err());
    }

    #[test]
    fn project_credentials_are_basic() {
        let keys = Keys { api: "a".into(), secret: "s:t".into(), ..Keys::default() };
        let basic = |text: &str| headers(&format!("Basic {}", BASE64.encode(text)));
        assert_eq!(keys.allow_project(&basic("a:s:t")), Ok(()));
        assert!(keys.allow_project(&basic("a:s")).is_err());
        assert!(keys.allow_project(&headers("Basic %%%")).is_err());
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!("{:?}", Keys::default());
        assert!(!shown.contains("local-"), "{shown}");
    }
}
