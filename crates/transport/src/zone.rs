//! Where data is kept, and the hosts that go with it.

/// The part of the world whose servers hold the data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerZone {
    /// The United States.
    #[default]
    Us,
    /// The European Union.
    Eu,
    /// A name in a file that is neither. It counts as the United States, as with the other SDKs, and clients warn of it.
    Unrecognized,
}

impl ServerZone {
    /// Reads a zone as files hold it: `us` or `eu` in any case. Nothing is the United States.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "" => Self::Us,
            name if name.eq_ignore_ascii_case("us") => Self::Us,
            name if name.eq_ignore_ascii_case("eu") => Self::Eu,
            _ => Self::Unrecognized,
        }
    }

    /// Its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Eu => "eu",
            Self::Unrecognized => "unrecognized",
        }
    }

    /// Where variants are asked for.
    pub(crate) const fn variants(self) -> &'static str {
        match self {
            Self::Us | Self::Unrecognized => "https://api.lab.amplitude.com",
            Self::Eu => "https://api.lab.eu.amplitude.com",
        }
    }

    /// Where flags are asked for: in the European Union not where variants are.
    pub(crate) const fn flags(self) -> &'static str {
        match self {
            Self::Us | Self::Unrecognized => "https://api.lab.amplitude.com",
            Self::Eu => "https://flag.lab.eu.amplitude.com",
        }
    }

    /// Where flags are streamed from.
    pub(crate) const fn stream(self) -> &'static str {
        match self {
            Self::Us | Self::Unrecognized => "https://stream.lab.amplitude.com",
            Self::Eu => "https://stream.lab.eu.amplitude.com",
        }
    }

    /// Where cohorts are asked for.
    pub(crate) const fn cohorts(self) -> &'static str {
        match self {
            Self::Us | Self::Unrecognized => "https://cohort-v2.lab.amplitude.com",
            Self::Eu => "https://cohort-v2.lab.eu.amplitude.com",
        }
    }

    /// Where events are sent: the whole URL. `batch` chooses the endpoint for many events at once.
    #[must_use]
    pub const fn analytics_url(self, batch: bool) -> &'static str {
        match (self, batch) {
            (Self::Us | Self::Unrecognized, false) => "https://api2.amplitude.com/2/httpapi",
            (Self::Us | Self::Unrecognized, true) => "https://api2.amplitude.com/batch",
            (Self::Eu, false) => "https://api.eu.amplitude.com/2/httpapi",
            (Self::Eu, true) => "https://api.eu.amplitude.com/batch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::urls::Urls;

    #[test]
    fn only_eu_in_any_case_is_the_european_union() {
        for (name, zone) in [
            ("eu", ServerZone::Eu),
            ("EU", ServerZone::Eu),
            ("Eu", ServerZone::Eu),
            ("us", ServerZone::Us),
            ("US", ServerZone::Us),
            ("", ServerZone::Us),
            ("europe", ServerZone::Unrecognized),
        ] {
            assert_eq!(ServerZone::from_name(name), zone, "{name}");
            assert_eq!(ServerZone::from_name(zone.name()), zone, "{name}");
        }
    }

    #[test]
    fn a_name_that_nobody_knows_counts_as_the_united_states() {
        let (us, other) = (ServerZone::Us, ServerZone::from_name("europe"));
        assert_eq!(Urls::of(other), Urls::of(us));
        for batch in [false, true] {
            assert_eq!(other.analytics_url(batch), us.analytics_url(batch));
        }
    }
}
