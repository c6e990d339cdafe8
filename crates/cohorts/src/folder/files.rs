//! Which files of a folder hold cohorts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::FolderError;

/// A file that should hold a cohort.
pub(super) struct CohortFile {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    /// The name of the sub-folder that it lies in.
    pub(super) group_type: Option<String>,
}

#[derive(Clone, Copy)]
pub(super) enum Format {
    Json,
    Text,
}

impl CohortFile {
    /// The name without extension: a cohort's id.
    pub(super) fn stem(&self) -> Result<String, FolderError> {
        let stem = self.path.file_stem().and_then(|stem| stem.to_str());
        stem.map(str::to_owned).ok_or_else(|| FolderError::Name { path: self.path.clone() })
    }
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "json" => Some(Self::Json),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }
}

/// The files of a folder and of its sub-folders in the order of their paths, and which sub-folders cannot be used.
pub(super) fn list(folder: &Path) -> Result<(Vec<CohortFile>, Vec<FolderError>), FolderError> {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for path in visible(folder)? {
        if !path.is_dir() {
            files.extend(file(path, None));
            continue;
        }
        match of_groups(&path) {
            Ok(found) => files.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((files, problems))
}

fn of_groups(folder: &Path) -> Result<Vec<CohortFile>, FolderError> {
    let name = folder.file_name().and_then(|name| name.to_str());
    let group_type = name.ok_or_else(|| FolderError::Name { path: folder.to_owned() })?;
    let inside = visible(folder)?.into_iter().filter(|path| !path.is_dir());
    Ok(inside.filter_map(|path| file(path, Some(group_type))).collect())
}

fn file(path: PathBuf, group_type: Option<&str>) -> Option<CohortFile> {
    let format = Format::of(&path)?;
    Some(CohortFile { path, format, group_type: group_type.map(str::to_owned) })
}

/// What lies in a folder and is not hidden.
fn visible(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let paths = || -> io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = paths().map_err(|source| FolderError::List { path: folder.to_owned(), source })?;
    paths.retain(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    Ok(paths)
}
