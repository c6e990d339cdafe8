//! Task `cohort`: what a cohort of a million members holds, and what one question costs.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Read};
use std::process::ExitCode;
use std::time::Instant;

use experiment::cohorts::{CohortStore, StoredCohort, USER_GROUP_TYPE};
use serde::Serialize;

use super::eval::{WARM_UP, repeat};
use super::figures::{median, round};
use super::options::Options;
use super::process::{live_heap, resident_bytes};

const MEMBERS: u64 = 1_000_000;

/// How many ids a pass asks for. Half of them are members.
const ASKED: u64 = 2_000;

const COHORT: &str = "million";

#[derive(Serialize)]
struct Line {
    engine: &'static str,
    version: &'static str,
    task: &'static str,
    members: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rss_bytes: Option<i64>,
    held: i64,
    ns_per_lookup: f64,
    hits: usize,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let (resident, live) = (resident_bytes(), live_heap());
    let cohort = StoredCohort::from_reader(Json::default())?;
    let mut store = CohortStore::new();
    store.insert_stored(cohort.into());
    let (resident_after, live_after) = (resident_bytes(), live_heap());

    let member = |number| number * (MEMBERS / (ASKED / 2));
    let asked: Vec<String> = (0..ASKED / 2).flat_map(|number| [id(member(number)), id(MEMBERS + number)]).collect();
    let mut hits = 0;
    let mut pass = || {
        let start = Instant::now();
        hits = asked.iter().filter(|id| black_box(&store).contains(COHORT, USER_GROUP_TYPE, black_box(id))).count();
        start.elapsed().as_nanos() as f64 / ASKED as f64
    };
    repeat(options.seconds * WARM_UP, &mut pass);
    let passes = repeat(options.seconds, &mut pass);

    let line = Line {
        engine: "ours",
        version: env!("CARGO_PKG_VERSION"),
        task: options.task.name(),
        members: MEMBERS,
        rss_bytes: resident_after.zip(resident).map(|(after, before)| after - before),
        held: live_after - live,
        ns_per_lookup: round(median(&passes), 1),
        hits,
    };
    println!("{}", serde_json::to_string(&line)?);
    Ok(if hits as u64 == ASKED / 2 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ids of one length, in no order: an odd factor leads no two numbers to one place.
fn id(number: u64) -> String {
    format!("user-{:010x}", number.wrapping_mul(0x9e_3779_b97f) & 0xff_ffff_ffff)
}

/// The cohort as the service would send it, made while it is read.
#[derive(Default)]
struct Json {
    /// The number of the next member.
    next: u64,
    text: Vec<u8>,
    read: usize,
}

impl Json {
    /// Puts more text in the place of what was read. Nothing at the end.
    fn fill(&mut self) {
        self.text.clear();
        self.read = 0;
        match self.next {
            0 => self.text.extend(format!(r#"{{"cohortId":"{COHORT}","memberIds":["{}""#, id(0)).as_bytes()),
            next if next < MEMBERS => self.text.extend(format!(r#","{}""#, id(next)).as_bytes()),
            MEMBERS => self.text.extend(b"]}"),
            _ => return,
        }
        self.next += 1;
    }
}

impl Read for Json {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < buffer.len() {
            if self.read == self.text.len() {
                self.fill();
                if self.text.is_empty() {
                    break;
                }
            }
            let count = (&self.text[self.read..]).read(&mut buffer[written..])?;
            self.read += count;
            written += count;
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_a_cohort_of_that_many() {
        let cohort = StoredCohort::from_reader(Json::default()).unwrap();
        assert_eq!((cohort.id(), cohort.len() as u64), (COHORT, MEMBERS));
        assert!(cohort.contains(USER_GROUP_TYPE, &id(MEMBERS - 1)) && !cohort.contains(USER_GROUP_TYPE, &id(MEMBERS)));
    }
}
