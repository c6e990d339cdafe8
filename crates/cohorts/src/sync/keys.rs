//! The keys of the analytics project that cohorts are in.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use transport::http::HeaderValue;

/// The API key and the secret key of the analytics project, which cohorts are asked for with. Never shown.
///
/// ```
/// use cohorts::sync::ProjectKeys;
///
/// let keys = ProjectKeys::new("api-1234", "secret-1234")?;
/// assert_eq!(format!("{keys:?}"), "ProjectKeys(..)");
/// # Ok::<(), cohorts::sync::ProjectKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ProjectKeys {
    /// `Basic <both, in base64>`, marked as sensitive.
    header: HeaderValue,
}

impl ProjectKeys {
    /// Takes the keys in.
    ///
    /// # Errors
    /// When one of them is empty, or the API key holds a colon.
    pub fn new(api_key: impl AsRef<str>, secret_key: impl AsRef<str>) -> Result<Self, ProjectKeyError> {
        let (api_key, secret_key) = (api_key.as_ref().trim(), secret_key.as_ref().trim());
        for (option, key) in [("apiKey", api_key), ("secretKey", secret_key)] {
            if key.is_empty() {
                return Err(ProjectKeyError::Empty { option });
            }
        }
        // What stands before the first colon is the API key.
        if api_key.contains(':') {
            return Err(ProjectKeyError::Colon);
        }
        let encoded = STANDARD.encode(format!("{api_key}:{secret_key}"));
        let mut header = HeaderValue::from_str(&format!("Basic {encoded}")).map_err(|_| ProjectKeyError::Colon)?;
        header.set_sensitive(true);
        Ok(Self { header })
    }

    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

impl fmt::Debug for ProjectKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProjectKeys(..)")
    }
}

/// Why two texts are no keys of a project. Never quotes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectKeyError {
    /// There is nothing in one of them.
    #[error("`{option}` of cohort sync is empty: give the keys of the analytics project that the cohorts are in")]
    #[non_exhaustive]
    Empty {
        /// The option, as files call it.
        option: &'static str,
    },
    /// The API key holds a colon, which no key has.
    #[error("`apiKey` of cohort sync holds a colon: give the key as it stands in the project's settings")]
    Colon,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sent_together_and_never_shown() {
        let keys = ProjectKeys::new(" api ", "s:ecret\n").unwrap();
        assert_eq!(keys.header(), "Basic YXBpOnM6ZWNyZXQ=");
        assert_eq!(format!("{keys:?} {:?}", keys.header()), "ProjectKeys(..) Sensitive");
    }

    #[test]
    fn what_is_no_key_is_refused_by_its_name() {
        assert_eq!(ProjectKeys::new(" ", "s"), Err(ProjectKeyError::Empty { option: "apiKey" }));
        assert_eq!(ProjectKeys::new("a", ""), Err(ProjectKeyError::Empty { option: "secretKey" }));
        assert_eq!(ProjectKeys::new("a:b", "c"), Err(ProjectKeyError::Colon));
    }
}
