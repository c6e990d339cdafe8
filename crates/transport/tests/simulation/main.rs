//! The updater through thousands of troubled times, in virtual time: its machine alone, and with its driver.
//!
//! `UPDATER_SCHEDULES` sets how many schedules there are, and `UPDATER_SEED` the seed of the first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test code")]

mod driven;
mod schedule;
mod service;
mod world;

use crate::schedule::{Schedule, setting};
use crate::world::World;

#[test]
fn all_is_well_again_behind_all_trouble() {
    all_are_fine(setting("UPDATER_SCHEDULES", 10_000), machine);
}

#[test]
fn all_is_well_again_with_a_driver_too() {
    // Panics are part of the trouble, and would fill the screen.
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some("as scheduled") {
            before(info);
        }
    }));
    all_are_fine(setting("UPDATER_SCHEDULES", 10_000) / 20, driven::live_through);
}

#[test]
fn the_simulation_finds_a_driver_that_forgets_ticks() {
    let forgetful = |schedule: &Schedule| World::new(schedule, true).live_through(schedule);
    let found = (1..50).map(Schedule::of).find(|schedule| forgetful(schedule).is_err());
    let small = found.unwrap().shrunk(|schedule| forgetful(schedule).is_err());
    assert!(small.steps.len() <= 2, "{small:#?}");
}

fn machine(schedule: &Schedule) -> Result<(), String> {
    World::new(schedule, false).live_through(schedule)
}

fn all_are_fine(count: u64, live_through: fn(&Schedule) -> Result<(), String>) {
    let first = setting("UPDATER_SEED", 1);
    for seed in first..first.saturating_add(count) {
        let schedule = Schedule::of(seed);
        if let Err(trouble) = live_through(&schedule) {
            let small = schedule.shrunk(|schedule| live_through(schedule).is_err());
            let small_trouble = live_through(&small);
            panic!("seed {seed}: {trouble}\nwith as few steps as it takes: {small_trouble:?}\n{small:#?}");
        }
    }
}
