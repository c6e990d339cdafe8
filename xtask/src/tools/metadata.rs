//! What `cargo metadata` tells of the workspace, as far as it is asked here.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use serde::Deserialize;

use super::cargo_command;

#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) target_directory: PathBuf,
}

impl Metadata {
    /// The workspace's own packages.
    pub(crate) fn of_workspace() -> Result<Self, Box<dyn Error>> {
        Self::read(&["--no-deps"])
    }

    /// These and all that they depend on, with all features and on all systems.
    pub(crate) fn of_everything() -> Result<Self, Box<dyn Error>> {
        Self::read(&["--all-features"])
    }

    fn read(more: &[&str]) -> Result<Self, Box<dyn Error>> {
        let output = cargo_command(&["metadata", "--format-version", "1"]).args(more).output()?;
        if !output.status.success() {
            return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// A package of the workspace.
    pub(crate) fn package(&self, name: &str) -> Result<&Package, Box<dyn Error>> {
        let found = self.packages.iter().find(|package| package.name == name && self.is_ours(&package.id));
        found.ok_or_else(|| format!("the workspace has no crate {name}").into())
    }

    /// Whether an id is that of a package of the workspace.
    pub(crate) fn is_ours(&self, id: &str) -> bool {
        self.workspace_members.iter().any(|member| member == id)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) rust_version: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) readme: Option<PathBuf>,
    pub(crate) manifest_path: PathBuf,
    /// The registries it may go to: none if the list is empty, any without one.
    pub(crate) publish: Option<Vec<String>>,
    /// With those that cargo makes of optional dependencies.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
}

impl Package {
    pub(crate) fn may_be_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) req: String,
    /// `dev`, `build`, or none for what the crate itself uses.
    pub(crate) kind: Option<String>,
    /// Of those in this workspace.
    pub(crate) path: Option<PathBuf>,
}

impl Dependency {
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}
