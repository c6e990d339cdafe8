//! The framing of a chunked body.

/// How many digits a chunk's size may have, so that it fits.
const DIGITS: u8 = 16;

const MALFORMED: &str = "the chunks of the body are malformed";

/// Where in a chunked body the connection is.
#[derive(Debug)]
pub(super) enum Chunks {
    Size {
        size: u64,
        digits: u8,
    },
    /// Whitespace after a size.
    Space(u64),
    Extension(u64),
    SizeEnd(u64),
    Data(u64),
    DataCr,
    DataLf,
    /// A line of the trailers.
    Trailer {
        empty: bool,
    },
    TrailerEnd {
        empty: bool,
    },
}

impl Default for Chunks {
    fn default() -> Self {
        Self::Size { size: 0, digits: 0 }
    }
}

impl Chunks {
    /// Reads on. Returns how many bytes belong to the body, and whether it ended with them.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(usize, bool), (usize, &'static str)> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if let Self::Data(left) = self {
                let used = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len() - at);
                at += used;
                *left -= used as u64;
                if *left == 0 {
                    *self = Self::DataCr;
                }
                continue;
            }
            let ends = matches!((&*self, byte), (Self::TrailerEnd { empty: true }, b'\n'));
            *self = self.next(*byte).ok_or((at, MALFORMED))?;
            at += 1;
            if ends {
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    /// The state after a byte that is not data; none if the byte must not stand here.
    fn next(&self, byte: u8) -> Option<Self> {
        let next = match (self, byte) {
            (Self::Size { digits: 1.., size }, b' ' | b'\t') | (Self::Space(size), b' ' | b'\t') => Self::Space(*size),
            (Self::Size { digits: 1.., size } | Self::Space(size), b';') => Self::Extension(*size),
            (Self::Size { digits: 1.., size } | Self::Space(size) | Self::Extension(size), b'\r') => {
                Self::SizeEnd(*size)
            }
            (Self::Size { size, digits }, byte) if *digits < DIGITS => {
                Self::Size { size: size << 4 | u64::from(char::from(byte).to_digit(16)?), digits: digits + 1 }
            }
            (Self::Extension(size), byte) if byte != b'\n' => Self::Extension(*size),
            (Self::SizeEnd(0), b'\n') => Self::Trailer { empty: true },
            (Self::SizeEnd(size), b'\n') => Self::Data(*size),
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::default(),
            (Self::Trailer { empty }, b'\r') => Self::TrailerEnd { empty: *empty },
            (Self::Trailer { .. }, byte) if byte != b'\n' => Self::Trailer { empty: false },
            (Self::TrailerEnd { .. }, b'\n') => Self::Trailer { empty: true },
            _ => return None,
        };
        Some(next)
    }
}
