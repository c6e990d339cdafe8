//! What a package showed: rows of the table, and proofs.

use serde_json::Value;

use super::super::outcome::Outcome;
use super::super::tally::Tally;
use super::host::{Ask, Host};
use super::world::World;

/// What one package showed.
#[derive(Debug, Default)]
pub(super) struct Report {
    rows: Vec<Row>,
    proofs: Vec<Proof>,
    differences: Vec<String>,
}

/// A package in one mode: how many of its variants are ours.
#[derive(Debug)]
struct Row {
    package: String,
    version: String,
    mode: String,
    users: usize,
    flags: usize,
    equal: usize,
    variants: usize,
}

/// Something that must hold beside equal variants.
#[derive(Debug)]
struct Proof {
    what: String,
    /// More about it, or why it does not hold.
    outcome: Result<String, String>,
}

impl Report {
    /// Compares the variants of every user, which are tracked, and makes a row of it.
    pub(super) fn compare(&mut self, mode: &str, host: &mut Host, world: &World) {
        let ask = Ask { tracked: true, ..Ask::default() };
        let theirs: Vec<Outcome> = world.people.iter().map(|person| host.evaluate(mode, &person.user, ask)).collect();
        self.row(mode, host, world, &[], &theirs);
    }

    /// Makes a row of answers for every user; with no keys, for all flags.
    pub(super) fn row(&mut self, mode: &str, host: &Host, world: &World, keys: &[&str], theirs: &[Outcome]) {
        let (package, version) = host.package();
        let none = Outcome::Error("no answer".to_owned());
        let (mut flags, mut equal, mut variants) = (0, 0, 0);
        for (at, person) in world.people.iter().enumerate() {
            let (ours, theirs) = (world.ours(person, keys), theirs.get(at).unwrap_or(&none));
            let (same, all) = count(&ours, theirs);
            flags = flags.max(all);
            equal += same;
            variants += all;
            if let Err(difference) = same_for(person.id(), &ours, theirs) {
                self.differences.push(format!("{package} {mode}, {difference}"));
            }
        }
        let (package, version, mode) = (package.to_owned(), version.to_owned(), mode.to_owned());
        self.rows.push(Row { package, version, mode, users: world.people.len(), flags, equal, variants });
    }

    /// Adds a proof, with more about it or with the reason why it does not hold.
    pub(super) fn prove(&mut self, host: &Host, mode: &str, what: &str, outcome: Result<String, String>) {
        self.proofs.push(Proof { what: format!("{} {mode}: {what}", host.package().0), outcome });
    }

    /// Adds that a package got no further.
    pub(super) fn fail(&mut self, package: &str, reason: String) {
        self.proofs.push(Proof { what: format!("{package}: gets to the end"), outcome: Err(reason) });
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.proofs.extend(other.proofs);
        self.differences.extend(other.differences);
    }

    pub(super) fn print(&self) {
        let width = self.rows.iter().map(|row| row.package.len()).max().unwrap_or_default();
        if !self.rows.is_empty() {
            println!("  {:width$}  {:7}  {:7}  users  flags  equal", "package", "version", "mode");
        }
        for Row { package, version, mode, users, flags, equal, variants } in &self.rows {
            println!("  {package:width$}  {version:7}  {mode:7}  {users:5}  {flags:5}  {equal} of {variants}");
        }
        for difference in &self.differences {
            println!("  differs {difference}");
        }
        for Proof { what, outcome } in &self.proofs {
            match outcome {
                Ok(more) => println!("  ok      {what} ({more})"),
                Err(reason) => println!("  FAILED  {what}: {reason}"),
            }
        }
    }

    /// Every variant counts as one, and so does every proof.
    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for row in &self.rows {
            tally.passed += row.equal;
            tally.failed += row.variants - row.equal;
        }
        for proof in &self.proofs {
            tally.count(proof.outcome.is_ok());
        }
        tally
    }
}

/// Changes the flags, and waits until every user gets from the client what ours decides now.
pub(super) fn change(mode: &str, host: &mut Host, world: &mut World) -> Result<String, String> {
    let flag = world.change()?;
    let first = world.people.first().ok_or("there are no example users")?;
    host.wait(mode, &first.user, &flag)?;
    for person in &world.people {
        let theirs = host.evaluate(mode, &person.user, Ask::default());
        same_for(person.id(), &world.ours(person, &[]), &theirs)?;
    }
    Ok(format!("{flag} for {} users", world.people.len()))
}

/// Whether a user gets what ours decides; if not, how it differs.
pub(super) fn same_for(user: &str, ours: &Outcome, theirs: &Outcome) -> Result<(), String> {
    if ours.same(theirs) {
        return Ok(());
    }
    let (Outcome::Results(known), Outcome::Results(found)) = (ours, theirs) else {
        return Err(format!("{user}: {theirs}"));
    };
    let text = |variant: Option<&Value>| variant.map_or("absent".to_owned(), Value::to_string);
    let flags = ours.differing_flags(theirs);
    let flags = flags.iter().map(|flag| format!("{flag} is {}, ours {}", text(found.get(flag)), text(known.get(flag))));
    Err(format!("{user}: {}", flags.collect::<Vec<_>>().join("; ")))
}

/// A proof that rests on one question. What was found is told either way.
pub(super) fn holds(holds: bool, found: String) -> Result<String, String> {
    if holds { Ok(found) } else { Err(found) }
}

/// How many flags have the same variant, of how many that either knows. An error has none.
fn count(ours: &Outcome, theirs: &Outcome) -> (usize, usize) {
    match (ours, theirs) {
        (Outcome::Results(known), Outcome::Results(found)) => {
            let all = known.len() + found.keys().filter(|flag| !known.contains_key(*flag)).count();
            (all - ours.differing_flags(theirs).len(), all)
        }
        (Outcome::Results(known), _) => (0, known.len()),
        _ => (0, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(result: &str) -> Outcome {
        Outcome::from_reply(&format!("{{\"id\":1,\"result\":{result}}}"))
    }

    #[test]
    fn flags_of_either_side_count() {
        let ours = outcome(r#"{"a":{"key":"on"},"b":{"key":"on"}}"#);
        assert_eq!(count(&ours, &ours.clone()), (2, 2));
        assert_eq!(count(&ours, &outcome(r#"{"a":{"key":"on"},"b":{"key":"off"}}"#)), (1, 2));
        assert_eq!(count(&ours, &outcome(r#"{"a":{"key":"on"},"c":{"key":"on"}}"#)), (1, 3));
        assert_eq!(count(&ours, &outcome("{}")), (0, 2));
        assert_eq!(count(&outcome("{}"), &ours), (0, 2));
    }

    #[test]
    fn only_what_differs_is_told() {
        let ours = outcome(r#"{"a":{"key":"on"},"b":{"key":"on"}}"#);
        assert_eq!(same_for("u", &ours, &ours.clone()), Ok(()));
        let told = same_for("u", &ours, &outcome(r#"{"a":{"key":"on"}}"#));
        assert_eq!(told, Err(r#"u: b is absent, ours {"key":"on"}"#.to_owned()));
        assert_eq!(same_for("u", &ours, &Outcome::Error("no".to_owned())), Err("u: error: no".to_owned()));
    }

    #[test]
    fn an_error_equals_nothing() {
        let error = Outcome::Error("no".to_owned());
        assert_eq!(count(&outcome(r#"{"a":{"key":"on"}}"#), &error), (0, 1));
        assert_eq!(count(&error, &error), (0, 1));
    }
}
