//! What a spool tells.

use std::error::Error;
use std::io;
use std::path::PathBuf;

/// What a spool found when it was opened, and what it did since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpoolReport {
    /// Events that an earlier run left and that are sent now.
    pub recovered: u64,
    /// Places from which files could not be read on.
    pub damaged: u64,
    /// Bytes that were skipped there.
    pub skipped_bytes: u64,
    /// Events that are kept in memory only, since the files are as large as they may become or cannot be written.
    pub not_kept: u64,
    /// Why the folder cannot be used, if it cannot. Events are then kept in memory only.
    pub problem: Option<String>,
}

impl SpoolReport {
    pub(crate) fn unusable(error: &SpoolError) -> Self {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        Self { problem: Some(format!("{error}{cause}")), ..Self::default() }
    }
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    #[error("the spool folder {} is in use by another tracker: give each its own", .0.display())]
    InUse(PathBuf),
    #[error("the spool folder {} cannot be used: check that it can be written", .0.display())]
    Io(PathBuf, #[source] io::Error),
}
