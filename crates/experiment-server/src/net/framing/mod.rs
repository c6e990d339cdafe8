//! Checks the framing of requests on the raw bytes of a connection, before the HTTP implementation parses them.
//!
//! Two programs that disagree about where a request ends, or about which host it is for, can be made to read two
//! different requests from the same bytes. The HTTP implementation merges or drops part of the evidence: a repeated
//! `Transfer-Encoding`, or a `Content-Length` beside it. [`Framing`] therefore reads every head by itself, follows
//! bodies from one head to the next, and accepts only what can be read in one way. It keeps no body, and of a head only
//! a line that has not arrived to its end.
//!
//! It sees a request as soon as the HTTP implementation reads it. While a response is under way, that is one request at
//! most: what is pipelined further back is checked when its turn comes. A stream ends for a malformed request behind it.

mod authority;
mod chunks;
mod head;

use memchr::memchr;

use chunks::Chunks;
use head::Head;

/// How long a line of a head may be. The HTTP implementation refuses shorter heads; this only bounds the memory.
const LINE: usize = 512 << 10;

/// Follows the requests on one connection.
#[derive(Debug, Default)]
pub(super) struct Framing {
    state: State,
    head: Head,
    /// The first part of a line whose end has not arrived.
    line: Vec<u8>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Head,
    /// A body of which this many bytes are left.
    Sized(u64),
    Chunked(Chunks),
}

/// What follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Sized(u64),
    Chunked,
}

/// A request that is malformed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// How many of the bytes come before the one that shows it.
    pub(super) before: usize,
    pub(super) in_head: bool,
    pub(super) why: &'static str,
}

impl Framing {
    /// Reads the next bytes of the connection. After an error, the rest of the connection must not be read.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let in_head = matches!(self.state, State::Head);
            let malformed = |(offset, why)| Malformed { before: bytes.len() - rest.len() + offset, in_head, why };
            let used = match &mut self.state {
                State::Head => self.head_line(rest).map_err(malformed)?,
                State::Sized(left) => {
                    let used = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= used as u64;
                    if *left == 0 {
                        self.state = State::Head;
                    }
                    used
                }
                State::Chunked(chunks) => {
                    let (used, ended) = chunks.read(rest).map_err(malformed)?;
                    if ended {
                        self.state = State::Head;
                    }
                    used
                }
            };
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads a line of a head, or the part of it that has arrived. Returns the number of bytes used.
    fn head_line(&mut self, bytes: &[u8]) -> Result<usize, (usize, &'static str)> {
        let Some(end) = memchr(b'\n', bytes) else {
            if self.line.len() + bytes.len() > LINE {
                return Err((0, "a line of the head is too long"));
            }
            self.line.extend_from_slice(bytes);
            return Ok(bytes.len());
        };
        let last = bytes.get(..end).unwrap_or_default();
        let read = if self.line.is_empty() {
            self.head.read(last)
        } else {
            self.line.extend_from_slice(last);
            let line = std::mem::take(&mut self.line);
            self.head.read(&line)
        };
        match read.map_err(|why| (end, why))? {
            None | Some(Body::Sized(0)) => {}
            Some(Body::Sized(length)) => self.state = State::Sized(length),
            Some(Body::Chunked) => self.state = State::Chunked(Chunks::default()),
        }
        Ok(end + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with the bytes, however they are cut into parts.
    fn read(bytes: &str) -> Result<(), Malformed> {
        let whole = Framing::default().read(bytes.as_bytes());
        for size in [1, 2, 3, 7] {
            let mut framing = Framing::default();
            let mut before = 0;
            let mut parts = bytes.as_bytes().chunks(size);
            let read = parts.try_for_each(|part| {
                let read = framing.read(part).map_err(|error| Malformed { before: before + error.before, ..error });
                before += part.len();
                read
            });
            assert_eq!(read, whole, "{bytes:?} in parts of {size}");
        }
        whole
    }

    fn malformed(bytes: &str) -> &'static str {
        let error = read(bytes).expect_err(bytes);
        assert!(error.before < bytes.len(), "{bytes:?}: {error:?}");
        error.why
    }

    #[test]
    fn requests_follow_one_another() {
        let get = "GET /sdk/v2/flags HTTP/1.1\r\nHost: a\r\n\r\n";
        let sized = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\nGET ";
        let empty = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
        let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked \r\n\r\n\
                       4;a=b\r\n\nabc\r\n0A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
        for first in [get, sized, empty, chunked, "\r\n\r\n"] {
            for second in [get, sized, empty, chunked] {
                assert_eq!(read(&format!("{first}{second}")), Ok(()), "{first:?} {second:?}");
                assert!(malformed(&format!("{first}{second}GET / HTTP/1.1\r\n\r\n")).contains("Host"), "{second:?}");
            }
        }
    }

    #[test]
    fn what_was_read_before_is_counted() {
        let good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let error = read(&format!("{good}GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\nmore")).unwrap_err();
        assert_eq!(error.before, good.len() + "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r".len());
    }

    #[test]
    fn lines_end_in_one_way() {
        for bytes in [
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
            "GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
            "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            assert!(malformed(bytes).contains("CR LF"), "{bytes:?}");
        }
        assert!(malformed("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n").contains("continues"));
        assert!(malformed("GET / HTTP/1.1\r\n Host: a\r\n\r\n").contains("continues"));
    }

    #[test]
    fn chunks_are_read_in_one_way() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        for body in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "+1\r\na\r\n",
            "0x1\r\na\r\n",
            "1 1\r\na\r\n",
            "1\na\r\n",
            "1\r\nab\r\n",
            "1\r\na\n",
            "1;a\nb\r\n",
            "1;a\rb\r\n",
            "00000000000000001\r\na\r\n",
            "0\r\n\n",
            "0\r\nA: b\n\r\n",
            "0\r\nA: b\rc\r\n",
        ] {
            assert!(malformed(&format!("{head}{body}")).contains("chunk"), "{body:?}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_bounded() {
        let mut framing = Framing::default();
        let part = [b'a'; 64 << 10];
        let refused = (0..100).find_map(|_| framing.read(&part).err()).unwrap();
        assert!(refused.why.contains("too long") && framing.line.len() <= LINE);
    }
}
