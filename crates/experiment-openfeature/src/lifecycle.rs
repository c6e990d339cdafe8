//! Starting, readiness, closing.

use std::error::Error;
use std::sync::Arc;

use experiment::{CloseReport, FlagOrigin, LocalEvaluationClient, StartError, State, Status, StatusWatch};
use open_feature::provider::ProviderStatus;
use tokio::sync::watch;

const TARGET: &str = "experiment::openfeature";

/// A provider's life, shared by its clones.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    /// None where something else decides, which is always ready.
    client: Option<LocalEvaluationClient>,
    phase: Arc<watch::Sender<Phase>>,
    status: Option<StatusWatch>,
    /// There were flags to begin with.
    bootstrapped: bool,
    /// Initializing does not wait.
    pub(crate) background: bool,
}

/// How far a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not initialized, or closed.
    Idle,
    Initialized,
    /// Initialized, but there were no flags in time. The client keeps trying.
    Failed,
}

/// Whether flags can be resolved: OpenFeature's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    NotReady,
    Ready,
    Error,
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
        Self { client: None, phase, status: None, bootstrapped: true, background: false }
    }

    pub(crate) async fn initialize(&self) {
        let started = match &self.client {
            Some(client) if self.background => client.start_in_background(),
            Some(client) => client.start().await,
            None => Ok(()),
        };
        if let (Some(client), Err(error)) = (&self.client, &started) {
            // Somebody closed it meanwhile, and means it. Otherwise what failed may pass.
            if !matches!(error, StartError::Stopped) && !self.background {
                // It fails only where there is no runtime, and that is what the first error says then.
                let _ = client.start_in_background();
            }
            tracing::warn!(target: TARGET, error = %chain(error), "there are no new flags yet");
        }
        self.phase.send_replace(if started.is_ok() { Phase::Initialized } else { Phase::Failed });
    }

    pub(crate) async fn close(&self) -> CloseReport {
        self.phase.send_replace(Phase::Idle);
        match &self.client {
            Some(client) => client.close().await,
            None => CloseReport::default(),
        }
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let status = self.status.as_ref().map(StatusWatch::current);
        readiness(*self.phase.borrow(), status.as_ref(), self.bootstrapped)
    }

    pub(crate) fn why_not_ready(&self) -> String {
        let status = self.status.as_ref().map(StatusWatch::current);
        if *self.phase.borrow() == Phase::Idle || status.as_ref().is_some_and(|status| status.state == State::Stopped) {
            return "the provider is not initialized, or closed".to_owned();
        }
        why_no_flags(status.as_ref())
    }

    pub(crate) fn parts(&self) -> (watch::Receiver<Phase>, Option<&LocalEvaluationClient>, bool) {
        (self.phase.subscribe(), self.client.as_ref(), self.bootstrapped)
    }
}

/// What a phase and the state of the updater come to.
pub(crate) fn readiness(phase: Phase, status: Option<&Status>, bootstrapped: bool) -> Readiness {
    match (phase, status) {
        (Phase::Idle, _) => Readiness::NotReady,
        (_, None) => Readiness::Ready,
        (_, Some(status)) if status.state == State::Stopped => Readiness::NotReady,
        (_, Some(status)) if status.origin.is_none() && !bootstrapped => {
            if phase == Phase::Failed || status.failures > 0 { Readiness::Error } else { Readiness::NotReady }
        }
        (_, Some(status)) if status.is_fresh() => Readiness::Ready,
        (_, Some(_)) => Readiness::Stale,
    }
}

/// Why there are no flags, for people.
pub(crate) fn why_no_flags(status: Option<&Status>) -> String {
    match status.and_then(|status| status.last_error.as_ref()) {
        Some(failure) => format!("there are no flags yet: {}", chain(failure)),
        None => "there are no flags yet".to_owned(),
    }
}

/// An error with what it came from.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

impl From<Readiness> for ProviderStatus {
    fn from(readiness: Readiness) -> Self {
        match readiness {
            Readiness::NotReady => Self::NotReady,
            Readiness::Ready => Self::Ready,
            Readiness::Error => Self::Error,
            Readiness::Stale => Self::STALE,
        }
    }
}
