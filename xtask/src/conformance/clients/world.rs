//! What a server serves and its clients are asked: a copy of the examples, and what our engine decides of it.

use std::fs;
use std::path::{Path, PathBuf};

use evaluation_core::{FlagSet, User};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::outcome::Outcome;

/// The example flags, cohorts and users. The flags are a file of their own, which is changed.
#[derive(Debug)]
pub(super) struct World {
    folder: TempDir,
    flags: Vec<Value>,
    set: FlagSet,
    pub(super) people: Vec<Person>,
    added: Vec<String>,
}

/// A user of the examples.
#[derive(Debug)]
pub(super) struct Person {
    /// As clients are given it: which cohorts it is in is for the server to say.
    pub(super) user: Value,
    /// With its cohorts, for our engine.
    known: User,
}

impl Person {
    pub(super) fn id(&self) -> &str {
        self.known.user_id().unwrap_or_default()
    }
}

impl World {
    pub(super) fn new(examples: &Path) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
        let flags: Vec<Value> = read(&examples.join("flags.json"))?;
        let users: Vec<Value> = read(&examples.join("users.json"))?;
        let people = users.into_iter().map(person).collect::<Result<_, _>>()?;
        let mut world = Self { folder, flags, set: FlagSet::default(), people, added: Vec::new() };
        copy(&examples.join("cohorts"), &world.cohorts_path())?;
        world.save()?;
        Ok(world)
    }

    pub(super) fn flags_path(&self) -> PathBuf {
        self.folder.path().join("flags.json")
    }

    pub(super) fn cohorts_path(&self) -> PathBuf {
        self.folder.path().join("cohorts")
    }

    /// What our engine decides; with no keys, all flags.
    pub(super) fn ours(&self, person: &Person, keys: &[&str]) -> Outcome {
        match serde_json::to_value(self.set.evaluate(&person.known, keys)) {
            Ok(Value::Object(variants)) => Outcome::results(variants),
            other => Outcome::Error(format!("not variants: {other:?}")),
        }
    }

    /// The key of the variant that our engine decides, and whether it is a default, for each flag.
    pub(super) fn decided(&self, person: &Person) -> Vec<(String, String, bool)> {
        let variants = self.set.evaluate(&person.known, &[]);
        let decided = variants.iter().map(|(flag, variant)| {
            (flag.to_owned(), variant.key().unwrap_or_default().to_owned(), variant.is_default())
        });
        decided.collect()
    }

    /// The key of a flag that depends on another.
    pub(super) fn dependent(&self) -> Result<&str, String> {
        let found = self.flags.iter().find(|flag| flag["dependencies"].as_array().is_some_and(|on| !on.is_empty()));
        found.and_then(|flag| flag["key"].as_str()).ok_or_else(|| "no example flag depends on another".to_owned())
    }

    /// Adds a flag to the file that is on for everybody. Returns its key.
    pub(super) fn change(&mut self) -> Result<String, String> {
        let number = self.added.len() + 1;
        let key = format!("change-{number}");
        self.flags.push(json!({
            "key": key,
            // Pages decide such a flag themselves; to all others the mode says nothing.
            "metadata": {"evaluationMode": "local", "flagVersion": number},
            "variants": {"on": {"key": "on", "value": "on", "payload": {"number": number}}},
            "segments": [{"metadata": {"segmentName": "Everyone"}, "variant": "on"}]
        }));
        self.added.push(key.clone());
        self.save()?;
        Ok(key)
    }

    /// The keys of the flags that were added.
    pub(super) fn added(&self) -> &[String] {
        &self.added
    }

    /// Replaces the file in one step, as editors do.
    fn save(&mut self) -> Result<(), String> {
        let text = serde_json::to_vec_pretty(&self.flags).map_err(|error| error.to_string())?;
        self.set = FlagSet::from_json(&text).map_err(|error| format!("the example flags: {error}"))?;
        let aside = self.folder.path().join("flags.json.new");
        let saved = fs::write(&aside, text).and_then(|()| fs::rename(&aside, self.flags_path()));
        saved.map_err(|error| format!("cannot write {}: {error}", self.flags_path().display()))
    }
}

fn person(mut user: Value) -> Result<Person, String> {
    let read = User::from_json(user.to_string().as_bytes());
    let (known, diagnostics) = read.map_err(|error| format!("an example user: {error}"))?;
    if let Some(diagnostic) = diagnostics.first() {
        return Err(format!("an example user: {diagnostic}"));
    }
    if let Some(user) = user.as_object_mut() {
        user.remove("cohort_ids");
    }
    Ok(Person { user, known })
}

fn read(path: &Path) -> Result<Vec<Value>, String> {
    let text = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let copied = fs::create_dir(to).and_then(|()| {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
        Ok(())
    });
    copied.map_err(|error| format!("cannot copy {}: {error}", from.display()))
}
