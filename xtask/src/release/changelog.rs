//! Whether the changelog tells of the version.

use std::fs;

use super::Said;
use crate::tools::{Metadata, root};

pub(super) fn check(metadata: &Metadata, publish: bool) -> Said {
    let text = fs::read_to_string(root().join("CHANGELOG.md"))?;
    tells_of(&text, &metadata.package("xtask")?.version, publish).map_err(Into::into)
}

/// Whether a section has the version in its heading, or is what will become that section.
fn tells_of(text: &str, version: &str, publish: bool) -> Result<String, String> {
    let sections = || text.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap_or((section, "")));
    let is_told = |body: &str| body.lines().any(|line| line.starts_with("- "));
    let of_version = format!("[{version}]");
    if sections().any(|(heading, body)| heading.starts_with(&of_version) && is_told(body)) {
        return Ok(format!("CHANGELOG.md tells of {version}"));
    }
    let is_unreleased = sections().any(|(heading, body)| heading.starts_with("[Unreleased]") && is_told(body));
    let rename = format!("rename *Unreleased* in CHANGELOG.md to `[{version}]` with the date before --publish");
    match (is_unreleased, publish) {
        (true, false) => Ok(rename),
        (true, true) => Err(rename),
        (false, _) => Err(format!("CHANGELOG.md tells nothing of {version}, and nothing that is unreleased")),
    }
}

#[cfg(test)]
mod tests {
    use super::tells_of;

    #[test]
    fn a_section_of_the_version_is_enough() {
        let text = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] 2026-01-31\n\n### Added\n\n- a thing\n";
        assert!(tells_of(text, "0.2.0", true).is_ok());
        assert!(tells_of(text, "0.2.1", false).is_err());
        assert!(tells_of("# Changelog\n\n## [0.2.0] 2026-01-31\n", "0.2.0", true).is_err());
    }

    #[test]
    fn what_is_unreleased_is_enough_for_a_dry_run_only() {
        let text = "# Changelog\n\n## [Unreleased] 0.2.0\n\n### Added\n\n- a thing\n";
        assert!(tells_of(text, "0.2.0", false).is_ok_and(|said| said.contains("rename")));
        assert!(tells_of(text, "0.2.0", true).is_err());
        assert!(tells_of("# Changelog\n\n## [Unreleased]\n\n### Added\n", "0.2.0", false).is_err());
    }
}
