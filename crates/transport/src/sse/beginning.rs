//! The beginning of a stream: whether it is one of events.
//!
//! Where something else responds in the service's place, the error is to name it at once: a reader of events passes over
//! lines that it does not know, and would wait for more.

use evaluation_core::{Received, skip_byte_order_mark};

/// How much is kept to decide by, and to name by what it is.
const LONGEST: usize = 1024;

/// The names of the fields of an event.
const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];

/// Looks at the first line that is not empty.
#[derive(Debug)]
pub(super) struct Beginning {
    /// The response says that it is a stream of events.
    is_declared: bool,
    is_decided: bool,
    text: Vec<u8>,
}

impl Beginning {
    pub(super) fn new(is_declared: bool) -> Self {
        Self { is_declared, is_decided: false, text: Vec::new() }
    }

    /// Takes in the next chunk.
    ///
    /// # Errors
    /// When it is no stream of events: what it is instead.
    pub(super) fn check(&mut self, chunk: &[u8]) -> Result<(), Received> {
        if self.is_decided {
            return Ok(());
        }
        let wanted = LONGEST.saturating_sub(self.text.len()).min(chunk.len());
        self.text.extend_from_slice(chunk.get(..wanted).unwrap_or_default());
        let text = skip_byte_order_mark(&self.text).trim_ascii_start();
        let Some(first) = text.first() else { return Ok(()) };
        // What says that it is a stream is believed, unless it begins as a page or as JSON does.
        let is_events = if self.is_declared { !b"<{[\"".contains(first) } else { may_be_field(text) };
        if !is_events {
            return Err(Received::of(text));
        }
        self.is_decided = self.is_declared || text.iter().any(|byte| b":\r\n".contains(byte));
        if self.is_decided {
            self.text = Vec::new();
        }
        Ok(())
    }

    /// The body is at its end.
    ///
    /// # Errors
    /// When it does not say that it is a stream, and nothing in it is an event.
    pub(super) fn finish(&mut self) -> Result<(), Received> {
        if std::mem::replace(&mut self.is_decided, true) || self.is_declared {
            return Ok(());
        }
        Err(Received::of(&self.text))
    }
}

/// True when a line may be one of an event, as far as it is there.
fn may_be_field(text: &[u8]) -> bool {
    // A byte order mark may come in parts.
    if b"\xef\xbb\xbf".starts_with(text) {
        return true;
    }
    let name = text.split(|byte| b":\r\n".contains(byte)).next().unwrap_or_default();
    let is_whole = name.len() < text.len();
    FIELDS.iter().any(|field| if is_whole { *field == name } else { field.starts_with(name) })
        || is_whole && name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_declared: bool, text: &[u8], size: usize) -> Result<(), Received> {
        let mut beginning = Beginning::new(is_declared);
        text.chunks(size).try_for_each(|chunk| beginning.check(chunk))?;
        beginning.finish()
    }

    #[test]
    fn events_pass_however_they_are_cut() {
        for text in
            ["data: []\n\n", "\r\n\nevent: x\n", ": keep-alive\n", "id\n", "\u{feff}retry: 5\n", "data:<html>\n"]
        {
            for size in 1..text.len() {
                assert_eq!(check(false, text.as_bytes(), size), Ok(()), "{text:?} by {size}");
                assert_eq!(check(true, text.as_bytes(), size), Ok(()), "{text:?} by {size}");
            }
        }
        // A stream may begin with a field that nobody knows, if it says that it is one.
        assert_eq!(check(true, b"later: 1\n", 3), Ok(()));
        assert_eq!(check(true, b"", 1), Ok(()));
    }

    #[test]
    fn all_else_is_named() {
        for (text, received) in [
            ("<!DOCTYPE html><p>x", Received::Html),
            ("\u{feff}{\"error\": \"x\"}", Received::Error),
            ("[]", Received::EmptyList),
            ("\"x\"", Received::String),
        ] {
            assert_eq!(check(true, text.as_bytes(), 100), Err(received), "{text}");
            assert_eq!(check(false, text.as_bytes(), 100), Err(received), "{text}");
        }
        for (text, received) in [
            ("", Received::Empty),
            ("blocked by policy", Received::Text),
            ("database\n", Received::Text),
            ("identity: x", Received::Text),
            ("dat", Received::Text),
            ("null", Received::Null),
        ] {
            assert_eq!(check(false, text.as_bytes(), 100), Err(received), "{text}");
        }
    }
}
