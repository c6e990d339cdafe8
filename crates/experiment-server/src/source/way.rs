//! The way to a path: the links that lead there, and what has to be watched to learn that it changed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// More links one after the other are a circle.
const LINKS: usize = 40;

/// Names whose change means that something else may be found, each in a folder that is reached without links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Way {
    /// Links, what they lead to, and what is missing.
    names: BTreeSet<PathBuf>,
    /// Folders of which every entry counts.
    pub(super) folders: BTreeSet<PathBuf>,
}

impl Way {
    /// Follows all links of a path, and remembers them. Where it leads, or none if there is nothing.
    pub(super) fn follow(&mut self, path: &Path) -> Option<PathBuf> {
        let mut ahead = parts(&std::path::absolute(path).ok()?);
        let mut at = PathBuf::new();
        let mut links = 0;
        while let Some(part) = ahead.pop() {
            if part == ".." {
                at.pop();
                continue;
            }
            at.push(part);
            if at.parent().is_none() {
                continue;
            }
            let Ok(metadata) = fs::symlink_metadata(&at) else {
                self.names.insert(at);
                return None;
            };
            if !metadata.is_symlink() {
                continue;
            }
            self.names.insert(at.clone());
            links += 1;
            if links > LINKS {
                return None;
            }
            let target = fs::read_link(&at).ok()?;
            at.pop();
            ahead.extend(parts(&target));
        }
        self.names.insert(at.clone());
        Some(at)
    }

    /// The folders that have to be watched, one by one.
    pub(super) fn watched(&self) -> BTreeSet<&Path> {
        let around = self.names.iter().filter_map(|name| name.parent());
        around.chain(self.folders.iter().map(PathBuf::as_path)).collect()
    }

    /// Whether it matters that something changed at a path.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        self.names.contains(path) || path.parent().is_some_and(|folder| self.folders.contains(folder))
    }
}

/// The parts of a path, the last one first. The first part of a path from the root takes the place of all before it.
fn parts(path: &Path) -> Vec<OsString> {
    let parts = path.components().rev().map(|part| part.as_os_str().to_owned());
    parts.filter(|part| part != ".").collect()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_link_on_the_way_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("releases/v1")).unwrap();
        fs::write(root.join("releases/v1/list"), "").unwrap();
        symlink("releases/v1", root.join("current")).unwrap();
        symlink("../v1/list", root.join("releases/v1/flags.json")).unwrap();
        let mut way = Way::default();
        let found = way.follow(&root.join("current/./flags.json"));
        assert_eq!(found, Some(root.join("releases/v1/list")));
        let names = ["current", "releases/v1/flags.json", "releases/v1/list"].map(|name| root.join(name));
        assert!(way.names.iter().eq(&names), "{way:?}");
        assert_eq!(way.watched(), BTreeSet::from([&*root, &*root.join("releases/v1")]));
        assert!(way.concerns(&names[0]) && !way.concerns(&root.join("other")), "{way:?}");
    }

    #[test]
    fn what_is_missing_is_waited_for_where_the_way_ends() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let mut way = Way::default();
        assert_eq!(way.follow(&root.join("a/b/flags.json")), None);
        assert_eq!(way.watched(), BTreeSet::from([&*root]));
        assert!(way.concerns(&root.join("a")), "{way:?}");
    }

    #[test]
    fn links_in_a_circle_lead_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        symlink("b", folder.path().join("a")).unwrap();
        symlink("a", folder.path().join("b")).unwrap();
        assert_eq!(Way::default().follow(&folder.path().join("a")), None);
    }
}
