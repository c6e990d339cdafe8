//! A logger that keeps what clients log.

use std::sync::{Arc, Mutex};

use experiment::logging::{LogRecord, LoggerProvider};

/// Keeps a line for each record.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    pub(crate) fn logger(&self) -> Arc<dyn LoggerProvider> {
        let lines = self.clone();
        Arc::new(move |record: &LogRecord<'_>| lines.push(format!("{} {} {record}", record.level, record.target)))
    }

    pub(crate) fn push(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn have(&self, level: &str, part: &str) -> bool {
        self.count(level, part) > 0
    }

    /// How many lines of a level have this part.
    pub(crate) fn count(&self, level: &str, part: &str) -> usize {
        self.all().iter().filter(|line| line.starts_with(&format!("{level} ")) && line.contains(part)).count()
    }

    /// The lines of the levels that somebody is woken for.
    pub(crate) fn loud(&self) -> Vec<String> {
        self.all().into_iter().filter(|line| line.starts_with("warn ") || line.starts_with("error ")).collect()
    }
}
