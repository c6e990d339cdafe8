//! What the parts of a running server share.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cohorts::Cohort;
use tokio::sync::{Notify, watch};

use crate::events::EventLog;
use crate::faults::Faults;
use crate::flags::{self, Invalid, Override, Problem, RawFlag, Subject, apply};
use crate::keys::Keys;
use crate::metrics::Metrics;
use crate::requests::RequestLog;
use crate::snapshot::{Cohorts, Flags, Snapshot};
use crate::source::{read_cohorts, read_flags};

/// What the parts of a running server share.
pub(crate) struct State {
    pub(crate) keys: Keys,
    pub(crate) events: EventLog,
    pub(crate) requests: RequestLog,
    pub(crate) faults: Faults,
    pub(crate) metrics: Metrics,
    /// Told whenever a request, an event or a stream comes or goes.
    pub(crate) activity: Notify,
    pub(crate) streams: Streams,
    inputs: Mutex<Inputs>,
    current: watch::Sender<Snapshot>,
}

/// What open streams listen to.
pub(crate) struct Streams {
    pub(crate) end: watch::Sender<StreamEnd>,
    pub(crate) keep_alive: std::time::Duration,
}

/// How often streams were told to end, and in which way the last time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StreamEnd {
    pub(crate) times: u64,
    /// Without the end of the answer, as when a connection breaks.
    pub(crate) abrupt: bool,
}

/// What the snapshot is made of.
#[derive(Default)]
struct Inputs {
    flags: Vec<RawFlag>,
    overrides: Vec<Override>,
    cohorts: Cohorts,
    /// The cohorts that came from the folder.
    from_folder: BTreeSet<String>,
}

impl State {
    pub(crate) fn new(
        keys: Keys,
        events: EventLog,
        requests: RequestLog,
        keep_alive: std::time::Duration,
    ) -> Result<Self, Invalid> {
        let snapshot = Snapshot { flags: Arc::new(compile(Vec::new())?), cohorts: Arc::default() };
        Ok(Self {
            keys,
            events,
            requests,
            faults: Faults::default(),
            metrics: Metrics::new(),
            activity: Notify::new(),
            streams: Streams { end: watch::Sender::default(), keep_alive },
            inputs: Mutex::default(),
            current: watch::Sender::new(snapshot),
        })
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.current.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Snapshot> {
        self.current.subscribe()
    }

    /// Replaces the flags. True if they are others than before.
    pub(crate) fn set_flags(&self, flags: Vec<RawFlag>) -> Result<bool, Invalid> {
        let mut inputs = self.inputs();
        let before = std::mem::replace(&mut inputs.flags, flags);
        let published = self.publish_flags(&inputs);
        if published.is_err() {
            inputs.flags = before;
        }
        published
    }

    pub(crate) fn overrides(&self) -> Vec<Override> {
        self.inputs().overrides.clone()
    }

    /// Sets an override in the place of one for the same flag and subject.
    pub(crate) fn set_override(&self, wanted: Override) -> Result<(), String> {
        let mut inputs = self.inputs();
        flags::check_override(&inputs.flags, &wanted)?;
        inputs.overrides.retain(|one| one.flag != wanted.flag || one.subject != wanted.subject);
        inputs.overrides.push(wanted);
        self.publish_flags(&inputs).map(drop).map_err(|invalid| invalid.to_string())
    }

    /// Takes overrides of a flag away: one subject's, or all. How many there were.
    pub(crate) fn clear_overrides(&self, flag: &str, subject: Option<&Subject>) -> usize {
        let mut inputs = self.inputs();
        let before = inputs.overrides.len();
        inputs.overrides.retain(|one| one.flag != flag || subject.is_some_and(|subject| *subject != one.subject));
        let cleared = before - inputs.overrides.len();
        if let Err(invalid) = self.publish_flags(&inputs) {
            tracing::error!(target: "experiment_server", %invalid, "flags without their overrides cannot be served");
        }
        cleared
    }

    pub(crate) fn set_cohort(&self, cohort: Cohort) {
        let mut inputs = self.inputs();
        inputs.from_folder.remove(&cohort.cohort_id);
        inputs.cohorts.insert(cohort);
        self.publish_cohorts(&inputs);
    }

    pub(crate) fn remove_cohort(&self, id: &str) -> bool {
        let mut inputs = self.inputs();
        let removed = inputs.cohorts.remove(id);
        self.publish_cohorts(&inputs);
        removed
    }

    /// Reads flags from a file or folder. What is only worth a warning is returned.
    pub(crate) fn load_flags(&self, path: &Path) -> Result<(bool, Vec<Problem>), Invalid> {
        let (flags, warnings) = read_flags(path)?;
        Ok((self.set_flags(flags)?, warnings))
    }

    /// Reads cohorts from a folder, in the place of those that came from it before.
    pub(crate) fn load_cohorts(&self, path: &Path) -> Result<(), Invalid> {
        let read = read_cohorts(path)?;
        let mut inputs = self.inputs();
        let ids: BTreeSet<String> = read.iter().map(|cohort| cohort.cohort_id.clone()).collect();
        let before = std::mem::replace(&mut inputs.from_folder, ids);
        for gone in before.difference(&inputs.from_folder.clone()) {
            inputs.cohorts.remove(gone);
        }
        inputs.cohorts.known = true;
        for cohort in read {
            inputs.cohorts.insert(cohort);
        }
        self.publish_cohorts(&inputs);
        Ok(())
    }

    fn publish_flags(&self, inputs: &Inputs) -> Result<bool, Invalid> {
        let overridden = inputs.flags.iter().map(|flag| {
            let own = inputs.overrides.iter().filter(|one| flag.key.as_deref() == Some(one.flag.as_str()));
            apply(flag, own)
        });
        let flags = compile(overridden.collect())?;
        // Told only if the content is another, not whenever a file was touched.
        Ok(self.current.send_if_modified(|current| {
            let changed = current.flags.body != flags.body;
            current.flags = Arc::new(flags);
            changed
        }))
    }

    fn publish_cohorts(&self, inputs: &Inputs) {
        self.current.send_modify(|current| current.cohorts = Arc::new(inputs.cohorts.clone()));
    }

    fn inputs(&self) -> MutexGuard<'_, Inputs> {
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn compile(raw: Vec<RawFlag>) -> Result<Flags, Invalid> {
    Flags::new(raw).map_err(|error| Invalid { problems: vec![Problem::of_file("flags", error.to_string())] })
}
