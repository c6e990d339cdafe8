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
}

impl ServerZone {
    /// Reads a zone as the other SDKs do: `eu` in any case is the European Union, anything else the United States.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        if name.eq_ignore_ascii_case("eu") { Self::Eu } else { Self::Us }
    }

    /// Where variants are asked for.
    pub(crate) const fn variants(self) -> &'static str {
        match self {
            Self::Us => "https://api.lab.amplitude.com",
            Self::Eu => "https://api.lab.eu.amplitude.com",
        }
    }

    /// Where flags are asked for: in the European Union not where variants are.
    pub(crate) const fn flags(self) -> &'static str {
        match self {
            Self::Us => "https://api.lab.amplitude.com",
            Self::Eu => "https://flag.lab.eu.amplitude.com",
        }
    }

    /// Where flags are streamed from.
    pub(crate) const fn stream(self) -> &'static str {
        match self {
            Self::Us => "https://stream.lab.amplitude.com",
            Self::Eu => "https://stream.lab.eu.amplitude.com",
        }
    }

    /// Where cohorts are asked for.
    pub(crate) const fn cohorts(self) -> &'static str {
        match self {
            Self::Us => "https://cohort-v2.lab.amplitude.com",
            Self::Eu => "https://cohort-v2.lab.eu.amplitude.com",
        }
    }

    /// Where events are sent: the whole URL. `batch` chooses the endpoint for many events at once.
    #[must_use]
    pub const fn analytics_url(self, batch: bool) -> &'static str {
        match (self, batch) {
            (Self::Us, false) => "https://api2.amplitude.com/2/httpapi",
            (Self::Us, true) => "https://api2.amplitude.com/batch",
            (Self::Eu, false) => "https://api.eu.amplitude.com/2/httpapi",
            (Self::Eu, true) => "https://api.eu.amplitude.com/batch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_eu_in_any_case_is_the_european_union() {
        for (name, zone) in [
            ("eu", ServerZone::Eu),
            ("EU", ServerZone::Eu),
            ("Eu", ServerZone::Eu),
            ("us", ServerZone::Us),
            ("", ServerZone::Us),
            ("europe", ServerZone::Us),
        ] {
            assert_eq!(ServerZone::from_name(name), zone, "{name}");
        }
    }
}
