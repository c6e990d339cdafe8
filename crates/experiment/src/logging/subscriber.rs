//! From `tracing` to a logger, without keeping an event or a span back from the subscriber of the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tracing::dispatcher::{Dispatch, get_default};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

use super::{LogLevel, LogRecord, LoggerProvider};

/// The target of what this crate logs; those of the crates below begin with it and `::`.
const TARGET: &str = "experiment";

/// Logs to a logger, and to where logs go in this thread now.
pub(super) fn to(logger: Arc<dyn LoggerProvider>, level: LogLevel) -> Dispatch {
    let (level, process) = (level.filter(), get_default(Clone::clone));
    // While there is but one subscriber, `tracing` asks that of whichever thread comes first to a line whether anybody
    // wants it, and remembers the answer for all threads. With two of them it asks them.
    let twin = Dispatch::new(Tee { logger: Arc::clone(&logger), level, process: process.clone(), _twin: None });
    Dispatch::new(Tee { logger, level, process, _twin: Some(twin) })
}

struct Tee {
    logger: Arc<dyn LoggerProvider>,
    level: LevelFilter,
    process: Dispatch,
    /// Only there to be there.
    _twin: Option<Dispatch>,
}

impl Tee {
    fn takes(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        let is_ours = target.strip_prefix(TARGET).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        is_ours && metadata.is_event() && *metadata.level() <= self.level
    }
}

impl Subscriber for Tee {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.takes(metadata) { Interest::always() } else { self.process.register_callsite(metadata) }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.takes(metadata) || self.process.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // That of the process is counted by itself.
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        if self.takes(event.metadata()) {
            // Whatever loggers do, the client goes on.
            let _ = catch_unwind(AssertUnwindSafe(|| self.logger.log(&LogRecord::of(event))));
        }
        if self.process.enabled(event.metadata()) {
            self.process.event(event);
        }
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.process.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.process.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.process.record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.process.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.process.exit(span);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.process.clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.process.try_close(id)
    }

    fn current_span(&self) -> Current {
        self.process.current_span()
    }
}
