//! The generated run: random cases on which every engine must give the same answer.

use super::agreed;
use super::case::Case;
use super::engines::{Answers, Engines};
use super::generate::{self, Group};
use super::json::Json;
use super::rng::Rng;
use super::shrink;
use super::tally::Tally;

/// Groups per batch: enough to keep the pipes full, few enough to keep memory small.
const BATCH: usize = 16;

/// Differences that are shrunk and printed; the rest are only counted.
const SHOWN: usize = 5;

/// Runs `wanted` cases and counts those on which ours and all peers agree.
pub(super) fn run(engines: &mut Engines, wanted: usize, seed: u64) -> Result<Tally, String> {
    let mut seeds = Rng::new(seed);
    let mut tally = Tally::default();
    let mut shown: Vec<u64> = Vec::new();
    while tally.total() < wanted {
        let groups: Vec<(u64, Group)> =
            (0..BATCH).map(|_| seeds.next()).map(|seed| (seed, generate::group(seed))).collect();
        let mut left = wanted - tally.total();
        let asked: Vec<(&Json, &[Case])> = groups
            .iter()
            .map(|(_, group)| {
                let cases = &group.cases[..group.cases.len().min(left)];
                left -= cases.len();
                (&group.flags, cases)
            })
            .collect();
        let answers = engines.ask_groups(&asked)?;
        let cases =
            asked.iter().zip(&groups).flat_map(|((_, cases), (seed, _))| cases.iter().map(move |case| (seed, case)));
        for ((seed, case), answers) in cases.zip(&answers) {
            let differs = answers.peers.iter().position(|theirs| !answers.ours.same(theirs));
            tally.count(differs.is_none());
            // The cases of a group mostly differ for one reason.
            if let Some(peer) = differs
                && shown.len() < SHOWN
                && !shown.contains(seed)
            {
                shown.push(*seed);
                show(engines, case, answers, peer, *seed)?;
            }
        }
    }
    Ok(tally)
}

fn show(engines: &mut Engines, case: &Case, found: &Answers, peer: usize, seed: u64) -> Result<(), String> {
    let mut stopped = None;
    let small = shrink::shrink(case, |smaller| {
        agreed::holds(smaller)
            && match engines.ask(smaller) {
                Ok(answers) => !answers.ours.same(&answers.peers[peer]),
                Err(error) => {
                    stopped = Some(error);
                    false
                }
            }
    });
    if let Some(error) = stopped {
        return Err(format!("{error}, while shrinking {}", case.line(1)));
    }
    let answers = engines.ask(&small)?;
    let name = engines.peers[peer].name;
    let flags = found.ours.differing_flags(&found.peers[peer]);
    println!("difference from {name} (group seed {seed:#x}, flags {flags:?}), shrunk to:");
    println!("  line:   {}", small.line(1));
    println!("  ours:   {}", answers.ours);
    for (peer, outcome) in engines.peers.iter().zip(&answers.peers) {
        println!("  {:7} {outcome}", format!("{}:", peer.name));
    }
    Ok(())
}
