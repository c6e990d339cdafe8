//! The word to stop, which everything that waits listens to.

use tokio::sync::watch;

/// Says when to stop. Dropping it says so too.
#[derive(Debug)]
pub(crate) struct StopSender(watch::Sender<bool>);

/// Hears when to stop. A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

pub(crate) fn channel() -> (StopSender, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopSender(sender), Stop(receiver))
}

impl StopSender {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits for the word.
    pub(crate) async fn told(&mut self) {
        // An error means that the sender is gone, which is a word too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    pub(crate) fn is_told(&self) -> bool {
        *self.0.borrow()
    }
}
