//! What the handles of a local client share.

use std::sync::Arc;

use evaluation_core::{User, Variants};
use transport::updater::{StartError, Updater};
use transport::{Origin, State};

use super::store::Store;
#[cfg(feature = "tracking")]
use super::tracked::Tracked;
use super::{CloseReport, FlagOrigin, LocalStatus};
use crate::logs::{Json, Logs};
use crate::metrics::{Meter, Occasion, Report};

pub(super) struct Inner {
    pub(super) store: Arc<Store>,
    /// None for an offline client.
    pub(super) updater: Option<Updater>,
    #[cfg(feature = "tracking")]
    pub(super) tracked: Tracked,
    pub(super) meter: Meter,
    pub(super) logs: Logs,
}

impl Inner {
    pub(super) async fn start(self: &Arc<Self>) -> Result<(), StartError> {
        let starts = self.meter.count_start();
        self.tell_metrics();
        let Some(updater) = &self.updater else { return Ok(()) };
        let started = updater.start().await;
        match &started {
            // A close may have come meanwhile: before the updater was started, or behind that.
            Ok(()) if updater.status().state != State::Stopped => {
                self.tell_metrics();
                self.resume_cohorts();
            }
            Ok(()) => {}
            Err(_) => {
                let state = updater.status().state;
                if state == State::Idle {
                    // Flags may have been given up while they waited for cohorts.
                    self.stop_cohorts().await;
                }
                if matches!(state, State::Idle | State::Stopped) {
                    self.meter.stop(starts).await;
                }
            }
        }
        started
    }

    pub(super) fn start_in_background(self: &Arc<Self>) -> Result<(), StartError> {
        self.meter.count_start();
        if let Some(updater) = &self.updater {
            updater.start_in_background()?;
            // Those of the flags that are in place, which may stay as they are.
            self.resume_cohorts();
        }
        self.tell_metrics();
        Ok(())
    }

    pub(super) async fn close(&self) -> CloseReport {
        let starts = self.meter.starts();
        let updates = async {
            if let Some(updater) = &self.updater {
                updater.stop().await;
            }
            // Events may take long, and the client may be started meanwhile.
            self.meter.stop(starts).await;
            self.stop_cohorts().await;
            self.tell(Occasion::Due);
        };
        #[cfg(feature = "tracking")]
        {
            let (events, ()) = tokio::join!(self.tracked.close(), updates);
            self.tell(Occasion::Due);
            CloseReport { events }
        }
        #[cfg(not(feature = "tracking"))]
        {
            updates.await;
            CloseReport {}
        }
    }

    pub(super) fn decide(&self, user: &User, keys: &[&str], exposure: bool) -> Variants {
        let began = self.meter.begin();
        let variants = self.store.load().evaluate(user, keys);
        if began.is_some() {
            self.logs.run(|| self.meter.end(began, &variants));
        }
        tracing::trace!(
            target: "experiment", user = %Json(user), variants = %Json(&variants), exposure, "evaluated"
        );
        #[cfg(feature = "tracking")]
        self.tracked.track(user, &variants, exposure);
        variants
    }

    pub(super) fn status(&self) -> LocalStatus {
        let snapshot = self.store.load();
        let updater = self.updater.as_ref().map(Updater::status);
        let origin = match (snapshot.origin, updater.as_ref().and_then(|updater| updater.origin)) {
            (FlagOrigin::Poll, Some(Origin::Stream)) => FlagOrigin::Stream,
            (origin, _) => origin,
        };
        LocalStatus {
            origin,
            flags: snapshot.flags.len(),
            updater,
            #[cfg(feature = "cohorts")]
            cohorts: match self.store.sync() {
                Some(sync) => sync.status(),
                None => snapshot.cohort_statuses(),
            },
        }
    }

    fn tell_metrics(self: &Arc<Self>) {
        // It ends with the last handle.
        let inner = Arc::downgrade(self);
        self.meter.start(self.updater.as_ref().map(Updater::watch), move |occasion| {
            inner.upgrade().map(|inner| inner.tell(occasion)).is_some()
        });
    }

    fn tell(&self, occasion: Occasion) {
        self.meter.report(|| {
            let mut report = self.report();
            // The updater may not know yet.
            if let Some(updater) = &mut report.status.updater
                && occasion == Occasion::End
                && updater.state != State::Idle
            {
                (updater.state, updater.next_retry) = (State::Stopped, None);
            }
            report
        });
    }

    fn report(&self) -> Report {
        Report {
            status: self.status(),
            #[cfg(feature = "tracking")]
            events: self.tracked.stats(),
            previous: None,
        }
    }

    fn resume_cohorts(&self) {
        #[cfg(feature = "cohorts")]
        if let Some(sync) = self.store.sync() {
            sync.resume();
        }
    }

    async fn stop_cohorts(&self) {
        #[cfg(feature = "cohorts")]
        if let Some(sync) = self.store.sync() {
            sync.stop().await;
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.logs.clone().run(|| {
            // Gauges would stay as they are.
            if self.meter.abandon() {
                self.tell(Occasion::End);
            }
            // Events that are lost are told.
            #[cfg(feature = "tracking")]
            drop(std::mem::take(&mut self.tracked));
        });
    }
}
