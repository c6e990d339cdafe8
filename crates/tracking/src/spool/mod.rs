//! Events on disk: what is pending outlasts the process.
//!
//! A folder of segments, each a file that is only ever written at its end. Records say that an event is pending, or that
//! one is settled. Segments are deleted from the oldest on, once all their events are settled: a record that settles an
//! event thus never goes before the event.

mod error;
mod files;
mod record;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use error::SpoolError;
pub use error::SpoolReport;
use files::Segment;
use record::Record;

use crate::event::Event;
use crate::log;

/// How large a segment becomes, about, unless all of them may not be much larger.
const SEGMENT: u64 = 1 << 20;

pub(crate) struct Spool {
    folder: PathBuf,
    /// Held as long as this is: others stay out.
    _lock: File,
    max_bytes: u64,
    segments: VecDeque<Segment>,
    /// The last segment, while it can be written.
    file: Option<File>,
    next_segment: u64,
    next_id: u64,
    /// Of the events that are pending: their ids on disk, and which segments they are in.
    places: HashMap<u64, Place>,
    /// What was recovered, until it is known what it is called now.
    recovered: Vec<Place>,
    /// Settled, but not written as such.
    untold: Vec<u64>,
    is_full: bool,
    is_failing: bool,
    report: SpoolReport,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    id: u64,
    segment: u64,
}

impl Spool {
    /// Opens a folder, and gives the events that an earlier run left there, each insert id once. Waits for the disk.
    pub(crate) fn open(folder: &Path, max_bytes: u64) -> Result<(Self, Vec<Event>), SpoolError> {
        let lock = files::lock(folder)?;
        let mut spool = Self {
            folder: folder.to_owned(),
            _lock: lock,
            max_bytes,
            segments: VecDeque::new(),
            file: None,
            next_segment: 0,
            next_id: 0,
            places: HashMap::new(),
            recovered: Vec::new(),
            untold: Vec::new(),
            is_full: false,
            is_failing: false,
            report: SpoolReport::default(),
        };
        let events = spool.recover()?;
        spool.clean();
        Ok((spool, events))
    }

    /// Learns what the recovered events are called now, in the order in which they were given.
    pub(crate) fn adopt(&mut self, seqs: Range<u64>) {
        self.places.extend(seqs.zip(std::mem::take(&mut self.recovered)));
    }

