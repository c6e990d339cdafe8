//! What the handles of a local client share.

use std::sync::{Arc, Mutex};

#[cfg(feature = "cohorts")]
use cohorts::sync::CohortSync;
use evaluation_core::{User, Variants};
use transport::task::lock;
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
    /// Held by what starts or stops several things as one.
    pub(super) transition: Mutex<()>,
}

impl Inner {
    pub(super) async fn start(self: &Arc<Self>) -> Result<(), StartError> {
        self.tell_metrics();
        let Some(updater) = &self.updater else { return Ok(()) };
        let started = updater.start().await;
        match &started {
            Ok(()) => self.go_on(updater),
            // Flags may have been given up while they waited for cohorts.
            Err(_) => self.end().await,
        }
        started
    }

    pub(super) fn start_in_background(self: &Arc<Self>) -> Result<(), StartError> {
        let _as_one = lock(&self.transition);
        if let Some(updater) = &self.updater {
            updater.start_in_background()?;
            // Those of the flags that are in place, which may stay as they are.
            self.resume_cohorts();
        }
        self.tell_metrics();
        Ok(())
    }

    pub(super) async fn close(&self) -> CloseReport {
        let stopped = {
            let _as_one = lock(&self.transition);
            self.updater.as_ref().map(Updater::stop)
        };
        let updates = async {
            if let Some(stopped) = stopped {
                stopped.await;
            }
            // Events may take longer.
            self.end().await;
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

    /// Has what runs beside the updater run too, if it does: a close may have come before it was started, or behind that.
    fn go_on(self: &Arc<Self>, updater: &Updater) {
        let _as_one = lock(&self.transition);
        if updater.is_running() {
            self.tell_metrics();
            self.resume_cohorts();
        }
    }

    /// Ends what runs beside the updater, unless that was started meanwhile, by whoever did.
    async fn end(&self) {
        let (metrics, cohorts) = {
            let _as_one = lock(&self.transition);
            if self.updater.as_ref().is_some_and(Updater::is_running) {
                return;
            }
            (self.meter.stop(), self.stop_cohorts())
        };
        if let Some(metrics) = metrics {
            metrics.await;
        }
        if let Some(cohorts) = cohorts {
            cohorts.await;
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
                (updater.state, updater.next_retry, updater.stale_at) = (State::Stopped, None, None);
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

    fn stop_cohorts(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        #[cfg(feature = "cohorts")]
        return self.store.sync().map(CohortSync::stop);
        #[cfg(not(feature = "cohorts"))]
        None::<std::future::Ready<()>>
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.logs.clone().run(|| {
            // Gauges would stay as they are.
            if self.meter.stop().is_some() {
                self.tell(Occasion::End);
            }
            // Events that are lost are told.
            #[cfg(feature = "tracking")]
            drop(std::mem::take(&mut self.tracked));
        });
    }
}
