//! The rules of folders, one by one.

use std::error::Error;
use std::fs::{self, File};
use std::time::{Duration, UNIX_EPOCH};

use super::*;

/// A folder of files with these contents.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// The ids and group types found, and what is said of the files left out, without the folder's own path.
fn read_all(folder: &tempfile::TempDir) -> (Vec<(String, String)>, Vec<String>) {
    let Folder { cohorts, problems } = read_folder(folder.path()).unwrap();
    let prefix = format!("{}/", folder.path().display());
    let said = problems.iter().map(|problem| problem.to_string().replace(&prefix, "")).collect();
    (cohorts.into_iter().map(|cohort| (cohort.cohort_id, cohort.group_type)).collect(), said)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, group_type)| ((*id).to_owned(), (*group_type).to_owned())).collect()
}

#[test]
fn errors_name_the_file_and_say_what_is_wrong_and_where_once() {
    let folder =
        folder(&[("a.json", "{\"memberIds\": {\"s3cret\":\n5}}"), ("b.json", "{\"cohortId\": 5}"), ("c.json", "")]);
    let (found, said) = read_all(&folder);
    assert_eq!(found, []);
    assert_eq!(
        said,
        [
            "a.json: not the JSON of a cohort: memberIds: expected a list of texts, found an object at line 1 column 15",
            "b.json: not the JSON of a cohort: cohortId: expected a text, found a number at line 1 column 14",
            "c.json: not the JSON of a cohort, but an empty text",
        ]
    );
    let problems = read_folder(folder.path()).unwrap().problems;
    assert!(problems.iter().all(|problem| problem.source().is_none()), "{problems:?}");
    assert!(problems[0].path().ends_with("a.json"));
}

