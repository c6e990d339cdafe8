//! What the handles of a local client share.

use std::sync::{Arc, Weak};

use evaluation_core::{User, Variants};
use transport::updater::{StartError, Updater};
use transport::{Origin, State};

use super::store::Store;
#[cfg(feature = "tracking")]
use super::tracked::Tracked;
use super::{CloseReport, FlagOrigin, LocalStatus};
use crate::logs::{Json, Logs};
use crate::metrics::{Meter, Report, reports};

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
        self.tell_metrics();
        let Some(updater) = &self.updater else { return Ok(()) };
        let started = updater.start().await;
        match &started {
            Ok(()) => self.resume_cohorts(),
            // Flags may have been given up while they waited for cohorts.
            Err(_) if updater.status().state == State::Idle => {
                self.stop_cohorts().await;
                self.meter.stop().await;
            }
            Err(_) => {}
        }
        started
    }

    pub(super) fn start_in_background(self: &Arc<Self>) -> Result<(), StartError> {
        let Some(updater) = &self.updater else {
            self.tell_metrics();
            return Ok(());
        };
        updater.start_in_background()?;
        // Those of the flags that are in place, which may stay as they are.
        self.resume_cohorts();
        self.tell_metrics();
        Ok(())
    }

    pub(super) async fn close(&self) -> CloseReport {
        let updates = async {
            if let Some(updater) = &self.updater {
                updater.stop().await;
            }
            self.stop_cohorts().await;
        };
        #[cfg(feature = "tracking")]
        let report = {
            let (events, ()) = tokio::join!(self.tracked.close(), updates);
            CloseReport { events }
        };
        #[cfg(not(feature = "tracking"))]
        let report = {
            updates.await;
            CloseReport {}
        };
        self.meter.stop().await;
        self.meter.report(|| self.report());
        report
    }

    pub(super) fn decide(&self, user: &User, keys: &[&str], exposure: bool) -> Variants {
        let began = self.meter.begin();
        let variants = self.store.load().evaluate(user, keys);
        self.meter.end(began, &variants);
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
        self.meter.start(|interval| {
            // It ends with the last handle.
            let inner = Arc::downgrade(self);
            reports(interval, self.updater.as_ref().map(Updater::watch), move || {
                Weak::upgrade(&inner).map(|inner| inner.tell()).is_some()
            })
        });
    }

    fn tell(&self) {
        self.meter.report(|| self.report());
    }

    fn report(&self) -> Report {
        Report {
            status: self.status(),
            #[cfg(feature = "tracking")]
            events: self.tracked.stats(),
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

#[cfg(feature = "tracking")]
impl Drop for Inner {
    fn drop(&mut self) {
        // Events that are lost are told.
        let tracked = std::mem::take(&mut self.tracked);
        self.logs.run(|| drop(tracked));
    }
}
