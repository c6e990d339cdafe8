//! Cohorts from a folder.

mod error;
mod files;

use std::collections::HashSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use evaluation_core::skip_byte_order_mark;

pub use error::FolderError;

use crate::cohort::{Cohort, CohortError, USER_GROUP_TYPE};
use crate::read::Fields;
use files::{CohortFile, Format};

/// What was read from a folder.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Folder {
    /// The cohorts, ordered by id.
    pub cohorts: Vec<Cohort>,
    /// Why files, or some of their members, were left out: one problem for each file, in the order of their paths.
    pub problems: Vec<FolderError>,
}

/// Reads the cohorts of a folder.
///
/// - `<id>.json` holds one cohort as the service delivers it. Its `cohortId` may be left out, and is then the `<id>`.
/// - `<id>.txt` holds one member a line, in UTF-8. White space around members and empty lines do not count.
///   Repeated members count once in the size.
/// - The files of a sub-folder are cohorts of groups, whose type is the sub-folder's name. Folders in it are passed over.
/// - Hidden files and files of other names are passed over. Symbolic links are followed.
///
/// Times that a file does not say are the time of its last change. A file that cannot be used is left out and told, and
/// so is one with the id of a cohort that another file has: the first in the order of paths counts. A member that cannot
/// be read is left out and told, and the cohort has all others.
///
/// # Errors
/// Only when the folder itself cannot be listed.
pub fn read_folder(path: impl AsRef<Path>) -> Result<Folder, FolderError> {
    let (files, mut problems) = files::list(path.as_ref())?;
    let mut found: BTreeMap<String, (PathBuf, Cohort)> = BTreeMap::new();
    for file in files {
        let cohort = match read(&file) {
            Ok((cohort, problem)) => {
                problems.extend(problem);
                cohort
            }
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        match found.entry(cohort.cohort_id.clone()) {
            Entry::Vacant(place) => drop(place.insert((file.path, cohort))),
            Entry::Occupied(taken) => {
                let first = taken.get().0.clone();
                problems.push(FolderError::Repeated { path: file.path, id: cohort.cohort_id, first });
            }
        }
    }
    problems.sort_by(|a, b| a.path().cmp(b.path()));
    Ok(Folder { cohorts: found.into_values().map(|(_, cohort)| cohort).collect(), problems })
}

/// The cohort of a file, and what is wrong with some of its members.
type Read = Result<(Cohort, Option<FolderError>), FolderError>;

fn read(file: &CohortFile) -> Read {
    let path = &file.path;
    let (bytes, time) = contents(path).map_err(|source| FolderError::Read { path: path.clone(), source })?;
    match file.format {
        Format::Json => json(file, &bytes, time),
        Format::Text => text(file, skip_byte_order_mark(&bytes), time),
    }
}

/// The bytes of a file, and the time of its last change in milliseconds.
fn contents(path: &Path) -> io::Result<(Vec<u8>, i64)> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        // Reading a pipe might never end.
        return Err(io::Error::other("it is not a regular file"));
    }
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let time = since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or_default();
    Ok((fs::read(path)?, time))
}

fn json(file: &CohortFile, bytes: &[u8], time: i64) -> Read {
    let invalid = |error: CohortError| FolderError::Cohort { path: file.path.clone(), error };
    let mut fields = Fields::from_json(bytes).map_err(invalid)?;
    if let Some(expected) = &file.group_type {
        let given = fields.group_type.get_or_insert_with(|| expected.clone());
        if given != expected {
            let (given, expected) = (given.clone(), expected.clone());
            return Err(FolderError::GroupType { path: file.path.clone(), given, expected });
        }
    }
    let id = match fields.cohort_id.take() {
        Some(id) => id,
        None => file.stem()?,
    };
    let cohort = fields.into_cohort(id, time);
    let left_out = cohort.left_out().cloned();
    Ok((cohort, left_out.map(|left_out| FolderError::Members { path: file.path.clone(), left_out })))
}

fn text(file: &CohortFile, bytes: &[u8], time: i64) -> Read {
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let members: Vec<&str> = lines.map(str::trim).filter(|line| !line.is_empty()).collect();
    let partial = !members.is_empty();
    let problem = std::str::from_utf8(bytes).err().map(|source| {
        let good = bytes.get(..source.valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        FolderError::NotUtf8 { path: file.path.clone(), line, partial, source }
    });
    let problem = match problem {
        Some(problem) if !partial => return Err(problem),
        problem => problem,
    };
    let group_type = file.group_type.as_deref().unwrap_or(USER_GROUP_TYPE);
    let size = members.iter().collect::<HashSet<_>>().len() as u64;
    let mut cohort = Cohort::new(file.stem()?, members).with_group_type(group_type).with_last_modified(time);
    (cohort.last_computed, cohort.size) = (time, size);
    Ok((cohort, problem))
}

#[cfg(test)]
mod tests;
