//! Reading a file or a folder of flags, and a folder of cohorts.

use std::fs;
use std::path::{Path, PathBuf};

use cohorts::Cohort;

use crate::flags::{self, Invalid, Problem, RawFlag};

/// The flags of a file, or of all `.json` files of a folder in the order of their names, with what is only worth a
/// warning.
pub(crate) fn read_flags(path: &Path) -> Result<(Vec<RawFlag>, Vec<Problem>), Invalid> {
    let name = path.display().to_string();
    let files = match files(path) {
        Ok(files) => files,
        Err(error) => {
            return Err(Invalid { problems: vec![Problem::of_file(name, format!("cannot be read: {error}"))] });
        }
    };
    if files.is_empty() {
        return Err(Invalid { problems: vec![Problem::of_file(name, "the folder holds no .json file")] });
    }
    let mut all = Vec::new();
    let mut problems = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let read = fs::read(&file).map_err(|error| Problem::of_file(&name, format!("cannot be read: {error}")));
        match read.and_then(|json| flags::read(&name, &json)) {
            Ok(flags) => all.extend(flags),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(flags::check(&all));
    if problems.iter().any(Problem::is_error) { Err(Invalid { problems }) } else { Ok((all, problems)) }
}

fn files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        let hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && file.extension().is_some_and(|extension| extension == "json") && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The cohorts of a folder.
pub(crate) fn read_cohorts(path: &Path) -> Result<Vec<Cohort>, Invalid> {
    let problem = |error: &dyn std::error::Error| {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            message = format!("{message}: {error}");
            source = error.source();
        }
        Problem::of_file(path.display().to_string(), message)
    };
    match cohorts::read_folder(path) {
        Ok(folder) if folder.problems.is_empty() => Ok(folder.cohorts),
        Ok(folder) => Err(Invalid { problems: folder.problems.iter().map(|error| problem(error)).collect() }),
        Err(error) => Err(Invalid { problems: vec![problem(&error)] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"[{"key": "nav", "variants": {}, "segments": []}]"#;

    #[test]
    fn a_folder_is_the_list_of_its_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("b.json"), GOOD.replace("nav", "b")).unwrap();
        fs::write(folder.path().join("a.json"), GOOD.replace("nav", "a")).unwrap();
        fs::write(folder.path().join(".hidden.json"), "not JSON").unwrap();
        fs::write(folder.path().join("notes.txt"), "not JSON").unwrap();
        let (flags, problems) = read_flags(folder.path()).unwrap();
        let keys: Vec<&str> = flags.iter().filter_map(|flag| flag.key.as_deref()).collect();
        assert_eq!((keys, problems), (vec!["a", "b"], vec![]));
    }

    #[test]
    fn what_cannot_be_read_is_told_for_every_file() {
        let folder = tempfile::tempdir().unwrap();
        let empty = read_flags(folder.path()).unwrap_err();
        assert!(empty.to_string().ends_with("the folder holds no .json file"), "{empty}");
        fs::write(folder.path().join("a.json"), "{").unwrap();
        fs::write(folder.path().join("b.json"), r#"[{"key": "nav"}]"#).unwrap();
        let invalid = read_flags(folder.path()).unwrap_err();
        let files: Vec<bool> = invalid.problems().iter().map(|problem| problem.file.ends_with("a.json")).collect();
        assert_eq!(files, [true, false], "{invalid:?}");
        let missing = read_flags(&folder.path().join("none.json")).unwrap_err();
        assert!(missing.to_string().contains("none.json: cannot be read"), "{missing}");
    }
}
