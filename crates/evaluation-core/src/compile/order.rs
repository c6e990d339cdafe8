//! Dependency order.

use std::sync::Arc;

/// Flags in dependency order, and those that cannot be ordered.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Indices of flags, dependencies first.
    pub(super) placed: Vec<u32>,
    /// Flags that are in a cycle or depend on one, each with the cycle's path.
    pub(super) cyclic: Vec<(u32, Arc<str>)>,
}

#[derive(Debug, Clone)]
enum State {
    New,
    /// At this place of the path.
    OnPath(usize),
    Placed,
    Cyclic(Arc<str>),
}

/// A flag on the path from a starting flag: the place of the dependency to look at next, and the first cycle that the
/// flag was found to reach, if any.
type Step = (u32, usize, Option<Arc<str>>);

/// Orders flags depth first, in the order given, each behind its dependencies.
pub(super) fn order(dependencies: &[Vec<u32>], key: impl Fn(u32) -> String) -> Order {
    let mut order = Order::default();
    let mut states = vec![State::New; dependencies.len()];
    let mut path: Vec<Step> = Vec::new();
    for start in 0..dependencies.len() as u32 {
        if matches!(state(&states, start), State::New) {
            set(&mut states, start, State::OnPath(path.len()));
            path.push((start, 0, None));
        }
        while let Some((flag, next, reaches)) = path.last_mut() {
            let flag = *flag;
            let dependency = dependencies.get(flag as usize).and_then(|list| list.get(*next)).copied();
            *next += 1;
            match dependency.map(|dependency| (dependency, state(&states, dependency))) {
                Some((dependency, State::New)) => {
                    set(&mut states, dependency, State::OnPath(path.len()));
                    path.push((dependency, 0, None));
                }
                // One cycle is enough to leave the flag out, and to tell why.
                Some(_) if reaches.is_some() => {}
                Some((_, State::Placed)) => {}
                Some((_, State::Cyclic(cycle))) => *reaches = Some(cycle),
                Some((_, State::OnPath(place))) => {
                    let cycle = describe(path.get(place..).unwrap_or_default(), &key);
                    if let Some((_, _, reaches)) = path.last_mut() {
                        *reaches = Some(cycle);
                    }
                }
                None => {
                    let reaches = reaches.take();
                    path.pop();
                    match reaches {
                        Some(cycle) => {
                            set(&mut states, flag, State::Cyclic(Arc::clone(&cycle)));
                            if let Some((_, _, reaches)) = path.last_mut() {
                                reaches.get_or_insert_with(|| Arc::clone(&cycle));
                            }
                            order.cyclic.push((flag, cycle));
                        }
                        None => {
                            set(&mut states, flag, State::Placed);
                            order.placed.push(flag);
                        }
                    }
                }
            }
        }
    }
    order
}

fn state(states: &[State], flag: u32) -> State {
    states.get(flag as usize).cloned().unwrap_or(State::Placed)
}

fn set(states: &mut [State], flag: u32, state: State) {
    if let Some(place) = states.get_mut(flag as usize) {
        *place = state;
    }
}

/// A cycle in words, cut short when it is long.
fn describe(cycle: &[Step], key: &impl Fn(u32) -> String) -> Arc<str> {
    const SHOWN: usize = 8;
    // It ends where it began.
    let flags = cycle.iter().chain(cycle.first()).map(|(flag, ..)| *flag);
    let shown: Vec<String> = flags.take(SHOWN).map(key).collect();
    let more = (cycle.len() + 1).saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" -> … ({more} more)") } else { String::new() };
    (shown.join(" -> ") + &rest).into()
}

/// Finds what flags depend on, in the order in which it is to be evaluated. For flags that reach no cycle.
#[derive(Debug)]
pub(crate) struct Walk {
    seen: Vec<u32>,
    round: u32,
    path: Vec<(u32, usize)>,
    /// How many more flags may be entered before the next restart.
    left: usize,
}

/// More flags were found than asked for.
#[derive(Debug)]
pub(crate) struct TooMany;

impl Walk {
    pub(crate) fn new(flags: usize) -> Self {
        Self { seen: vec![0; flags], round: 0, path: Vec::new(), left: 0 }
    }

