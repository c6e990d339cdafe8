//! Our engine and the peers side by side.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::driver::Driver;

use super::case::{Case, load_line};
use super::json::Json;
use super::outcome::Outcome;
use super::peers::Peer;

/// The name under which each flag list is loaded; the next one replaces it.
const SET: &str = "conformance";

/// All engines of a run.
pub(crate) struct Engines {
    ours: Driver,
    pub(crate) peers: Vec<Peer>,
}

/// The answers to one case, the peers' in the order of [`Engines::peers`].
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) ours: Outcome,
    pub(crate) peers: Vec<Outcome>,
}

impl Engines {
    pub(crate) fn new(peers: Vec<Peer>) -> Self {
        Self { ours: Driver::new(), peers }
    }

    /// Our answer to a driver line. A panic is an answer too, and a wrong one.
    pub(crate) fn ask_ours(&mut self, line: &str) -> String {
        let ours = &mut self.ours;
        catch_unwind(AssertUnwindSafe(|| ours.reply(line))).unwrap_or_else(|_| {
            self.ours = Driver::new();
            "{\"id\":null,\"error\":\"panicked\"}".to_owned()
        })
    }

    /// All answers to one case, sent with its flags.
    pub(crate) fn ask(&mut self, case: &Case) -> Result<Answers, String> {
        let line = case.line(1);
        let ours = Outcome::from_reply(&self.ask_ours(&line));
        let peers = self.peers.iter_mut().map(|peer| peer.ask(&line).map(|reply| Outcome::from_reply(&reply)));
        Ok(Answers { ours, peers: peers.collect::<Result<_, _>>()? })
    }

    /// All answers to groups of cases; the cases of a group share their flags, which are loaded
    /// once.
    pub(crate) fn ask_groups(&mut self, groups: &[(&Json, &[Case])]) -> Result<Vec<Answers>, String> {
        let mut lines = Vec::new();
        for (flags, cases) in groups {
            lines.push(load_line(SET, flags));
            lines.extend(cases.iter().enumerate().map(|(id, case)| case.line_using(id, SET)));
        }
        let batch = lines.join("\n") + "\n";
        for peer in &self.peers {
            peer.send(batch.clone())?;
        }
        // Ours answers while the peers do.
        let ours: Vec<String> = lines.iter().map(|line| self.ask_ours(line)).collect();
        let mut peers: Vec<Vec<String>> = Vec::new();
        for peer in &mut self.peers {
            peers.push(lines.iter().map(|_| peer.receive()).collect::<Result<_, _>>()?);
        }
        let mut answers = Vec::new();
        for at in (0..lines.len()).filter(|&at| !lines[at].starts_with("{\"load\"")) {
            let outcome = |replies: &Vec<String>| Outcome::from_reply(&replies[at]);
            answers.push(Answers { ours: outcome(&ours), peers: peers.iter().map(outcome).collect() });
        }
        Ok(answers)
    }
}
