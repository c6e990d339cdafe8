//! What would be published, and by which commands.

use std::error::Error;
use std::fmt;

use super::packages::{kilobytes, packed};
use crate::tools::{Metadata, Package, cargo, cargo_command};

/// Where it is told why the crates are not published.
const DECISION: &str = "docs/decisions/0009-not-published.md";

/// The crates in the order in which the registry takes them.
pub(super) struct Plan {
    entries: Vec<Entry>,
    /// Whether there was a release before: names that are taken are then taken for ours, and the registry knows better.
    is_known: bool,
}

impl Plan {
    pub(super) fn of(metadata: &Metadata, order: &[&Package], is_known: bool) -> Result<Self, Box<dyn Error>> {
        let entries = order.iter().map(|package| {
            Ok(Entry {
                name: package.name.clone(),
                version: package.version.clone(),
                packed: packed(metadata, package),
                may_be_published: package.may_be_published(),
                state: look_up(&package.name)?,
            })
        });
        Ok(Self { entries: entries.collect::<Result<_, Box<dyn Error>>>()?, is_known })
    }

    pub(super) fn print(&self) {
        println!("\nWould be published, in this order:\n");
        for entry in &self.entries {
            let packed = entry.packed.map_or("not packaged".to_owned(), kilobytes);
            println!("  {} {}, {packed}, name {}", entry.name, entry.version, entry.state);
        }
        println!("\nby\n");
        for entry in &self.entries {
            println!("  cargo {}", entry.command().join(" "));
        }
        println!();
        if let Some(reason) = self.refusal() {
            println!("--publish refuses: {reason}\n");
        }
    }

    /// Publishes all.
    pub(super) fn publish(&self) -> Result<(), Box<dyn Error>> {
        self.entries.iter().try_for_each(|entry| cargo(&entry.command()))
    }

    /// Why nothing may be published.
    pub(super) fn refusal(&self) -> Option<String> {
        let names = |unfit: fn(&Entry) -> bool| {
            let unfit = self.entries.iter().filter(|entry| unfit(entry));
            unfit.map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let kept = names(|entry| !entry.may_be_published);
        if !kept.is_empty() {
            return Some(format!("`publish = false` keeps {kept} here: settle names and owners first, see {DECISION}"));
        }
        let taken = names(|entry| matches!(entry.state, State::Taken(_)));
        if !taken.is_empty() && !self.is_known {
            return Some(format!("others have the names {taken}: give the packages new ones, see {DECISION}"));
        }
        None
    }
}

struct Entry {
    name: String,
    version: String,
    packed: Option<u64>,
    may_be_published: bool,
    state: State,
}

impl Entry {
    fn command(&self) -> [&str; 3] {
        ["publish", "-p", &self.name]
    }
}

/// What the registry says of a name.
enum State {
    Free,
    /// With its newest version.
    Taken(String),
    Unknown,
}

impl State {
    /// From what `cargo info` prints.
    fn read(succeeded: bool, stdout: &str, stderr: &str) -> Self {
        if succeeded {
            let version = stdout.lines().find_map(|line| line.strip_prefix("version: "));
            Self::Taken(version.unwrap_or("?").to_owned())
        } else if stderr.contains("could not find") {
            Self::Free
        } else {
            Self::Unknown
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => formatter.write_str("free"),
            Self::Taken(version) => write!(formatter, "taken (there is a version {version})"),
            Self::Unknown => formatter.write_str("cannot tell: the registry does not answer"),
        }
    }
}

/// Asks the registry for a name. It is named, since cargo would else describe the crate of this workspace.
fn look_up(name: &str) -> Result<State, Box<dyn Error>> {
    let output = cargo_command(&["info", "--color", "never", "--registry", "crates-io", name]).output()?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(State::read(output.status.success(), &stdout, &stderr))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(may_be_published: bool, state: State, is_known: bool) -> Plan {
        let (name, version) = ("a-crate".to_owned(), "0.1.0".to_owned());
        Plan { entries: vec![Entry { name, version, packed: None, may_be_published, state }], is_known }
    }

    #[test]
    fn nothing_is_published_against_decisions_or_under_names_of_others() {
        assert!(plan(false, State::Free, false).refusal().is_some_and(|reason| reason.contains("publish = false")));
        let taken = || State::Taken("1.0.0".to_owned());
        assert!(plan(true, taken(), false).refusal().is_some_and(|reason| reason.contains("a-crate")));
        assert_eq!(plan(true, taken(), true).refusal(), None);
        assert_eq!(plan(true, State::Free, false).refusal(), None);
    }

    #[test]
    fn what_cargo_prints_says_whether_a_name_is_taken() {
        let taken = State::read(true, "experiment\nversion: 0.1.0\nlicense: MIT\n", "    Updating crates.io index\n");
        assert_eq!(taken.to_string(), "taken (there is a version 0.1.0)");
        let free = State::read(false, "", "error: could not find `a-crate` in registry `crates-io`\n");
        assert_eq!(free.to_string(), "free");
        let unknown = State::read(false, "", "error: failed to query replaced source registry\n");
        assert!(unknown.to_string().starts_with("cannot tell"));
    }
}
