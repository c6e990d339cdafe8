//! What the parts of a running server share.

use std::collections::BTreeMap;
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
use crate::source::{Content, Kind, Reading, fingerprint};

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
    /// The cohorts that were last read from the folder, by id, and what tells them from others.
    from_folder: BTreeMap<String, u64>,
    last_flags: Last,
    last_cohorts: Last,
}

/// What tells the last readings of a source from others.
#[derive(Default)]
struct Last {
    reading: Option<u64>,
    valid: Option<u64>,
}

/// What became of a reading.
pub(crate) enum Taken {
    /// It is what was read the last time.
    Same,
    /// It is what was read before the files were invalid.
    Back,
    /// It is served now. With what is only worth a warning.
    New(Vec<Problem>),
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
        self.load_flags(&mut self.inputs(), flags)
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
        inputs.cohorts.insert(cohort);
        self.publish_cohorts(&inputs);
    }

    pub(crate) fn remove_cohort(&self, id: &str) -> bool {
        let mut inputs = self.inputs();
        let removed = inputs.cohorts.remove(id);
        self.publish_cohorts(&inputs);
        removed
    }

    /// Takes in what was read from a source.
    ///
    /// The last writer wins. Flags that are others than those last read take the place of all flags, also of those set
    /// from code since; flags that are the same leave everything as it is. With cohorts it is so for each of them: one
    /// whose file changed or went away is changed or goes away, and all others stay.
    pub(crate) fn take(&self, reading: Reading) -> Result<Taken, Invalid> {
        let mut inputs = self.inputs();
        let Reading { kind, fingerprint, content } = reading;
        let last = inputs.last(kind);
        if last.reading.replace(fingerprint) == Some(fingerprint) {
            return Ok(Taken::Same);
        }
        let content = content?;
        if last.valid == Some(fingerprint) {
            return Ok(Taken::Back);
        }
        let warnings = match content {
            Content::Flags(flags, warnings) => {
                self.load_flags(&mut inputs, flags)?;
                warnings
            }
            Content::Cohorts(cohorts, warnings) => {
                self.load_cohorts(&mut inputs, cohorts);
                warnings
            }
        };
        inputs.last(kind).valid = Some(fingerprint);
        Ok(Taken::New(warnings))
    }

    fn load_flags(&self, inputs: &mut Inputs, flags: Vec<RawFlag>) -> Result<bool, Invalid> {
        let before = std::mem::replace(&mut inputs.flags, flags);
        let published = self.publish_flags(inputs);
        if published.is_err() {
            inputs.flags = before;
        }
        published
    }

    fn load_cohorts(&self, inputs: &mut Inputs, read: Vec<Cohort>) {
        let now = read.iter().map(|cohort| (cohort.cohort_id.clone(), fingerprint(cohort))).collect();
        let before = std::mem::replace(&mut inputs.from_folder, now);
        for gone in before.keys().filter(|id| !inputs.from_folder.contains_key(*id)) {
            inputs.cohorts.remove(gone);
        }
        inputs.cohorts.known = true;
        for cohort in read {
            if before.get(&cohort.cohort_id) != inputs.from_folder.get(&cohort.cohort_id) {
                inputs.cohorts.insert(cohort);
            }
        }
        self.publish_cohorts(inputs);
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

impl Inputs {
    fn last(&mut self, kind: Kind) -> &mut Last {
        match kind {
            Kind::Flags => &mut self.last_flags,
            Kind::Cohorts => &mut self.last_cohorts,
        }
    }
}

fn compile(raw: Vec<RawFlag>) -> Result<Flags, Invalid> {
    Flags::new(raw).map_err(|error| Invalid { problems: vec![Problem::of_file("flags", error.to_string())] })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn reading(fingerprint: u64, json: Option<&str>) -> Reading {
        let problem = || Problem::of_file("flags.json", "invalid");
        let content = json.map(|json| Content::Flags(flags::read("flags.json", json.as_bytes()).unwrap(), Vec::new()));
        Reading {
            kind: Kind::Flags,
            fingerprint,
            content: content.ok_or_else(|| Invalid { problems: vec![problem()] }),
        }
    }

    #[test]
    fn only_what_is_new_takes_the_place_of_what_code_set() {
        let state = State::new(Keys::default(), EventLog::new(0), RequestLog::new(0), Duration::from_secs(1)).unwrap();
        let file = r#"[{"key": "a", "variants": {}, "segments": []}]"#;
        assert!(matches!(state.take(reading(1, Some(file))), Ok(Taken::New(_))));
        state.set_flags(Vec::new()).unwrap();
        assert!(matches!(state.take(reading(1, Some(file))), Ok(Taken::Same)));
        assert!(state.take(reading(2, None)).is_err());
        assert!(matches!(state.take(reading(2, None)), Ok(Taken::Same)));
        assert!(state.take(reading(3, None)).is_err());
        assert!(matches!(state.take(reading(1, Some(file))), Ok(Taken::Back)));
        assert_eq!(state.snapshot().flags.set.len(), 0);
        assert!(matches!(state.take(reading(4, Some(file))), Ok(Taken::New(_))));
        assert_eq!(state.snapshot().flags.set.len(), 1);
    }
}
