//! A cohort from a body as it arrives: no more of it is held than a few chunks.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;
use transport::call::LimitedBody;

use super::DownloadError;
use crate::store::StoredCohort;

/// How many chunks may wait for being read.
const CHUNKS: usize = 16;

/// Reads a cohort out of a body, where that holds up no other task.
pub(super) async fn stored(mut body: LimitedBody) -> Result<StoredCohort, DownloadError> {
    let (chunks, waiting) = mpsc::channel(CHUNKS);
    let reader = tokio::task::spawn_blocking(|| StoredCohort::from_reader(Chunks { waiting, chunk: Bytes::new() }));
    // Whatever ends this, the reader finds the end of its chunks and ends too.
    while let Some(chunk) = body.next().await {
        // It takes no more when it found something wrong.
        if chunks.send(chunk?).await.is_err() {
            break;
        }
    }
    drop(chunks);
    match reader.await {
        Ok(read) => read.map_err(DownloadError::Malformed),
        Err(_) => Err(DownloadError::Panicked),
    }
}

struct Chunks {
    waiting: mpsc::Receiver<Bytes>,
    chunk: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.waiting.blocking_recv() {
                Some(chunk) => self.chunk = chunk,
                None => return Ok(0),
            }
        }
        let length = self.chunk.len().min(into.len());
        self.chunk.split_to(length).reader().read(into)
    }
}
