//! Versions in texts.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::compare_utf16;

/// A version as the engine reads it: `digits.digits`, optionally `.digits`, and only then an optional pre-release and
/// an optional build.
///
/// This is looser than semantic versioning, and pre-releases compare as plain text: `alpha.10` is less than `alpha.9`.
/// The build is ignored. Numbers are exact up to 128 bits; above that they count as the largest.
///
/// ```
/// use evaluation_core::Version;
///
/// let old = Version::parse("1.2.0").unwrap();
/// assert!(old < Version::parse("1.10").unwrap());
/// assert!(Version::parse("1.10.0-beta").unwrap() < Version::parse("1.10").unwrap());
/// assert!(Version::parse("v1.2").is_none());
/// ```
#[derive(Debug, Clone)]
pub struct Version<'a> {
    numbers: [u128; 3],
    pre_release: Option<Cow<'a, str>>,
}

impl<'a> Version<'a> {
    /// Reads a text that is, as a whole, a version.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (major, rest) = number(text)?;
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        let Some(rest) = rest.strip_prefix('.') else {
            return rest.is_empty().then_some(Self { numbers: [major, minor, 0], pre_release: None });
        };
        let (patch, rest) = number(rest)?;
        if rest.is_empty() {
            return Some(Self { numbers: [major, minor, patch], pre_release: None });
        }
        let (rest, build) = match rest.split_once('+') {
            Some((rest, build)) => (rest, Some(build)),
            None => (rest, None),
        };
        let pre_release = match rest.strip_prefix('-') {
            Some(text) => Some(text),
            None if rest.is_empty() => None,
            None => return None,
        };
        let valid = pre_release.is_none_or(is_pre_release) && build.is_none_or(is_build);
        valid.then(|| Self { numbers: [major, minor, patch], pre_release: pre_release.map(Cow::Borrowed) })
    }

    /// The pre-release, which may be empty, if there is one.
    pub(crate) fn pre_release(&self) -> Option<&str> {
        self.pre_release.as_deref()
    }

    /// Whether strings decide which of two versions is less: their numbers are equal, and both have a pre-release.
    pub(crate) fn compares_pre_release(&self, other: &Version<'_>) -> bool {
        self.numbers == other.numbers && self.pre_release.is_some() && other.pre_release.is_some()
    }

    /// The same version, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Version<'static> {
        let pre_release = self.pre_release.map(|text| Cow::Owned(text.into_owned()));
        Version { numbers: self.numbers, pre_release }
    }
}

impl PartialEq for Version<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version<'_> {}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (&self.pre_release, &other.pre_release) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => compare_utf16(a, b),
        })
    }
}

/// The digits that a text begins with, as a number, and what follows them.
fn number(text: &str) -> Option<(u128, &str)> {
    let mut value: u64 = 0;
    let mut end = 0;
    for byte in text.bytes().take_while(u8::is_ascii_digit) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        end += 1;
    }
    let (digits, rest) = text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())?;
    Some((if end < 20 { value.into() } else { large_number(digits) }, rest))
}

/// More digits than 64 bits are sure to hold.
#[cold]
fn large_number(digits: &str) -> u128 {
    digits.bytes().fold(0, |value: u128, digit| value.saturating_mul(10).saturating_add((digit - b'0').into()))
}

/// Letters, digits, `_`, `-` and dots; no dot at the start and no two in a row. May be empty.
fn is_pre_release(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        && !text.starts_with('.')
        && !text.contains("..")
}

/// Runs of letters, digits and `-` with dots between them.
fn is_build(text: &str) -> bool {
    text.split('.').all(|run| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammar() {
        for text in [
            "1.2",
            "01.002",
            "1.2.3",
            "1.2.3-",
            "1.2.3-a.b_c-d.",
            "1.2.3--",
            "1.2.3-01",
            "1.2.3+b.5",
            "1.2.3-rc+b-1",
            "99999999999999999999999.0.1",
        ] {
            assert!(Version::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "1",
            "1.",
            "1.2.",
            "1.2.3.4",
            "v1.2",
            " 1.2",
            "1.2 ",
            "1.2-alpha",
            "1.2+5",
            "1.2.3-.a",
            "1.2.3-a..b",
            "1.2.3+",
            "1.2.3+a..b",
            "1.2.3+a_b",
            "1.2.3-é",
            "1.2.3\n",
            "١.٢",
            "1.2.3-a b",
            "1.2.3+a+b",
        ] {
            assert!(Version::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn order() {
        for (less, greater) in [
            ("1.2.0", "1.10.0"),
            ("1.2.3-alpha.10", "1.2.3-alpha.9"),
            ("1.2.3-ALPHA", "1.2.3-alpha"),
            ("1.2.3-z", "1.2.3"),
            ("1.2", "1.2.1"),
            ("18446744073709551615.0", "18446744073709551616.0"),
        ] {
            assert!(Version::parse(less).unwrap() < Version::parse(greater).unwrap(), "{less} {greater}");
        }
        assert_eq!(Version::parse("1.2"), Version::parse("1.02.0+build"));
    }
}
