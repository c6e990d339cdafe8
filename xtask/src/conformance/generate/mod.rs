//! Random flag lists with random contexts, inside the area in which all engines must agree.

mod buckets;
mod conditions;
mod flags;
mod patterns;
mod texts;
mod world;

use super::agreed;
use super::case::Case;
use super::json::Json;
use super::rng::Rng;
use world::World;

/// A flag list and the cases that ask it.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) flags: Json,
    pub(crate) cases: Vec<Case>,
}

/// The group of a seed: one to eight flags, and about a dozen contexts.
pub(crate) fn group(seed: u64) -> Group {
    let mut rng = Rng::new(seed);
    let world = World::new(&mut rng);
    let flags = Json::List(flags::list(&mut rng, &world));
    let cases = world.contexts.iter().map(|context| {
        let flag_keys = rng.percent(20).then(|| flags::keys(&mut rng, &flags));
        Case { flags: flags.clone(), context: context.clone(), flag_keys }
    });
    // Each condition was checked when it was made; a flag made later may give an earlier selector a
    // value that differs.
    let cases = cases.filter(agreed::holds).collect();
    Group { flags, cases }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_cases() {
        assert_eq!(group(7).cases, group(7).cases);
        assert_ne!(group(7).cases, group(8).cases);
    }

    #[test]
    fn nearly_all_cases_are_kept_and_all_operators_met() {
        let groups: Vec<Group> = (0..200).map(group).collect();
        let kept: usize = groups.iter().map(|group| group.cases.len()).sum();
        assert!(kept > 1_500, "{kept} cases kept");
        let text: String = groups.iter().map(|group| group.flags.to_string()).collect();
        for op in conditions::OPERATORS {
            assert!(text.contains(&format!("\"op\":\"{op}\"")), "{op}");
        }
    }
}
