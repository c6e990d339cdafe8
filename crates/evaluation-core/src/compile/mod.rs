//! Compiling flags: once, so that deciding is only reading.

mod conditions;
mod flags;
mod order;
mod prepare;
mod read;
mod table;
mod texts;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;

use hashbrown::HashTable;

use self::conditions::Conditions;
use self::flags::Parts;
use self::prepare::{Layers, Prepared};
use self::texts::Texts;
use crate::compiled::{Closure, Compiled, ConfigHash, Flag, Span, hash_text, index32};
use crate::diagnostic::{Diagnostic, DiagnosticKind, Severity};
use crate::text::compare_utf16;
use crate::value::JsonError;
use crate::wire;

pub(crate) use order::Walk;

/// A map whose keys come from flag configs.
type ConfigMap<K, V> = HashMap<K, V, ConfigHash>;

/// Reads and compiles a JSON list of flags.
pub(crate) fn compile_json(json: &[u8]) -> Result<Compiled, JsonError> {
    read::read_list(json, compile)
}

/// Compiles flags. `diagnostics` tells what was already found.
pub(crate) fn compile(list: &[wire::Flag<'_>], diagnostics: Vec<Diagnostic>) -> Compiled {
    let mut report = Report { diagnostics };
    let mut texts = Texts::default();
    let mut layers = Layers::default();
    let prepared = prepare::prepare(list, &mut texts, &mut layers, &mut report);
    let ordered = arrange(prepared, &mut report);

    let indices: ConfigMap<&str, u32> = ordered.flags.iter().zip(0..).map(|(it, index)| (&*it.flag.key, index)).collect();
    let closures = Closures::of(&ordered.dependencies);
    let mut parts = Parts::default();
    let mut conditions = Conditions::new(&indices);
    for prepared in &ordered.flags {
        parts.add(prepared, &mut conditions, &mut texts, &mut report);
    }

    let mut flags = Vec::with_capacity(ordered.flags.len());
    let mut dependencies = Vec::new();
    for (index, prepared) in ordered.flags.iter().enumerate() {
        let own = ordered.dependencies.get(index).map(Vec::as_slice).unwrap_or_default();
        let start = dependencies.len();
        dependencies.extend_from_slice(own);
        let own = Span::new(start, dependencies.len());
        let closure = match closures.get(index) {
            Some(closure) => {
                let start = dependencies.len();
                dependencies.extend_from_slice(closure);
                Closure::Ordered(Span::new(start, dependencies.len()))
            }
            None => Closure::Large,
        };
        flags.push(Flag {
            key: (*prepared.flag.key).into(),
            segments: parts.segments_of(index),
            outcomes: parts.outcomes_of(index),
            closure,
            dependencies: own,
            layer: prepared.layer,
        });
    }

    let mut by_key: Vec<u32> = (0..index32(flags.len())).collect();
    let key = |index: u32| flags.get(index as usize).map(|flag| &*flag.key).unwrap_or_default();
    by_key.sort_unstable_by(|a, b| compare_utf16(key(*a), key(*b)));
    let mut keys = HashTable::with_capacity(flags.len());
    for index in 0..index32(flags.len()) {
        keys.insert_unique(hash_text(key(index)), index, |other| hash_text(key(*other)));
    }

    let mut set = Compiled {
        by_key: by_key.into(),
        keys,
        flags: flags.into(),
        dependencies: dependencies.into(),
        layers: layers.into_boxed(),
        cyclic: ordered.cyclic,
        ..Compiled::default()
    };
    set.on_demand = conditions.check_dependencies(&ordered.flags, &closures, &mut report);
    parts.finish(&mut set);
    table::finish(conditions, texts, &mut set);
    set.diagnostics = report.diagnostics.into();
    set
}

/// Flags in dependency order, without those that reach a cycle.
struct Arranged<'a, 'f> {
    flags: Vec<Prepared<'a, 'f>>,
    /// Of each flag, by index, in the order given; unknown ones are left out.
    dependencies: Vec<Vec<u32>>,
    cyclic: Vec<(Box<str>, Box<str>)>,
}

fn arrange<'a, 'f>(prepared: Vec<Prepared<'a, 'f>>, report: &mut Report) -> Arranged<'a, 'f> {
    let given: ConfigMap<&str, u32> = prepared.iter().zip(0..).map(|(it, index)| (&*it.flag.key, index)).collect();
    let mut dependencies = Vec::with_capacity(prepared.len());
    for Prepared { flag, .. } in &prepared {
        let mut known = Vec::new();
        for (place, key) in flag.dependencies.iter().enumerate() {
            match given.get(&**key) {
                Some(index) => known.push(*index),
                None => report.warn(flag, DiagnosticKind::UnknownDependency, format!("dependencies[{place}]"), || {
                    format!("`{key}` is not in the list")
                }),
            }
        }
        dependencies.push(known);
    }
    let key = |index: u32| prepared.get(index as usize).map(|it| it.flag.key.to_string()).unwrap_or_default();
    let order = order::order(&dependencies, key);
    let mut cyclic = Vec::with_capacity(order.cyclic.len());
    for (index, cycle) in &order.cyclic {
        if let Some(Prepared { flag, .. }) = prepared.get(*index as usize) {
            report.error(flag, DiagnosticKind::DependencyCycle, "dependencies".to_owned(), format!("dependency cycle: {cycle}"));
            cyclic.push(((*flag.key).into(), (**cycle).into()));
        }
    }

    let mut places = vec![None; prepared.len()];
    for (place, index) in order.placed.iter().enumerate() {
        if let Some(entry) = places.get_mut(*index as usize) {
            *entry = Some(index32(place));
        }
    }
    let place = |index: &u32| places.get(*index as usize).copied().flatten();
    let mut arranged: Vec<_> = prepared.into_iter().zip(dependencies).map(Some).collect();
    let (flags, dependencies) = order
        .placed
        .iter()
        .filter_map(|index| arranged.get_mut(*index as usize)?.take())
        .map(|(flag, dependencies)| (flag, dependencies.iter().filter_map(place).collect()))
        .unzip();
    Arranged { flags, dependencies, cyclic }
}

/// All that each flag depends on, in order of evaluation; `None` where that is more than is kept.
struct Closures(Vec<Option<Vec<u32>>>);

impl Closures {
    fn of(dependencies: &[Vec<u32>]) -> Self {
        let mut walk = Walk::new(dependencies.len());
        let mut closure = Vec::new();
        let closures = (0..index32(dependencies.len())).map(|flag| {
            walk.restart();
            closure.clear();
            let of = |flag: u32| dependencies.get(flag as usize).map(Vec::as_slice).unwrap_or_default();
            let complete = walk.visit(flag, of, |placed| {
                closure.push(placed);
                if closure.len() > Closure::KEPT { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            closure.pop();
            complete.is_continue().then(|| closure.clone())
        });
        Self(closures.collect())
    }

    fn get(&self, flag: usize) -> Option<&[u32]> {
        self.0.get(flag)?.as_deref()
    }
}

/// Collects diagnostics.
struct Report {
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    fn error(&mut self, flag: &wire::Flag<'_>, kind: DiagnosticKind, path: String, message: String) {
        self.add(Severity::Error, &flag.key, kind, path, message);
    }

    fn warn(&mut self, flag: &wire::Flag<'_>, kind: DiagnosticKind, path: String, message: impl FnOnce() -> String) {
        self.add(Severity::Warning, &flag.key, kind, path, message());
    }

    fn add(&mut self, severity: Severity, flag: &Cow<'_, str>, kind: DiagnosticKind, path: String, message: String) {
        self.diagnostics.push(Diagnostic { severity, kind, flag: Some(flag.to_string()), path, message });
    }
}