#[test]
fn an_id_is_the_files_own_or_its_name() {
    let folder = folder(&[
        ("a.b.json", r#"{"memberIds": []}"#),
        ("given.json", r#"{"cohortId": "other", "memberIds": []}"#),
        ("empty.json", r#"{"cohortId": "", "memberIds": []}"#),
        ("null.json", r#"{"cohortId": null, "memberIds": []}"#),
    ]);
    let (found, said) = read_all(&folder);
    assert_eq!(found, pairs(&[("a.b", "User"), ("other", "User")]));
    assert!(said.len() == 2 && said[0].starts_with("empty.json: ") && said[1].starts_with("null.json: "), "{said:?}");
}

#[test]
fn a_sub_folder_names_the_group_type() {
    let folder = folder(&[
        ("org/a.txt", "acme"),
        ("org/b.json", r#"{"memberIds": []}"#),
        ("org/c.json", r#"{"groupType": "", "memberIds": []}"#),
        ("org/d.json", r#"{"groupType": "org", "memberIds": []}"#),
        ("org/e.json", r#"{"groupType": "User", "memberIds": []}"#),
        ("org/deeper/f.txt", "acme"),
        (".hidden/g.txt", "acme"),
        ("h.json", r#"{"groupType": "team", "memberIds": []}"#),
        ("i.txt", "u1"),
    ]);
    let (found, said) = read_all(&folder);
    assert_eq!(found, pairs(&[("a", "org"), ("b", "org"), ("c", "org"), ("d", "org"), ("h", "team"), ("i", "User")]));
    assert_eq!(
        said,
        ["org/e.json is a cohort of group type `User` in the folder of `org`: change its `groupType` or move it"]
    );
}

#[test]
fn the_first_file_with_an_id_counts() {
    let folder = folder(&[
        ("c1.txt", "by-text"),
        ("c1.json", r#"{"memberIds": ["by-json"]}"#),
        ("a/c1.txt", "by-folder"),
        ("z.json", r#"{"cohortId": "c1", "memberIds": []}"#),
    ]);
    let Folder { cohorts, problems } = read_folder(folder.path()).unwrap();
    assert_eq!((cohorts.len(), cohorts[0].member_ids.as_slice()), (1, ["by-folder".to_owned()].as_slice()));
    let (_, said) = read_all(&folder);
    let again = |file| format!("{file} holds cohort `c1`, which a/c1.txt holds too: change its id or remove it");
    assert_eq!(said, [again("c1.json"), again("c1.txt"), again("z.json")]);
    assert!(problems.iter().all(|problem| matches!(problem, FolderError::Repeated { id, .. } if id == "c1")));
}

#[test]
fn texts_are_lists_of_members() {
    let folder = folder(&[
        ("a.txt", "\u{feff} u1 \r\n\r\n\t\r\nu 2\r\nu1\r\n# 3"),
        ("b.txt", ""),
        ("c.json", "\u{feff}{\"memberIds\": []}"),
    ]);
    let cohorts = read_folder(folder.path()).unwrap().cohorts;
    assert_eq!((cohorts[0].member_ids.join(","), cohorts[0].size), ("u1,u 2,u1,# 3".to_owned(), 3));
    assert_eq!((cohorts[1].member_ids.len(), cohorts[1].size), (0, 0));
    assert_eq!(cohorts.len(), 3);
}

#[test]
fn lines_that_are_not_utf8_are_left_out_and_the_first_is_told() {
    let folder = folder(&[]);
    fs::write(folder.path().join("a.txt"), b"u1\nu2\n\xff\nu\xc3\n u3 ").unwrap();
    fs::write(folder.path().join("b.txt"), b"\xff\xfe").unwrap();
    let (_, said) = read_all(&folder);
    let not_utf8 = |place| format!("{place} is not UTF-8: save the file as that");
    assert_eq!(said, [not_utf8("a.txt: line 3"), not_utf8("b.txt: line 1")]);
    let Folder { cohorts, problems } = read_folder(folder.path()).unwrap();
    assert_eq!((cohorts.len(), cohorts[0].member_ids.join(","), cohorts[0].size), (1, "u1,u2,u3".to_owned(), 3));
    assert_eq!(problems.iter().map(FolderError::is_partial).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn members_that_cannot_be_read_are_left_out_and_told() {
    let folder = folder(&[
        ("a.json", r#"{"memberIds": ["u1", null, 31337, "s3cret\ud800", "u2"]}"#),
        ("b.json", r#"{"memberIds": ["u1", {"s3cret": 1}]}"#),
        ("c.json", r#"{"memberIds": [null]}"#),
        ("d.json", r#"{"memberIds": []}"#),
    ]);
    let Folder { cohorts, problems } = read_folder(folder.path()).unwrap();
    let members: Vec<_> = cohorts.iter().map(|cohort| (cohort.member_ids.join(","), cohort.size)).collect();
    assert_eq!(members, [("u1,u2".to_owned(), 2), ("u1".to_owned(), 1), (String::new(), 0)]);
    assert!(matches!(&problems[0], FolderError::Members { left_out, .. } if left_out.count() == 3));
    let (_, said) = read_all(&folder);
    assert_eq!(
        said,
        [
            "a.json: 3 members cannot be read and are left out; the first is memberIds[1]: expected a string, found null",
            "b.json: 1 member cannot be read and is left out: memberIds[1]: expected a string, found an object",
            "c.json: not the JSON of a cohort: memberIds[0]: expected a string, found null at line 1 column 20",
        ]
    );
}

#[test]
fn times_that_are_missing_are_the_files() {
    let folder = folder(&[
        ("a.txt", "u1"),
        ("b.json", r#"{"memberIds": [], "lastModified": 7}"#),
        ("c.json", r#"{"memberIds": [], "lastComputed": 0, "lastModified": null}"#),
        ("d.txt", "u1"),
    ]);
    let set = |name: &str, time| {
        File::options().write(true).open(folder.path().join(name)).unwrap().set_modified(time).unwrap();
    };
    for name in ["a.txt", "b.json", "c.json"] {
        set(name, UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
    }
    set("d.txt", UNIX_EPOCH - Duration::from_secs(5));
    let cohorts = read_folder(folder.path()).unwrap().cohorts;
    let times: Vec<(i64, i64)> = cohorts.iter().map(|cohort| (cohort.last_modified, cohort.last_computed)).collect();
    let file = 1_700_000_000_123;
    assert_eq!(times, [(file, file), (7, file), (file, 0), (0, 0)]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_those_that_lead_nowhere_told() {
    use std::os::unix::fs::symlink;
    let elsewhere = folder(&[("c1.txt", "u1"), ("groups/g1.txt", "acme")]);
    let folder = folder(&[("notes.md", "")]);
    symlink(elsewhere.path().join("c1.txt"), folder.path().join("linked.txt")).unwrap();
    symlink(elsewhere.path().join("groups"), folder.path().join("org")).unwrap();
    symlink(elsewhere.path().join("none"), folder.path().join("gone.json")).unwrap();
    symlink(elsewhere.path().join("none"), folder.path().join("gone.md")).unwrap();
    let (found, said) = read_all(&folder);
    assert_eq!(found, pairs(&[("g1", "org"), ("linked", "User")]));
    assert_eq!(said, ["gone.json cannot be read"]);
    let problems = read_folder(folder.path()).unwrap().problems;
    assert!(matches!(&problems[..], [FolderError::Read { source, .. }] if source.kind() == io::ErrorKind::NotFound));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = folder(&[("a.txt", "u1")]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("b.txt")).unwrap();
    let (found, said) = read_all(&folder);
    assert_eq!((found, said), (pairs(&[("a", "User")]), vec!["b.txt cannot be read".to_owned()]));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_say_no_id_are_told() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&[]);
    let path = |name: &[u8]| folder.path().join(OsStr::from_bytes(name));
    fs::write(path(b"\xff.txt"), "u1").unwrap();
    fs::write(path(b"\xfe.json"), r#"{"cohortId": "c1", "memberIds": []}"#).unwrap();
    fs::create_dir(path(b"\xfd")).unwrap();
    let Folder { cohorts, problems } = read_folder(folder.path()).unwrap();
    assert_eq!(cohorts.len(), 1);
    assert!(matches!(&problems[..], [FolderError::Name { .. }, FolderError::Name { .. }]), "{problems:?}");
}

#[test]
fn only_a_folder_that_cannot_be_listed_is_an_error() {
    let folder = folder(&[("c1.txt", "u1")]);
    assert!(read_folder("no such folder").is_err());
    let error = read_folder(folder.path().join("c1.txt")).unwrap_err();
    assert!(matches!(error, FolderError::List { .. }) && error.source().is_some(), "{error:?}");
}
