//! Whether every crate can be packaged, and builds from its package.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Said, git};
use crate::tools::{Metadata, Package, cargo_command, root, step};

/// What a package may take up on the registry, in bytes. Ours are far below: more would be files that nobody needs.
const MOST_PACKED: u64 = 512 * 1024;

/// Packages all crates, and builds them from their packages alone.
pub(super) fn check(metadata: &Metadata, crates: &[&Package]) -> Said {
    let target = target(metadata);
    let (stage, build) = (target.join("stage"), target.join("build"));
    // What an earlier run left would be taken for this one's.
    for folder in [&stage, &build, &target.join("package")] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    lay_out(&stage)?;
    let mut command = cargo_command(&["package", "--quiet", "--no-verify", "--workspace", "--allow-dirty"]);
    command.args(["--exclude", "examples", "--exclude", "xtask", "--target-dir"]).arg(&target);
    step(command.current_dir(&stage))?;
    let mut wrong = Vec::new();
    for package in crates {
        let contents = Contents::of(&unpack(&target, package, &build)?)?;
        let packed = packed(metadata, package).ok_or_else(|| format!("cargo made no package of {}", package.name))?;
        println!("        {} {}: {} packed; {contents}", package.name, package.version, kilobytes(packed));
        if !contents.has_readme {
            wrong.push(format!("the package of {} has no README.md", package.name));
        }
        if packed > MOST_PACKED {
            wrong.push(format!("the package of {} is larger than {}", package.name, kilobytes(MOST_PACKED)));
        }
    }
    // Cargo would build them one by one, but keeps what it unpacks of a version for ever, even when that has changed.
    fs::write(build.join("Cargo.toml"), together(crates))?;
    fs::copy(stage.join("Cargo.lock"), build.join("Cargo.lock"))?;
    let mut command = cargo_command(&["check", "--quiet", "--workspace", "--target-dir"]);
    step(command.arg(&target).current_dir(&build))?;
    if wrong.is_empty() { Ok(format!("{} made, and built from", crates.len())) } else { Err(wrong.join("; ").into()) }
}

/// Unpacks a package, as of now: those in it are all of one time, by which cargo would not see that they changed.
fn unpack(target: &Path, package: &Package, build: &Path) -> Result<PathBuf, Box<dyn Error>> {
    fs::create_dir_all(build)?;
    let folder = folder(package);
    let file = target.join("package").join(format!("{folder}.crate"));
    let status = Command::new("tar").args(["-xzm", "-f"]).arg(&file).arg("-C").arg(build).status()?;
    if status.success() { Ok(build.join(folder)) } else { Err(format!("tar cannot unpack {}", file.display()).into()) }
}

/// A workspace of unpacked packages, which then find one another as they would on the registry.
fn together(crates: &[&Package]) -> String {
    let folders: Vec<String> = crates.iter().map(|package| folder(package)).collect();
    let mut manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {folders:?}\n\n[patch.crates-io]\n");
    for package in crates {
        manifest.push_str(&format!("{} = {{ path = {:?} }}\n", package.name, folder(package)));
    }
    manifest
}

fn folder(package: &Package) -> String {
    format!("{}-{}", package.name, package.version)
}

/// The size of a crate's package, if it was made.
pub(super) fn packed(metadata: &Metadata, package: &Package) -> Option<u64> {
    let file = target(metadata).join("package").join(format!("{}.crate", folder(package)));
    fs::metadata(file).ok().map(|file| file.len())
}

pub(super) fn kilobytes(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

fn target(metadata: &Metadata) -> PathBuf {
    metadata.target_directory.join("release-check")
}

/// Copies the workspace, with the crates free to be published: of others, cargo does not package those that depend on
/// one another.
fn lay_out(stage: &Path) -> Result<(), Box<dyn Error>> {
    let files = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    for file in files.split('\0').filter(|file| !file.is_empty()) {
        let (from, to) = (root().join(file), stage.join(file));
        // One that was removed and not yet committed is listed all the same.
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap_or(stage))?;
            fs::copy(from, to)?;
        }
    }
    let manifest = stage.join("Cargo.toml");
    fs::write(&manifest, freed(&fs::read_to_string(&manifest)?))?;
    Ok(())
}

/// The workspace's manifest without what keeps its crates from the registry.
fn freed(manifest: &str) -> String {
    manifest.replace("\npublish = false\n", "\npublish = true\n")
}

/// What a package holds.
struct Contents {
    files: usize,
    bytes: u64,
    largest: (u64, PathBuf),
    has_readme: bool,
}

impl Contents {
    fn of(folder: &Path) -> io::Result<Self> {
        let has_readme = folder.join("README.md").is_file();
        let mut contents = Self { files: 0, bytes: 0, largest: (0, PathBuf::new()), has_readme };
        contents.add(folder, Path::new(""))?;
        Ok(contents)
    }

    fn add(&mut self, folder: &Path, below: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.add(&entry.path(), &path)?;
                continue;
            }
            let size = entry.metadata()?.len();
            self.files += 1;
            self.bytes += size;
            if size > self.largest.0 {
                self.largest = (size, path);
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Contents {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (size, path) = &self.largest;
        let (all, largest) = (kilobytes(self.bytes), kilobytes(*size));
        write!(formatter, "{} files of {all}, the largest {} of {largest}", self.files, path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_looked_through_to_the_bottom() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("tests/vectors")).unwrap();
        fs::write(folder.path().join("README.md"), "x").unwrap();
        fs::write(folder.path().join("tests/vectors/a.json"), [0; 2000]).unwrap();
        let contents = Contents::of(folder.path()).unwrap();
        assert!(contents.has_readme);
        assert_eq!((contents.files, contents.bytes), (2, 2001));
        assert_eq!(contents.largest, (2000, Path::new("tests/vectors/a.json").to_owned()));
    }

    #[test]
    fn packages_find_one_another() {
        let package = |name: &str| Package { name: name.to_owned(), version: "0.1.0".to_owned(), ..Package::default() };
        let manifest = together(&[&package("a"), &package("b")]);
        assert!(manifest.contains("members = [\"a-0.1.0\", \"b-0.1.0\"]"), "{manifest}");
        assert!(manifest.ends_with("[patch.crates-io]\na = { path = \"a-0.1.0\" }\nb = { path = \"b-0.1.0\" }\n"));
    }

    #[test]
    fn the_copy_may_be_published() {
        let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(!freed(&manifest).contains("publish = false"));
    }
}
