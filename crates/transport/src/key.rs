//! The key of a deployment.

use std::fmt;

use http::HeaderValue;

/// The key of a deployment, which flags and variants are asked for with. Never shown.
///
/// ```
/// use transport::DeploymentKey;
///
/// let key = DeploymentKey::new("server-1234")?;
/// assert_eq!(format!("{key:?}"), "DeploymentKey(..)");
/// assert!(DeploymentKey::new("").is_err());
/// # Ok::<(), transport::KeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DeploymentKey {
    /// `Api-Key <key>`, marked as sensitive.
    header: HeaderValue,
}

impl DeploymentKey {
    /// Takes a key in.
    ///
    /// # Errors
    /// When it is empty, or holds what no header may: control characters or anything but ASCII.
    pub fn new(key: impl AsRef<str>) -> Result<Self, KeyError> {
        let key = key.as_ref().trim();
        if key.is_empty() {
            return Err(KeyError::Empty);
        }
        let mut header = HeaderValue::from_str(&format!("Api-Key {key}")).map_err(|_| KeyError::Characters)?;
        if header.to_str().is_err() {
            return Err(KeyError::Characters);
        }
        header.set_sensitive(true);
        Ok(Self { header })
    }

    /// The value of the `Authorization` header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

impl fmt::Debug for DeploymentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeploymentKey(..)")
    }
}

/// Why a text is no deployment key. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is nothing in it.
    #[error("the deployment key is empty: give the key of a server deployment")]
    Empty,
    /// It holds characters that no key has.
    #[error("the deployment key holds characters that no key has: give it as it stands in the deployment's settings")]
    Characters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let key = DeploymentKey::new("server-secret").unwrap();
        assert_eq!(key.header(), "Api-Key server-secret");
        assert!(!format!("{key:?} {:?}", key.header()).contains("secret"));
    }

    #[test]
    fn what_no_header_may_hold_is_refused() {
        for (text, error) in [
            ("", KeyError::Empty),
            (" \n", KeyError::Empty),
            ("a\nb", KeyError::Characters),
            ("a\u{7f}", KeyError::Characters),
            ("schlüssel", KeyError::Characters),
        ] {
            assert_eq!(DeploymentKey::new(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn white_space_around_a_key_is_no_part_of_it() {
        assert_eq!(DeploymentKey::new(" key\n"), DeploymentKey::new("key"));
    }
}
