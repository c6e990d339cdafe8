//! Reading a file or a folder of flags, and a folder of cohorts.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use cohorts::{Cohort, FolderError};
use evaluation_core::Severity;

use super::Kind;
use crate::flags::{self, Invalid, Problem, RawFlag};

/// Flags, with what is only worth a warning.
type Flags = Result<(Vec<RawFlag>, Vec<Problem>), Invalid>;

/// The flags of a file, or of all `.json` files of a folder in the order of their names, with what is only worth a
/// warning.
pub(crate) fn read_flags(path: &Path) -> Flags {
    flags(path).1
}

/// The same, with what tells this content from any other.
pub(super) fn flags(path: &Path) -> (u64, Flags) {
    let mut hasher = DefaultHasher::new();
    let mut all = Vec::new();
    let mut problems = Vec::new();
    let files = files(path).unwrap_or_else(|problem| {
        problem.message.hash(&mut hasher);
        problems.push(problem);
        Vec::new()
    });
    for file in files {
        file.hash(&mut hasher);
        let name = file.display().to_string();
        let read = contents(&file).map_err(|error| unreadable(&file, &error));
        match &read {
            Ok(json) => json.hash(&mut hasher),
            Err(problem) => problem.message.hash(&mut hasher),
        }
        match read.and_then(|json| flags::read(&name, &json)) {
            Ok(flags) => all.extend(flags),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(flags::check(&all));
    let failed = problems.iter().any(Problem::is_error);
    (hasher.finish(), if failed { Err(Invalid { problems }) } else { Ok((all, problems)) })
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = || -> io::Result<Vec<PathBuf>> { fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect() };
    let mut files = entries().map_err(|error| unreadable(path, &error))?;
    // A link that leads nowhere stays, and is told.
    files.retain(|file| Kind::Flags.reads(file) && !file.is_dir());
    if files.is_empty() {
        return Err(Problem::of_file(path.display().to_string(), "the folder holds no .json file"));
    }
    files.sort();
    Ok(files)
}

fn contents(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        // Reading a pipe might never end.
        return Err(io::Error::other("it is neither a file nor a folder, but a pipe, a socket or a device"));
    }
    fs::read(path)
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::of_file(path.display().to_string(), format!("cannot be read: {error}"))
}

/// The cohorts of a folder, with what is only worth a warning: members that were left out.
pub(crate) fn read_cohorts(path: &Path) -> Result<(Vec<Cohort>, Vec<Problem>), Invalid> {
    match cohorts::read_folder(path) {
        Ok(folder) => {
            let problems: Vec<Problem> = folder.problems.iter().map(cohort_problem).collect();
            let failed = problems.iter().any(Problem::is_error);
            if failed { Err(Invalid { problems }) } else { Ok((folder.cohorts, problems)) }
        }
        Err(error) => Err(Invalid { problems: vec![cohort_problem(&error)] }),
    }
}

fn cohort_problem(error: &FolderError) -> Problem {
    let file = error.path().display().to_string();
    let mut message = error.to_string();
    if let FolderError::List { source, .. } | FolderError::Read { source, .. } = error {
        message = format!("{message}: {source}");
    }
    // The error names the file first, and so does the problem.
    let rest = message.strip_prefix(&file).map(|rest| rest.trim_start_matches(':').trim_start().to_owned());
    let severity = if error.is_partial() { Severity::Warning } else { Severity::Error };
    Problem { severity, ..Problem::of_file(file, rest.unwrap_or(message)) }
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
    fn one_odd_member_takes_down_no_cohort() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("c1.json"), r#"{"memberIds": ["u1", null, "u2"]}"#).unwrap();
        fs::write(folder.path().join("c2.txt"), b"u1\n\xff\n").unwrap();
        let (cohorts, warnings) = read_cohorts(folder.path()).unwrap();
        let members: Vec<String> = cohorts.iter().map(|cohort| cohort.member_ids.join(",")).collect();
        assert_eq!(members, ["u1,u2", "u1"]);
        assert!(warnings.len() == 2 && warnings.iter().all(|problem| !problem.is_error()), "{warnings:?}");
        assert!(warnings[0].to_string().contains("memberIds[1]: expected a string, found null"), "{warnings:?}");
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
