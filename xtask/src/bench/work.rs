//! The work that is timed and counted: users, one after the other, against a set of flags.

use std::error::Error;
use std::hint::black_box;

use evaluation_core::{FlagSet, User};
use experiment::LocalEvaluationClient;
use experiment::cohorts::CohortStore;

use super::options::{Mode, Options};
use super::process;
use super::workload;

/// A set of flags, the users, and what is done with each.
pub(super) struct Work {
    flags: FlagSet,
    client: LocalEvaluationClient,
    keys: Vec<String>,
    users: Vec<User>,
    mode: Mode,
}

impl Work {
    pub(super) fn load(options: &Options, mode: Mode) -> Result<Self, Box<dyn Error>> {
        let json = options.workload.flag_bytes(&options.bench)?;
        let flags = FlagSet::from_json(&json)?;
        let keys: Vec<String> = flags.keys().map(str::to_owned).collect();
        if keys.is_empty() {
            return Err("the workload has no flags".into());
        }
        // To a client users come as they are, and it has to know who is in which cohort.
        let (users, cohorts) = match mode {
            Mode::Client => workload::users_and_cohorts(&options.bench)?,
            Mode::Engine | Mode::Single => (workload::users(&options.bench)?, CohortStore::new()),
        };
        let client = LocalEvaluationClient::offline_with_cohorts(&json, cohorts)?;
        Ok(Self { flags, client, keys, users, mode })
    }

    pub(super) fn flags(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn users(&self) -> usize {
        self.users.len()
    }

    /// Evaluates so many users from a place on, beginning again after the last; gives the next place.
    pub(super) fn pass(&self, from: usize, users: usize) -> usize {
        let mut next = from;
        for _ in 0..users {
            self.unit(&self.users[next]);
            next += 1;
            if next == self.users.len() {
                next = 0;
            }
        }
        next
    }

    /// One unit of work; the compiler may neither foresee it nor leave it out.
    #[inline]
    fn unit(&self, user: &User) {
        let (flags, user) = (black_box(&self.flags), black_box(user));
        match self.mode {
            Mode::Engine => drop(black_box(flags.evaluate(user, &[]))),
            Mode::Client => drop(black_box(black_box(&self.client).evaluate(user))),
            Mode::Single => {
                for key in &self.keys {
                    black_box(flags.variant(user, black_box(key)));
                }
            }
        }
    }

    /// The wrapping sum, over all users and results, of FNV-1a of `user id TAB flag key TAB variant key`.
    pub(super) fn checksum(&self) -> String {
        let mut sum = 0_u32;
        for user in &self.users {
            let id = user.user_id().unwrap_or_default();
            let mut add = |flag: &str, variant: Option<&str>| {
                sum = sum.wrapping_add(fnv1a(&[id, "\t", flag, "\t", variant.unwrap_or_default()]));
            };
            if self.mode == Mode::Single {
                for key in &self.keys {
                    if let Some(variant) = self.flags.variant(user, key) {
                        add(key, variant.key());
                    }
                }
            } else {
                let client = self.mode == Mode::Client;
                let variants = if client { self.client.evaluate(user) } else { self.flags.evaluate(user, &[]) };
                for (key, variant) in variants.iter() {
                    add(key, variant.key());
                }
            }
        }
        format!("{sum:08x}")
    }

    /// Allocations of one user's unit of work, as a mean over all users.
    pub(super) fn allocs_per_user(&self) -> f64 {
        let before = process::allocations();
        self.pass(0, self.users.len());
        (process::allocations() - before) as f64 / self.users.len() as f64
    }
}

fn fnv1a(texts: &[&str]) -> u32 {
    let bytes = texts.iter().flat_map(|text| text.bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::fnv1a;

    #[test]
    fn fnv1a_gives_the_published_values() {
        assert_eq!(fnv1a(&[]), 0x811c_9dc5);
        assert_eq!(fnv1a(&["a"]), 0xe40c_292c);
        assert_eq!(fnv1a(&["foo", "bar"]), 0xbf9c_f968);
    }
}