    /// Forgets which flags were seen. Up to `limit` flags may now be.
    pub(crate) fn restart(&mut self, limit: usize) {
        self.round += 1;
        self.path.clear();
        self.left = limit;
    }

    /// Visits a flag's dependencies and then the flag itself, each unless seen since the last restart.
    pub(crate) fn visit<'a>(
        &mut self,
        start: u32,
        dependencies: impl Fn(u32) -> &'a [u32],
        mut place: impl FnMut(u32),
    ) -> Result<(), TooMany> {
        self.enter(start)?;
        while let Some((flag, next)) = self.path.last_mut() {
            let flag = *flag;
            let dependency = dependencies(flag).get(*next).copied();
            *next += 1;
            match dependency {
                Some(dependency) => self.enter(dependency)?,
                None => {
                    self.path.pop();
                    place(flag);
                }
            }
        }
        Ok(())
    }

    /// Whether the flag was visited since the last restart.
    pub(crate) fn has_seen(&self, flag: u32) -> bool {
        self.seen.get(flag as usize) == Some(&self.round)
    }

    fn enter(&mut self, flag: u32) -> Result<(), TooMany> {
        if let Some(seen) = self.seen.get_mut(flag as usize)
            && *seen != self.round
        {
            *seen = self.round;
            self.left = self.left.checked_sub(1).ok_or(TooMany)?;
            self.path.push((flag, 0));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(dependencies: &[&[u32]]) -> (Vec<u32>, Vec<(u32, String)>) {
        let dependencies: Vec<Vec<u32>> = dependencies.iter().map(|list| list.to_vec()).collect();
        let order = order(&dependencies, |flag| flag.to_string());
        (order.placed, order.cyclic.into_iter().map(|(flag, cycle)| (flag, cycle.to_string())).collect())
    }

    #[test]
    fn dependencies_come_first_and_once() {
        assert_eq!(ordered(&[&[2, 1], &[2], &[]]).0, [2, 1, 0]);
        assert_eq!(ordered(&[&[1, 2], &[3], &[3], &[]]).0, [3, 1, 2, 0]);
    }

    #[test]
    fn what_reaches_a_cycle_is_left_out_and_nothing_else() {
        let (placed, cyclic) = ordered(&[&[1], &[2], &[1, 4], &[0], &[], &[5]]);
        assert_eq!(placed, [4]);
        let expected = [(2, "1 -> 2 -> 1"), (1, "1 -> 2 -> 1"), (0, "1 -> 2 -> 1"), (3, "1 -> 2 -> 1"), (5, "5 -> 5")];
        assert_eq!(cyclic, expected.map(|(flag, cycle)| (flag, cycle.to_owned())));
    }

    #[test]
    fn long_chains_do_not_recurse() {
        let chain: Vec<Vec<u32>> = (0..100_000).map(|flag| vec![flag + 1]).chain([vec![]]).collect();
        assert_eq!(order(&chain, |flag| flag.to_string()).placed.len(), 100_001);
        let cycle: Vec<Vec<u32>> = (0..100_000).map(|flag| vec![(flag + 1) % 100_000]).collect();
        assert_eq!(order(&cycle, |flag| flag.to_string()).cyclic.len(), 100_000);
    }

    #[test]
    fn one_cycle_is_told_in_a_few_keys_however_many_there_are() {
        let asked = std::cell::Cell::new(0);
        let key = |flag: u32| {
            asked.set(asked.get() + 1);
            flag.to_string()
        };
        // A chain whose last flag depends on all others, and where each depends on the first one too.
        let last: Vec<u32> = (0..100_000).collect();
        let chain: Vec<Vec<u32>> = (0..99_999).map(|flag| vec![flag + 1, 0]).chain([last]).collect();
        let found = order(&chain, key);
        assert_eq!((found.cyclic.len(), asked.get()), (100_000, 8));
        let (flag, cycle) = found.cyclic.first().unwrap();
        assert_eq!((*flag, &**cycle), (99_999, "0 -> 1 -> 2 -> 3 -> 4 -> 5 -> 6 -> 7 -> … (99993 more)"));
    }
}
