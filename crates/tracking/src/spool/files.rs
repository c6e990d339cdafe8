//! The files in a spool's folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::SpoolError;

/// One file of records.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// How many of its events are pending.
    pub(super) live: usize,
}

/// Keeps others out of a folder, which is made if it is not there.
pub(super) fn lock(folder: &Path) -> Result<File, SpoolError> {
    let failed = |error| SpoolError::Io(folder.to_owned(), error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = private().create(true).truncate(false).open(folder.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The segments of a folder in the order in which they were written.
pub(super) fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, SpoolError> {
    let failed = |error| SpoolError::Io(folder.to_owned(), error);
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_prefix("events-")?.strip_suffix(".log")?.parse().ok());
        if let Some(number) = number {
            segments.push((number, path));
        }
    }
    segments.sort();
    Ok(segments)
}

/// A new segment. That it is there is on disk when this returns.
pub(super) fn create(folder: &Path, number: u64) -> io::Result<(PathBuf, File)> {
    let path = folder.join(format!("events-{number:010}.log"));
    let file = private().create_new(true).open(&path)?;
    // Not every system can do this with a folder, and not every one has to.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok((path, file))
}

/// Events tell of users: only the owner may read them.
fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
