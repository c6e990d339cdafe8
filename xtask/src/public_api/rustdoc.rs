//! What rustdoc tells of a crate, as JSON. Only nightly writes it, and its format changes.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use public_api::Builder;
use serde_json::Value;

use crate::tools::step;

/// The version of rustdoc's JSON that the crate `public-api` reads, which is pinned for it in `xtask/Cargo.toml`.
const FORMAT: u64 = 57;

/// What a crate offers.
pub(super) struct Api {
    /// A line for each item.
    pub(super) listing: String,
    /// All that rustdoc tells.
    pub(super) document: Value,
}

/// Whether there is a nightly toolchain, or why not.
pub(super) fn nightly() -> Result<(), String> {
    let mut command = Command::new("cargo");
    let status = command.args(["+nightly", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err("there is no nightly toolchain: `rustup toolchain install nightly --profile minimal`".to_owned()),
    }
}

/// Has rustdoc describe a crate with all features.
pub(super) fn json(name: &str, target: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let mut command = Command::new("cargo");
    command.args(["+nightly", "rustdoc", "--quiet", "-p", name, "--lib", "--all-features", "--target-dir"]);
    command.arg(target).args(["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"]);
    // Flags that deny warnings are meant for the compiler of the workspace, not for this one.
    command.env_remove("RUSTFLAGS").env_remove("RUSTDOCFLAGS").current_dir(crate::tools::root());
    step(&mut command)?;
    Ok(target.join("doc").join(format!("{}.json", name.replace('-', "_"))))
}

/// Reads what rustdoc wrote, or says why its form is not known. What every type has by itself, or by an implementation
/// for all types, is not listed.
pub(super) fn read(path: &Path) -> Result<Result<Api, String>, Box<dyn Error>> {
    let document: Value = serde_json::from_slice(&fs::read(path)?)?;
    let found = document.get("format_version").and_then(Value::as_u64).unwrap_or(0);
    if found != FORMAT {
        return Ok(Err(format!("nightly writes rustdoc JSON of version {found}, and version {FORMAT} is needed")));
    }
    let api = Builder::from_rustdoc_json(path).omit_blanket_impls(true).omit_auto_trait_impls(true).build()?;
    let mut listing = String::new();
    for item in api.items() {
        writeln!(listing, "{item}")?;
    }
    Ok(Ok(Api { listing, document }))
}
