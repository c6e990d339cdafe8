//! What can be wrong with a folder of cohorts.

use std::io;
use std::path::{Path, PathBuf};
use std::str::Utf8Error;

use crate::cohort::CohortError;
use crate::left_out::LeftOut;

/// Why a folder, or a file in it, was not read, or not as a whole. Never quotes members.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A folder cannot be listed. `source` says why.
    #[error("{path} cannot be read", path = path.display())]
    #[non_exhaustive]
    List {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file cannot be read. `source` says why.
    #[error("{path} cannot be read", path = path.display())]
    #[non_exhaustive]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A JSON file holds no cohort.
    #[error("{path}: {error}", path = path.display())]
    #[non_exhaustive]
    Cohort {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where. Told in full with the file, so it is no `source`.
        error: CohortError,
    },
    /// Members of a JSON file cannot be read and are left out. The cohort has all others.
    #[error("{path}: {left_out}", path = path.display())]
    #[non_exhaustive]
    Members {
        /// The file.
        path: PathBuf,
        /// How many members they are, and what is wrong with the first.
        left_out: LeftOut,
    },
    /// Lines of a text file are not in UTF-8 and are left out. The cohort has all others, if there are any.
    #[error("{path}: line {line} is not UTF-8: save the file as that", path = path.display())]
    #[non_exhaustive]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first line that is not, from 1.
        line: usize,
        /// True when the cohort has other members. False when no line can be used, so that the file is left out.
        partial: bool,
        /// Where in the file it is.
        source: Utf8Error,
    },
    /// A JSON file names another group type than the sub-folder that it lies in.
    #[error(
        "{path} is a cohort of group type `{given}` in the folder of `{expected}`: change its `groupType` or move it",
        path = path.display()
    )]
    #[non_exhaustive]
    GroupType {
        /// The file.
        path: PathBuf,
        /// The file's group type.
        given: String,
        /// The sub-folder's.
        expected: String,
    },
    /// A file has the id of a cohort that another file has.
    #[error(
        "{path} holds cohort `{id}`, which {first} holds too: change its id or remove it",
        path = path.display(),
        first = first.display()
    )]
    #[non_exhaustive]
    Repeated {
        /// The file that was left out.
        path: PathBuf,
        /// The id of both.
        id: String,
        /// The file that counts.
        first: PathBuf,
    },
    /// A name that should say an id or a group type is not in UTF-8.
    #[error("{path}: the name is not UTF-8: rename it", path = path.display())]
    #[non_exhaustive]
    Name {
        /// The file or folder.
        path: PathBuf,
    },
}

impl FolderError {
    /// True when only some members of a file were left out: the cohort is there with all others.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        matches!(self, Self::Members { .. } | Self::NotUtf8 { partial: true, .. })
    }

    /// The file or folder that could not be used.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::List { path, .. }
            | Self::Read { path, .. }
            | Self::Cohort { path, .. }
            | Self::Members { path, .. }
            | Self::NotUtf8 { path, .. }
            | Self::GroupType { path, .. }
            | Self::Repeated { path, .. }
            | Self::Name { path } => path,
        }
    }
}
