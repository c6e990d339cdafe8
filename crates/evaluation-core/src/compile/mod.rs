//! Compiling flags: once, so that deciding is only reading.
//!
//! Flags are taken in one by one, so that no more of a list than the flag at hand is held in its wire form. What needs
//! to know all flags (order, results, the truth table) is done at the end.

mod carried;
mod conditions;
mod finish;
mod flags;
mod left_out;
mod lint;
mod order;
mod read;
mod report;
mod table;
mod texts;

use std::collections::HashMap;

use self::carried::Carrier;
use self::conditions::Conditions;
use self::flags::{At, Parts, Read};
use self::left_out::Warning;
use self::report::Report;
use self::texts::Texts;
use crate::compiled::{Compiled, ConfigHash, Span};
use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::value::JsonError;
use crate::wire;

pub(crate) use order::Walk;

/// A map whose keys come from flag configs.
type ConfigMap<K, V> = HashMap<K, V, ConfigHash>;

/// Reads and compiles a JSON list of flags.
pub(crate) fn compile_json(json: &[u8]) -> Result<Compiled, JsonError> {
    read::read_list(json).map(Compiler::finish)
}

/// Compiles flags.
pub(crate) fn compile(flags: &[wire::Flag<'_>]) -> Compiled {
    let mut compiler = Compiler::default();
    for flag in flags {
        compiler.add(flag);
    }
    compiler.finish()
}

/// All that is known of the flags so far.
#[derive(Default)]
struct Compiler {
    texts: Texts,
    carrier: Carrier,
    conditions: Conditions,
    parts: Parts,
    report: Report,
    /// Each key once, in the order in which they first came.
    entries: Vec<Entry>,
    /// The entry of each key, by the id of its text.
    places: ConfigMap<u32, usize>,
}

/// A flag that was taken in.
struct Entry {
    key: u32,
    /// Keys of the flags it depends on, in order.
    dependencies: Vec<u32>,
    segments: Span,
    outcomes: Span,
    layer: Option<u32>,
    /// The results that it reads.
    reads: Vec<Read>,
}

impl Compiler {
    /// Takes a flag in. One whose JSON no value can hold is reported and left out; of several of one key, the last
    /// counts, in the first one's place.
    fn add(&mut self, flag: &wire::Flag<'_>) {
        let Self { texts, carrier, conditions, parts, report, .. } = self;
        let key = texts.id(&flag.key);
        let carried = match carried::read(flag, key, texts, carrier, report) {
            Ok(carried) => carried,
            Err((path, error)) => return report.error(&flag.key, DiagnosticKind::Malformed, path, error.message()),
        };
        let layer = carried.layer;
        let part = parts.add(carried, &mut At { flag, key, texts, conditions, report });
        let entry = Entry {
            key,
            dependencies: flag.dependencies.iter().map(|key| self.texts.id(key)).collect(),
            segments: part.segments,
            outcomes: part.outcomes,
            layer,
            reads: part.reads,
        };
        let place = *self.places.entry(entry.key).or_insert(self.entries.len());
        match self.entries.get_mut(place) {
            Some(earlier) => {
                *earlier = entry;
                self.report.warn(key, &self.texts, DiagnosticKind::RepeatedFlag, String::new, || {
                    "the list has several flags of this key; the last one counts".to_owned()
                });
            }
            None => self.entries.push(entry),
        }
    }

    /// Warns of what was found in a flag's JSON, once the flag was taken in.
    fn warn(&mut self, flag: &wire::Flag<'_>, warnings: Vec<Warning>) {
        let key = self.texts.id(&flag.key);
        for Warning { kind, path, message } in warnings {
            self.report.warn(key, &self.texts, kind, || path, || message);
        }
    }

    /// Notes what was found wrong before a flag could be taken in.
    fn note(&mut self, diagnostic: Diagnostic) {
        self.report.add(diagnostic);
    }
}
