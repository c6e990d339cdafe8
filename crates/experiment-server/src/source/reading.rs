//! What one reading of a source gave.

use std::hash::{DefaultHasher, Hasher};

use cohorts::Cohort;

use super::{Kind, Source, files};
use crate::flags::{Invalid, Problem, RawFlag};

/// What one reading of a source gave.
pub(crate) struct Reading {
    pub(crate) kind: Kind,
    /// Tells this content from any other, invalid ones included.
    pub(crate) fingerprint: u64,
    pub(crate) content: Result<Content, Invalid>,
}

pub(crate) enum Content {
    /// Flags, with what is only worth a warning.
    Flags(Vec<RawFlag>, Vec<Problem>),
    /// Cohorts, likewise.
    Cohorts(Vec<Cohort>, Vec<Problem>),
}

impl Source {
    pub(crate) fn read(&self) -> Reading {
        let (fingerprint, content) = match self.kind {
            Kind::Flags => {
                let (fingerprint, flags) = files::flags(&self.path);
                (fingerprint, flags.map(|(flags, warnings)| Content::Flags(flags, warnings)))
            }
            Kind::Cohorts => {
                let cohorts = files::read_cohorts(&self.path);
                (fingerprint_of(&cohorts), cohorts.map(|(cohorts, warnings)| Content::Cohorts(cohorts, warnings)))
            }
        };
        Reading { kind: self.kind, fingerprint, content }
    }
}

fn fingerprint_of(cohorts: &Result<(Vec<Cohort>, Vec<Problem>), Invalid>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match cohorts {
        Ok((cohorts, warnings)) => {
            cohorts.iter().for_each(|cohort| hasher.write_u64(fingerprint(cohort)));
            text(&mut hasher, &format!("{warnings:?}"));
        }
        Err(invalid) => text(&mut hasher, &format!("{:?}", invalid.problems())),
    }
    hasher.finish()
}

/// Tells a cohort from any other. Its times count: clients ask by them.
pub(crate) fn fingerprint(cohort: &Cohort) -> u64 {
    let mut hasher = DefaultHasher::new();
    text(&mut hasher, &cohort.cohort_id);
    text(&mut hasher, &cohort.group_type);
    for number in [cohort.group_type_id, cohort.last_computed, cohort.last_modified] {
        hasher.write_i64(number);
    }
    hasher.write_u64(cohort.size);
    for member in &cohort.member_ids {
        text(&mut hasher, member);
    }
    hasher.finish()
}

fn text(hasher: &mut DefaultHasher, text: &str) {
    hasher.write_usize(text.len());
    hasher.write(text.as_bytes());
}
