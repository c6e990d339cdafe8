//! What can be seen of files without reading them.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::way::Way;
use super::{Kind, Source, is_hidden};

/// What can be seen of a source without reading it. Two that are equal say that nothing changed between them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) way: Way,
    /// What is read; none where it cannot be found.
    files: BTreeMap<PathBuf, Option<Stat>>,
    /// What has to be watched, and which folder it is: another may have taken its place.
    pub(super) watched: BTreeMap<PathBuf, Option<Identity>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    identity: Identity,
    length: u64,
    modified: Option<SystemTime>,
}

/// Which file it is where the system tells, and what a change leaves behind that keeps length and time.
pub(super) type Identity = [i128; 4];

impl Look {
    pub(super) fn at(source: &Source) -> Self {
        let mut look = Self::default();
        let found = look.way.follow(&source.path);
        look.take(source.path.clone(), found.as_deref().unwrap_or(&source.path), source.kind, source.kind.levels());
        let watched = look.way.watched().into_iter();
        look.watched = watched.map(|path| (path.to_owned(), fs::metadata(path).ok().map(|of| folder(&of)))).collect();
        look
    }

    /// Takes in what was found by a name: a file, or a folder with what lies in it.
    fn take(&mut self, name: PathBuf, found: &Path, kind: Kind, levels: u8) {
        let metadata = fs::metadata(found).ok();
        if !metadata.as_ref().is_some_and(Metadata::is_dir) {
            self.files.insert(name, metadata.as_ref().map(Stat::new));
        } else if levels > 0 {
            self.way.folders.insert(found.to_owned());
            self.list(found, kind, levels - 1);
        }
    }

    fn list(&mut self, path: &Path, kind: Kind, levels: u8) {
        // What cannot be listed has no files; reading it says why.
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            let name = entry.path();
            let (Ok(file_type), false) = (entry.file_type(), is_hidden(&name)) else { continue };
            let may_be_folder = levels > 0 && !file_type.is_file();
            if !kind.reads(&name) && !may_be_folder {
                continue;
            }
            let found = if file_type.is_symlink() { self.way.follow(&name) } else { None };
            let found = found.unwrap_or_else(|| name.clone());
            if kind.reads(&name) || found.is_dir() {
                self.take(name, &found, kind, levels);
            }
        }
    }
}

impl Stat {
    fn new(metadata: &Metadata) -> Self {
        Self { identity: identity(metadata), length: metadata.len(), modified: metadata.modified().ok() }
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev().into(), metadata.ino().into(), metadata.ctime().into(), metadata.ctime_nsec().into()]
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    Identity::default()
}

/// Which folder it is, whatever comes and goes in it.
fn folder(metadata: &Metadata) -> Identity {
    let [device, number, ..] = identity(metadata);
    [device, number, 0, 0]
}
