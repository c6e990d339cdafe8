//! A log level and a logger for each client.
//!
//! All that clients log are events of `tracing`, for whatever subscriber the process has; `docs/logs.md` of the repository
//! lists them with their targets and fields. A client that is given a level or a logger has its own events go there too:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use experiment::LocalEvaluationClient;
//! use experiment::logging::{LogLevel, LogRecord};
//!
//! let lines = Arc::new(Mutex::new(Vec::new()));
//! let kept = Arc::clone(&lines);
//! let client = LocalEvaluationClient::builder("server-key")
//!     .bootstrap_json(r#"[{"key": "new-nav", "variants": 5}]"#)
//!     .log_level(LogLevel::Warn)
//!     .logger(Arc::new(move |record: &LogRecord<'_>| kept.lock().unwrap().push(record.to_string())))
//!     .build()?;
//! assert!(lines.lock().unwrap()[0].starts_with("[Experiment] a flag cannot be used and is left out diagnostic="));
//! # drop(client);
//! # Ok::<(), experiment::ConfigError>(())
//! ```

mod level;
mod record;
mod stderr;
mod subscriber;

use std::sync::Arc;

pub use level::{LogLevel, NoLogLevel};
pub use record::LogRecord;
pub use stderr::StderrLogger;

use crate::logs::Logs;

/// Takes what a client logs. It is called by whichever thread logs, and has to be quick; a panic of it is passed over.
/// What it logs itself by `tracing` is lost.
pub trait LoggerProvider: Send + Sync {
    /// Takes an event. Those above the client's level never come here.
    fn log(&self, record: &LogRecord<'_>);
}

impl<F: Fn(&LogRecord<'_>) + Send + Sync> LoggerProvider for F {
    fn log(&self, record: &LogRecord<'_>) {
        self(record);
    }
}

/// What options say of logs.
#[derive(Clone, Default)]
pub(crate) struct Logging {
    pub(crate) logger: Option<Arc<dyn LoggerProvider>>,
}

impl Logging {
    /// With neither a level nor a logger, logs are those of the process only.
    pub(crate) fn build(&self, level: Option<LogLevel>, debug: bool) -> Logs {
        let level = if debug { Some(LogLevel::Debug) } else { level };
        if level == Some(LogLevel::Disable) {
            return Logs::default();
        }
        let logger = match (&self.logger, level) {
            (None, None) => return Logs::default(),
            (Some(logger), _) => Arc::clone(logger),
            (None, Some(_)) => Arc::new(StderrLogger),
        };
        let level = level.unwrap_or_default();
        Logs::to(subscriber::to(logger, level), level == LogLevel::Verbose)
    }
}
