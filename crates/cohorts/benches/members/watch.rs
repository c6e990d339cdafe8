//! The most memory that was held while something was read.

use std::alloc::System;
use std::cell::Cell;
use std::io::{self, Read};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes held and requested since it was made.
///
/// The allocator counts, but keeps no maximum. Between two looks no more can have been held than was held at the first
/// and requested since: that is what counts.
pub struct Watch {
    at_first: usize,
    held: Cell<usize>,
    requested: Cell<usize>,
    peak: Cell<usize>,
}

impl Watch {
    pub fn new() -> Self {
        let (held, requested) = counts();
        Self { at_first: held, held: Cell::new(held), requested: Cell::new(requested), peak: Cell::new(held) }
    }

    pub fn look(&self) {
        let (held, requested) = counts();
        let between = self.held.replace(held) + requested - self.requested.replace(requested);
        self.peak.set(self.peak.get().max(between));
    }

    pub fn held(&self) -> usize {
        self.look();
        self.held.get().saturating_sub(self.at_first)
    }

    pub fn peak(&self) -> usize {
        self.look();
        self.peak.get() - self.at_first
    }

    /// Looks whenever more is read.
    pub fn over<R: Read>(&self, reader: R) -> impl Read {
        Watched { watch: self, reader }
    }
}

struct Watched<'a, R> {
    watch: &'a Watch,
    reader: R,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.watch.look();
        self.reader.read(buffer)
    }
}

/// What is held now, and all that was ever requested. A list that grows counts with what it grows by.
fn counts() -> (usize, usize) {
    let stats = GLOBAL.stats();
    (stats.bytes_allocated - stats.bytes_deallocated, stats.bytes_allocated)
}
