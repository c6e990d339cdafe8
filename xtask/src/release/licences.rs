//! Whether all that is used may be used, and what is given away says on which terms.

use std::fs;
use std::path::Path;

use super::{Said, spdx};
use crate::tools::{Metadata, Package, root};

const FILES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];
const OURS: &str = "MIT OR Apache-2.0";

pub(super) fn check(metadata: &Metadata, crates: &[&Package]) -> Said {
    for file in FILES {
        if !root().join(file).is_file() {
            return Err(format!("there is no {file}").into());
        }
    }
    for package in crates {
        if package.license.as_deref() != Some(OURS) {
            return Err(format!("{} is not under {OURS}", package.name).into());
        }
        let folder = package.manifest_path.parent().unwrap_or(Path::new("."));
        if !package.readme.as_ref().is_some_and(|readme| folder.join(readme).is_file()) {
            return Err(format!("{} has no README", package.name).into());
        }
    }
    let deny = fs::read_to_string(root().join("deny.toml"))?;
    let allowed = allowed(&deny);
    let others: Vec<&Package> = metadata.packages.iter().filter(|package| !metadata.is_ours(&package.id)).collect();
    let refused = others.iter().filter(|package| !spdx::is_met(package.license.as_deref().unwrap_or(""), &allowed));
    let refused: Vec<String> = refused
        .map(|package| {
            format!("{} {} ({})", package.name, package.version, package.license.as_deref().unwrap_or("none"))
        })
        .collect();
    if !refused.is_empty() {
        return Err(format!("deny.toml does not allow the licence of {}", refused.join(", ")).into());
    }
    Ok(format!(
        "{OURS}; those of {} dependencies, as their manifests name them, are allowed by deny.toml",
        others.len()
    ))
}

/// The licences that cargo-deny is told to allow. It looks at their texts as well: `cargo xtask ci --full`.
fn allowed(deny: &str) -> Vec<&str> {
    let licences = deny.split_once("[licenses]").map_or("", |(_, after)| after);
    let list = licences.split_once("allow = [").map_or("", |(_, after)| after);
    let lines = list.lines().map(str::trim).take_while(|line| !line.starts_with(']'));
    lines.filter(|line| line.starts_with('"')).filter_map(|line| line.split('"').nth(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowed_licences_are_those_of_cargo_deny() {
        let deny = r#"
[bans]
allow = [
    "no",
]
[licenses]
# "no"
allow = [
    # "no".
    "MIT",
    "A WITH e",
]
x = [
    "no",
]
"#;
        assert_eq!(allowed(deny), ["MIT", "A WITH e"]);
        assert!(allowed(&fs::read_to_string(root().join("deny.toml")).unwrap()).contains(&"MIT"));
    }
}
