//! Events, which the SDK has no way for yet.

use experiment::{FlagChanges, FlagsChanged, LocalEvaluationClient, Status, StatusWatch};
use open_feature::EvaluationErrorCode;
use tokio::sync::watch;

use crate::lifecycle::{Lifecycle, Phase, Readiness, readiness, why_no_flags};

/// The code, as `EvaluationErrorCode::General`, of an error that does not pass by itself: the deployment key is refused.
/// `open-feature` 0.3.0 has no variant for it.
pub const PROVIDER_FATAL: &str = "PROVIDER_FATAL";

/// What happened to a provider: the events of OpenFeature's specification.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderEvent {
    /// `PROVIDER_READY`: there are flags, and something keeps them fresh.
    Ready,
    /// `PROVIDER_ERROR`: flags could not be fetched, and there are none.
    #[non_exhaustive]
    Error {
        /// [`PROVIDER_FATAL`] where the deployment key is refused, and `ProviderNotReady` otherwise. The event comes again
        /// when one becomes the other.
        code: EvaluationErrorCode,
        /// Why initializing failed, and what went wrong last.
        message: String,
    },
    /// `PROVIDER_STALE`: nothing keeps the flags fresh at the moment.
    Stale,
    /// `PROVIDER_CONFIGURATION_CHANGED`: flags are new, gone or not as they were. The first ones are no change.
    ConfigurationChanged(FlagsChanged),
}

/// Listens for the events of a provider. It keeps neither the provider nor its client running.
#[derive(Debug)]
pub struct ProviderEvents {
    phase: watch::Receiver<Phase>,
    status: Option<StatusWatch>,
    changes: Option<FlagChanges>,
    bootstrapped: bool,
    told: Readiness,
}

impl ProviderEvents {
    pub(crate) fn new(lifecycle: &Lifecycle) -> Self {
        let (phase, client, bootstrapped) = lifecycle.parts();
        Self {
            phase,
            status: client.and_then(LocalEvaluationClient::watch_status),
            changes: client.map(LocalEvaluationClient::changes),
            bootstrapped,
            told: Readiness::NotReady,
        }
    }

    /// Waits for the next event. What came and went while nobody waited is passed over, but for changes of flags. None
    /// when the provider is gone. To drop the future loses nothing.
    pub async fn next(&mut self) -> Option<ProviderEvent> {
        loop {
            let phase = self.phase.borrow_and_update().clone();
            let status = self.status.as_ref().map(StatusWatch::current);
            let now = readiness(&phase, status.as_ref(), self.bootstrapped);
            let before = std::mem::replace(&mut self.told, now);
            if resolves(now) && !resolves(before) {
                self.forget_changes().await;
            }
            if now != before
                && let Some(event) = event(now, &phase, status.as_ref())
            {
                return Some(event);
            }
            tokio::select! {
                biased;
                changed = self.phase.changed() => changed.ok()?,
                changed = next_status(&mut self.status) => drop(changed?),
                changed = next_change(&mut self.changes) => {
                    let changed = changed?;
                    if resolves(self.told) {
                        return Some(ProviderEvent::ConfigurationChanged(changed));
                    }
                }
            }
        }
    }

    /// Passes over what has changed until now: whoever hears that there are flags knows.
    async fn forget_changes(&mut self) {
        loop {
            tokio::select! {
                biased;
                Some(_) = next_change(&mut self.changes) => {}
                () = std::future::ready(()) => return,
            }
        }
    }
}

fn resolves(readiness: Readiness) -> bool {
    matches!(readiness, Readiness::Ready | Readiness::Stale)
}

fn event(readiness: Readiness, phase: &Phase, status: Option<&Status>) -> Option<ProviderEvent> {
    match readiness {
        Readiness::NotReady => None,
        Readiness::Ready => Some(ProviderEvent::Ready),
        Readiness::Error { refused } => {
            let fatal = || EvaluationErrorCode::General(PROVIDER_FATAL.to_owned());
            let code = if refused { fatal() } else { EvaluationErrorCode::ProviderNotReady };
            Some(ProviderEvent::Error { code, message: why_no_flags(phase, status) })
        }
        Readiness::Stale => Some(ProviderEvent::Stale),
    }
}

async fn next_status(status: &mut Option<StatusWatch>) -> Option<Status> {
    match status {
        Some(status) => status.changed().await,
        None => std::future::pending().await,
    }
}

async fn next_change(changes: &mut Option<FlagChanges>) -> Option<FlagsChanged> {
    match changes {
        Some(changes) => changes.next().await,
        None => std::future::pending().await,
    }
}
