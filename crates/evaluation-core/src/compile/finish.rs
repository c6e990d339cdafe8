//! What needs to know all flags: their order, and who reads whose results.

use std::sync::Arc;

use hashbrown::HashTable;

use super::order::{self, Walk};
use super::report::Short;
use super::{Compiler, ConfigMap, Entry, table};
use crate::compiled::{Closure, Compiled, Flag, Span, hash_text, index32};
use crate::diagnostic::DiagnosticKind;
use crate::text::compare_utf16;

impl Compiler {
    /// The compiled set of all flags that were taken in.
    pub(super) fn finish(mut self) -> Compiled {
        let mut set = Compiled::default();
        let (entries, dependencies) = self.arrange(&mut set);
        let closures = Closures::of(&dependencies);
        let indices: ConfigMap<u32, u32> = entries.iter().zip(0..).map(|(entry, index)| (entry.key, index)).collect();
        set.on_demand = self.check_reads(&entries, &indices, &closures, &dependencies);

        let mut flat = Vec::new();
        let mut keep = |list: &[u32]| {
            let start = flat.len();
            flat.extend_from_slice(list);
            Span::new(start, flat.len())
        };
        let flags = entries.iter().zip(&dependencies).zip(&closures.0).map(|((entry, dependencies), closure)| Flag {
            key: self.texts.get(entry.key).into(),
            segments: entry.segments,
            outcomes: entry.outcomes,
            dependencies: keep(dependencies),
            closure: closure.as_ref().map_or(Closure::Large, |closure| Closure::Ordered(keep(closure))),
            layer: entry.layer,
        });
        set.flags = flags.collect();
        set.dependencies = flat.into();
        index_keys(&mut set);

        set.layers = self.carrier.into_layers();
        let cohorts = self.conditions.cohorts(&set, &self.parts, &self.texts);
        self.parts.finish(&mut set);
        table::finish(self.conditions, cohorts, &indices, self.texts, &mut set);
        set.diagnostics = self.report.into_boxed();
        set
    }

    /// Puts flags into dependency order, each with its dependencies by index. Those that reach a cycle are reported
    /// and left out.
    fn arrange(&mut self, set: &mut Compiled) -> (Vec<Entry>, Vec<Vec<u32>>) {
        let entries = std::mem::take(&mut self.entries);
        let mut dependencies = Vec::with_capacity(entries.len());
        // The last flag that was found to depend on each: what is listed again adds nothing but work.
        let mut dependents = vec![None; entries.len()];
        for (flag, entry) in entries.iter().enumerate() {
            let mut known = Vec::new();
            for (index, key) in entry.dependencies.iter().enumerate() {
                match self.places.get(key) {
                    Some(place) => {
                        let listed = dependents.get_mut(*place).and_then(|dependent| dependent.replace(flag));
                        if listed != Some(flag) {
                            known.push(index32(*place));
                        }
                    }
                    None => self.report.warn(
                        entry.key,
                        &self.texts,
                        DiagnosticKind::UnknownDependency,
                        || format!("dependencies[{index}]"),
                        || format!("`{}` is not in the list", Short(self.texts.get(*key))),
                    ),
                }
            }
            dependencies.push(known);
        }
        let key = |index: u32| entries.get(index as usize).map(|entry| self.texts.get(entry.key)).unwrap_or_default();
        let order = order::order(&dependencies, |index| Short(key(index)).to_string());
        for (index, cycle) in &order.cyclic {
            let message = format!("dependency cycle: {cycle}");
            self.report.error(key(*index), DiagnosticKind::DependencyCycle, "dependencies".to_owned(), message);
            set.cyclic.push((key(*index).into(), Arc::clone(cycle)));
        }

        let mut places = vec![None; entries.len()];
        for (place, index) in order.placed.iter().enumerate() {
            if let Some(entry) = places.get_mut(*index as usize) {
                *entry = Some(index32(place));
            }
        }
        let place = |index: &u32| places.get(*index as usize).copied().flatten();
        let mut given: Vec<_> = entries.into_iter().zip(dependencies).map(Some).collect();
        let placed = order.placed.iter().filter_map(|index| given.get_mut(*index as usize)?.take());
        placed.map(|(entry, own)| (entry, own.iter().filter_map(place).collect())).unzip()
    }

