//! The sources of the workspace, for tests that compare them with what is said of them.

use std::fs;
use std::path::Path;

/// Calls `look` with the text of each source file in a folder and in those below it.
pub(crate) fn each_source(folder: &Path, look: &mut dyn FnMut(&str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_source(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&fs::read_to_string(&path).unwrap());
        }
    }
}
