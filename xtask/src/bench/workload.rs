//! The flags and users to measure with.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use evaluation_core::User;

/// How many flags; each size begins with the smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workload {
    Small,
    Medium,
    Large,
}

impl Workload {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// What the checksum of the repository's workload is: every official engine gives it.
    pub(super) fn checksum(self) -> &'static str {
        match self {
            Self::Small => "7b2cbb99",
            Self::Medium => "8630d140",
            Self::Large => "758c0052",
        }
    }

    /// How many users one timed pass evaluates.
    pub(super) fn users_per_pass(self) -> usize {
        match self {
            Self::Small | Self::Medium => 1000,
            Self::Large => 100,
        }
    }

    /// The flags as the service delivers them.
    pub(super) fn flag_bytes(self, dir: &Path) -> Result<Vec<u8>, String> {
        read(&dir.join(format!("flags-{}.json", self.name())))
    }
}

impl FromStr for Workload {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Small, Self::Medium, Self::Large];
        all.into_iter().find(|workload| workload.name() == text).ok_or("no such workload")
    }
}

/// The users, in the order of their file.
pub(super) fn users(dir: &Path) -> Result<Vec<User>, Box<dyn Error>> {
    let text = read(&dir.join("users.jsonl"))?;
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let users = lines.map(serde_json::from_slice).collect::<Result<Vec<User>, _>>()?;
    if users.is_empty() {
        return Err("the workload has no users".into());
    }
    Ok(users)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
