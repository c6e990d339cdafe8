//! Word of downloads.

use tokio::sync::watch;

/// Listens for downloads of cohorts that end, well or not.
#[derive(Debug, Clone)]
pub struct CohortWatch {
    receiver: watch::Receiver<()>,
}

impl CohortWatch {
    pub(super) fn new(receiver: watch::Receiver<()>) -> Self {
        Self { receiver }
    }

    /// Waits until a download ended since this was last asked. False when there is nothing that could any more.
    pub async fn changed(&mut self) -> bool {
        self.receiver.changed().await.is_ok()
    }
}
