//! Word of changed flags.

use std::sync::Arc;

use tokio::sync::broadcast::{self, error::RecvError};

/// Flags that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlagsChanged {
    /// The keys of flags that are new, gone or not as they were, in order.
    pub keys: Arc<[String]>,
    /// How many earlier changes were passed over, because whoever listens was slow. Their keys are not among these.
    pub missed: u64,
}

/// Listens for changes of flags.
///
/// A clone listens from when it is made.
#[derive(Debug)]
pub struct FlagChanges {
    receiver: broadcast::Receiver<Arc<[String]>>,
}

impl FlagChanges {
    pub(super) fn new(receiver: broadcast::Receiver<Arc<[String]>>) -> Self {
        Self { receiver }
    }

    /// Waits for the next change. None when the client is gone.
    pub async fn next(&mut self) -> Option<FlagsChanged> {
        let mut missed = 0;
        loop {
            match self.receiver.recv().await {
                Ok(keys) => return Some(FlagsChanged { keys, missed }),
                Err(RecvError::Lagged(more)) => missed += more,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Clone for FlagChanges {
    fn clone(&self) -> Self {
        Self::new(self.receiver.resubscribe())
    }
}
