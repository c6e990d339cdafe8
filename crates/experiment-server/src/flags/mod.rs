//! Flags from text to what is served: read, checked, overridden, compiled.

mod overrides;
mod problem;
mod raw;

use std::collections::HashMap;

use evaluation_core::{FlagSet, Severity};

pub use overrides::{Override, Subject};
pub(crate) use overrides::{apply, check_override};
pub use problem::{Invalid, Problem};
pub(crate) use raw::{RawFlag, read};

/// The service's form of a flag set: a JSON list.
pub(crate) fn list<'a>(flags: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::from("[");
    for (index, flag) in flags.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(flag);
    }
    text.push(']');
    text
}

/// What is wrong with flags that stand together.
pub(crate) fn check(flags: &[RawFlag]) -> Vec<Problem> {
    let set = match FlagSet::from_json(list(flags.iter().map(|flag| &*flag.json)).as_bytes()) {
        Ok(set) => set,
        Err(error) => {
            return vec![Problem::of_file(flags.first().map_or("flags", |flag| &*flag.origin), error.to_string())];
        }
    };
    let mut problems: Vec<Problem> = repeated(flags).collect();
    problems.extend(set.diagnostics().iter().map(|diagnostic| {
        let (raw, path) = place(flags, diagnostic.flag.as_deref(), &diagnostic.path);
        Problem {
            severity: diagnostic.severity,
            file: raw.map_or("flags", |raw| &*raw.origin).to_owned(),
            flag: diagnostic.flag.clone(),
            path,
            message: diagnostic.message.clone(),
        }
    }));
    problems
}

/// The file and the place in it that a diagnostic speaks of.
fn place<'a>(flags: &'a [RawFlag], key: Option<&str>, path: &str) -> (Option<&'a RawFlag>, String) {
    if let Some(key) = key {
        return (flags.iter().rfind(|flag| flag.key.as_deref() == Some(key)), path.to_owned());
    }
    // Without a key the path starts with the place in the list, which here is that of all files together.
    let split = path.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let found = split.and_then(|(index, rest)| Some((flags.get(index.parse::<usize>().ok()?)?, rest)));
    match found {
        Some((raw, rest)) => (Some(raw), format!("[{}]{rest}", raw.index)),
        None => (None, path.to_owned()),
    }
}

/// A flag may stand twice in one file, as it may in a delivery: the later counts, and the compiler warns. In two files
/// it is a mistake, since which one is later is no one's intention.
fn repeated(flags: &[RawFlag]) -> impl Iterator<Item = Problem> {
    let mut origins = HashMap::new();
    flags.iter().filter_map(move |flag| {
        let key = flag.key.as_deref()?;
        let first = origins.entry(key).or_insert(&flag.origin);
        (**first != flag.origin).then(|| Problem {
            severity: Severity::Error,
            file: flag.origin.to_string(),
            flag: Some(key.to_owned()),
            path: String::new(),
            message: format!("stands in {first} too: leave it in one of them"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(files: &[(&str, &str)]) -> Vec<RawFlag> {
        files.iter().flat_map(|(name, json)| read(name, json.as_bytes()).unwrap()).collect()
    }

    #[test]
    fn problems_name_file_flag_and_place() {
        let good = r#"[{"key": "good", "variants": {}, "segments": []}]"#;
        let bad = r#"[{"key": "fine", "variants": {}, "segments": []}, {"key": "bad", "variants": {}, "segments": [{"bucket": 7}]}, {"variants": {}}]"#;
        let problems: Vec<String> =
            check(&flags(&[("a.json", good), ("b.json", bad)])).iter().map(Problem::to_string).collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("error: b.json: flag `bad`: segments[0].bucket: "), "{problems:?}");
        assert!(problems[1].starts_with("error: b.json: [2]"), "{problems:?}");
    }

    #[test]
    fn a_flag_in_two_files_is_an_error_and_twice_in_one_a_warning() {
        let flag = r#"[{"key": "twin", "variants": {}, "segments": []}]"#;
        let problems = check(&flags(&[("a.json", flag), ("b.json", flag)]));
        assert!(
            problems.iter().any(|problem| problem.is_error() && problem.message.contains("a.json")),
            "{problems:?}"
        );
        let twice =
            r#"[{"key": "twin", "variants": {}, "segments": []}, {"key": "twin", "variants": {}, "segments": []}]"#;
        let problems = check(&flags(&[("a.json", twice)]));
        assert!(!problems.is_empty() && problems.iter().all(|problem| !problem.is_error()), "{problems:?}");
    }
}
