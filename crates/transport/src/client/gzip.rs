//! Undoing gzip as it comes.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use evaluation_core::Received;
use flate2::write::MultiGzDecoder;
use futures_core::Stream;

use super::HttpError;

/// How much is decoded at once. It may become a thousand times as much, and limits are checked only after that.
const PIECE: usize = 4096;

/// What all gzip begins with.
const MAGIC: &[u8] = b"\x1f\x8b";

/// What a body in gzip holds.
pub(super) struct Gunzip<S> {
    body: S,
    decoder: MultiGzDecoder<Vec<u8>>,
    /// What came and is not decoded yet.
    coded: Bytes,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing came yet: a body of nothing is as good as gzip of nothing.
    Empty,
    Open,
    Ended,
}

impl<S> Gunzip<S> {
    pub(super) fn new(body: S) -> Self {
        Self { body, decoder: MultiGzDecoder::new(Vec::new()), coded: Bytes::new(), state: State::Empty }
    }

    /// Decodes one piece of what came.
    fn decode(&mut self) -> Result<Bytes, HttpError> {
        let mut piece = &*self.coded.split_to(self.coded.len().min(PIECE));
        while !piece.is_empty() {
            let taken = self.decoder.write(piece).map_err(broken)?;
            piece = piece.get(taken.max(1)..).unwrap_or_default();
        }
        self.decoder.flush().map_err(broken)?;
        Ok(std::mem::take(self.decoder.get_mut()).into())
    }

    /// Checks that the end is one.
    fn finish(&mut self) -> Result<Bytes, HttpError> {
        if self.state == State::Open {
            self.decoder.try_finish().map_err(broken)?;
        }
        Ok(std::mem::take(self.decoder.get_mut()).into())
    }
}

impl<S: Stream<Item = Result<Bytes, HttpError>> + Unpin> Stream for Gunzip<S> {
    type Item = Result<Bytes, HttpError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while this.state != State::Ended {
            let decoded = if this.coded.is_empty() {
                match ready!(Pin::new(&mut this.body).poll_next(cx)) {
                    Some(Ok(chunk)) if chunk.is_empty() => continue,
                    Some(Ok(chunk))
                        if this.state == State::Empty && !MAGIC.starts_with(chunk.get(..1).unwrap_or_default()) =>
                    {
                        Err(HttpError::Gzip { source: format!("it is {}", Received::of(&chunk)).into() })
                    }
                    Some(Ok(chunk)) => {
                        (this.coded, this.state) = (chunk, State::Open);
                        continue;
                    }
                    Some(Err(error)) => Err(error),
                    None => {
                        let rest = this.finish();
                        this.state = State::Ended;
                        rest
                    }
                }
            } else {
                this.decode()
            };
            match decoded {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Poll::Ready(Some(Ok(bytes))),
                Err(error) => {
                    this.state = State::Ended;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        Poll::Ready(None)
    }
}

fn broken(error: std::io::Error) -> HttpError {
    HttpError::Gzip { source: error.into() }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::{StreamExt, stream};
    use proptest::prelude::*;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// What comes out of these chunks, and whether it ended in an error.
    fn decode(chunks: Vec<Vec<u8>>) -> (Vec<u8>, bool) {
        let body = stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))));
        let mut decoded = Gunzip::new(body);
        let (mut text, mut failed) = (Vec::new(), false);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            while let Some(part) = decoded.next().await {
                match part {
                    Ok(part) => text.extend_from_slice(&part),
                    Err(error) => failed = matches!(error, HttpError::Gzip { .. }),
                }
            }
        });
        (text, failed)
    }

    #[test]
    fn a_cut_or_spoilt_text_is_an_error() {
        let coded = gzip(b"flags and flags and flags");
        for end in 1..coded.len() {
            assert!(decode(vec![coded[..end].to_vec()]).1, "cut at {end}");
        }
        let mut spoilt = coded.clone();
        let last = spoilt.len() - 8;
        spoilt[last] ^= 1;
        assert!(decode(vec![spoilt]).1);
        assert!(decode(vec![b"no gzip at all".to_vec()]).1);
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(decode(vec![]), (Vec::new(), false));
        assert_eq!(decode(vec![Vec::new(), gzip(b"")]), (Vec::new(), false));
    }

    #[test]
    fn one_text_after_another_is_both() {
        assert_eq!(decode(vec![[gzip(b"ab"), gzip(b"cd")].concat()]), (b"abcd".to_vec(), false));
    }

    #[test]
    fn little_comes_out_at_once_however_much_it_becomes() {
        let body = stream::iter([Ok(Bytes::from(gzip(&vec![0; 64 << 20])))]);
        let mut decoded = Gunzip::new(body);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let first = runtime.block_on(decoded.next()).unwrap().unwrap();
        assert!(first.len() <= PIECE * 1100, "{}", first.len());
    }

    proptest! {
        #[test]
        fn how_it_is_cut_changes_nothing(text in prop::collection::vec(0u8..4, 0..5000), size in 1usize..700) {
            let chunks = gzip(&text).chunks(size).map(<[u8]>::to_vec).collect();
            prop_assert_eq!(decode(chunks), (text, false));
        }
    }
}
