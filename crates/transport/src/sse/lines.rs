//! Cutting chunks into lines, in front of the parser of events.
//!
//! A whole set of flags is one line, of many megabytes at times, and comes in small chunks. The parser looks through all
//! that it has with each chunk that it is given, and copies the rest with each line; so it is given whole lines, one at
//! a time, and only those that matter.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// The mark that a text in UTF-8 may begin with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Turns chunks into lines that end with a line feed, whatever they ended with before. Holds no more than its limit of
/// one event.
#[derive(Debug)]
pub(super) struct LineBuffer {
    /// Whole lines, not yet taken.
    ready: VecDeque<Bytes>,
    /// The beginning of a line.
    partial: BytesMut,
    /// How many bytes of data the event at hand has in lines that are whole.
    event: usize,
    limit: usize,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    first: bool,
}

/// More came for one event than is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

impl LineBuffer {
    pub(super) fn new(limit: usize) -> Self {
        Self { ready: VecDeque::new(), partial: BytesMut::new(), event: 0, limit, after_return: false, first: true }
    }

    /// Takes a chunk in.
    pub(super) fn push(&mut self, mut chunk: &[u8]) -> Result<(), TooLarge> {
        while let Some(first) = chunk.first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                chunk = chunk.get(1..).unwrap_or_default();
                continue;
            }
            let end = chunk.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, rest) = chunk.split_at(end.unwrap_or(chunk.len()));
            if part.len() > self.limit.saturating_sub(self.event + self.partial.len()) {
                return Err(TooLarge);
            }
            self.partial.extend_from_slice(part);
            if let Some(end) = rest.first() {
                self.after_return = *end == b'\r';
                self.finish_line();
            }
            chunk = rest.get(1..).unwrap_or_default();
        }
        Ok(())
    }

    /// The next whole line.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }

    fn finish_line(&mut self) {
        let mut line = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.first) && line.starts_with(BYTE_ORDER_MARK) {
            let _ = line.split_to(BYTE_ORDER_MARK.len());
        }
        if line.is_empty() {
            self.event = 0;
        } else if is_data(&line) {
            self.event += line.len();
        } else {
            // Comments, names of events, ids and pauses: nothing here depends on them.
            return;
        }
        line.extend_from_slice(b"\n");
        self.ready.push_back(line.freeze());
    }
}

fn is_data(line: &[u8]) -> bool {
    line.strip_prefix(b"data").is_some_and(|rest| rest.is_empty() || rest.starts_with(b":"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<Bytes> {
        let mut buffer = LineBuffer::new(1000);
        for chunk in chunks {
            buffer.push(chunk).unwrap();
        }
        std::iter::from_fn(|| buffer.pop()).collect()
    }

    #[test]
    fn lines_end_however_they_like() {
        for text in ["data: a\ndata: b\n\n", "data: a\rdata: b\r\r", "data: a\r\ndata: b\r\n\r\n"] {
            assert_eq!(lines(&[text.as_bytes()]), ["data: a\n", "data: b\n", "\n"], "{text:?}");
        }
    }

    #[test]
    fn only_data_and_the_ends_of_events_pass() {
        let text = "\u{feff}data: a\n:comment\nevent: x\nid: 1\nretry: 5\ndatum: c\n\u{feff}data: d\ndata\n\n";
        assert_eq!(lines(&[text.as_bytes()]), ["data: a\n", "data\n", "\n"]);
    }

    #[test]
    fn an_event_may_be_as_large_as_the_limit() {
        let mut buffer = LineBuffer::new(20);
        for _ in 0..3 {
            assert_eq!(buffer.push(b"data: 5678\ndata: 5678\n\n"), Ok(()));
        }
        assert_eq!(buffer.push(b"data: 5678\ndata: 56789"), Err(TooLarge));
        assert_eq!(LineBuffer::new(20).push(&[b':'; 21]), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn how_it_is_cut_into_chunks_changes_nothing(
            text in "([a-z:]|data: ?|\r|\n|\u{feff}|é| ){0,40}",
            cuts in prop::collection::vec(0usize..100, 0..10),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= bytes.len()).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
            prop_assert_eq!(lines(&chunks), lines(&[bytes]));
        }
    }
}
