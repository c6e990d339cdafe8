//! Whether the manifests agree: versions, compilers, and who depends on whom.

use std::error::Error;
use std::fs;

use super::Said;
use crate::tools::{CRATES, ENGINE, Metadata, Package, root};

/// The crates such that each stands behind those that it needs. Those that only its tests need do not count: they are
/// left out of packages.
pub(super) fn in_order(metadata: &Metadata) -> Result<Vec<&Package>, Box<dyn Error>> {
    let mut waiting = CRATES.into_iter().map(|name| metadata.package(name)).collect::<Result<Vec<_>, _>>()?;
    let mut order: Vec<&Package> = Vec::new();
    while !waiting.is_empty() {
        let (ready, not_yet): (Vec<_>, Vec<_>) = waiting.iter().partition(|package| {
            let needed = package.dependencies.iter().filter(|needed| !needed.is_dev());
            needed
                .filter(|needed| needed.path.is_some())
                .all(|needed| order.iter().any(|done| done.name == needed.name))
        });
        if ready.is_empty() {
            let names: Vec<&str> = waiting.iter().map(|package| package.name.as_str()).collect();
            return Err(format!("these crates need one another, or one that is not published: {names:?}").into());
        }
        order.extend(ready);
        waiting = not_yet;
    }
    Ok(order)
}

/// All crates have one version, also where they name one another, and all but the engine one compiler.
pub(super) fn check(metadata: &Metadata, crates: &[&Package]) -> Said {
    let workspace = metadata.package("xtask")?;
    let wrong: Vec<String> = crates.iter().flat_map(|package| disagreements(package, workspace)).collect();
    if !wrong.is_empty() {
        return Err(wrong.join("; ").into());
    }
    let compiler = workspace.rust_version.as_deref().ok_or("the workspace has no rust-version")?;
    let channel = channel(&fs::read_to_string(root().join("rust-toolchain.toml"))?)?;
    if !builds_with(&channel, compiler) {
        return Err(format!("rust-toolchain.toml names {channel}, and rust-version is {compiler}").into());
    }
    Ok(format!("{} crates of version {}, for Rust {compiler}, built with {channel}", crates.len(), workspace.version))
}

/// Where a crate differs from the workspace, whose versions those of any member are.
fn disagreements(package: &Package, workspace: &Package) -> Vec<String> {
    let name = &package.name;
    let mut wrong = Vec::new();
    if package.version != workspace.version {
        wrong.push(format!("{name} has version {} and the workspace {}", package.version, workspace.version));
    }
    // That the engine is for older compilers, `cargo xtask ci` checks.
    if package.rust_version != workspace.rust_version && name != ENGINE {
        wrong.push(format!("{name} does not have the workspace's rust-version"));
    }
    let wanted = format!("^{}", workspace.version);
    for needed in package.dependencies.iter().filter(|needed| needed.path.is_some()) {
        let also_normal = package.dependencies.iter().any(|other| other.name == needed.name && !other.is_dev());
        // One that only tests need is left out of the package if it has no version, and may then depend on the crate.
        let expected = if needed.is_dev() && !also_normal { "*" } else { &wanted };
        // One that tests need besides may have either.
        if needed.req != expected && !(needed.is_dev() && needed.req == "*") {
            wrong.push(format!("{name} depends on {} {}, not {expected}", needed.name, needed.req));
        }
    }
    wrong
}

/// The toolchain that a checkout is built with.
fn channel(text: &str) -> Result<String, Box<dyn Error>> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("channel"));
    let value = line.and_then(|line| line.split('"').nth(1));
    Ok(value.ok_or("rust-toolchain.toml names no channel")?.to_owned())
}

/// Whether a toolchain is the one that is promised. `stable` is that or a later one.
fn builds_with(channel: &str, compiler: &str) -> bool {
    channel == "stable" || channel == compiler || channel.strip_suffix(".0") == Some(compiler)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::tools::metadata::Dependency;

    fn package(name: &str, version: &str, needed: &[(&str, &str, Option<&str>)]) -> Package {
        let dependencies = needed.iter().map(|(name, req, kind)| Dependency {
            name: (*name).to_owned(),
            req: (*req).to_owned(),
            kind: kind.map(str::to_owned),
            path: Some(PathBuf::new()),
        });
        Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            dependencies: dependencies.collect(),
            ..Package::default()
        }
    }

    #[test]
    fn crates_stand_behind_what_they_need_and_tests_do_not_count() {
        let mut packages: Vec<Package> = CRATES.map(|name| package(name, "1.0.0", &[])).into();
        packages[0].dependencies =
            package("", "", &[(CRATES[6], "^1.0.0", None), (CRATES[1], "*", Some("dev"))]).dependencies;
        packages[1].dependencies = package("", "", &[(CRATES[0], "^1.0.0", None)]).dependencies;
        let mut metadata = Metadata {
            packages,
            workspace_members: CRATES.map(str::to_owned).into(),
            target_directory: PathBuf::new(),
        };
        let order: Vec<&str> = in_order(&metadata).unwrap().iter().map(|package| package.name.as_str()).collect();
        let at = |name| order.iter().position(|found| *found == name).unwrap();
        assert!(at(CRATES[6]) < at(CRATES[0]) && at(CRATES[0]) < at(CRATES[1]), "{order:?}");

        metadata.packages[6].dependencies = package("", "", &[(CRATES[1], "^1.0.0", None)]).dependencies;
        assert!(in_order(&metadata).unwrap_err().to_string().contains(CRATES[1]));
    }

    #[test]
    fn versions_stand_where_the_registry_needs_them_and_only_there() {
        let workspace = package("xtask", "0.2.0", &[]);
        let good =
            [("a", "^0.2.0", None), ("a", "^0.2.0", Some("dev")), ("a", "*", Some("dev")), ("b", "*", Some("dev"))];
        assert_eq!(disagreements(&package("x", "0.2.0", &good), &workspace), Vec::<String>::new());
        for bad in [("a", "*", None), ("a", "^0.1.0", None), ("a", "*", Some("build")), ("b", "^0.2.0", Some("dev"))] {
            assert_eq!(disagreements(&package("x", "0.2.0", &[bad]), &workspace).len(), 1, "{bad:?}");
        }
        assert_eq!(disagreements(&package("x", "0.1.0", &[]), &workspace).len(), 1);
    }

    #[test]
    fn compilers_are_those_of_the_workspace_but_for_the_engine() {
        let stated =
            |name, version: &str| Package { rust_version: Some(version.to_owned()), ..package(name, "0.2.0", &[]) };
        let workspace = stated("xtask", "1.95");
        for (name, version, wrong) in [("x", "1.95", 0), ("x", "1.88", 1), (ENGINE, "1.88", 0)] {
            assert_eq!(disagreements(&stated(name, version), &workspace).len(), wrong, "{name} {version}");
        }
    }

    #[test]
    fn the_toolchain_is_the_promised_one_or_stable() {
        assert_eq!(channel("[toolchain]\nchannel = \"1.95\"\n").unwrap(), "1.95");
        assert!(channel("[toolchain]\n").is_err());
        assert!(builds_with("stable", "1.95") && builds_with("1.95", "1.95") && builds_with("1.95.0", "1.95"));
        assert!(!builds_with("1.96", "1.95") && !builds_with("nightly", "1.95"));
    }
}
