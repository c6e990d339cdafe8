//! Starting, readiness, closing.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};

use experiment::{
    Chain, CloseReport, Failure, FlagOrigin, LocalEvaluationClient, StartError, State, Status, StatusWatch,
};
use open_feature::provider::ProviderStatus;
use tokio::sync::watch;

const TARGET: &str = "experiment::openfeature";

/// A provider's life, shared by its clones.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    /// None where something else decides, which is always ready.
    client: Option<LocalEvaluationClient>,
    phase: Arc<watch::Sender<Phase>>,
    /// How often it was closed. Held while the client is started and the phase set, so that neither can happen behind a
    /// close that came meanwhile.
    closes: Arc<Mutex<u64>>,
    status: Option<StatusWatch>,
    /// There were flags to begin with.
    bootstrapped: bool,
    /// Initializing does not wait. Each clone has its own.
    pub(crate) background: bool,
}

/// How far a provider is.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    /// Not initialized, or closed.
    Idle,
    Initialized,
    /// Initialized, but there were no flags in time. The client keeps trying.
    Failed(StartError),
}

/// Whether flags can be resolved: OpenFeature's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    NotReady,
    Ready,
    Error {
        /// The deployment key is: this does not pass by itself.
        refused: bool,
    },
    /// There are flags, and nothing keeps them fresh at the moment.
    Stale,
}

impl Lifecycle {
    pub(crate) fn of(client: LocalEvaluationClient) -> Self {
        let bootstrapped = client.status().origin != FlagOrigin::None;
        Self { status: client.watch_status(), bootstrapped, client: Some(client), ..Self::without_client() }
    }

    pub(crate) fn without_client() -> Self {
        let phase = Arc::new(watch::Sender::new(Phase::Idle));
        Self { client: None, phase, closes: Arc::default(), status: None, bootstrapped: true, background: false }
    }

    /// Ends at once when it is closed meanwhile, and leaves all as closing does.
    pub(crate) async fn initialize(&self) {
        let closes = *self.closes();
        let mut start = pin!(async {
            match &self.client {
                Some(client) if self.background => client.start_in_background(),
                Some(client) => client.start().await,
                None => Ok(()),
            }
        });
        poll_fn(|context| {
            let now = self.closes();
            if *now == closes {
                self.settle(ready!(start.as_mut().poll(context)));
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Takes in how starting went.
    fn settle(&self, started: Result<(), StartError>) {
        let Err(error) = started else {
            self.phase.send_replace(Phase::Initialized);
            return;
        };
        // Somebody closed the client itself, and means it. Otherwise what failed may pass.
        if let Some(client) = &self.client
            && !matches!(error, StartError::Stopped)
            && !self.background
        {
            // It fails only where there is no runtime, and that is what the first error says then.
            let _ = client.start_in_background();
        }
        tracing::warn!(target: TARGET, error = %Chain(&error), "there are no new flags yet");
        self.phase.send_replace(Phase::Failed(error));
    }

    pub(crate) async fn close(&self) -> CloseReport {
        {
            let mut closes = self.closes();
            *closes = closes.wrapping_add(1);
            self.phase.send_replace(Phase::Idle);
        }
        match &self.client {
            Some(client) => client.close().await,
            None => CloseReport::default(),
        }
    }

    fn closes(&self) -> MutexGuard<'_, u64> {
        self.closes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let status = self.status.as_ref().map(StatusWatch::current);
        readiness(&self.phase.borrow(), status.as_ref(), self.bootstrapped)
    }

    pub(crate) fn why_not_ready(&self) -> String {
        let status = self.status.as_ref().map(StatusWatch::current);
        let phase = self.phase.borrow();
        if is_closed(&phase, status.as_ref()) {
            return "the provider is not initialized, or closed".to_owned();
        }
        why_no_flags(&phase, status.as_ref())
    }

    pub(crate) fn parts(&self) -> (watch::Receiver<Phase>, Option<&LocalEvaluationClient>, bool) {
        (self.phase.subscribe(), self.client.as_ref(), self.bootstrapped)
    }
}

/// What a phase and the state of the updater come to.
pub(crate) fn readiness(phase: &Phase, status: Option<&Status>, bootstrapped: bool) -> Readiness {
    if is_closed(phase, status) {
        return Readiness::NotReady;
    }
    match status {
        None => Readiness::Ready,
        Some(status) if status.origin.is_none() && !bootstrapped => {
            let refused = status.last_error.as_ref().is_some_and(Failure::is_unauthorized);
            let failed = matches!(phase, Phase::Failed(_)) || status.failures > 0;
            if failed { Readiness::Error { refused } } else { Readiness::NotReady }
        }
        Some(status) if status.is_fresh() => Readiness::Ready,
        Some(_) => Readiness::Stale,
    }
}

/// True when nobody initialized it since it was closed, or the client itself was closed.
fn is_closed(phase: &Phase, status: Option<&Status>) -> bool {
    match phase {
        Phase::Idle => true,
        // Nothing ran since, whatever was before.
        Phase::Failed(StartError::NoRuntime) => false,
        Phase::Initialized | Phase::Failed(_) => status.is_some_and(|status| status.state == State::Stopped),
    }
}

/// Why there are no flags, for people: what initializing failed by, and what went wrong since.
pub(crate) fn why_no_flags(phase: &Phase, status: Option<&Status>) -> String {
    let start = match phase {
        Phase::Failed(error) => Some(Chain(error).to_string()),
        Phase::Idle | Phase::Initialized => None,
    };
    let last = status.and_then(|status| status.last_error.as_ref()).map(|failure| Chain(failure).to_string());
    match (start, last) {
        (Some(start), Some(last)) if !start.ends_with(&last) => {
            format!("there are no flags yet: {start}; the last failure: {last}")
        }
        (Some(why), _) | (None, Some(why)) => format!("there are no flags yet: {why}"),
        (None, None) => "there are no flags yet".to_owned(),
    }
}

impl From<Readiness> for ProviderStatus {
    fn from(readiness: Readiness) -> Self {
        match readiness {
            Readiness::NotReady => Self::NotReady,
            Readiness::Ready => Self::Ready,
            Readiness::Error { .. } => Self::Error,
            Readiness::Stale => Self::STALE,
        }
    }
}
