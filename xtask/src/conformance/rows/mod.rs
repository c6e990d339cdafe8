//! The known differences between the official engines, one at a time.
//!
//! Each row makes random cases whose right answer it knows from how it made them; ours must give
//! it. What the peers answer is only counted, so that a new version of one shows where it has
//! moved. A row is named by a number, which `agreed` refers to, or by a point of the pattern
//! dialect.

mod example;
mod lists;
mod murmur3;
mod numbers;
mod patterns;
mod structure;
mod texts;

use super::case::Case;
use super::engines::Engines;
use super::rng::Rng;
use super::tally::Tally;
use example::Example;

/// Cases per row.
const CASES: usize = 50;

/// Failures of a row that are printed.
const SHOWN: usize = 3;

/// One known difference.
struct Row {
    name: &'static str,
    /// What ours does.
    about: &'static str,
    /// Few or no engines give ours, and nobody should rely on it: reported, not failed.
    advisory: bool,
    make: fn(&mut Rng) -> Example,
}

impl Row {
    const fn new(name: &'static str, about: &'static str, make: fn(&mut Rng) -> Example) -> Self {
        Self { name, about, advisory: false, make }
    }

    const fn advisory(name: &'static str, about: &'static str, make: fn(&mut Rng) -> Example) -> Self {
        Self { name, about, advisory: true, make }
    }
}

/// Runs every row.
pub(super) fn run(engines: &mut Engines, seed: u64) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let rows = [texts::ROWS, lists::ROWS, numbers::ROWS, structure::ROWS, patterns::ROWS];
    for (at, row) in rows.into_iter().flatten().enumerate() {
        // Each row has choices of its own, so that one row more does not change the others.
        let mut rng = Rng::new(seed ^ (at as u64) << 32);
        tally += run_row(engines, row, &mut rng)?;
    }
    Ok(tally)
}

fn run_row(engines: &mut Engines, row: &Row, rng: &mut Rng) -> Result<Tally, String> {
    let examples: Vec<Example> = (0..CASES).map(|_| (row.make)(rng)).collect();
    let cases: Vec<Vec<Case>> = examples.iter().map(Example::cases).collect();
    let groups: Vec<_> =
        examples.iter().zip(&cases).map(|(example, cases)| (&example.flags, cases.as_slice())).collect();
    let mut answers = engines.ask_groups(&groups)?.into_iter();
    let mut passed = 0;
    let mut agreed = vec![0; engines.peers.len()];
    let mut wrong = Vec::new();
    for (example, cases) in examples.iter().zip(&cases) {
        // Only the last context counts; those before it must not leak into it.
        let Some((answers, case)) = answers.by_ref().take(cases.len()).last().zip(cases.last()) else {
            continue;
        };
        for (count, theirs) in agreed.iter_mut().zip(&answers.peers) {
            *count += usize::from(theirs.same(&example.expected));
        }
        if answers.ours.same(&example.expected) {
            passed += 1;
        } else {
            wrong.push((case, &example.expected, answers.ours));
        }
    }
    report(engines, row, passed, &agreed);
    for (case, expected, got) in wrong.iter().take(SHOWN) {
        println!("    line:     {}\n    expected: {expected}\n    got:      {got}", case.line(1));
    }
    let failed = wrong.len();
    Ok(if row.advisory { Tally { passed, failed: 0, advisory: failed } } else { Tally { passed, failed, advisory: 0 } })
}

fn report(engines: &Engines, row: &Row, passed: usize, agreed: &[usize]) {
    let peers = engines.peers.iter().zip(agreed).map(|(peer, count)| format!(", {} {count}", peer.name));
    let advisory = if row.advisory { " (advisory)" } else { "" };
    println!("  {:6} ours {passed}/{CASES}{}: {}{advisory}", row.name, peers.collect::<String>(), row.about);
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Outcome;
    use super::*;

    #[test]
    fn every_row_makes_cases_with_an_answer() {
        let mut rng = Rng::new(1);
        for row in [texts::ROWS, lists::ROWS, numbers::ROWS, structure::ROWS, patterns::ROWS].into_iter().flatten() {
            for _ in 0..CASES {
                let example = (row.make)(&mut rng);
                assert!(matches!(example.expected, Outcome::Results(_)), "{}", row.name);
                assert!(!example.cases().is_empty(), "{}", row.name);
            }
        }
    }
}
