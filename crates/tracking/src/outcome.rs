//! What becomes of events.

use std::fmt;
use std::sync::Arc;

use evaluation_core::JsonError;
use transport::TransportError;

use crate::event::Event;

/// Told what became of each event. Called by the task that delivers, or by the thread that hands an event over which has
/// no room; never while anything is locked. A panic in it is caught.
pub type OutcomeCallback = Arc<dyn Fn(&Event, &Outcome) + Send + Sync>;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The service took it.
    Sent,
    /// It was given up, and will not arrive.
    Dropped(DropCause),
    /// It was not sent before the end, and waits on disk for the next start.
    Spooled,
}

/// Why an event was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropCause {
    /// Too many events waited, and this was the oldest.
    QueueFull,
    /// The service refused the event or the upload.
    Invalid,
    /// The event alone is larger than an upload may be.
    TooLarge,
    /// The service refused the API key.
    RefusedKey,
    /// The user or the device is over the quota of the day.
    OverQuota,
    /// It was tried as often as the options allow.
    RetriesUsedUp,
    /// The options say that nothing is to be sent.
    OptedOut,
    /// It was not sent by the deadline of closing.
    CloseDeadline,
    /// The last handle was dropped without closing.
    LostAtDrop,
}

impl DropCause {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::QueueFull,
        Self::Invalid,
        Self::TooLarge,
        Self::RefusedKey,
        Self::OverQuota,
        Self::RetriesUsedUp,
        Self::OptedOut,
        Self::CloseDeadline,
        Self::LostAtDrop,
    ];

    /// Its name in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::RefusedKey => "refused_key",
            Self::OverQuota => "over_quota",
            Self::RetriesUsedUp => "retries_used_up",
            Self::OptedOut => "opted_out",
            Self::CloseDeadline => "close_deadline",
            Self::LostAtDrop => "lost_at_drop",
        }
    }
}

impl fmt::Display for DropCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull => "queue full",
            Self::Invalid => "refused by the service",
            Self::TooLarge => "too large",
            Self::RefusedKey => "API key refused",
            Self::OverQuota => "over the quota of the day",
            Self::RetriesUsedUp => "retries used up",
            Self::OptedOut => "opted out",
            Self::CloseDeadline => "not sent by the deadline of closing",
            Self::LostAtDrop => "dropped without closing",
        })
    }
}

/// Why an upload failed. Events that can be sent again are.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The service was not reached, went away, or did not answer in time.
    #[error("events could not be sent")]
    Transport(#[source] Arc<TransportError>),
    /// The service answered with something else than success.
    #[error("events: the service answered with code {code}{}", advice(*.code))]
    #[non_exhaustive]
    Refused {
        /// The code: that of the answer's body if it has one, else the status.
        code: u16,
    },
    /// Something else than the service responded, though with a status of success. Only the service's own response
    /// says that events were taken: they are sent again.
    #[error(
        "events: {problem} (status {status}): check the URL, and whether a proxy or a sign-in page is in the way; \
        events are sent again"
    )]
    #[non_exhaustive]
    Unexpected {
        /// The status, from 200 to 299.
        status: u16,
        /// What was received. Told in full with the status, so it is no `source`.
        problem: JsonError,
    },
    /// The service refused the API key.
    #[error(
        "events: the service refused the API key: check that it is the key of the analytics project, and of this server zone"
    )]
    RefusedKey,
    /// Not all events were sent in the time that flushing and closing may take.
    #[error("not all events were sent within {after:?}: allow more time, or check that the service can be reached")]
    #[non_exhaustive]
    Deadline {
        /// The time that was given.
        after: std::time::Duration,
    },
    /// There is no Tokio runtime with timers to send from.
    #[error("no Tokio runtime with timers: flush and close within one, or build within one")]
    NoRuntime,
    /// Sending panicked.
    #[error("sending events panicked; this is a bug, of the HTTP client or of ours, and sending is started again")]
    Panicked,
}

fn advice(code: u16) -> &'static str {
    match code {
        404 => ": check the URL of the service",
        413 => ": the upload was too large, and is sent in parts",
        429 => ": too many events; they are sent again later",
        500.. => ": that is for the service to put right; events are sent again",
        _ => "",
    }
}
