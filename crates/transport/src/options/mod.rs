//! What the options of the SDK have in common, here and in the layers above: reading them from files, checking them, and
//! showing them.

pub mod millis;
mod read;
pub mod zone;

use std::fmt;

pub use read::{Members, OptionError, read};

use crate::urls::UrlError;
pub use crate::urls::request_url;

/// An option is 0, where that would never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{option}` is 0: give more than that")]
#[non_exhaustive]
pub struct ZeroError {
    /// The option, as files call it.
    pub option: &'static str,
}

/// A number or a time that is not 0.
///
/// # Errors
/// When it is.
pub fn positive<T: Default + PartialEq>(option: &'static str, given: T) -> Result<T, ZeroError> {
    if given == T::default() { Err(ZeroError { option }) } else { Ok(given) }
}

/// An error about a URL, by the name that files have for the option.
#[must_use]
pub fn named(mut error: UrlError, names: &[(&str, &'static str)]) -> UrlError {
    if let Some((_, name)) = names.iter().find(|(option, _)| *option == error.option) {
        error.option = name;
    }
    error
}

/// A URL in `Debug`: not if it may hold a password or a key, for which it will be refused.
pub struct ShownUrl<'a>(pub &'a str);

impl fmt::Debug for ShownUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.contains(['@', '?', '#']) { "(withheld)" } else { self.0 })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{ServerZone, Urls};

    #[test]
    fn nothing_is_refused_by_its_name() {
        assert_eq!(positive("queueCapacity", 1), Ok(1));
        let error = positive("startTimeoutMillis", Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "`startTimeoutMillis` is 0: give more than that");
    }

    #[test]
    fn urls_have_the_names_of_files_and_no_passwords() {
        let error = Urls::builder(ServerZone::Us).flags("localhost").build().unwrap_err();
        assert_eq!(named(error, &[("stream", "streamServerUrl"), ("flags", "serverUrl")]).option, "serverUrl");
        assert_eq!(format!("{:?}", ShownUrl("http://user:hush@host")), "(withheld)");
        assert_eq!(format!("{:?}", ShownUrl("http://host")), "http://host");
    }
}
