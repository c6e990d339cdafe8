//! Logs for people at a terminal.

use std::io::Write;

use super::{LogRecord, LoggerProvider};

/// Writes a line for each event to the standard error output. What clients log to that are given a level and no logger.
#[derive(Debug, Clone, Copy, Default)]
pub struct StderrLogger;

impl LoggerProvider for StderrLogger {
    fn log(&self, record: &LogRecord<'_>) {
        let level = record.level.as_str().to_uppercase();
        // There is nowhere to tell that this does not work.
        let _ = writeln!(std::io::stderr().lock(), "{level:<7} {record}");
    }
}
