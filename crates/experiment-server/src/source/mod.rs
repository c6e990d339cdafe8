//! Where flags and cohorts come from: files, and noticing that they change.

mod files;
mod look;
mod looker;
mod reading;
mod watch;
mod way;

use std::fmt;
use std::path::{Path, PathBuf};

pub(crate) use files::{read_cohorts, read_flags};
pub(crate) use looker::Looker;
pub(crate) use reading::{Content, Reading, fingerprint};

/// A file or folder, and what is read from it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Flags,
    Cohorts,
}

impl Kind {
    /// How many folders deep files are read.
    fn levels(self) -> u8 {
        match self {
            Self::Flags => 1,
            Self::Cohorts => 2,
        }
    }

    /// Whether a file of this name is read where it lies in a folder.
    fn reads(self, path: &Path) -> bool {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let known = match self {
            Self::Flags => extension == Some("json"),
            Self::Cohorts => matches!(extension, Some("json" | "txt")),
        };
        known && !is_hidden(path)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flags => "flags",
            Self::Cohorts => "cohorts",
        })
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}
