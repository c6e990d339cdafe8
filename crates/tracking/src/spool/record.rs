//! Records: a mark, a length, a checksum, and what is recorded.
//!
//! The mark is what reading goes on from behind a damaged place.

use crate::event::Event;

const MARK: [u8; 4] = [0xE5, b'e', b'v', b't'];

const EVENT: u8 = 1;
const SETTLED: u8 = 2;

#[derive(Debug, PartialEq)]
pub(super) enum Record {
    Event { id: u64, event: Box<Event> },
    Settled { id: u64 },
}

/// What is in a file.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) records: Vec<Record>,
    /// Places from which it could not be read on.
    pub(super) damaged: u64,
    /// Bytes that were skipped there.
    pub(super) skipped: u64,
}

/// Writes that an event is pending. False, and nothing written, if it cannot be said.
pub(super) fn event(bytes: &mut Vec<u8>, id: u64, event: &Event) -> bool {
    let Ok(json) = serde_json::to_vec(event) else { return false };
    write(bytes, EVENT, id, &json)
}

/// Writes that an event is settled.
pub(super) fn settled(bytes: &mut Vec<u8>, id: u64) {
    write(bytes, SETTLED, id, &[]);
}

fn write(bytes: &mut Vec<u8>, kind: u8, id: u64, rest: &[u8]) -> bool {
    let mut body = Vec::with_capacity(rest.len().saturating_add(9));
    body.push(kind);
    body.extend_from_slice(&id.to_le_bytes());
    body.extend_from_slice(rest);
    let Ok(length) = u32::try_from(body.len()) else { return false };
    bytes.extend_from_slice(&MARK);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    true
}

/// Reads all records that are good.
pub(super) fn read(mut bytes: &[u8]) -> Read {
    let mut read = Read::default();
    let mut is_damaged = false;
    while !bytes.is_empty() {
        if let Some((record, rest)) = first(bytes) {
            read.records.push(record);
            bytes = rest;
            is_damaged = false;
            continue;
        }
        if !std::mem::replace(&mut is_damaged, true) {
            read.damaged = read.damaged.saturating_add(1);
        }
        let behind = bytes.get(1..).unwrap_or_default();
        let next = behind.windows(MARK.len()).position(|window| window == MARK);
        let rest = next.and_then(|next| behind.get(next..)).unwrap_or_default();
        read.skipped = read.skipped.saturating_add((bytes.len() - rest.len()) as u64);
        bytes = rest;
    }
    read
}

/// The record at the beginning, if it is good, and what is behind it.
fn first(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let bytes = bytes.strip_prefix(&MARK)?;
    let (length, bytes) = bytes.split_first_chunk()?;
    let (checksum, bytes) = bytes.split_first_chunk()?;
    let (body, rest) = bytes.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let (kind, body) = body.split_first()?;
    let (id, body) = body.split_first_chunk()?;
    let id = u64::from_le_bytes(*id);
    let record = match *kind {
        EVENT => Record::Event { id, event: serde_json::from_slice(body).ok()? },
        SETTLED => Record::Settled { id },
        _ => return None,
    };
    Some((record, rest))
}
