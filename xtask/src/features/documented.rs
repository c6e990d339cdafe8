//! Whether the features of a crate are told to those who could use them.

use std::fs;
use std::io;
use std::path::Path;

use super::sets::names;
use crate::tools::Package;

/// The features of which neither the README nor the front page of the crate tells.
pub(super) fn missing(package: &Package) -> io::Result<Vec<&str>> {
    let folder = package.manifest_path.parent().unwrap_or(Path::new("."));
    let mut text = fs::read_to_string(folder.join("README.md"))?;
    text.extend(fs::read_to_string(folder.join("src/lib.rs"))?.lines().filter(|line| line.starts_with("//!")));
    Ok(names(&package.features).filter(|name| !tells_of(&text, name)).collect())
}

fn tells_of(text: &str, feature: &str) -> bool {
    text.contains(&format!("`{feature}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_told_of_by_its_whole_name() {
        assert!(tells_of("| `sync` | no | downloads |", "sync"));
        assert!(!tells_of("in sync, with `sync-all`", "sync"));
    }
}