    /// Warns of flags that read results which they do not wait for. True when all others can be decided on demand.
    fn check_reads(
        &mut self,
        entries: &[Entry],
        indices: &ConfigMap<u32, u32>,
        closures: &Closures,
        dependencies: &[Vec<u32>],
    ) -> bool {
        let mut on_demand = true;
        let mut large = Large::new(dependencies);
        for ((entry, closure), flag) in entries.iter().zip(&closures.0).zip(0..) {
            for read in &entry.reads {
                let Some(key) = self.conditions.result_key(read.slot) else {
                    // All results so far: what that is depends on the order.
                    on_demand = false;
                    continue;
                };
                let index = indices.get(&key);
                let declared = match (index, closure) {
                    (Some(index), Some(closure)) => closure.contains(index),
                    (Some(index), None) => large.depends(flag, *index),
                    (None, _) => false,
                };
                if !declared {
                    // A flag that is not there has no result at any time.
                    on_demand &= index.is_none();
                    self.report.warn(
                        entry.key,
                        &self.texts,
                        DiagnosticKind::UndeclaredDependency,
                        || format!("segments[{}]", read.segment),
                        || {
                            let key = Short(self.texts.get(key));
                            format!("reads the result of `{key}`, which is not among the flag's dependencies")
                        },
                    );
                }
            }
        }
        on_demand
    }
}

/// All that each flag depends on, in order of evaluation; `None` where that is more than is kept.
struct Closures(Vec<Option<Vec<u32>>>);

impl Closures {
    fn of(dependencies: &[Vec<u32>]) -> Self {
        let mut walk = Walk::new(dependencies.len());
        let mut closure = Vec::new();
        let of = |flag: u32| dependencies.get(flag as usize).map(Vec::as_slice).unwrap_or_default();
        let closures = (0..index32(dependencies.len())).map(|flag| {
            walk.restart(Closure::KEPT + 1);
            closure.clear();
            walk.visit(flag, of, |placed| closure.push(placed)).ok()?;
            // The flag itself comes last.
            closure.pop();
            Some(closure.clone())
        });
        Self(closures.collect())
    }
}

/// What flags depend on that depend on too many for it to be kept: found again when it is asked for.
struct Large<'a> {
    dependencies: &'a [Vec<u32>],
    walk: Walk,
    /// The flag that was walked from last, and whether to the end.
    walked: Option<(u32, bool)>,
    left: usize,
}

impl<'a> Large<'a> {
    /// How many flags and dependencies may be walked over for all questions together. Only a list made to be slow needs
    /// more; what such a list reads is not checked.
    const BUDGET: usize = 8_000_000;

    fn new(dependencies: &'a [Vec<u32>]) -> Self {
        Self { dependencies, walk: Walk::new(dependencies.len()), walked: None, left: Self::BUDGET }
    }

    fn depends(&mut self, flag: u32, on: u32) -> bool {
        let dependencies = self.dependencies;
        let of = |flag: u32| dependencies.get(flag as usize).map(Vec::as_slice).unwrap_or_default();
        if of(flag).contains(&on) {
            return true;
        }
        let whole = match self.walked {
            Some((walked, whole)) if walked == flag => whole,
            _ => {
                self.walk.restart(self.left);
                let mut steps = 0;
                let whole = self.walk.visit(flag, of, |placed| steps += 1 + of(placed).len()).is_ok();
                self.left = if whole { self.left.saturating_sub(steps) } else { 0 };
                self.walked = Some((flag, whole));
                whole
            }
        };
        !whole || (on != flag && self.walk.has_seen(on))
    }
}

/// Makes flags found by key, and listed in the order of their keys.
fn index_keys(set: &mut Compiled) {
    let flags = &set.flags;
    let key = |index: u32| flags.get(index as usize).map(|flag| &*flag.key).unwrap_or_default();
    let mut by_key: Vec<u32> = (0..index32(flags.len())).collect();
    by_key.sort_unstable_by(|a, b| compare_utf16(key(*a), key(*b)));
    let mut keys = HashTable::with_capacity(flags.len());
    for index in 0..index32(flags.len()) {
        keys.insert_unique(hash_text(key(index)), index, |other| hash_text(key(*other)));
    }
    set.by_key = by_key.into();
    set.keys = keys;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_are_charged_by_flags_and_dependencies() {
        let mut dependencies: Vec<Vec<u32>> = (0..100).map(|flag| (0..flag).collect()).collect();
        dependencies.push(vec![99]);
        dependencies.push(Vec::new());
        let mut large = Large::new(&dependencies);
        assert!(large.depends(100, 99) && large.left == Large::BUDGET);
        assert!(large.depends(100, 5) && !large.depends(100, 101));
        assert_eq!(Large::BUDGET - large.left, 101 + 99 * 100 / 2 + 1);
    }
}