    /// Writes pending events and which are settled, and waits until the disk has them. Tells which of the events it has,
    /// be it from an earlier time of which nobody heard.
    pub(crate) fn write(&mut self, events: &[(u64, Arc<Event>)], settled: &[u64]) -> Vec<u64> {
        let mut bytes = Vec::new();
        let segment = self.writable_segment();
        let (mut written, mut known) = (Vec::new(), Vec::new());
        let mut used = self.segments.iter().map(|segment| segment.bytes).sum::<u64>();
        for (seq, event) in events {
            if self.places.contains_key(seq) {
                known.push(*seq);
                continue;
            }
            let start = bytes.len();
            let id = self.next_id;
            self.next_id = id.saturating_add(1);
            let fits = record::event(&mut bytes, id, event)
                && used.saturating_add((bytes.len() - start) as u64) <= self.max_bytes;
            if fits {
                used = used.saturating_add((bytes.len() - start) as u64);
                written.push((*seq, Place { id, segment }));
            } else {
                bytes.truncate(start);
                self.over();
            }
        }
        let done: Vec<Place> = settled.iter().filter_map(|seq| self.places.remove(seq)).collect();
        for place in &done {
            if let Some(segment) = self.segments.iter_mut().find(|segment| segment.number == place.segment) {
                segment.live = segment.live.saturating_sub(1);
            }
        }
        self.untold.extend(done.iter().map(|place| place.id));
        if written.is_empty() && self.segments.iter().all(|segment| segment.live == 0) {
            // All of it can go, which says it as well.
            self.untold.clear();
            self.clean();
            return known;
        }
        self.untold.iter().for_each(|id| record::settled(&mut bytes, *id));
        match self.append(segment, &bytes) {
            Ok(()) => {
                self.untold.clear();
                self.is_failing = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    log::spool_failed(&error);
                }
                self.report.not_kept = self.report.not_kept.saturating_add(written.len() as u64);
                written.clear();
            }
        }
        if let Some(segment) = self.segments.iter_mut().find(|known| known.number == segment) {
            segment.live = segment.live.saturating_add(written.len());
        }
        self.places.extend(written.iter().copied());
        self.clean();
        known.extend(written.into_iter().map(|(seq, _)| seq));
        known
    }

    pub(crate) fn report(&self) -> SpoolReport {
        self.report.clone()
    }

    fn recover(&mut self) -> Result<Vec<Event>, SpoolError> {
        let mut pending: Vec<(Place, Event)> = Vec::new();
        let mut settled = HashSet::new();
        for (number, path) in files::segments(&self.folder)? {
            self.next_segment = self.next_segment.max(number.saturating_add(1));
            let Ok(bytes) = std::fs::read(&path) else {
                self.report.damaged = self.report.damaged.saturating_add(1);
                continue;
            };
            let read = record::read(&bytes);
            self.report.damaged = self.report.damaged.saturating_add(read.damaged);
            self.report.skipped_bytes = self.report.skipped_bytes.saturating_add(read.skipped);
            for record in read.records {
                match record {
                    Record::Event { id, event } => pending.push((Place { id, segment: number }, *event)),
                    Record::Settled { id } => drop(settled.insert(id)),
                }
            }
            self.segments.push_back(Segment { number, path, bytes: bytes.len() as u64, live: 0 });
        }
        let ids = pending.iter().map(|(place, _)| place.id).chain(settled.iter().copied());
        self.next_id = ids.max().map_or(0, |id| id.saturating_add(1));
        let mut seen = HashSet::new();
        pending.retain(|(place, event)| {
            let is_first = !settled.contains(&place.id) && seen.insert(event.insert_id.clone());
            if !is_first && !settled.contains(&place.id) {
                // The other one stands for it.
                self.untold.push(place.id);
            }
            is_first
        });
        for (place, _) in &pending {
            if let Some(segment) = self.segments.iter_mut().find(|segment| segment.number == place.segment) {
                segment.live = segment.live.saturating_add(1);
            }
        }
        self.report.recovered = pending.len() as u64;
        let (places, events) = pending.into_iter().unzip();
        self.recovered = places;
        Ok(events)
    }

    /// The number of the segment that is written next.
    fn writable_segment(&mut self) -> u64 {
        let most = SEGMENT.min(self.max_bytes / 4);
        let last = self.segments.back().filter(|segment| self.file.is_some() && segment.bytes < most);
        last.map_or(self.next_segment, |segment| segment.number)
    }

    fn append(&mut self, number: u64, bytes: &[u8]) -> std::io::Result<()> {
        if number == self.next_segment {
            self.next_segment = number.saturating_add(1);
            let (path, file) = files::create(&self.folder, number)?;
            self.segments.push_back(Segment { number, path, bytes: 0, live: 0 });
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else { return Err(std::io::ErrorKind::NotFound.into()) };
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_data()) {
            self.take_back();
            return Err(error);
        }
        if let Some(segment) = self.segments.back_mut() {
            segment.bytes = segment.bytes.saturating_add(bytes.len() as u64);
        }
        Ok(())
    }

    /// Cuts off what a failed append left of itself. What cannot be cut off counts.
    fn take_back(&mut self) {
        self.file = None;
        let Some(segment) = self.segments.back_mut() else { return };
        if segment.bytes == 0 && std::fs::remove_file(&segment.path).is_ok() {
            self.segments.pop_back();
            return;
        }
        if let Ok(file) = File::options().write(true).open(&segment.path) {
            let _ = file.set_len(segment.bytes);
            segment.bytes = file.metadata().map_or(segment.bytes, |metadata| metadata.len());
        }
    }

    /// Deletes what nobody needs any more.
    fn clean(&mut self) {
        while let Some(segment) = self.segments.front().filter(|segment| segment.live == 0) {
            if std::fs::remove_file(&segment.path).is_err_and(|error| error.kind() != std::io::ErrorKind::NotFound) {
                return;
            }
            self.segments.pop_front();
            self.is_full = false;
        }
        if self.segments.is_empty() {
            self.file = None;
        }
    }

    fn over(&mut self) {
        self.report.not_kept = self.report.not_kept.saturating_add(1);
        if !std::mem::replace(&mut self.is_full, true) {
            log::spool_full(self.max_bytes);
        }
    }
}

#[cfg(test)]
mod tests;
